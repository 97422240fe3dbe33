/*
 * The contract with hosts: exit code 0, nothing on standard output but the answer, and an end long
 * before the host gives up. So a clock runs from the start, and when it strikes this process ends
 * as if it had been killed, which everything here survives; and no failure is ever told to the
 * host, because most of them would stop their agent for it.
 */
#include "cmd/cmd.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/home.h"
#include "cmd/view.h"
#include "hooks/git_hook.h"
#include "hooks/hook_read.h"
#include "os/clock.h"

static void time_is_over(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_DONE);
}

static int64_t deadline_of(enum hook_event event)
{
	return event == HOOK_SESSION_END ? HOOK_END_DEADLINE_MS : HOOK_DEADLINE_MS;
}

/* A timer of its own: whoever waits for a lock uses the one of the process. */
static void arm(int64_t ms)
{
	struct sigevent strikes = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };
	struct sigaction act = { .sa_handler = time_is_over };
	timer_t timer;

	sigaction(SIGRTMIN, &act, NULL);
	if (timer_create(CLOCK_MONOTONIC, &strikes, &timer) == 0)
		timer_settime(timer, 0, &when, NULL);
}

static void hints_of(const struct cmd_ctx *c, struct payload_hints *out)
{
	const char *agent = options_text(c->options, "agent");

	*out = (struct payload_hints){ .event = span_of(c->options->args[0]),
				       .gemini = getenv("GEMINI_SESSION_ID") != NULL,
				       .session = cmd_session() };
	if (agent)
		hook_agent_of(span_of(agent), &out->agent);
}

/* A person's word, for git's hooks in front of one command, for a host when it is started. */
static bool guard_is_off(void)
{
	const char *word = getenv("SK_GUARD");

	return word && strcmp(word, "off") == 0;
}

/* Where the event happened; the host may have started us elsewhere. */
static void go_there(struct hook *h, char folder[PATH_MAX], struct paths *where, struct err *e)
{
	CLEANUP(mem_free) char *cwd = span_dup(h->payload.cwd);

	if (cwd[0] == '/' && strlen(cwd) == h->payload.cwd.len && chdir(cwd) < 0)
		hook_log(h, "payload", "info", span_of("its folder is not there"));
	if (getcwd(folder, PATH_MAX))
		h->folder = span_of(folder);
	if (view_find_goal_paths(where, e) == 0)
		h->where = where;
}

static void run(struct cmd_ctx *c, struct hook *h, char folder[PATH_MAX], struct buf *answer)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT;
	CLEANUP(paths_release) struct paths where = PATHS_INIT;
	struct err e = ERR_INIT;

	h->now_ms = c->now_ms;
	h->guard_off = guard_is_off();
	if (cmd_home(&copilot, &e) == 0)
		h->copilot = copilot.p;
	err_clear(&e);
	if (host_find(&h->host) < 0)
		h->host = (struct host){ .command = "" };
	if (getrandom(&h->chance, sizeof(h->chance), GRND_NONBLOCK) != sizeof(h->chance))
		h->chance = (uint32_t)c->now_ms;
	go_there(h, folder, &where, &e);
	hook_run(h, answer);
}

/* Git's own hooks: it waits for them as long as they take, and exit code 1 stops it. */
static int run_for_git(struct cmd_ctx *c, enum hook_event event, struct err *e)
{
	CLEANUP(buf_release) struct buf input = BUF_INIT, copilot = BUF_INIT, said = BUF_INIT;
	CLEANUP(hook_release)
	struct hook h = { .now_ms = c->now_ms, .payload = { .event = event } };
	struct git_hook g = { .act = event == HOOK_PRE_PUSH ? GUARD_PUSH : GUARD_COMMIT,
			      .environment = environ };
	struct err ignored = ERR_INIT;
	char folder[PATH_MAX];
	int rc;

	g.off = guard_is_off();
	if (cmd_home(&copilot, &ignored) == 0)
		h.copilot = copilot.p;
	if (getcwd(folder, sizeof(folder)))
		h.folder = span_of(folder);
	if (event == HOOK_PRE_PUSH)
		g.input_whole =
			hook_read(STDIN_FILENO, clock_mono_ms(&clock_real) + GUARD_GIT_LIMIT_MS,
				  &input) == 0;
	g.input = (struct span){ input.p, input.len };
	rc = git_hook_run(&h, &g, &said, e);
	if (said.len)
		print_problem(said.p);
	return rc < 0 ? rc : EXIT_DONE;
}

static int hooks_run_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT, answer = BUF_INIT;
	CLEANUP(hook_release) struct hook h = { .where = NULL };
	const char *active = getenv("SK_HOOK_ACTIVE");
	struct payload_hints hints;
	char folder[PATH_MAX] = "";
	enum hook_event event;
	int64_t deadline_ms;

	event = c->options->arg_count ? hook_event_of(span_of(c->options->args[0])) : HOOK_OTHER;
	if (event == HOOK_PRE_COMMIT || event == HOOK_PRE_PUSH)
		return run_for_git(c, event, e);
	if (c->options->arg_count == 0 || (active && strcmp(active, "1") == 0))
		return EXIT_DONE; /* an agent that was started by a hook fires hooks as well */
	hints_of(c, &hints);
	deadline_ms = deadline_of(event);
	arm(deadline_ms);
	/* Half of the time for the host to speak, half for what follows from it. */
	(void)hook_read(STDIN_FILENO, clock_mono_ms(&clock_real) + deadline_ms / 2, &raw);
	payload_read((struct span){ raw.p, raw.len }, &hints, &h.payload);
	run(c, &h, folder, &answer);
	out_put(c->out, answer.p, answer.len);
	return EXIT_DONE;
}

static const struct option_row hooks_run_options[] = {
	{ .name = "agent",
	  .kind = OPTION_CHOICE,
	  .value = "claude|copilot|codex|gemini",
	  .summary = "whose event it is, where the payload does not tell" },
	{ .name = NULL },
};

const struct cmd cmd_hooks_run = {
	.path = "hooks run",
	.summary = "answer an event of an agent's host, or of git",
	.usage = "[--agent A] EVENT",
	.about =
		"Claude Code, Copilot CLI, Codex and Gemini CLI run it with the event's payload on "
		"standard input; EVENT is the host's own word, such as sessionStart or Stop. It "
		"always "
		"ends with exit code 0 within two seconds, and prints nothing but an answer in the "
		"host's own form.\n\n"
		"The end of a session pauses the goal and leaves a breadcrumb; the next event of "
		"the "
		"same session takes the pause back, another session is shown how to go on. A "
		"compaction leaves a breadcrumb. A stopped agent's entry in the dispatch marker is "
		"cleared. An error that is a limit parks the tentacle, or pauses the goal. "
		"docs/hooks.md tells how sessions are told apart.\n\n"
		"As pre-commit and pre-push it is a hook of git: it refuses, with exit code 1 and "
		"a "
		"sentence, what would take along the files that an agent is just writing. "
		"SK_GUARD=off turns that off for once, as git's --no-verify does.",
	.example =
		"echo '{\"sessionId\":\"s1\",\"reason\":\"user_exit\"}' | sk hooks run sessionEnd\n"
		"sk hooks run SessionStart --agent claude\nsk hooks run pre-commit",
	.options = hooks_run_options,
	.needs = CMD_SCRIPT,
	.args = ARG_TEXT,
	.args_max = 100,
	.run = hooks_run_run,
};
