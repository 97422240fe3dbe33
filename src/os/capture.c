/*
 * One poll over both pipes and a pidfd, so that neither a full pipe nor a silent end is missed. The
 * end of the program counts, not the end of its output: something it left in the background may
 * hold the pipe for hours.
 *
 * The input is a file in memory: writing it cannot block on a program that does not read.
 *
 * Whoever is ended early is ended with all it started: its group at one blow, then what is in its
 * session or descends from it, then whatever bears the mark that was put into the environment, for
 * what had detached itself twice.
 */
#include "os/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/proc_table.h"

#define CHUNK_BYTES 65536
#define SWEEPS_MAX 20 /* each finds fewer; a program that forks faster than this is hostile */
#define MARK "SK_CAPTURE"
#define MARKS_BYTES_MAX 1024 /* of those who run each other; older ones are dropped beyond */
#define DRAIN_MAX 64         /* chunks of what it said: something may go on talking */

struct run {
	const struct capture *c;
	struct captured *out;
	int stdout_fd, stderr_fd, pid_fd;
	pid_t pid;
	int64_t until_ms;
	size_t total;
	char mark[NONCE_LEN + 1];
};

void captured_release(struct captured *c)
{
	buf_release(&c->out);
	buf_release(&c->said);
	*c = (struct captured)CAPTURED_INIT;
}

struct span captured_last_line(const struct captured *c)
{
	struct span text = { c->said.p, c->said.len };

	while (text.len) {
		size_t at = text.len;

		while (at > 0 && text.p[at - 1] != '\n')
			at--;
		if (at < text.len)
			return (struct span){ text.p + at, text.len - at };
		text.len--;
	}
	return SPAN_NONE;
}

/* A descriptor to read the input from. */
static int open_input(struct span input, int input_fd)
{
	int fd, rc;

	if (input_fd > 0) {
		fd = fcntl(input_fd, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	if (input.len == 0) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fd_write_all(fd, input.p, input.len);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc < 0)
		fd_close(&fd);
	return rc < 0 ? rc : fd;
}

/* The environment with our mark, behind the marks of those who run us in the same way. The list is
 * to be freed, not what is in it but *mark. */
static char **marked_environment(char *const *envp, const char *nonce, struct buf *mark)
{
	size_t count = 0, kept = 0, len = strlen(MARK "=");
	char **list;

	while (envp[count])
		count++;
	list = mem_alloc((count + 2) * sizeof(*list));
	buf_puts(mark, MARK "=");
	for (size_t i = 0; i < count; i++) {
		if (strncmp(envp[i], MARK "=", len) != 0)
			list[kept++] = envp[i];
		else if (strlen(envp[i]) < MARKS_BYTES_MAX)
			buf_putf(mark, "%s ", envp[i] + len);
	}
	buf_puts(mark, nonce);
	list[kept] = mark->p;
	list[kept + 1] = NULL;
	return list;
}

static int start(struct run *r)
{
	CLEANUP(fd_close) int in = open_input(r->c->input, r->c->input_fd);
	CLEANUP(fd_close) int out = -1;
	CLEANUP(fd_close) int err = -1;
	CLEANUP(mem_free) char **envp = NULL;
	CLEANUP(buf_release) struct buf mark = BUF_INIT;
	int out_pipe[2], err_pipe[2], rc = in < 0 ? in : proc_nonce(r->mark);

	if (rc < 0)
		return rc;
	if (pipe2(out_pipe, O_CLOEXEC) < 0)
		return -errno;
	r->stdout_fd = out_pipe[0];
	out = out_pipe[1];
	if (pipe2(err_pipe, O_CLOEXEC) < 0)
		return -errno;
	r->stderr_fd = err_pipe[0];
	err = err_pipe[1];
	rc = fd_set_nonblocking(r->stdout_fd);
	if (rc == 0)
		rc = fd_set_nonblocking(r->stderr_fd);
	if (rc < 0)
		return rc;
	envp = marked_environment(r->c->envp, r->mark, &mark);
	r->pid = proc_spawn(&(struct proc_spawn){ .path = r->c->path,
						  .argv = r->c->argv,
						  .envp = envp,
						  .cwd = r->c->cwd,
						  .stdin_fd = in,
						  .stdout_fd = out,
						  .stderr_fd = err,
						  .cgroup_fd = -1,
						  .cage_fd = r->c->cage_fd,
						  .dies_with_parent = true },
			    &r->out->step);
	if (r->pid < 0)
		return r->pid;
	r->pid_fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	return r->pid_fd < 0 ? -errno : 0;
}

/* Takes what is there on standard output. 1 while more may come, 0 at its end, or a negative code.
 */
static int take_output(struct run *r)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = read(r->stdout_fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (n == 0) {
		fd_close(&r->stdout_fd);
		return 0;
	}
	r->total += (size_t)n;
	if (r->total > r->c->output_bytes_max)
		return -EFBIG;
	if (r->c->sink) {
		int rc = r->c->sink(r->c->ctx, (struct span){ chunk, (size_t)n });

		r->out->by_sink = rc < 0;
		return rc < 0 ? rc : 1;
	}
	buf_put(&r->out->out, chunk, (size_t)n);
	return 1;
}

/* Likewise on standard error, of which only the end is kept. */
static int take_said(struct run *r)
{
	char chunk[4096];
	ssize_t n = read(r->stderr_fd, chunk, sizeof(chunk));
	struct buf *said = &r->out->said;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (n == 0) {
		fd_close(&r->stderr_fd);
		return 0;
	}
	buf_put(said, chunk, (size_t)n);
	if (said->len > CAPTURE_SAID_BYTES_MAX)
		buf_consume(said, said->len - CAPTURE_SAID_BYTES_MAX);
	return 1;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, 0) == 1;
}

