/*
 * The agent's streams are pipes and not our own descriptors, because its end has to be classified;
 * both are passed on as they come, so that the log of the task shows an agent at work. The agent is
 * over when its process is: what it left behind may hold the pipes and is not waited for.
 *
 * The group is signalled while its leader is not reaped yet: until then its number is nobody
 * else's.
 */
#include "cmd/goal/agent_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"

#define CHUNK_BYTES 65536

struct child {
	struct agent_result *r;
	pid_t pid;
	int out_fd, err_fd, pid_fd, signal_fd;
	int64_t until_ms, kill_ms; /* monotonic: its limit; the end of its grace */
};

void agent_result_release(struct agent_result *r)
{
	buf_release(&r->out);
	buf_release(&r->err);
}

static int open_pipe(int *ours, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ours = ends[0];
	*theirs = ends[1];
	return fd_set_nonblocking(*ours);
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int start(struct child *k, const struct agent_child *c)
{
	CLEANUP(fd_close) int in = fd_input(c->input);
	CLEANUP(fd_close) int out = -1;
	CLEANUP(fd_close) int err = -1;
	int rc = in < 0 ? in : open_pipe(&k->out_fd, &out);

	if (rc == 0)
		rc = open_pipe(&k->err_fd, &err);
	if (rc == 0)
		rc = k->signal_fd = open_signals();
	if (rc < 0)
		return rc;
	k->pid = proc_spawn(&(struct proc_spawn){ .path = c->path,
						  .argv = c->argv,
						  .envp = c->envp,
						  .cwd = c->cwd,
						  .stdin_fd = in,
						  .stdout_fd = out,
						  .stderr_fd = err,
						  .cgroup_fd = -1,
						  .cage_fd = c->cage_fd,
						  .dies_with_parent = true },
			    &k->r->step);
	if (k->pid < 0)
		return k->pid;
	k->pid_fd = (int)syscall(SYS_pidfd_open, k->pid, 0);
	return k->pid_fd < 0 ? -errno : 0;
}

/* Passes on what is there, and keeps it. Closes the stream at its end. */
static void take(int *from, int to, struct buf *kept)
{
	char chunk[CHUNK_BYTES];

	while (*from >= 0) {
		ssize_t n = read(*from, chunk, sizeof(chunk));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			fd_close(from);
			return;
		}
		(void)fd_write_all(to, chunk, (size_t)n); /* a full disk is no reason to end it */
		buf_put(kept, chunk, (size_t)n);
		if (kept->len > 2 * (size_t)QUOTA_BYTES_MAX)
			buf_consume(kept, kept->len - QUOTA_BYTES_MAX);
		if ((size_t)n < sizeof(chunk))
			return;
	}
}

static void begin_ending(struct child *k, int64_t now_ms)
{
	if (k->kill_ms)
		return;
	kill(-k->pid, SIGTERM);
	k->kill_ms = now_ms + AGENT_GRACE_MS;
}

static void hear(struct child *k, int64_t now_ms)
{
	struct signalfd_siginfo info;

	while (read(k->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			continue; /* a closed terminal stops nothing */
		k->r->told = (int)info.ssi_signo;
		begin_ending(k, now_ms);
	}
}

static int wait_ms(const struct child *k, int64_t now_ms)
{
	int64_t until_ms = k->kill_ms ? k->kill_ms : k->until_ms;

	if (!until_ms)
		return -1;
	if (until_ms <= now_ms)
		return 0;
	return until_ms - now_ms > INT32_MAX ? INT32_MAX : (int)(until_ms - now_ms);
}

static void run_to_end(struct child *k)
{
	struct pollfd fds[4] = { { .events = POLLIN },
				 { .events = POLLIN },
				 { .events = POLLIN },
				 { .events = POLLIN } };

	for (;;) {
		int64_t now_ms = clock_mono_ms(&clock_real);

		fds[0].fd = k->pid_fd;
		fds[1].fd = k->out_fd;
		fds[2].fd = k->err_fd;
		fds[3].fd = k->signal_fd;
		(void)poll(fds, ARRAY_LEN(fds), wait_ms(k, now_ms));
		now_ms = clock_mono_ms(&clock_real);
		take(&k->out_fd, STDOUT_FILENO, &k->r->out);
		take(&k->err_fd, STDERR_FILENO, &k->r->err);
		if (fds[0].revents)
			return;
		if (fds[3].revents)
			hear(k, now_ms);
		if (k->kill_ms && now_ms >= k->kill_ms) {
			kill(-k->pid, SIGKILL);
		} else if (!k->kill_ms && k->until_ms && now_ms >= k->until_ms) {
			k->r->timed_out = true;
			begin_ending(k, now_ms);
		}
	}
}

/* Whoever ended it by TERM most likely means us as well: the word to us may be on its way. */
static void hear_the_last(struct child *k)
{
	struct pollfd fd = { .fd = k->signal_fd, .events = POLLIN };

	if (k->kill_ms || k->r->signal != SIGTERM)
		return;
	(void)poll(&fd, 1, AGENT_LAST_WORD_MS);
	hear(k, clock_mono_ms(&clock_real));
}

static void reap(struct child *k)
{
	siginfo_t how = { .si_pid = 0 };
	int status = 0;

	while (waitid(P_PID, (id_t)k->pid, &how, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	k->r->signal = how.si_code == CLD_EXITED ? 0 : (uint64_t)how.si_status;
	if (k->signal_fd >= 0)
		hear_the_last(k);

	kill(-k->pid, SIGKILL); /* what it left in its group */
	take(&k->out_fd, STDOUT_FILENO, &k->r->out);
	take(&k->err_fd, STDERR_FILENO, &k->r->err);
	while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
		;
	k->r->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int agent_child_run(const struct agent_child *c, struct agent_result *out)
{
	struct child k = { .r = out, .out_fd = -1, .err_fd = -1, .pid_fd = -1, .signal_fd = -1 };
	int rc = start(&k, c);

	if (rc == 0) {
		if (c->limit_ms)
			k.until_ms = clock_mono_ms(&clock_real) + c->limit_ms;
		run_to_end(&k);
	}
	if (k.pid > 0)
		reap(&k);
	fd_close(&k.out_fd);
	fd_close(&k.err_fd);
	fd_close(&k.pid_fd);
	fd_close(&k.signal_fd);
	return rc;
}
