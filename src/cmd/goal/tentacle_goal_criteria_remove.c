/* What need not be true any more. The journal keeps what was proved. */
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"
#include "core/goal_criteria.h"

static int tentacle_goal_criteria_remove_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	const char *id = c->options->args[0];
	int rc = goal_change_begin(&x, c, GOALS_NAMED, e);

	if (rc == 0)
		rc = goal_change_end(&x, goal_criterion_remove(x.turn, x.g, span_of(id), &x.words),
				     e);
	if (rc < 0)
		return rc;
	if (c->json)
		goal_json(c, x.g);
	else
		out_putf(c->out, "criterion %s: removed\n", id);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_criteria_remove_options[] = {
	{ .name = "reason",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "why, for the record" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_criteria_remove = {
	.path = "tentacle goal criteria remove",
	.summary = "remove a criterion",
	.usage = "CRITERION [--reason TEXT]",
	.example = "sk tentacle goal criteria remove sc-2 --reason \"covered by tests\"",
	.options = tentacle_goal_criteria_remove_options,
	.needs = NEED_GOALS,
	.args = ARG_CRITERION,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_criteria_remove_run,
};
