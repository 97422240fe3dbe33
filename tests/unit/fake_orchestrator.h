/*
 * The other end of the worker's socket, for tests: listens in a fresh state folder, runs a real
 * worker in a child process, sends it messages and keeps every report it gets. Waiting is always
 * for a condition, with a generous limit after which the test fails.
 */
#ifndef SK_FAKE_ORCHESTRATOR_H
#define SK_FAKE_ORCHESTRATOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "ctl/worker_msg.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/proc_table.h"
#include "os/sock.h"
#include "worker/identity.h"
#include "worker/outbox.h"
#include "worker/worker.h"

#define FAKE_WAIT_MS 30000
#define FAKE_REPORTS_MAX 4096

struct fake_report {
	enum worker_msg_kind kind;
	uint64_t serial, attempt;
	char task[TASK_ID_BYTES_MAX + 1], error[1500], outputs[1000];
	struct result result;
};

struct fake {
	char dir[64];
	int dir_fd, listen_fd, fd;
	pid_t worker;
	struct buf in;
	struct fake_report *reports;
	size_t count;
	uint64_t seen_serial; /* highest report serial; a lower one again is a repetition */
	unsigned registers, repeats, byes, heartbeats;
	char active[8192], kill_mode[16], nonce[NONCE_LEN + 1];
	uint64_t incarnation;
	bool acknowledges; /* each report at once */
	unsigned grace_ms;
};

static inline void fake_remove(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) < 0)
			fake_remove(fd, entry->d_name);
	if (d)
		closedir(d);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

static inline void fake_listen(struct fake *f)
{
	f->listen_fd = sock_listen(f->dir_fd, "orchestrator.sock", 8);
	assert_true(f->listen_fd >= 0);
}

/* As if the orchestrator had been killed: connection and socket are gone. */
static inline void fake_vanish(struct fake *f)
{
	fd_close(&f->fd);
	fd_close(&f->listen_fd);
	unlinkat(f->dir_fd, "orchestrator.sock", 0);
	buf_truncate(&f->in, 0);
}

static inline void fake_init(struct fake *f)
{
	*f = (struct fake){ .dir = "/tmp/sk_worker.XXXXXX",
			    .listen_fd = -1,
			    .fd = -1,
			    .acknowledges = true,
			    .grace_ms = 300 };
	assert_non_null(mkdtemp(f->dir));
	f->dir_fd = fd_open_dir(f->dir);
	assert_true(f->dir_fd >= 0);
	f->reports = mem_zalloc(FAKE_REPORTS_MAX * sizeof(*f->reports));
}

static inline void fake_start_worker(struct fake *f, unsigned slots, bool no_cgroup,
				     int64_t linger_ms)
{
	struct worker_options o = { .state_dir = f->dir,
				    .worker_id = "w1",
				    .slots = slots,
				    .no_cgroup = no_cgroup,
				    .linger_ms = linger_ms };

	fflush(NULL);
	f->worker = fork();
	assert_true(f->worker >= 0);
	if (f->worker == 0) {
		struct err e = ERR_INIT;
		int rc;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rc = worker_main(&o, &e);
		if (rc < 0)
			fprintf(stderr, "%s\n", e.text);
		_exit(rc < 0 ? 1 : 0);
	}
}

static inline void fake_send(struct fake *f, const struct worker_msg *m)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	size_t at = 0;

	worker_msg_encode(&line, m);
	while (at < line.len) {
		ssize_t n = write(f->fd, line.p + at, line.len - at);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { f->fd, POLLOUT, 0 };

			poll(&p, 1, 1000);
			continue;
		}
		assert_true(n > 0);
		at += (size_t)n;
	}
}

static inline void fake_copy(char *out, size_t out_bytes, struct span text)
{
	snprintf(out, out_bytes, "%.*s", SPAN_ARG(text));
}

static inline void fake_take_report(struct fake *f, const struct worker_msg *m)
{
	struct fake_report *r;

	if (m->serial <= f->seen_serial) {
		f->repeats++;
		return;
	}
	assert_int_equal(m->serial, f->seen_serial + 1); /* none is ever left out */
	f->seen_serial = m->serial;
	assert_true(f->count < FAKE_REPORTS_MAX);
	r = &f->reports[f->count++];
	r->kind = m->kind;
	r->serial = m->serial;
	r->attempt = m->attempt;
	r->result = m->result;
	fake_copy(r->task, sizeof(r->task), m->task_id);
	fake_copy(r->error, sizeof(r->error), m->result.error);
	fake_copy(r->outputs, sizeof(r->outputs), m->result.outputs);
}

static inline void fake_take(struct fake *f, const struct worker_msg *m)
{
	if (m->kind == MSG_REGISTER) {
		struct worker_msg yes = { .kind = MSG_REGISTERED,
					  .epoch = 1,
					  .grace_ms = f->grace_ms };

		f->registers++;
		f->incarnation = m->incarnation;
		fake_copy(f->active, sizeof(f->active), m->active);
		fake_copy(f->kill_mode, sizeof(f->kill_mode), m->kill_mode);
		fake_copy(f->nonce, sizeof(f->nonce), m->nonce);
		fake_send(f, &yes);
	} else if (m->kind == MSG_STARTED || m->kind == MSG_FINISHED) {
		fake_take_report(f, m);
	} else if (m->kind == MSG_BYE) {
		f->byes++;
	} else {
		assert_int_equal(m->kind, MSG_HEARTBEAT);
		f->heartbeats++;
	}
}

