/* Work on several goals goes on by turns; goal.json is always the one that is meant. */
#include "cmd/goal/goal_page.h"
#include "core/goal_turn.h"

static int tentacle_goal_choose_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct goal *g;
	int rc = goals_open(c, GOALS_WRITE | GOALS_NAMED, &s, e);

	if (rc == 0)
		rc = goal_store_goal(s, c->options->args[0], &g, e);
	if (rc < 0)
		return rc;
	goal_choose(goal_store_turn(s), g, &words);
	rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	g = goals_chosen(goal_store_goals(s));
	if (c->json)
		goal_json(c, g);
	else
		goal_put_line(c->out, g);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_choose_options[] = {
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_choose = {
	.path = "tentacle goal choose",
	.summary = "choose the goal that commands mean",
	.usage = "ID",
	.about = "The beginning of an id is enough, four characters or more. The file goal.json is "
		 "that of the chosen goal; the others are in goals/.",
	.example = "sk tentacle goal choose 0d1ed6a0",
	.options = tentacle_goal_choose_options,
	.needs = NEED_GOALS,
	.args = ARG_GOAL,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_choose_run,
};
