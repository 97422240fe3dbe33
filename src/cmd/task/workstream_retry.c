/* Rule WO1: all of it again, as a new run. */
#include "cmd/task/act.h"

static int workstream_retry_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_WORKSTREAM, "workstream-id",
					      "what its tasks have done already is done again" };
	struct act act = { .kind = ACT_WS_RETRY };

	act.keep_completed = options_has(c->options, "keep-completed");
	return act_run(c, &page, &act, e);
}

static const struct option_row workstream_retry_options[] = {
	ACT_WS_OPTION,
	{ .name = "keep-completed",
	  .kind = OPTION_FLAG,
	  .summary = "do not run again what is completed" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_workstream_retry = {
	.path = "workstream retry",
	.alias = "retry_workstream",
	.summary = "run a whole workstream again",
	.usage = "[--keep-completed] --yes WORKSTREAM",
	.about = "Its tasks begin anew as the plan described them when it was last run. With "
		 "--keep-completed what is\n"
		 "completed stays, and the rest of a failed one runs again.",
	.example = "sk workstream retry nightly --yes\nsk workstream retry nightly "
		   "--keep-completed --yes",
	.options = workstream_retry_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_retry_run,
};
