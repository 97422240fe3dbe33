/* The way out of awaiting-gate. */
#include "cmd/goal/gate.h"

static int tentacle_goal_gate_approve_run(struct cmd_ctx *c, struct err *e)
{
	return gate_run(c, GATE_ACT_APPROVE, e);
}

static const struct option_row tentacle_goal_gate_approve_options[] = {
	GATE_REASON_OPTION,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_approve = {
	.path = "tentacle goal gate approve",
	.summary = "give an approval",
	.usage = "GATE [--reason TEXT]",
	.about = "When it was the last one that the goal waited for, the goal is active again.",
	.example = "sk tentacle goal gate approve review --reason \"read it\"",
	.options = tentacle_goal_gate_approve_options,
	.needs = NEED_GOALS,
	.args = ARG_GATE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_gate_approve_run,
};
