/* A tentacle that was made by itself, or finished elsewhere, becomes a part of the iteration. */
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"
#include "core/goal_resume.h"

static int tentacle_goal_link_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	const char *name = c->options->args[0];
	bool force = options_has(c->options, "force-over-budget");
	const struct tentacle *who;
	int rc = goal_change_begin(&x, c, GOALS_NAMED, e);

	if (rc == 0)
		rc = goal_store_tentacle(x.s, name, &who, e);
	if (rc == 0)
		rc = goal_change_end(&x, goal_link(x.turn, x.g, span_of(name), force, &x.words), e);
	if (rc < 0)
		return rc;
	if (c->json)
		goal_json(c, x.g);
	else
		out_putf(c->out, "tentacle %s is part of iteration %llu\n", name,
			 (unsigned long long)x.g->iteration);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_link_options[] = {
	{ .name = "force-over-budget",
	  .kind = OPTION_FLAG,
	  .summary = "although the goal has as many tentacles as it may" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_link = {
	.path = "tentacle goal link",
	.summary = "make a tentacle a part of the iteration",
	.usage = "NAME [--force-over-budget]",
	.about =
		"Doing it again does no harm. A tentacle of another goal that is not at its end is "
		"refused, and so is one more than the budget allows (exit 12).",
	.example = "sk tentacle goal link docs",
	.options = tentacle_goal_link_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_link_run,
};
