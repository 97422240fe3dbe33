/*
 * flock, because it belongs to the open file and not to the process: closing another descriptor of
 * the same file, as a library may, does not drop it. The file is never removed, so there is no
 * moment in which two processes hold "the lock" on two files of one name.
 *
 * Two may be in the way that hold nothing, each for an instant only, which is long where many wait
 * for a processor: a probe, which takes the lock shared; and a child of a holder that was killed,
 * which has the open file until it executes its program. So who finds the lock held asks who it is,
 * and looks again as long as that is nobody.
 */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "os/clock.h"
#include "os/fd.h"

#define LOOK_AGAIN_MS 1
#define UNNAMED_LOOKS 10 /* who has just taken it is about to write its name */
#define HOLDER_BYTES_MAX 4096

static int open_lock(int dir_fd, const char *name, int flags)
{
	int fd = fd_open_at(dir_fd, name, O_NONBLOCK | flags, 0600);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static int flock_now(int fd, int how)
{
	while (flock(fd, how | LOCK_NB) < 0)
		if (errno != EINTR)
			return errno == EWOULDBLOCK ? -SK_EBUSY : -errno;
	return 0;
}

static void read_holder(int fd, struct lock_holder *holder)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT, text = BUF_INIT;
	struct lock_holder h = { .who = { .pid = 0 } };
	struct scan_text key, value;
	struct scan s;
	ssize_t n;

	buf_reserve(&raw, HOLDER_BYTES_MAX);
	n = pread(fd, raw.p, HOLDER_BYTES_MAX, 0);
	*holder = h;
	if (n <= 0)
		return;
	scan_init(&s, (struct span){ raw.p, (size_t)n });
	scan_object(&s);
	while (scan_key(&s, &key)) {
		buf_truncate(&text, 0);
		if (span_is(key.raw, "pid")) {
			scan_u64(&s, INT32_MAX, &h.who.pid);
		} else if (span_is(key.raw, "pid_start")) {
			scan_u64(&s, UINT64_MAX / 16, &h.who.start);
		} else if (span_is(key.raw, "boot_id")) {
			scan_string(&s, &value);
			scan_unescape(&text, value);
			snprintf(h.who.boot_id, sizeof(h.who.boot_id), "%s", text.p ? text.p : "");
		} else if (span_is(key.raw, "command")) {
			scan_string(&s, &value);
			scan_unescape(&text, value);
			snprintf(h.command, sizeof(h.command), "%s", text.p ? text.p : "");
		} else {
			scan_skip(&s, NULL);
		}
	}
	if (scan_end(&s) == 0)
		*holder = h;
}

static int write_holder(int fd, const char *command)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct span shown = span_of(command);
	struct proc_identity self;
	int rc = proc_self(&self);

	if (rc < 0)
		return rc;
	if (shown.len >= LOCK_COMMAND_BYTES_MAX)
		shown.len = LOCK_COMMAND_BYTES_MAX - 1;
	buf_putf(&line, "{\"pid\":%llu,\"pid_start\":%llu,\"boot_id\":\"%s\",\"command\":",
		 (unsigned long long)self.pid, (unsigned long long)self.start, self.boot_id);
	buf_put_json(&line, shown);
	buf_puts(&line, "}\n");
	if (ftruncate(fd, 0) < 0 || pwrite(fd, line.p, line.len, 0) != (ssize_t)line.len)
		return errno ? -errno : -EIO;
	return 0;
}

/* Gives the open file its holder, and *out the file. */
static int take_over(int *fd, const char *command, struct lock *out)
{
	int rc = write_holder(*fd, command);

	if (rc < 0)
		return rc;
	out->fd = *fd;
	*fd = -1;
	return 0;
}

/* Whether a lock that could not be had is only held by one of the two that hold nothing. */
static bool held_by_nobody(int fd, struct lock_holder *holder, int *looks)
{
	if (flock_now(fd, LOCK_SH) == 0) {
		(void)flock(fd, LOCK_UN);
		return true;
	}
	read_holder(fd, holder);
	if (holder->who.pid == 0)
		return ++*looks < UNNAMED_LOOKS;
	return proc_alive(&holder->who) == 0;
}

/* 0, -SK_EBUSY with *holder, or -errno. */
static int flock_or_holder(int fd, int how, struct lock_holder *holder)
{
	int64_t end_ms = clock_mono_ms(&clock_real) + LOCK_NOBODY_MS;
	int rc, looks = 0;

	*holder = (struct lock_holder){ .who = { .pid = 0 } };
	while ((rc = flock_now(fd, how)) == -SK_EBUSY && held_by_nobody(fd, holder, &looks) &&
	       clock_mono_ms(&clock_real) < end_ms)
		nanosleep(&(struct timespec){ 0, LOOK_AGAIN_MS * 1000000L }, NULL);
	return rc;
}

int lock_take(int dir_fd, const char *name, const char *command, struct lock *out,
	      struct lock_holder *holder)
{
	CLEANUP(fd_close) int fd = open_lock(dir_fd, name, O_RDWR | O_CREAT);
	struct lock_holder found;
	int rc;

	if (fd < 0)
		return fd;
	rc = flock_or_holder(fd, LOCK_EX, &found);
	if (rc == -SK_EBUSY && holder)
		*holder = found;
	return rc < 0 ? rc : take_over(&fd, command, out);
}

static void on_alarm(int signal_number)
{
	(void)signal_number; /* that it came is all: flock returns */
}

/* The timer goes on ticking, because the first tick may come before flock waits. */
static int flock_within(int fd, int64_t patience_ms)
{
	const struct itimerval tick = { { 0, 20000 }, { 0, 20000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction woken = { .sa_handler = on_alarm }, before;
	int64_t end_ms = clock_mono_ms(&clock_real) + patience_ms;
	int rc;

	sigaction(SIGALRM, &woken, &before);
	setitimer(ITIMER_REAL, &tick, NULL);
	do
		rc = flock(fd, LOCK_EX) < 0 ? -errno : 0;
	while (rc == -EINTR && clock_mono_ms(&clock_real) < end_ms);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	return rc == -EINTR ? -SK_EBUSY : rc;
}

int lock_take_within(int dir_fd, const char *name, const char *command, int64_t patience_ms,
		     struct lock *out, struct lock_holder *holder)
{
	CLEANUP(fd_close) int fd = open_lock(dir_fd, name, O_RDWR | O_CREAT);
	int rc;

	if (fd < 0)
		return fd;
	rc = flock_now(fd, LOCK_EX);
	if (rc == -SK_EBUSY)
		rc = flock_within(fd, patience_ms);
	if (rc == -SK_EBUSY && holder)
		read_holder(fd, holder);
	return rc < 0 ? rc : take_over(&fd, command, out);
}

int lock_rename(struct lock *l, const char *command)
{
	return write_holder(l->fd, command);
}

int lock_probe(int dir_fd, const char *name, struct lock_holder *holder)
{
	CLEANUP(fd_close) int fd = open_lock(dir_fd, name, O_RDONLY);
	struct lock_holder found;
	int rc;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	rc = flock_or_holder(fd, LOCK_SH, &found);
	if (rc == -SK_EBUSY && holder)
		*holder = found;
	return rc == -SK_EBUSY ? 1 : rc;
}

void lock_release(struct lock *l)
{
	fd_close(&l->fd);
}
