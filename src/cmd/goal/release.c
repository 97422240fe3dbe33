/*
 * What a daemon starts now and then, so that parked work goes on although nobody drives the goal.
 * It looks without the lock first: nearly always nothing is due, and then nobody has to wait for
 * it.
 */
#include "cmd/goal/agent_config.h"
#include "cmd/goal/goals.h"
#include "core/agent_turn.h"

/* Whether one is due at this moment: 1, 0, also when there is no store, or negative. */
static int look(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	int64_t next_ms;
	int rc = goals_open(c, 0, &s, e);

	if (rc == -SK_ENOTFOUND) {
		err_clear(e);
		return 0;
	}
	return rc < 0 ? rc : agent_due(goal_store_goals(s), c->now_ms, &next_ms) != NULL;
}

static int release_one(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	struct goal_actor actor;
	struct goal_words words = goals_words(c, &actor);
	int64_t next_ms;
	int rc = goals_open(c, GOALS_WRITE, &s, e);

	if (rc == 0)
		rc = goals_release_due(s, c->now_ms, &words, &name, &next_ms, e);
	return rc < 0 ? rc : EXIT_DONE;
}

static int release_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(agents_release) struct agents agents = AGENTS_INIT;
	int rc = look(c, e);

	if (rc == 1)
		rc = agent_config_load(c, &agents, e);
	else
		return rc;
	return rc < 0 || !agents.auto_release ? rc : release_one(c, e);
}

const struct cmd cmd_release = {
	.path = "__release",
	.summary = "release one parked tentacle whose time has come, for a daemon",
	.usage = "",
	.needs = NEED_GOALS | CMD_SCRIPT,
	.args = ARG_NONE,
	.run = release_run,
};
