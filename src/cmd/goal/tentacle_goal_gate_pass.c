/* What a program found out, as distinct from what a person decided. */
#include "cmd/goal/gate.h"

static int tentacle_goal_gate_pass_run(struct cmd_ctx *c, struct err *e)
{
	return gate_run(c, GATE_ACT_PASS, e);
}

static const struct option_row tentacle_goal_gate_pass_options[] = {
	GATE_REASON_OPTION,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_pass = {
	.path = "tentacle goal gate pass",
	.summary = "record that a check behind a gate succeeded",
	.usage = "GATE [--reason TEXT]",
	.about = "For programs; a person approves. A gate that is not there is made.",
	.example = "sk tentacle goal gate pass lint",
	.options = tentacle_goal_gate_pass_options,
	.needs = NEED_GOALS,
	.args = ARG_GATE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_gate_pass_run,
};
