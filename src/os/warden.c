/*
 * PR_SET_PDEATHSIG ends one process, not what it started. So the program is run by a copy of us
 * that is a subreaper: whatever the program starts stays below it in the tree of processes, whoever
 * dies in between, whatever it does to its session, name and environment. There is one tree here,
 * so everything below the warden belongs to it, and "no child left" from wait(2) is proof that
 * nothing is. Neither cgroups nor rights are needed.
 *
 * The warden learns of our end by a pipe of which we hold the only other end: the kernel closes it
 * whatever kills us. The same pipe says that all shall end.
 *
 * It bears another name than we do: whoever kills all processes with our name or our words, as
 * people do, would else kill the one that cleans up behind us. It hears no signal for the same
 * reason.
 *
 * What it finds out is written into a page that both have, and read when it has ended.
 */
#include "os/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/proc_sweep.h"

#define NAME "sk-warden"
#define STAT_BYTES_MAX 2048
#define FIELD_STATE 3
#define FIELD_ARGUMENTS 48 /* where they begin in memory; the next one: where they end */
#define SWEEP_PAUSE_MS 10

struct warden_report {
	int error; /* the program could not be started, at this step */
	enum proc_step step;
	bool ended, told;
	int status; /* as from wait(2) */
};

/* What the warden itself knows. */
struct watch {
	struct warden_report *report;
	pid_t main;
	int life_fd, child_fd;
	bool life_over;
	struct proc_table table;
};

/* The words that /proc shows for us, overwritten in place: they lie in memory of our own. */
static void rename_self(pid_t of)
{
	char text[STAT_BYTES_MAX], *at;
	uintptr_t place[2];
	ssize_t n;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_NAME, NAME);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = FIELD_STATE; at && field <= FIELD_ARGUMENTS; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return;
	place[0] = strtoull(at, &at, 10);
	place[1] = strtoull(at, NULL, 10);
	if (!place[0] || place[1] <= place[0])
		return;
	memset((void *)place[0], 0, place[1] - place[0]);
	snprintf((char *)place[0], place[1] - place[0], NAME ": ends what %d runs", (int)of);
}

/* Takes the ends of children that are there. Returns false when no child is left. */
static bool reap(struct watch *w)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == 0 || (pid < 0 && errno == EINTR))
			return true;
		if (pid < 0)
			return false;
		if (pid != w->main)
			continue;
		w->report->status = status;
		w->report->told = w->life_over;
		w->report->ended = true;
	}
}

/* Waits for the end of a child or of us; at most that long, -1 = for ever. */
static void look(struct watch *w, int ms)
{
	struct pollfd p[] = { { .fd = w->child_fd, .events = POLLIN },
			      { .fd = w->life_over ? -1 : w->life_fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	if (poll(p, ARRAY_LEN(p), ms) <= 0)
		return;
	while (read(w->child_fd, &info, sizeof(info)) > 0)
		;
	w->life_over |= p[1].revents != 0;
}

/* Whether nothing is left after so long at the latest. */
static bool gone_within(struct watch *w, int ms)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + ms;

	while (reap(w)) {
		int64_t left_ms = until_ms - clock_mono_ms(&clock_real);

		if (left_ms <= 0)
			return false;
		look(w, (int)left_ms);
	}
	return true;
}

static int find_below(void *ctx, struct proc_table *t)
{
	uint64_t self = (uint64_t)getpid();
	int count = 0, rc = proc_table_read(t);

	(void)ctx;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->count; i++)
		t->v[i].marked = t->v[i].parent == self;
	proc_table_mark_descendants(t);
	for (size_t i = 0; i < t->count; i++) {
		struct proc_row *row = &t->v[i];

		if (row->state == 'Z' || row->state == 'X' || row->pid == self)
			row->marked = false;
		count += row->marked;
	}
	return count;
}

/* The program's own group: all that can be reached while /proc cannot be read. */
static void signal_group(const struct watch *w, int signal_number)
{
	if (!w->report->ended) /* not reaped, so the number is still its own */
		kill(-w->main, signal_number);
}

/* Asks all of them to end; who was stopped goes on to hear it. */
static void ask_to_end(struct watch *w)
{
	if (find_below(NULL, &w->table) < 0) {
		signal_group(w, SIGTERM);
		return;
	}
	for (size_t i = 0; i < w->table.count; i++) {
		if (!w->table.v[i].marked)
			continue;
		(void)proc_row_signal(&w->table.v[i], SIGTERM);
		(void)proc_row_signal(&w->table.v[i], SIGCONT);
	}
}