static inline void fake_lines(struct fake *f)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	uint64_t before = f->seen_serial;
	const char *end;

	while (f->in.len && (end = memchr(f->in.p, '\n', f->in.len))) {
		struct worker_msg m;

		buf_truncate(&scratch, 0);
		assert_int_equal(
			worker_msg_decode((struct span){ f->in.p, (size_t)(end - f->in.p) },
					  &scratch, &m),
			0);
		fake_take(f, &m);
		buf_consume(&f->in, (size_t)(end - f->in.p) + 1);
	}
	if (f->acknowledges && f->seen_serial > before) {
		struct worker_msg ack = { .kind = MSG_ACK, .serial = f->seen_serial };

		fake_send(f, &ack);
	}
}

/* Takes part in the conversation for a moment. */
static inline void fake_turn(struct fake *f, int timeout_ms)
{
	struct pollfd p[2] = { { f->listen_fd, POLLIN, 0 }, { f->fd, POLLIN, 0 } };

	poll(p, 2, timeout_ms);
	if (f->listen_fd >= 0 && (p[0].revents & POLLIN)) {
		int fd = sock_accept(f->listen_fd);

		if (fd >= 0) {
			fd_close(&f->fd);
			f->fd = fd;
			buf_truncate(&f->in, 0);
		}
	}
	if (f->fd >= 0) {
		buf_reserve(&f->in, 65536);
		ssize_t n = read(f->fd, f->in.p + f->in.len, 65536);

		if (n > 0) {
			f->in.len += (size_t)n;
			f->in.p[f->in.len] = '\0';
			fake_lines(f);
		} else if (n == 0 || errno != EAGAIN) {
			fd_close(&f->fd);
		}
	}
}

/* Turns until the condition holds; fails the test when it does not come true. */
#define FAKE_UNTIL(f, condition)                                              \
	do {                                                                  \
		int64_t until_ms = clock_mono_ms(&clock_real) + FAKE_WAIT_MS; \
		while (!(condition)) {                                        \
			fake_turn(f, 20);                                     \
			if (clock_mono_ms(&clock_real) >= until_ms)           \
				fail_msg("never came true: %s", #condition);  \
		}                                                             \
	} while (0)

static inline const struct fake_report *fake_finished(const struct fake *f, const char *task)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->reports[i].kind == MSG_FINISHED && strcmp(f->reports[i].task, task) == 0)
			return &f->reports[i];
	return NULL;
}

static inline bool fake_started(const struct fake *f, const char *task)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->reports[i].kind == MSG_STARTED && strcmp(f->reports[i].task, task) == 0)
			return true;
	return false;
}

/* Assigns attempt 1 of a task with this definition (a JSON object). */
static inline void fake_assign(struct fake *f, const char *task, const char *def, bool validation)
{
	struct worker_msg m = { .kind = MSG_ASSIGN,
				.task_id = span_of(task),
				.attempt = 1,
				.workstream_id = SPAN_LIT("ws"),
				.name = span_of(task),
				.run_no = 1,
				.def = span_of(def),
				.cwd = span_of(f->dir),
				.validation = validation };

	fake_send(f, &m);
}

static inline void fake_run(struct fake *f, const char *task, const char *command)
{
	CLEANUP(buf_release) struct buf def = BUF_INIT;

	buf_puts(&def, "{\"run\":");
	buf_put_json(&def, span_of(command));
	buf_putc(&def, '}');
	fake_assign(f, task, def.p, false);
}

static inline void fake_cancel(struct fake *f, const char *task)
{
	struct worker_msg m = { .kind = MSG_CANCEL, .task_id = span_of(task), .attempt = 1 };

	fake_send(f, &m);
}

/* Whether a file exists below the state folder. */
static inline bool fake_has(const struct fake *f, const char *name)
{
	return faccessat(f->dir_fd, name, F_OK, 0) == 0;
}

/* Living processes that have this word in their environment under `name`. */
static inline unsigned fake_count_tagged(const char *name, const char *word)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	unsigned count = 0;

	assert_int_equal(proc_table_read(&t), 0);
	for (size_t i = 0; i < t.count; i++)
		if (t.v[i].state != 'Z' && t.v[i].state != 'X')
			count += proc_env_word_starts(t.v[i].pid, name, word) == 1;
	return count;
}

/* Ends the worker as an orchestrator would, and waits for it. */
static inline void fake_shutdown(struct fake *f)
{
	struct worker_msg m = { .kind = MSG_SHUTDOWN };
	int status = -1;

	fake_send(f, &m);
	FAKE_UNTIL(f, waitpid(f->worker, &status, WNOHANG) == f->worker);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	while (f->fd >= 0)
		fake_turn(f, 0);
	f->worker = 0;
}

static inline void fake_release(struct fake *f)
{
	if (f->worker > 0) {
		kill(f->worker, SIGKILL);
		waitpid(f->worker, NULL, 0);
	}
	fd_close(&f->fd);
	fd_close(&f->listen_fd);
	worker_sweep(openat(f->dir_fd, "workers", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "w1", 2000);
	fd_close(&f->dir_fd);
	buf_release(&f->in);
	mem_free(&f->reports);
	fake_remove(AT_FDCWD, f->dir);
}

#endif
