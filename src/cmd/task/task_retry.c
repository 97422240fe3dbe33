/* Rule O1: what failed or was cancelled begins again. */
#include "cmd/task/act.h"

static int task_retry_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_TASK, "task-id", NULL };
	struct act act = { .kind = ACT_TASK_RETRY };

	act.timeout_ms = options_number(c->options, "timeout", 0);
	act.keep_retry_count = options_has(c->options, "keep-retry-count");
	return act_run(c, &page, &act, e);
}

static const struct option_row task_retry_options[] = {
	ACT_TASK_OPTION,
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "its time limit from now on: 1200, 20m, 2h" },
	{ .name = "keep-retry-count",
	  .kind = OPTION_FLAG,
	  .summary = "do not give it all its retries anew" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_task_retry = {
	.path = "task retry",
	.alias = "retry_task",
	.summary = "run a failed or cancelled task again",
	.usage = "[--timeout TIME] [--keep-retry-count] TASK",
	.about =
		"The task is pending again, with all its retries. --timeout gives it another time "
		"limit, for this and\n"
		"later attempts. A workstream that had failed goes on when no critical failure is "
		"left. Beside\n"
		"sk run with another plan it begins at once, but what needs it waits until its own "
		"plan is run.",
	.example = "sk task retry unit\nsk task retry --task-id unit --timeout 20m",
	.options = task_retry_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_retry_run,
};