/* What does not end even by SIGKILL waits in the kernel, or is of another user: it is given up. */
static void watch_over(struct watch *w)
{
	int64_t until_ms;

	while (reap(w) && !w->report->ended && !w->life_over)
		look(w, -1);
	if (!w->life_over && gone_within(w, WARDEN_CALM_MS))
		return;
	ask_to_end(w);
	if (gone_within(w, LEFTOVER_GRACE_MS))
		return;
	until_ms = clock_mono_ms(&clock_real) + WARDEN_END_MS;
	do
		if (proc_sweep(&w->table, find_below, NULL) < 0)
			signal_group(w, SIGKILL);
	while (!gone_within(w, SWEEP_PAUSE_MS) && clock_mono_ms(&clock_real) < until_ms);
}

/* A descriptor that tells of children; all signals are held back. */
static int open_child_fd(void)
{
	sigset_t all, children;

	sigfillset(&all);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, their ends would be lost */
	sigprocmask(SIG_SETMASK, &all, NULL);
	return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Nobody waits for the end of a stream that we hold. */
static void drop_streams(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	fd_close(&null_fd);
}

static void spawn(struct watch *w, const struct proc_spawn *s)
{
	struct proc_spawn mine = *s;
	int given[] = { s->stdin_fd, s->stdout_fd, s->stderr_fd, s->cage_fd };

	mine.cgroup_fd = -1;
	mine.dies_with_parent = true;
	w->main = proc_spawn(&mine, &w->report->step);
	if (w->main < 0)
		w->report->error = (int)w->main;
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] > STDERR_FILENO)
			(void)close(given[i]);
}

/* The copy: never returns. */
static void keep_watch(struct warden_report *report, const struct proc_spawn *s, int life_fd,
		       pid_t of)
{
	struct watch w = { .report = report, .life_fd = life_fd };

	(void)setsid();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	w.child_fd = open_child_fd();
	if (w.child_fd < 0)
		_exit(1);
	drop_streams();
	spawn(&w, s);
	(void)chdir("/");
	rename_self(of);
	if (w.main > 0)
		watch_over(&w);
	_exit(0);
}

int warden_start(const struct proc_spawn *s, struct warden *g)
{
	CLEANUP(fd_close) int theirs = -1;
	pid_t self = getpid();
	int ends[2];

	*g = (struct warden)WARDEN_INIT;
	INVARIANT(s->stdin_fd > STDERR_FILENO);
	INVARIANT(s->stdout_fd > STDERR_FILENO);
	INVARIANT(s->stderr_fd > STDERR_FILENO);
	g->report = mmap(NULL, sizeof(*g->report), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->report == MAP_FAILED) {
		g->report = NULL;
		return -errno;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	theirs = ends[0];
	g->life_fd = ends[1];
	g->pid = proc_fork(
		(const int[]){ theirs, s->stdin_fd, s->stdout_fd, s->stderr_fd, s->cage_fd }, 5);
	if (g->pid == 0)
		keep_watch(g->report, s, theirs, self);
	if (g->pid < 0)
		return (int)g->pid;
	g->pid_fd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	return g->pid_fd < 0 ? -errno : 0;
}

void warden_end(struct warden *g)
{
	fd_close(&g->life_fd);
}

/* Whether it has ended within the time that it needs at most. */
static bool ended(const struct warden *g)
{
	struct pollfd p = { .fd = g->pid_fd, .events = POLLIN };
	int64_t until_ms = clock_mono_ms(&clock_real) + WARDEN_PATIENCE_MS, left_ms;

	if (g->pid_fd < 0)
		return false;
	while ((left_ms = until_ms - clock_mono_ms(&clock_real)) > 0)
		if (poll(&p, 1, (int)left_ms) > 0)
			return true;
	return false;
}

int warden_finish(struct warden *g, int *exit, bool *told, enum proc_step *failed)
{
	int status = 0, rc = -EOWNERDEAD;

	warden_end(g);
	if (g->pid > 0) {
		if (!ended(g))
			kill(g->pid, SIGKILL); /* not reaped, so the number is still its own */
		while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	fd_close(&g->pid_fd);
	if (g->report && g->report->error) {
		rc = g->report->error;
		*failed = g->report->step;
	} else if (g->report && g->report->ended) {
		status = g->report->status;
		*exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		*told = g->report->told;
		rc = 0;
	}
	if (g->report)
		munmap(g->report, sizeof(*g->report));
	*g = (struct warden)WARDEN_INIT;
	return rc;
}