/* What was written before the end, without waiting for more. */
static int drain(struct run *r)
{
	int rc = 1;

	while (rc == 1 && readable(r->stdout_fd))
		rc = take_output(r);
	if (rc < 0)
		return rc;
	rc = 1;
	for (unsigned i = 0; rc == 1 && i < DRAIN_MAX && readable(r->stderr_fd); i++)
		rc = take_said(r);
	return rc < 0 ? rc : 0;
}

/* Until the program ended (0), its time is over, or it printed too much. */
static int gather(struct run *r)
{
	for (;;) {
		int64_t left_ms = r->until_ms - clock_mono_ms(&clock_real);
		struct pollfd p[] = { { .fd = r->stdout_fd, .events = POLLIN },
				      { .fd = r->stderr_fd, .events = POLLIN },
				      { .fd = r->pid_fd, .events = POLLIN },
				      { .fd = r->c->cancel_fd > 0 ? r->c->cancel_fd : -1,
					.events = POLLIN } };
		int rc;

		if (left_ms <= 0)
			return -ETIMEDOUT;
		rc = poll(p, ARRAY_LEN(p), left_ms > 60000 ? 60000 : (int)left_ms);
		if (rc < 0 && errno != EINTR)
			return -errno;
		if (rc <= 0)
			continue;
		if (p[0].revents) {
			rc = take_output(r);
			if (rc < 0)
				return rc;
		}
		if (p[1].revents) {
			rc = take_said(r);
			if (rc < 0)
				return rc;
		}
		if (p[2].revents)
			return drain(r);
		if (p[3].revents)
			return -ECANCELED;
	}
}

/* Kills what is left of the tree, once. Returns whether something was found. */
static bool sweep(struct run *r)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	bool found = false;

	if (proc_table_read(&t) < 0)
		return false;
	for (size_t i = 0; i < t.count; i++)
		t.v[i].marked = t.v[i].pid == (uint64_t)r->pid ||
				t.v[i].session == (uint64_t)r->pid ||
				proc_env_word_starts(t.v[i].pid, MARK, r->mark) == 1;
	proc_table_mark_descendants(&t);
	for (size_t i = 0; i < t.count; i++) {
		struct proc_identity who = { .pid = t.v[i].pid, .start = t.v[i].start };

		if (!t.v[i].marked || t.v[i].state == 'Z' || t.v[i].state == 'X')
			continue;
		found |= proc_signal(&who, SIGKILL) == 0;
	}
	return found;
}

static void end_tree(struct run *r)
{
	kill(-r->pid, SIGKILL); /* its leader is not reaped, so the number is still its own */
	for (int i = 0; i < SWEEPS_MAX && sweep(r); i++)
		;
}

int capture_run(const struct capture *c, struct captured *out)
{
	struct run r = { .c = c, .out = out, .stdout_fd = -1, .stderr_fd = -1, .pid_fd = -1 };
	int status = 0, rc;

	captured_release(out);
	r.until_ms = clock_mono_ms(&clock_real) + c->limit_ms;
	rc = start(&r);
	if (rc == 0)
		rc = gather(&r);
	if (r.pid > 0) {
		if (rc < 0)
			end_tree(&r);
		while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR)
			;
		out->exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	fd_close(&r.stdout_fd);
	fd_close(&r.stderr_fd);
	fd_close(&r.pid_fd);
	return rc;
}
