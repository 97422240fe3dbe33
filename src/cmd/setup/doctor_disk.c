/*
 * The disk that the promises rest on. What is tried leaves nothing behind: a file without a name
 * where the file system can do that, else one that is removed at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/setup/doctor.h"
#include "cmd/view.h"
#include "os/clock.h"
#include "os/fd.h"
#include "work/goal_store.h"

#define SYNCS 5
#define TRY_NAME ".sk-doctor.tmp"

static const struct {
	long magic;
	const char *name, *problem;
} poor[] = {
	{ TMPFS_MAGIC, "tmpfs", "it is in memory: nothing survives a power cut" },
	{ RAMFS_MAGIC, "ramfs", "it is in memory: nothing survives a power cut" },
	{ NFS_SUPER_MAGIC, "nfs", "locks and syncs over a network are only as good as its server" },
	{ SMB2_SUPER_MAGIC, "smb",
	  "locks and syncs over a network are only as good as its server" },
	{ CIFS_SUPER_MAGIC, "cifs",
	  "locks and syncs over a network are only as good as its server" },
	{ FUSE_SUPER_MAGIC, "fuse", "what a sync means is up to the program behind it" },
	{ V9FS_MAGIC, "9p", "what a sync means is up to the program behind it" },
};

/* The state folder, or the one it will be made in. */
static int open_nearest(struct check *k, const char **shown)
{
	const struct paths *p = k->c->paths;
	int fd = fd_open_dir(p->state_dir);

	*shown = fd >= 0 ? p->state_dir : p->root;
	return fd >= 0 ? fd : fd_open_dir(p->root);
}

static void judge_folder(struct check *k, const struct paths *p)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int fd = paths_open(p, false, &why);

	if (fd == -ENOENT)
		check_say(k, HEALTH_PASS, NULL, "%s: none yet", p->state_dir);
	else if (fd < 0)
		check_say(k, HEALTH_FAIL, NULL, "%s", why.p ? why.p : strerror(-fd));
	else
		check_say(k, HEALTH_PASS, NULL, "%s: yours alone", p->state_dir);
}

void check_state(struct check *k)
{
	judge_folder(k, k->c->paths);
}

/* The same reader as that of every command, so that a journal or file that they refuse is told. */
void check_goals(struct check *k)
{
	const struct goal_file_problem *problems;
	struct goal_store *s = NULL;
	struct err why = ERR_INIT;
	size_t count;
	int rc;

	judge_folder(k, k->c->goal_paths);
	if (k->health != HEALTH_PASS)
		return;
	rc = goal_store_open(k->c->goal_paths, 0, "sk doctor", k->c->now_ms, &s, &why);
	count = rc == 0 ? goal_store_problems(s, &problems) : 0;
	if (rc < 0 && why.code)
		check_say(k, HEALTH_FAIL,
			  rc == -SK_ECORRUPT ? "sk tentacle goal repair --from files --dry-run"
					     : NULL,
			  "%.*s", SPAN_ARG(span_before(span_of(why.text), ". Try: ")));
	else if (count)
		check_say(k, HEALTH_FAIL, "sk tentacle goal repair --explain",
			  "%zu file%s of goals cannot be used, first: %s", count, PLURAL(count),
			  problems[0].text);
	goal_store_close(s);
}

/* A file without a name; or one that had a name for a moment. */
static int open_scratch(int dir)
{
	int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	fd = fd_open_at(dir, TRY_NAME, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		unlinkat(dir, TRY_NAME, 0);
	return fd;
}

/* Mean time of a sync in microseconds, or -errno. */
static int64_t time_syncs(int dir)
{
	CLEANUP(fd_close) int fd = open_scratch(dir);
	int64_t began_us = clock_mono_us(&clock_real);

	if (fd < 0)
		return fd;
	for (int i = 0; i < SYNCS; i++)
		if (write(fd, "sk\n", 3) != 3 || fdatasync(fd) < 0)
			return errno ? -errno : -EIO;
	return (clock_mono_us(&clock_real) - began_us) / SYNCS;
}

static const char *what_is_poor(int dir, const char **name)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(poor); i++)
		if ((unsigned long)fs.f_type == (unsigned long)poor[i].magic) {
			*name = poor[i].name;
			return poor[i].problem;
		}
	return NULL;
}

void check_fsync(struct check *k)
{
	const char *shown, *name = "", *problem;
	CLEANUP(fd_close) int dir = open_nearest(k, &shown);
	int64_t us = dir < 0 ? dir : time_syncs(dir);
	struct statvfs fs;

	if (us < 0) {
		check_say(k, HEALTH_FAIL, "df -h, df -i and mount for that folder",
			  "%s: a file cannot be made durable: %s", shown, strerror((int)-us));
		return;
	}
	if (fstatvfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < RESERVE_BYTES) {
		check_say(k, HEALTH_FAIL, "make room", "%s: the disk is full", shown);
		return;
	}
	problem = what_is_poor(dir, &name);
	if (problem)
		check_say(k, HEALTH_WARN, "--state-dir, or SK_STATE_DIR, on a local disk",
			  "%s: on %s: %s", shown, name, problem);
	else
		check_say(k, HEALTH_PASS, NULL, "%s: a sync takes %lld.%02lld ms", shown,
			  (long long)(us / 1000), (long long)(us % 1000 / 10));
}

void check_tmpfile(struct check *k)
{
	const char *shown;
	CLEANUP(fd_close) int dir = open_nearest(k, &shown);
	CLEANUP(fd_close) int fd = -1;

	if (dir >= 0)
		fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		check_say(k, HEALTH_PASS, NULL, "%s: files without a name can be made", shown);
	else
		check_say(k, HEALTH_WARN, NULL,
			  "%s: no files without a name (%s): a kill may leave a temporary one",
			  shown, strerror(errno));
}

static void count_leftover(const char *name, void *ctx)
{
	size_t len = strlen(name), *count = ctx;

	*count += len > 4 && strcmp(name + len - 4, ".tmp") == 0;
}

static size_t count_in(const char *folder)
{
	CLEANUP(fd_close) int dir = fd_open_dir(folder);
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t count = 0;
	struct vfs vfs;

	if (dir < 0)
		return 0;
	vfs_real_open(&vfs, dir);
	if (vfs.list(vfs.ctx, ".", &names) == 0)
		for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
			count_leftover(names.p + at, &count);
	vfs_real_close(&vfs);
	return count;
}

void check_leftovers(struct check *k)
{
	size_t count = count_in(k->c->paths->state_dir) + count_in(k->c->goal_paths->state_dir);

	if (count)
		check_say(k, HEALTH_PASS, NULL,
			  "%zu temporary file%s of a crash: replaced at the next commit", count,
			  PLURAL(count));
	else
		check_say(k, HEALTH_PASS, NULL, "no temporary files of a crash");
}

void check_orchestrator(struct check *k)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(k->c->paths, false, &why);
	struct lock_holder holder;
	int rc = dir < 0 ? dir : lock_probe(dir, ORCHESTRATOR_LOCK, &holder);

	if (rc == 1)
		check_say(k, HEALTH_PASS, NULL, "runs: pid %llu",
			  (unsigned long long)holder.who.pid);
	else if (rc == 0 || rc == -ENOENT)
		check_say(k, HEALTH_PASS, NULL, "none runs");
	else
		check_say(k, HEALTH_WARN, NULL, "cannot be told: %s",
			  why.p ? why.p : strerror(-rc));
}
