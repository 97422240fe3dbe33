/* A finding for whoever decides, which stops nobody. */
#include "cmd/goal/gate.h"

static int tentacle_goal_gate_fail_run(struct cmd_ctx *c, struct err *e)
{
	return gate_run(c, GATE_ACT_FAIL, e);
}

static const struct option_row tentacle_goal_gate_fail_options[] = {
	GATE_REASON_OPTION,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_fail = {
	.path = "tentacle goal gate fail",
	.summary = "record that a check behind a gate failed",
	.usage = "GATE [--reason TEXT]",
	.about = "It is noted and does not block; reject blocks. A gate that is not there is made.",
	.example = "sk tentacle goal gate fail lint --reason \"two warnings\"",
	.options = tentacle_goal_gate_fail_options,
	.needs = NEED_GOALS,
	.args = ARG_GATE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_gate_fail_run,
};
