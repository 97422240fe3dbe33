/* A person's no stops the goal at once, not at the next decision. */
#include "cmd/goal/gate.h"

static int tentacle_goal_gate_reject_run(struct cmd_ctx *c, struct err *e)
{
	return gate_run(c, GATE_ACT_REJECT, e);
}

static const struct option_row tentacle_goal_gate_reject_options[] = {
	GATE_REASON_OPTION,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_reject = {
	.path = "tentacle goal gate reject",
	.summary = "refuse an approval",
	.usage = "GATE --reason TEXT",
	.about = "An active goal waits from then on, until the gate is approved, passed or failed.",
	.example = "sk tentacle goal gate reject review --reason \"the tests are missing\"",
	.options = tentacle_goal_gate_reject_options,
	.needs = NEED_GOALS,
	.args = ARG_GATE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_goal_gate_reject_run,
};
