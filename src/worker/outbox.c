/*
 * Invariants:
 *  1. What outbox_append confirmed is on disk until it is acknowledged: synced data, and a synced
 * folder for the name.
 *  2. A line is used only when it is whole and decodes; a torn tail is followed by a newline before
 * the next append, so that it cannot swallow the line behind it.
 *  3. An append that failed leaves nothing behind: on a full disk half a head would make all
 * reports that are appended once there is room again somebody else's.
 */
#include "worker/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

#define OUTBOX_BYTES_MAX (256LL * 1024 * 1024)

static int say(struct err *e, int rc, const char *name, const char *what)
{
	return err_set(e, rc, "outbox '%s': cannot %s it: %s", name, what, strerror(-rc));
}

static int open_append(int dir_fd, const char *name)
{
	return fd_open_at(dir_fd, name, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
}

/* Moves what an earlier incarnation left behind what still earlier ones left. Repeating it repeats
 * lines, harmlessly. */
static int put_aside(struct outbox *o)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(fd_close) int old = -1;
	char name[90];
	int rc;

	rc = fd_read_file_at(o->dir_fd, o->name, OUTBOX_BYTES_MAX, &text);
	if (rc < 0)
		return rc;
	if (text.len == 0)
		return 0;
	snprintf(name, sizeof(name), "%s.old", o->name);
	old = open_append(o->dir_fd, name);
	if (old < 0)
		return old;
	buf_putc(&text,
		 '\n'); /* invariant 2, here and in front: an earlier try may have broken off */
	rc = fd_write_all(old, "\n", 1);
	if (rc == 0)
		rc = fd_write_all(old, text.p, text.len);
	if (rc == 0 && (fsync(old) < 0 || fsync(o->dir_fd) < 0))
		rc = -errno;
	if (rc == 0 && (ftruncate(o->fd, 0) < 0 || fsync(o->fd) < 0))
		rc = -errno;
	return rc;
}

int outbox_open(struct outbox *o, int workers_fd, const char *worker_id, struct err *e)
{
	int rc;

	*o = (struct outbox){ .dir_fd = workers_fd, .fd = -1, .empty = true };
	snprintf(o->name, sizeof(o->name), "%s.outbox", worker_id);
	o->fd = open_append(workers_fd, o->name);
	if (o->fd < 0)
		return say(e, o->fd, o->name, "open");
	rc = put_aside(o);
	if (rc == 0 && fsync(workers_fd) < 0)
		rc = -errno;
	if (rc < 0) {
		fd_close(&o->fd);
		return say(e, rc, o->name, "put the content of");
	}
	return 0;
}

void outbox_close(struct outbox *o)
{
	fd_close(&o->fd);
}

int outbox_append(struct outbox *o, const void *lines, size_t len, struct err *e)
{
	off_t before = lseek(o->fd, 0, SEEK_END);
	int rc = before < 0 ? -errno : fd_write_all(o->fd, lines, len);

	if (rc == 0 && fdatasync(o->fd) < 0)
		rc = -errno;
	if (rc == 0) {
		o->empty = false;
		return 0;
	}
	if (before >= 0 && ftruncate(o->fd, before) < 0 &&
	    write(o->fd, "\n", 1) < 0) /* invariant 2, as far as the disk still lets us */
		return say(e, rc, o->name, "write to");
	return say(e, rc, o->name, "append to");
}

int outbox_clear(struct outbox *o, struct err *e)
{
	if (ftruncate(o->fd, 0) < 0 || fsync(o->fd) < 0)
		return say(e, -errno, o->name, "empty");
	o->empty = true;
	return 0;
}

static int read_one(int dir_fd, const char *name, outbox_reader *reader, void *ctx, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, scratch = BUF_INIT;
	uint64_t incarnation = 0;
	int count = 0, rc = fd_read_file_at(dir_fd, name, OUTBOX_BYTES_MAX, &text);
	const char *at, *end;

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return say(e, rc, name, "read");
	for (at = text.p; at && (end = memchr(at, '\n', (size_t)(text.p + text.len - at)));
	     at = end + 1) {
		struct worker_msg m;

		buf_truncate(&scratch, 0);
		if (worker_msg_decode((struct span){ at, (size_t)(end - at) }, &scratch, &m) < 0)
			continue;
		if (m.kind == MSG_REGISTER)
			incarnation = m.incarnation;
		if (m.kind != MSG_STARTED && m.kind != MSG_FINISHED)
			continue;
		rc = reader(ctx, incarnation, &m, e);
		if (rc < 0)
			return rc;
		count++;
	}
	return count;
}

int outbox_read(int workers_fd, const char *worker_id, outbox_reader *reader, void *ctx,
		struct err *e)
{
	char name[90];
	int before, rc;

	snprintf(name, sizeof(name), "%s.outbox.old", worker_id);
	before = read_one(workers_fd, name, reader, ctx, e);
	if (before < 0)
		return before;
	snprintf(name, sizeof(name), "%s.outbox", worker_id);
	rc = read_one(workers_fd, name, reader, ctx, e);
	return rc < 0 ? rc : before + rc;
}

int outbox_discard(int workers_fd, const char *worker_id, struct err *e)
{
	static const char *const suffixes[] = { "outbox.old", "outbox" };
	char name[90];

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(name, sizeof(name), "%s.%s", worker_id, suffixes[i]);
		if (unlinkat(workers_fd, name, 0) < 0 && errno != ENOENT)
			return say(e, -errno, name, "remove");
	}
	return 0;
}
