/* Rule WO2: what failed, and what was cancelled because of it. */
#include "cmd/task/act.h"

static int workstream_retry_failed_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_WORKSTREAM, "workstream-id", NULL };
	struct act act = { .kind = ACT_WS_RETRY_FAILED };

	return act_run(c, &page, &act, e);
}

static const struct option_row workstream_retry_failed_options[] = {
	ACT_WS_OPTION,
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_workstream_retry_failed = {
	.path = "workstream retry-failed",
	.alias = "retry_failed_tasks",
	.summary = "run the failed tasks of a workstream again",
	.usage = "WORKSTREAM",
	.about = "What was cancelled when the workstream failed runs again as well; what is "
		 "completed stays.",
	.example = "sk workstream retry-failed nightly",
	.options = workstream_retry_failed_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_retry_failed_run,
};
