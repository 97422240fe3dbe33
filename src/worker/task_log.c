/*
 * Two descriptors lead to the file: ours, which writes at a place, for the head; and one for each
 * process, which appends, opened anew through /proc so that no process shares anything with the one
 * before, neither flags nor place. As ours is the only one left when a task is over, the kernel
 * grants a lease on the file; it does not when the task has handed the file to somebody who still
 * may write (ssh to its master, a terminal to its server).
 *
 * The hole is looked at, not only the size: a task may cut its standard output (`> /dev/stdout`)
 * and print just as many bytes.
 */
#include "worker/task_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

#define NAME_BYTES 12
#define COPY_BYTES 65536

void task_log_release(struct task_log *l)
{
	fd_close(&l->fd);
	buf_release(&l->head);
	*l = (struct task_log)TASK_LOG_INIT;
}

static void own_name(const struct task_log *l, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%d", l->fd);
}

/* Lets go of the file: what is in it stays only if it has a name. */
static void let_go(struct task_log *l)
{
	fd_close(&l->fd);
	l->pending = false;
	l->size = 0;
}

/* Whether the failure may be over with the next task. */
static bool for_now(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT || rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

int task_log_begin(struct task_log *l, const struct log_folder *in, const char *name)
{
	INVARIANT(!l->pending);
	if (l->useless || in->own_fds < 0)
		return -EOPNOTSUPP;
	if (faccessat(in->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (l->fd < 0) {
		l->fd = fd_open_at(in->fd, ".", O_RDWR | O_TMPFILE, 0600);
		l->size = 0;
	}
	if (l->fd < 0) {
		l->useless = !for_now(l->fd);
		return l->fd;
	}
	buf_truncate(&l->head, 0);
	l->pending = true;
	l->written = l->refused = false;
	l->copied = 0;
	return 1;
}

int task_log_add(struct task_log *l, const struct log_folder *in, struct span header)
{
	size_t size = l->head.len + header.len;
	char name[NAME_BYTES];
	int fd;

	INVARIANT(l->pending);
	if (l->written || size > LOG_HEAD_BYTES_MAX)
		return -EFBIG;
	if (l->size != size && ftruncate(l->fd, (off_t)size) < 0)
		return -errno;
	l->size = size;
	own_name(l, name);
	fd = openat(in->own_fds, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	buf_put(&l->head, header.p, header.len);
	return fd;
}

/* How many bytes the file has up to one more than the head; *hole: those of the head are zero. */
static size_t look(const struct task_log *l, bool *hole)
{
	char raw[LOG_HEAD_BYTES_MAX + 1];
	ssize_t n = pread(l->fd, raw, l->head.len + 1, 0);

	*hole = true;
	for (ssize_t i = 0; *hole && i < n && i < (ssize_t)l->head.len; i++)
		*hole = raw[i] == '\0';
	return n < 0 ? 0 : (size_t)n;
}

bool task_log_is_quiet(const struct task_log *l)
{
	bool hole;

	return !l->written && look(l, &hole) == l->head.len && hole;
}

/* Puts the head into its place, unless the task has cut its own log. */
static int write_head(struct task_log *l)
{
	ssize_t n = 0;
	bool hole;

	if (l->written)
		return 0;
	l->written = true;
	if (look(l, &hole) < l->head.len || !hole)
		return 0;
	for (size_t at = 0; at < l->head.len; at += (size_t)n) {
		n = pwrite(l->fd, l->head.p + at, l->head.len - at, (off_t)at);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* Appends what is new in it to the file that has the name. */
static int append_to(struct task_log *l, const struct log_folder *in, const char *name)
{
	CLEANUP(fd_close)
	int to = fd_open_at(in->fd, name, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
	char chunk[COPY_BYTES];
	int rc = to < 0 ? to : 0;
	ssize_t n;

	if (rc == 0 && l->copied == 0)
		rc = fd_write_all(to, "\n", 1);
	for (; rc == 0; l->copied += (size_t)n) {
		if (l->copied >= LOG_COPIED_BYTES_MAX)
			return -EFBIG;
		n = pread(l->fd, chunk, sizeof(chunk), (off_t)l->copied);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		rc = fd_write_all(to, chunk, (size_t)n);
	}
	return rc;
}

int task_log_name(struct task_log *l, const struct log_folder *in, const char *name, bool last)
{
	char own[NAME_BYTES];
	int rc = write_head(l);

	own_name(l, own);
	if (!l->refused && linkat(in->own_fds, own, in->fd, name, AT_SYMLINK_FOLLOW) < 0) {
		l->refused = true;
		l->useless = errno != EEXIST;
	} else if (!l->refused) {
		let_go(l);
		return rc;
	}
	rc = append_to(l, in, name);
	if (last)
		let_go(l);
	return rc;
}

int task_log_keep(struct task_log *l)
{
	if (fcntl(l->fd, F_SETLEASE, F_WRLCK) < 0) {
		l->useless = errno != EAGAIN;
		return errno == EAGAIN ? -EBUSY : -errno;
	}
	fcntl(l->fd, F_SETLEASE, F_UNLCK);
	l->pending = false;
	return 0;
}
