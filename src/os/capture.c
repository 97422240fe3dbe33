/*
 * One poll over both pipes and a pidfd, so that neither a full pipe nor a silent end is missed. The
 * end of the program counts, not the end of its output: something it left in the background may
 * hold the pipe for hours.
 *
 * The input is a file in memory: writing it cannot block on a program that does not read.
 *
 * With a warden the warden ends what is to be ended, and its own end is what we wait for. Without
 * one, whoever is ended early is ended with all it started: its group at one blow, then what is in
 * its session or descends from it, then whatever bears the mark that was put into the environment,
 * for what had detached itself twice.
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
#include "os/warden.h"
#include "os/proc_sweep.h"

#define CHUNK_BYTES 65536
#define SWEEP_MS 2000 /* what takes longer to die waits in the kernel */
#define MARK "SK_CAPTURE"
#define MARKS_BYTES_MAX 1024 /* of those who run each other; older ones are dropped beyond */
#define DRAIN_MAX 64         /* chunks of what it said: something may go on talking */

struct run {
	const struct capture *c;
	struct captured *out;
	int stdout_fd, stderr_fd, pid_fd;
	pid_t pid; /* of the program, or of its warden */
	struct warden warden;
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

const char *capture_why(int code)
{
	return code == -EOWNERDEAD
		       ? "its warden was killed, so it was ended with all it had started"
		       : strerror(-code);
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
static int open_input(const struct capture *c)
{
	int fd;

	if (c->input_fd <= 0)
		return fd_input(c->input);
	fd = fcntl(c->input_fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
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

static int start_program(struct run *r, const struct proc_spawn *s)
{
	int rc;

	if (r->c->with_warden) {
		rc = warden_start(s, &r->warden);
		r->pid = r->warden.pid;
		r->pid_fd = r->warden.pid_fd;
		return rc;
	}
	r->pid = proc_spawn(s, &r->out->step);
	if (r->pid < 0)
		return r->pid;
	r->pid_fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	return r->pid_fd < 0 ? -errno : 0;
}

static int start(struct run *r)
{
	CLEANUP(fd_close) int in = open_input(r->c);
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
	return start_program(r, &(struct proc_spawn){ .path = r->c->path,
						      .argv = r->c->argv,
						      .envp = envp,
						      .cwd = r->c->cwd,
						      .stdin_fd = in,
						      .stdout_fd = out,
						      .stderr_fd = err,
						      .cgroup_fd = -1,
						      .cage_fd = r->c->cage_fd,
						      .dies_with_parent = !r->c->outlives });
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

/* What is in its session, descends from it, or bears our mark. */
static int find_tree(void *ctx, struct proc_table *t)
{
	const struct run *r = ctx;
	int count = 0, rc = proc_table_read(t);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->count; i++)
		t->v[i].marked = t->v[i].pid == (uint64_t)r->pid ||
				 t->v[i].session == (uint64_t)r->pid ||
				 proc_env_word_starts(t->v[i].pid, MARK, r->mark) == 1;
	proc_table_mark_descendants(t);
	for (size_t i = 0; i < t->count; i++) {
		if (t->v[i].state == 'Z' || t->v[i].state == 'X' ||
		    t->v[i].pid == (uint64_t)getpid())
			t->v[i].marked = false;
		count += t->v[i].marked;
	}
	return count;
}

static void sweep_tree(struct run *r)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;

	(void)proc_sweep_all(&t, find_tree, r, SWEEP_MS);
}

/* Leaves it the time to end by itself, having told it to. Returns whether it did. */
static bool ended_when_told(struct run *r)
{
	struct pollfd p = { .fd = r->pid_fd, .events = POLLIN };
	int64_t until_ms = clock_mono_ms(&clock_real) + CAPTURE_GRACE_MS, left_ms;

	kill(r->pid, r->c->cancel_signal); /* it is not reaped, so the number is still its own */
	while ((left_ms = until_ms - clock_mono_ms(&clock_real)) > 0)
		if (poll(&p, 1, (int)left_ms) > 0)
			return drain(r) == 0;
	return false;
}

/* To its end, early when `rc` says so. Returns rc, or what is known better now. */
static int end_program(struct run *r, int rc)
{
	int status = 0;

	if (rc == -ECANCELED && r->c->cancel_signal && ended_when_told(r)) {
		/* it ended what it had started */
	} else if (rc < 0) {
		kill(-r->pid, SIGKILL);
		sweep_tree(r);
	}
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	r->out->exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return rc;
}

/* Likewise. One that had ended by itself before its time was over has ended in time. */
static int end_with_warden(struct run *r, int rc)
{
	bool told = false, began = r->pid > 0;
	int ended;

	r->pid_fd = -1; /* it is the warden's */
	ended = warden_finish(&r->warden, &r->out->exit, &told, &r->out->step);
	if (!began)
		return rc;
	if (ended == -EOWNERDEAD)
		sweep_tree(r);
	if (ended < 0)
		return ended;
	if (rc == -ETIMEDOUT && !told)
		rc = 0;
	return rc == 0 ? drain(r) : rc;
}

int capture_run(const struct capture *c, struct captured *out)
{
	struct run r = { .c = c,
			 .out = out,
			 .stdout_fd = -1,
			 .stderr_fd = -1,
			 .pid_fd = -1,
			 .warden = WARDEN_INIT };
	int rc;

	INVARIANT(!c->with_warden || !c->cancel_signal);
	captured_release(out);
	r.until_ms = clock_mono_ms(&clock_real) + c->limit_ms;
	rc = start(&r);
	if (rc == 0)
		rc = gather(&r);
	if (c->with_warden)
		rc = end_with_warden(&r, rc);
	else if (r.pid > 0)
		rc = end_program(&r, rc);
	fd_close(&r.stdout_fd);
	fd_close(&r.stderr_fd);
	fd_close(&r.pid_fd);
	return rc;
}
