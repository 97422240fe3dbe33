/* Rules T12 to T14: an end, such that others may go on without it. */
#include "cmd/task/act.h"

static int task_cancel_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_TASK, "task-id", NULL };
	struct act act = { .kind = ACT_TASK_CANCEL };

	return act_run(c, &page, &act, e);
}

static const struct option_row task_cancel_options[] = {
	ACT_TASK_OPTION,
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_task_cancel = {
	.path = "task cancel",
	.alias = "cancel_task",
	.summary = "end a task; what needs it goes on without it",
	.usage = "TASK",
	.about = "Its processes are ended by the next orchestrator, if any are left.",
	.example =
		"sk task cancel unit\nsk task cancel --task-id unit --reason \"not needed today\"",
	.options = task_cancel_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_cancel_run,
};
