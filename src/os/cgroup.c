/*
 * The mount point is looked up in mountinfo instead of assumed: on hybrid systems version 2 is not
 * at /sys/fs/cgroup. Depth below a leaf of ours is bounded on purpose: a task may make cgroups of
 * its own (another sk inside a task does), but recursion must not follow whatever depth a task
 * chooses.
 */
#include "os/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "os/fd.h"

#define PROC_BYTES_MAX (4 * 1024 * 1024)
#define DEPTH_MAX 16

void pid_list_release(struct pid_list *l)
{
	mem_free(&l->v);
	l->count = l->capacity = 0;
}

void pid_list_add(struct pid_list *l, uint64_t pid)
{
	mem_grow(&l->v, &l->capacity, l->count + 1, sizeof(*l->v));
	l->v[l->count++] = pid;
}

/* Word number `index` (from 0) of a line, separated by single blanks. */
static struct span word_at(struct span line, unsigned index)
{
	const char *at = line.p, *end = line.p + line.len, *stop;

	while (index-- > 0) {
		at = memchr(at, ' ', (size_t)(end - at));
		if (!at)
			return SPAN_NONE;
		at++;
	}
	stop = memchr(at, ' ', (size_t)(end - at));
	return (struct span){ at, (size_t)((stop ? stop : end) - at) };
}

/* The next line of *rest, or false. */
static bool next_line(struct span *rest, struct span *line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->p, '\n', rest->len);
	line->p = rest->p;
	line->len = end ? (size_t)(end - rest->p) : rest->len;
	rest->p += line->len + (end ? 1 : 0);
	rest->len -= line->len + (end ? 1 : 0);
	return true;
}

/* Mount point and root of the first cgroup2 mount whose path needs no unescaping; the usual ones do
 * not. */
static int find_mount(struct span text, struct span *point, struct span *root)
{
	struct span line;

	while (next_line(&text, &line)) {
		const char *dash = memmem(line.p, line.len, " - cgroup2 ", 11);

		if (!dash)
			continue;
		*root = word_at(line, 3);
		*point = word_at(line, 4);
		if (root->len && point->len && !memchr(point->p, '\\', point->len))
			return 0;
	}
	return -ENOENT;
}

static int find_own(struct span text, struct span *own)
{
	struct span line;

	while (next_line(&text, &line))
		if (span_starts(line, "0::")) {
			*own = (struct span){ line.p + 3, line.len - 3 };
			return 0;
		}
	return -ENOENT;
}

int cgroup_own_dir(struct buf *out)
{
	CLEANUP(buf_release) struct buf mounts = BUF_INIT, groups = BUF_INIT;
	struct span point = SPAN_NONE, root = SPAN_NONE, own = SPAN_NONE;
	int rc = fd_read_proc("/proc/self/mountinfo", PROC_BYTES_MAX, &mounts);

	if (rc == 0)
		rc = fd_read_proc("/proc/self/cgroup", PROC_BYTES_MAX, &groups);
	if (rc == 0)
		rc = find_mount((struct span){ mounts.p, mounts.len }, &point, &root);
	if (rc == 0)
		rc = find_own((struct span){ groups.p, groups.len }, &own);
	if (rc < 0)
		return rc;
	if (root.len > 1 && own.len >= root.len && memcmp(own.p, root.p, root.len) == 0) {
		own.p += root.len; /* the mount shows only a part of the hierarchy */
		own.len -= root.len;
	}
	if (own.len == 1)
		own.len = 0; /* "/" */
	buf_put(out, point.p, point.len);
	buf_put(out, own.p, own.len);
	return 0;
}

int cgroup_make(int parent_fd, const char *name)
{
	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return fd_open_at(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
}

int cgroup_populated(int events_fd)
{
	char text[128];
	const char *at;
	ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	at = strstr(text, "populated ");
	return at ? at[10] == '1' : -EINVAL;
}

static int add_pids_of(int dir_fd, struct pid_list *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(fd_close) int fd = fd_open_at(dir_fd, "cgroup.procs", O_RDONLY, 0);
	struct span rest, line;
	int rc = fd < 0 ? fd : fd_read_all(fd, PROC_BYTES_MAX, &text);

	if (rc < 0)
		return rc;
	rest = (struct span){ text.p, text.len };
	while (next_line(&rest, &line)) {
		uint64_t pid;

		if (span_to_u64(line, INT32_MAX, &pid) == 0 && pid > 0)
			pid_list_add(out, pid);
	}
	return 0;
}

/* Collects pids when `pids` is given, else removes the directories below. Recursion is bounded by
 * DEPTH_MAX. */
static int walk(int dir_fd, unsigned depth, struct pid_list *pids)
{
	int fd = depth < DEPTH_MAX ? fd_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0) : -ELOOP;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		fd_close(&fd);
		return fd < 0 ? -ELOOP : -errno;
	}
	if (pids)
		add_pids_of(dir_fd, pids);
	while ((entry = readdir(d))) {
		int below;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = fd_open_at(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY, 0);
		if (below < 0)
			continue;
		walk(below, depth + 1, pids);
		close(below);
		if (!pids)
			unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(d);
	return 0;
}

int cgroup_pids(int dir_fd, struct pid_list *out)
{
	return walk(dir_fd, 0, out);
}

int cgroup_kill(int dir_fd)
{
	CLEANUP(fd_close) int fd = fd_open_at(dir_fd, "cgroup.kill", O_WRONLY, 0);

	return fd < 0 ? fd : fd_write_all(fd, "1", 1);
}

int cgroup_remove(int parent_fd, const char *name)
{
	CLEANUP(fd_close) int fd = fd_open_at(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	walk(fd, 0, NULL);
	return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
