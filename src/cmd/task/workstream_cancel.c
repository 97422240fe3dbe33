/* Rule W10: the end of a workstream, for good. */
#include "cmd/task/act.h"

static int workstream_cancel_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = {
		ACT_ON_WORKSTREAM, "workstream-id",
		"all its tasks end, and only a new run brings it back"
	};
	struct act act = { .kind = ACT_WS_CANCEL };

	return act_run(c, &page, &act, e);
}

static const struct option_row workstream_cancel_options[] = {
	ACT_WS_OPTION,
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_workstream_cancel = {
	.path = "workstream cancel",
	.summary = "end a workstream and all its tasks",
	.usage = "--yes WORKSTREAM",
	.about = "Only a new run brings it back: sk run --new-run PLAN.",
	.example = "sk workstream cancel nightly --yes",
	.options = workstream_cancel_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_cancel_run,
};
