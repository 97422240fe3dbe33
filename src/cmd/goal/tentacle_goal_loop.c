/* The command that is typed in the evening. */
#include <signal.h>

#include "base/limits.h"
#include "cmd/goal/goal_loop.h"
#include "os/fd.h"
#include "os/lock.h"

#define LOOP_LOCK "goal-loop.lock"
#define LOOP_LOCK_PATIENCE_MS 1000

/* One loop a repository: two would wait for each other's agents. */
static int take_lock(const struct cmd_ctx *c, struct lock *lock, struct err *e)
{
	CLEANUP(fd_close) int dir = fd_open_dir(c->goal_paths->state_dir);
	struct lock_holder holder = { .command = "" };
	/* One that was killed a moment ago holds it until the kernel has taken it apart. */
	int rc = dir < 0 ? dir
			 : lock_take_within(dir, LOOP_LOCK, "sk tentacle goal loop",
					    LOOP_LOCK_PATIENCE_MS, lock, &holder);

	if (rc == -SK_EBUSY)
		return err_set(e, rc,
			       "goal loop: pid %llu drives the goals of %s: nothing was started. "
			       "Try: sk tentacle goal status",
			       (unsigned long long)holder.who.pid, c->goal_paths->state_dir);
	return rc < 0 ? err_set(e, -SK_EIO, "%s/%s: cannot be locked (%s): nothing was started",
				c->goal_paths->state_dir, LOOP_LOCK, strerror(-rc))
		      : 0;
}

static int prepare(struct goal_loop *l, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = goals_open_goal(l->c, 0, &s, &g, e);

	if (rc == 0)
		rc = agent_config_load(l->c, &l->agents, e);
	if (rc < 0)
		return rc;
	l->goal_id = span_dup(g->id);
	l->releases = l->agents.auto_release && !options_has(l->c->options, "no-auto-release");
	l->merges = l->agents.merge && !options_has(l->c->options, "no-merge");
	return agent_eyes_open(&l->eyes, l->c->goal_paths->state_dir, e);
}

static int tentacle_goal_loop_run(struct cmd_ctx *c, struct err *e)
{
	const struct options *o = c->options;
	CLEANUP(lock_release) struct lock lock = LOCK_INIT;
	CLEANUP(goal_loop_release)
	struct goal_loop l = {
		.c = c,
		.agents = AGENTS_INIT,
		.eyes = AGENT_EYES_INIT,
		.concurrency = options_number(o, "concurrency", GOAL_LOOP_PARALLEL),
		.iterations_max = options_number(o, "max-iterations", 0),
		.poll_ms = (int64_t)options_number(o, "poll-interval", AGENT_LOOK_MS),
		.patience_ms = (int64_t)options_number(o, "poll-timeout", GOAL_LOOP_PATIENCE_MS),
		.pause_ms = (int64_t)options_number(o, "retry-pause", AGENT_PAUSE_MS),
		.begun_ms = c->now_ms,
		.criterion_ms = (int64_t)options_number(o, "timeout", 0),
		.orders = !options_has(o, "no-auto-dispatch"),
		.here = options_has(o, "here"),
	};
	int rc;

	l.words = goals_words(c, &l.actor);
	rc = prepare(&l, e);
	if (rc == 0)
		rc = take_lock(c, &lock, e);
	if (rc == 0)
		rc = goal_loop_run(&l, e);
	return rc;
}

static const struct option_row tentacle_goal_loop_options[] = {
	GOAL_OPTION,
	{ .name = "max-iterations",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .summary = "open at most this many iterations (the goal's budget counts as well)" },
	{ .name = "concurrency",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = AGENT_PARALLEL_MAX,
	  .summary = "agents at the same time (4)" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "of each criterion (its own, else 1m)" },
	{ .name = "poll-interval",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "look at least this often who lives (1s)" },
	{ .name = "poll-timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "end when nobody has been at work for this long (5m)" },
	{ .name = "retry-pause",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "before an agent that failed begins again (5s), doubled each time" },
	{ .name = "no-auto-dispatch",
	  .kind = OPTION_FLAG,
	  .summary = "start no agent: wait for what others hand off" },
	{ .name = "no-auto-release", .kind = OPTION_FLAG, .summary = "leave parked work parked" },
	{ .name = "no-merge",
	  .kind = OPTION_FLAG,
	  .summary = "leave it to people to merge what was handed off" },
	AGENT_HERE_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_loop = {
	.path = "tentacle goal loop",
	.summary = "drive a goal to its end with agents",
	.usage = "[--concurrency N] [--max-iterations N]",
	.about =
		"It starts the agents of the present iteration's tentacles as their dependencies "
		"allow, each in a worktree of its own, merges and completes what they hand off "
		"well, lets parked work go one by one when its "
		"time has come, and when nothing is left runs the criteria: when all pass the goal "
		"is completed, else the iteration is closed. Killed at any moment and begun again "
		"it goes on; no agent is started twice. Ctrl-C lets agents at work finish, a "
		"second one ends them, a third one leaves at once. One tentacle that needs a "
		"person "
		"does not stop the others.\n\n"
		"It ends with 0 when the goal is completed, 10 at a gate, 11 when a person has to "
		"decide, 12 when the budget is used up, 75 when what is left is parked, 1 at "
		"--max-iterations; its last line says what to type. With --format json what "
		"happens is told on stderr all the same, and one document at the end says on "
		"stdout how it ended, where the goal stands and what is left.",
	.example = "sk tentacle goal loop\nsk tentacle goal loop --concurrency 2 --max-iterations "
		   "3",
	.options = tentacle_goal_loop_options,
	.needs = NEED_GOALS | NEED_STATE,
	.args = ARG_NONE,
	.run = tentacle_goal_loop_run,
};
