/* An approval is asked for by name, so that it can be given by name. */
#include "cmd/goal/gate.h"

static int tentacle_goal_gate_add_run(struct cmd_ctx *c, struct err *e)
{
	return gate_run(c, GATE_ACT_ADD, e);
}

static const struct option_row tentacle_goal_gate_add_options[] = {
	GATE_ADD_OPTION,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_add = {
	.path = "tentacle goal gate add",
	.summary = "name an approval that the goal needs",
	.usage = "GATE [--desc TEXT]",
	.about = "It is pending until somebody approves or rejects it, and keeps the goal from "
		 "going into another iteration. One that is there already gets the new description "
		 "and keeps its state.",
	.example = "sk tentacle goal gate add review --desc \"a person has read the diff\"",
	.options = tentacle_goal_gate_add_options,
	.needs = NEED_GOALS,
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_gate_add_run,
};
