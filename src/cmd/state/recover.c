/*
 * One command for whoever comes to a machine after a bad night: journal, processes, locks and views
 * are compared, and one plan comes out of it. It is the repair, and where the journal is damaged a
 * restore in front of it.
 */
#include "cmd/state/mend.h"

static int recover(struct hand *h, struct err *e)
{
	return mend_run(h, true, e);
}

static int recover_run(struct cmd_ctx *c, struct err *e)
{
	return hand_run(c, "nothing was recovered", recover, e);
}

static const struct option_row recover_options[] = {
	HAND_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_recover = {
	.path = "recover",
	.summary = "show the way back after a crash; --yes goes it",
	.usage = "[--yes]",
	.about = "Journal, processes, locks and views are compared with each other. Each item of "
		 "the plan comes with its proof; without --yes nothing is changed. A "
		 "damaged journal is put back to the last good record, from the snapshot or a "
		 "backup where one reaches further; the damaged file is kept. Only processes that "
		 "were started from this state are ended, and only those of a worker that is dead: "
		 "boot, pid and start time must fit. Doing it again finds nothing to do. Beside an "
		 "orchestrator at work the plan can be looked at; what that one sees to by itself "
		 "is not listed, and --yes is refused.",
	.example = "sk recover\nsk recover --yes",
	.options = recover_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.run = recover_run,
};
