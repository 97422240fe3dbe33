/*
 * The variables come from the place where the orchestrator takes them, the words from where the
 * worker makes them, so that a failure can be had again by hand. What differs on purpose: the
 * environment below is the caller's, SK_OUTPUT leads nowhere because outputs are state, and nothing
 * is put into a cgroup.
 */
#include "cmd/task/by_hand.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scan.h"
#include "cmd/hint.h"
#include "cmd/task/task_page.h"
#include "daemon/task_env.h"
#include "os/clock.h"
#include "os/proc.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

extern char **environ;

void by_hand_release(struct by_hand *h)
{
	env_release(&h->own);
	env_release(&h->full);
	buf_release(&h->cwd);
}

static int fill_own(struct by_hand *h, const struct view *v, uint32_t task)
{
	CLEANUP(buf_release) struct buf env = BUF_INIT, ws_cwd = BUF_INIT, attempt = BUF_INIT;
	struct span own = def_member(h->t->def, "env");

	task_surroundings(&v->st, task, &env, &ws_cwd);
	if (env_put_object(&h->own, (struct span){ env.p, env.len }) < 0 ||
	    (own.len && env_put_object(&h->own, own) < 0))
		return -EINVAL;
	buf_put_u64(&attempt, h->t->attempt ? h->t->attempt : 1);
	env_put(&h->own, SPAN_LIT("SK_TASK_ID"), h->t->id);
	env_put(&h->own, SPAN_LIT("SK_WORKSTREAM_ID"), v->st.ws[h->t->ws].id);
	env_put(&h->own, SPAN_LIT("SK_ATTEMPT"), (struct span){ attempt.p, attempt.len });
	env_put(&h->own, SPAN_LIT("SK_OUTPUT"), SPAN_LIT("/dev/null"));
	return 0;
}

int by_hand_open(struct by_hand *h, const struct view *v, uint32_t task, struct err *e)
{
	h->t = &v->st.tasks[task];
	env_start(&h->own, &(struct env)ENV_INIT);
	env_base(&h->full, environ);
	if (fill_own(h, v, task) < 0)
		return err_set(e, -SK_EREFUSED,
			       "task \"%.*s\": its environment is no object of texts: nothing was "
			       "run. Try: mend the plan and run it again",
			       SPAN_ARG(h->t->id));
	for (size_t i = 0; i < h->own.count; i++) {
		const char *entry = h->own.v[i];
		size_t len = strcspn(entry, "=");

		env_put(&h->full, (struct span){ entry, len }, span_of(entry + len + 1));
	}
	task_put_cwd(&v->st, h->t, &h->cwd);
	return 0;
}

struct ready {
	struct command command;
	char path[PATH_MAX];
};

static void ready_release(struct ready *r)
{
	command_release(&r->command);
}

/* The words and the program; on failure *why is the reason. */
static int make_ready(const struct by_hand *h, const struct command_def *def, struct ready *r,
		      struct buf *why)
{
	const char *list = env_get(&h->full, "PATH"), *wrong;
	const char *cwd = h->cwd.len ? h->cwd.p : NULL;
	int rc;

	if (command_prepare(&r->command, def, &wrong) < 0) {
		buf_putf(why, "the command cannot be used: %s", wrong);
		return -EINVAL;
	}
	if (cwd && access(cwd, X_OK) < 0) {
		rc = -errno;
		buf_puts(why, "working directory ");
		buf_put_visible(why, span_of(cwd));
		buf_putf(why, ": %s", strerror(-rc));
		return rc;
	}
	if (r->command.shell) {
		snprintf(r->path, sizeof(r->path), "/bin/sh");
		return 0;
	}
	rc = proc_find_program(r->command.argv[0], list ? list : PATH_DEFAULT, cwd, r->path,
			       sizeof(r->path));
	if (rc < 0) {
		buf_puts(why, "cannot execute ");
		buf_put_visible(why, span_of(r->command.argv[0]));
		buf_putf(why, ": %s", rc == -ENOENT ? "no such program" : strerror(-rc));
	}
	return rc;
}

int by_hand_become(const struct by_hand *h, const struct command_def *def, struct err *e)
{
	CLEANUP(ready_release) struct ready r = { COMMAND_INIT, "" };
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = make_ready(h, def, &r, &why);

	if (rc == 0 && h->cwd.len && chdir(h->cwd.p) < 0)
		rc = -errno;
	if (rc == 0) {
		signal(SIGPIPE, SIG_DFL);
		execve(r.path, r.command.argv, h->full.v);
		rc = -errno;
	}
	if (!why.len)
		buf_puts(&why, strerror(-rc));
	return err_set(e, -SK_EREFUSED,
		       "task \"%.*s\": %s: nothing was run. Try: sk task debug %.*s",
		       SPAN_ARG(h->t->id), why.p, SPAN_ARG(h->t->id));
}

bool by_hand_passed(const struct by_hand_end *end)
{
	return !end->problem.len && !end->timed_out && !end->signal && !end->exit_code;
}

