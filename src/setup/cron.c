/*
 * Earlier programs rewrote this file without a lock, so that a schedule could vanish when a task
 * ended while another one was added.
 *
 *  1. Whoever writes holds the lock from before it reads until after it has replaced the file. The
 *     lock is a file of its own that is never removed: a lock on a file that is replaced all the
 *     time protects nothing.
 *  2. Nothing is opened through a link: a planted one would let others choose what we overwrite.
 *  3. An editor takes no lock: the file is compared with what was read from it at the last moment.
 */
#include "setup/cron.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/home.h"
#include "os/vfs.h"
#include "setup/cron_doc.h"
#include "work/doc_file.h"

#define LOCK_NAME CRON_CONFIG ".lock"
#define TEMP_NAME CRON_CONFIG ".tmp"
#define LOOK_AGAIN_MS 10

void cron_close(struct cron *c)
{
	lock_release(&c->lock);
	fd_close(&c->dir_fd);
	arena_release(&c->arena);
	buf_release(&c->before);
	buf_release(&c->path);
	*c = (struct cron)CRON_INIT;
}

static int refused(const char *path, int code, struct err *e)
{
	if (code == -ELOOP)
		return err_set(e, -SK_EREFUSED,
			       "'%s' is a symbolic link; refused: nothing was changed", path);
	if (code == -EINVAL || code == -EISDIR || code == -ENXIO)
		return err_set(e, -SK_EREFUSED,
			       "'%s' is no regular file; refused: nothing was changed", path);
	if (code == -EFBIG)
		return err_set(e, -SK_EUSAGE, "'%s': larger than %d KiB: nothing was changed", path,
			       CRON_CONFIG_BYTES_MAX / 1024);
	return err_set(e, -SK_EIO, "'%s': %s: nothing was changed", path, strerror(-code));
}

static int busy(const struct cron *c, const struct lock_holder *holder, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	buf_put_visible(&shown, span_of(holder->command));
	if (!holder->who.pid)
		return err_set(e, -SK_EBUSY,
			       "'%s': locked by a process that does not tell its name: nothing "
			       "was changed. Try: the same again",
			       c->path.p);
	return err_set(e, -SK_EBUSY,
		       "'%s': lock held by pid %llu (%s): nothing was changed. Try: the same again",
		       c->path.p, (unsigned long long)holder->who.pid, shown.p ? shown.p : "?");
}

/* Looks again and again instead of waiting in line: the signal that ends such a wait belongs to
 * whoever calls. */
static int take_lock(struct cron *c, const char *command, struct err *e)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + CRON_PATIENCE_MS;
	struct lock_holder holder = { .who = { .pid = 0 } };
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	int rc = lock_take(c->dir_fd, LOCK_NAME, command, &c->lock, &holder);

	while (rc == -SK_EBUSY && clock_mono_ms(&clock_real) < until_ms) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		rc = lock_take(c->dir_fd, LOCK_NAME, command, &c->lock, &holder);
	}
	if (rc == -SK_EBUSY)
		return busy(c, &holder, e);
	if (rc < 0) {
		buf_putf(&path, "%s.lock", c->path.p);
		return refused(path.p, rc, e);
	}
	return 0;
}

static int open_folder(struct cron *c, const char *copilot, bool create, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int code;

	c->dir_fd = home_open(copilot, CRON_FOLDER, create, &why);
	if (c->dir_fd >= 0)
		return 0;
	code = c->dir_fd;
	c->dir_fd = -1;
	if (code == -ENOENT && !why.len)
		return 0;
	return err_set(e, code == -EPERM ? -SK_EREFUSED : -SK_EIO, "%s",
		       why.len ? why.p : "the folder " CRON_FOLDER " cannot be opened");
}

