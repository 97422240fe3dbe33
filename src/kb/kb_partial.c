/*
 * The lock on the unfinished file tells a process that is at work from one that was killed, so the
 * name can be the same each time and nothing piles up. The final name is given without replacing
 * what got there meanwhile; file systems that cannot do that in one step get a link first.
 */
#include "kb/kb_partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/fd.h"

#define SUFFIX ".sk-partial"

static const char *const sidecars[] = { "", "-journal", "-wal", "-shm" };

static void unlink_all(const struct kb_place *in, const char *name)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(sidecars); i++) {
		buf_truncate(&full, 0);
		buf_putf(&full, "%s%s", name, sidecars[i]);
		unlinkat(in->dir_fd, full.p, 0);
	}
}

/* Takes away what a killed process left, and nothing else. */
static int remove_leftover(const struct kb_place *target, const char *name, struct err *e)
{
	CLEANUP(fd_close) int fd = fd_open_at(target->dir_fd, name, O_RDWR | O_NONBLOCK, 0);
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return err_set(e, -SK_EREFUSED,
			       "%s: '%s' in its folder is in the way, and is none of ours (%s): "
			       "nothing was done",
			       target->name, name, target->dir);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, -SK_EBUSY,
			       "%s: another process is making it at this moment (%s): nothing was "
			       "done. Try: the same again when it has ended",
			       target->name, target->dir);
	unlink_all(target, name);
	return 0;
}

int kb_partial_begin(const struct kb_place *target, const char *stem, struct kb_partial *out,
		     struct err *e)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT;
	CLEANUP(mem_free) char *name = NULL;
	int rc, fd;

	buf_putf(&full, "%s%s", stem, SUFFIX);
	name = mem_strdup(full.p);
	rc = remove_leftover(target, name, e);
	if (rc < 0)
		return rc;
	fd = fd_open_at(target->dir_fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -EEXIST)
		return err_set(e, -SK_EBUSY,
			       "%s: another process is making it at this moment (%s): nothing was "
			       "done. Try: the same again when it has ended",
			       target->name, target->dir);
	if (fd < 0)
		return err_set(e, -SK_EIO, "%s: '%s' cannot be made: %s (%s): nothing was done",
			       target->name, name, strerror(-fd), target->dir);
	/* Nobody else has it: a failure means a file system without locks. */
	flock(fd, LOCK_EX | LOCK_NB);
	out->target = target;
	buf_truncate(&full, 0);
	buf_putf(&full, "%s/%s", strcmp(target->dir, "/") == 0 ? "" : target->dir, name);
	out->path = buf_take(&full);
	out->name = name;
	name = NULL;
	out->fd = fd;
	return 0;
}

/* -EEXIST when something has the final name. */
static int give_name(const struct kb_partial *p, bool replace)
{
	int dir = p->target->dir_fd;

	if (replace)
		return renameat(dir, p->name, dir, p->target->name) < 0 ? -errno : 0;
	if (renameat2(dir, p->name, dir, p->target->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(dir, p->name, dir, p->target->name, 0) < 0)
		return -errno;
	return unlinkat(dir, p->name, 0) < 0 ? -errno : 0;
}

int kb_partial_finish(struct kb_partial *p, bool replace, const char *undone, struct err *e)
{
	const struct kb_place *t = p->target;
	int rc;

	INVARIANT(p->fd >= 0);
	if (fsync(p->fd) < 0)
		return err_set(e, -SK_EIO, "%s: cannot be synced: %s (%s): %s", t->name,
			       strerror(errno), t->dir, undone);
	rc = give_name(p, replace);
	if (rc == -EEXIST)
		return rc;
	if (rc < 0)
		return err_set(e, -SK_EIO, "%s: cannot get its name: %s (%s): %s", t->name,
			       strerror(-rc), t->dir, undone);
	fd_close(&p->fd);
	if (fsync(t->dir_fd) < 0)
		return err_set(e, -SK_EIO,
			       "%s: is in place, but its folder cannot be synced: %s (%s)", t->name,
			       strerror(errno), t->dir);
	return 0;
}

void kb_partial_release(struct kb_partial *p)
{
	if (p->fd >= 0)
		unlink_all(p->target, p->name);
	fd_close(&p->fd);
	mem_free(&p->name);
	mem_free(&p->path);
}

static void put_mib(struct buf *out, int64_t bytes)
{
	buf_putf(out, "%lld.%lld MiB", (long long)(bytes >> 20),
		 (long long)((bytes & 0xfffff) * 10 >> 20));
}

bool kb_room_lacks(const struct kb_place *p, int64_t needed_bytes, struct buf *out)
{
	struct statvfs fs;
	int64_t room;

	if (fstatvfs(p->dir_fd, &fs) < 0)
		return false;
	room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (room >= needed_bytes)
		return false;
	buf_puts(out, "no space left (needed ");
	put_mib(out, needed_bytes);
	buf_puts(out, ", free ");
	put_mib(out, room);
	buf_putc(out, ')');
	return true;
}