void by_hand_put_end(const struct by_hand_end *end, struct buf *out)
{
	if (end->problem.len)
		buf_put(out, end->problem.p, end->problem.len);
	else if (end->timed_out)
		buf_puts(out, "timed out");
	else if (end->signal)
		buf_putf(out, "killed by signal %d (%s)", end->signal,
			 sigabbrev_np(end->signal) ? sigabbrev_np(end->signal) : "?");
	else if (end->exit_code)
		buf_putf(out, "exit code %d", end->exit_code);
	else
		buf_puts(out, "passes");
}

/* Waits for its end or its time limit. It is our child and not yet reaped, so its pid, which is
 * also its group, belongs to nobody else. */
static void wait_for_it(pid_t pid, int64_t timeout_ms, struct by_hand_end *end)
{
	int64_t ends_ms = clock_mono_ms(&clock_real) + timeout_ms;
	struct proc_identity who = { .pid = (uint64_t)pid };
	siginfo_t info;
	int fd = -1;

	if (timeout_ms && proc_start_time(who.pid, &who.start) == 0)
		fd = proc_pidfd(&who);
	while (fd >= 0) {
		int64_t left_ms = ends_ms - clock_mono_ms(&clock_real);
		struct pollfd p = { fd, POLLIN, 0 };

		if (left_ms > 0 && left_ms > INT_MAX)
			left_ms = INT_MAX;
		if (left_ms > 0 && poll(&p, 1, (int)left_ms) == 0)
			continue;
		if (left_ms > 0 && !p.revents)
			continue; /* a signal */
		end->timed_out = !p.revents;
		break;
	}
	if (end->timed_out)
		kill(-pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	if (info.si_code == CLD_EXITED)
		end->exit_code = info.si_status;
	else
		end->signal = info.si_status;
}

int by_hand_run(const struct by_hand *h, const struct command_def *def, struct by_hand_end *end,
		struct err *e)
{
	CLEANUP(ready_release) struct ready r = { COMMAND_INIT, "" };
	enum proc_step step = PROC_STEP_CLONE;
	struct proc_spawn s = { .path = r.path,
				.envp = h->full.v,
				.cwd = h->cwd.len ? h->cwd.p : NULL,
				.stdin_fd = STDIN_FILENO,
				.stdout_fd = STDERR_FILENO,
				.stderr_fd = STDERR_FILENO,
				.cgroup_fd = -1,
				.dies_with_parent = true };
	pid_t pid;

	if (make_ready(h, def, &r, &end->problem) < 0)
		return 0;
	s.argv = r.command.argv;
	pid = proc_spawn(&s, &step);
	if (pid == -ENOEXEC && step == PROC_STEP_EXEC) {
		command_through_shell(&r.command);
		r.command.argv[1] = r.path;
		s.argv = r.command.argv;
		s.path = "/bin/sh";
		pid = proc_spawn(&s, &step);
	}
	if (pid < 0)
		return err_set(e, -SK_EIO, "task \"%.*s\": cannot start a process: %s",
			       SPAN_ARG(h->t->id), strerror(-pid));
	wait_for_it(pid, def->timeout_ms, end);
	return 0;
}

/* One command as the words that start it, so that the shell of the script changes nothing. */
static void put_words(const struct command_def *def, struct buf *out)
{
	CLEANUP(command_release) struct command command = COMMAND_INIT;
	const char *wrong;

	if (command_prepare(&command, def, &wrong) < 0) {
		buf_puts(out, "false");
		return;
	}
	for (size_t i = 0; i < command.argc; i++) {
		if (i)
			buf_putc(out, ' ');
		put_shell_word(out, span_of(command.argv[i]));
	}
}

static void put_rules(const struct by_hand *h, const char *phase, struct buf *out)
{
	struct command_def def;

	for (unsigned i = 0; i < RULES_MAX && task_def_command(h->t->def, phase, i, &def) == 1;
	     i++) {
		put_words(&def, out);
		buf_putf(out, " || { echo '%s rule %.*s failed' >&2; exit 1; }\n", phase,
			 SPAN_ARG(def.name));
	}
}

void by_hand_put_script(const struct by_hand *h, const struct view *v, struct buf *out)
{
	struct command_def def;

	buf_putf(out,
		 "#!/bin/sh\n# Does by hand what task %.*s of workstream %.*s does. Nothing of "
		 "it is recorded.\n",
		 SPAN_ARG(h->t->id), SPAN_ARG(v->st.ws[h->t->ws].id));
	if (h->cwd.len) {
		buf_puts(out, "cd ");
		put_shell_word(out, (struct span){ h->cwd.p, h->cwd.len });
		buf_puts(out, " || exit 1\n");
	}
	for (size_t i = 0; i < h->own.count; i++) {
		size_t len = strcspn(h->own.v[i], "=");

		buf_putf(out, "export %.*s=", (int)len, h->own.v[i]);
		put_shell_word(out, span_of(h->own.v[i] + len + 1));
		buf_putc(out, '\n');
	}
	put_rules(h, "before", out);
	if (task_def_command(h->t->def, "main", 0, &def) == 1) {
		put_words(&def, out);
		buf_puts(out, " || exit\n");
	}
	put_rules(h, "after", out);
}