/* Whoever may write it says what this program does in the night. */
static int check_owner(const struct cron *c, const struct vfs *disk, struct err *e)
{
	struct vfs_stat st;
	int rc = disk->stat(disk->ctx, CRON_CONFIG, &st);

	if (rc < 0)
		return refused(c->path.p, rc, e);
	if (st.uid != geteuid() || (st.mode & 002))
		return err_set(
			e, -SK_EREFUSED,
			"'%s': others may write it (mode %04o, uid %u); refused: nothing was "
			"changed. Try: chmod 0600 '%s'",
			c->path.p, st.mode, st.uid, c->path.p);
	return 0;
}

static int read_file(struct cron *c, const struct vfs *disk, struct err *e)
{
	struct cron_doc doc = { { NULL, 0 }, SPAN_NONE };
	int rc = vfs_read_all(disk, CRON_CONFIG, CRON_CONFIG_BYTES_MAX, &c->before);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return refused(c->path.p, rc, e);
	c->there = true;
	rc = check_owner(c, disk, e);
	if (rc == 0)
		rc = doc_file_decode(c->path.p, (struct span){ c->before.p, c->before.len },
				     &cron_doc_type, DOC_IMPORT, &c->arena, &doc, e);
	if (rc == 0)
		rc = cron_doc_check(&doc, c->path.p, e);
	if (rc < 0)
		return rc;
	c->tasks = doc.tasks;
	c->rest = doc.rest;
	return 0;
}

int cron_open(struct cron *c, const char *copilot, unsigned flags, const char *command,
	      struct err *e)
{
	struct vfs disk;
	int rc;

	*c = (struct cron)CRON_INIT;
	buf_putf(&c->path, "%s/" CRON_FOLDER "/" CRON_CONFIG, copilot);
	rc = open_folder(c, copilot, flags & CRON_WRITE, e);
	if (rc == 0 && (flags & CRON_WRITE))
		rc = take_lock(c, command, e);
	if (rc == 0 && c->dir_fd >= 0) {
		vfs_real_open(&disk, c->dir_fd);
		rc = read_file(c, &disk, e);
		vfs_real_close(&disk);
	}
	if (rc < 0)
		cron_close(c);
	return rc;
}

/* Whether the file still holds what was read from it. */
static bool unchanged(const struct cron *c, const struct vfs *disk)
{
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	int rc = vfs_read_all(disk, CRON_CONFIG, CRON_CONFIG_BYTES_MAX, &now);

	if (rc == -ENOENT)
		return !c->there;
	return rc == 0 && c->there && now.len == c->before.len &&
	       (now.len == 0 || memcmp(now.p, c->before.p, now.len) == 0);
}

static int replace(const struct cron *c, const struct vfs *disk, const struct buf *text,
		   struct err *e)
{
	int rc = vfs_write(disk, TEMP_NAME, text->p, text->len);

	if (rc == 0 && !unchanged(c, disk)) { /* 3 */
		disk->remove(disk->ctx, TEMP_NAME);
		return err_set(e, -SK_EBUSY,
			       "'%s' was edited meanwhile: nothing was overwritten. Try: the same "
			       "again",
			       c->path.p);
	}
	if (rc == 0)
		rc = disk->rename(disk->ctx, TEMP_NAME, CRON_CONFIG);
	if (rc < 0) {
		disk->remove(disk->ctx, TEMP_NAME);
		return err_set(e, -SK_EIO, "cannot write '%s': %s: it was not changed", c->path.p,
			       strerror(-rc));
	}
	rc = disk->sync_dir(disk->ctx, ".");
	if (rc < 0)
		return err_set(e, -SK_EIO, "'%s': %s: the change may not survive a power cut",
			       c->path.p, strerror(-rc));
	return 0;
}

