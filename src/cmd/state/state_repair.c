/* What can be put right without a doubt, and nothing else. It shows its plan first. */
#include "cmd/state/mend.h"

static int repair(struct hand *h, struct err *e)
{
	h->dry |= options_has(h->c->options, "explain");
	return mend_run(h, false, e);
}

static int state_repair_run(struct cmd_ctx *c, struct err *e)
{
	return hand_run(c, "nothing was repaired", repair, e);
}

static const struct option_row state_repair_options[] = {
	{ .name = "explain",
	  .kind = OPTION_FLAG,
	  .summary = "show the plan with its proofs and change nothing, which is the default" },
	HAND_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_state_repair = {
	.path = "state repair",
	.alias = "repair_state",
	.summary = "show what can be put right in the state; --yes does",
	.usage = "[--yes]",
	.about = "The list is closed: abandoned temporary files, the torn end of a write, a "
		 "snapshot that is unreadable or behind, leftovers of a restore, workers that are "
		 "dead, the state of a workstream, checkpoints, indexes, graphs and plans. Each "
		 "item "
		 "comes with its proof. Everything else is reported and not touched: damage in the "
		 "journal is a matter of sk recover or sk state restore. The exit code is 0 when "
		 "nothing is left that needs a person, 1 when something is, 7 when the journal is "
		 "damaged. Beside an orchestrator at work the list can be looked at; what that one "
		 "sees to by itself is not in it, and --yes is refused.",
	.example = "sk state repair\nsk state repair --yes --reason \"after the power cut\"",
	.options = state_repair_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.run = state_repair_run,
};