int cron_commit(struct cron *c, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct cron_doc doc = { c->tasks, c->rest };
	struct vfs disk;
	int rc;

	INVARIANT(c->lock.fd >= 0); /* 1 */
	doc_encode(&cron_doc_type, &doc, DOC_PEOPLE, &text);
	buf_putc(&text, '\n');
	if (text.len > CRON_CONFIG_BYTES_MAX)
		return err_set(e, -SK_EREFUSED,
			       "'%s': more than it can hold (%d KiB): nothing was changed. Try: sk "
			       "cron remove",
			       c->path.p, CRON_CONFIG_BYTES_MAX / 1024);
	vfs_real_open(&disk, c->dir_fd);
	rc = replace(c, &disk, &text, e);
	vfs_real_close(&disk);
	if (rc == 0) {
		buf_truncate(&c->before, 0);
		buf_put(&c->before, text.p, text.len);
		c->there = true;
	}
	return rc;
}

struct cron_task *cron_at(const struct cron *c, size_t index)
{
	INVARIANT(index < c->tasks.count);
	return (struct cron_task *)c->tasks.v + index;
}

struct cron_task *cron_find(const struct cron *c, struct span id)
{
	for (size_t i = 0; i < c->tasks.count; i++)
		if (span_eq(cron_at(c, i)->id, id))
			return cron_at(c, i);
	return NULL;
}

struct cron_task *cron_add(struct cron *c, struct err *e)
{
	unsigned char chance[CRON_ID_LEN / 2];
	char id[CRON_ID_LEN + 1];
	struct cron_task *t;

	if (c->tasks.count >= CRON_TASKS_MAX) {
		err_set(e, -SK_EREFUSED,
			"'%s' has %d schedules already: nothing was changed. Try: sk cron remove",
			c->path.p, CRON_TASKS_MAX);
		return NULL;
	}
	do {
		if (getrandom(chance, sizeof(chance), 0) != sizeof(chance)) {
			err_set(e, -SK_EIO, "no random numbers: %s: nothing was changed",
				strerror(errno));
			return NULL;
		}
		for (size_t i = 0; i < sizeof(chance); i++)
			snprintf(id + 2 * i, 3, "%02x", chance[i]);
	} while (cron_find(c, span_of(id)));
	t = doc_list_add(&cron_task_type, &c->arena, &c->tasks);
	t->id = arena_copy(&c->arena, span_of(id));
	return t;
}

void cron_remove(struct cron *c, size_t index)
{
	doc_list_remove(&cron_task_type, &c->arena, &c->tasks, index);
}

void cron_schedule_set(struct cron *c, struct cron_schedule *s, const struct slot_plan *plan)
{
	char time[8];

	*s = (struct cron_schedule){ .kind = (uint8_t)plan->kind, .plan = *plan };
	if (plan->kind == SLOT_INTERVAL) {
		s->minutes = plan->minutes;
		return;
	}
	snprintf(time, sizeof(time), "%02u:%02u", plan->hour % 100U, plan->minute % 100U);
	s->time = arena_copy(&c->arena, span_of(time));
	if (plan->kind == SLOT_WEEKLY)
		s->day = span_of(slot_weekday_words[plan->weekday]);
	if (plan->kind == SLOT_MONTHLY)
		s->day_of_month = plan->day;
}

int cron_choose(const struct cron *c, struct span word, struct err *e)
{
	for (int member = 0; member < 3; member++) {
		CLEANUP(buf_release) struct buf ids = BUF_INIT;
		size_t found = 0, at = 0;

		for (size_t i = 0; i < c->tasks.count; i++) {
			const struct cron_task *t = cron_at(c, i);

			if (!span_eq(word, member == 0   ? t->id
					   : member == 1 ? t->name
							 : t->template))
				continue;
			buf_putf(&ids, "%s%.*s", found++ ? ", " : "", SPAN_ARG(t->id));
			at = i;
		}
		if (found == 1)
			return (int)at;
		if (found > 1)
			return err_set(e, -SK_EUSAGE,
				       "'%.*s' names %zu schedules: nothing was done. Try: an id "
				       "instead, one of %s",
				       SPAN_ARG(word), found, ids.p);
	}
	return -SK_ENOTFOUND;
}
