/* Rule O2: an operator answers for a task that did not complete. */
#include "cmd/task/act.h"

static int task_skip_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = {
		ACT_ON_TASK, "task-id", "what needs the task goes on as if it had completed"
	};
	struct act act = { .kind = ACT_TASK_SKIP };

	return act_run(c, &page, &act, e);
}

static const struct option_row task_skip_options[] = {
	ACT_TASK_OPTION,
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_task_skip = {
	.path = "task skip",
	.alias = "skip_task",
	.summary = "count a task as completed without running it",
	.usage = "--reason TEXT --yes TASK",
	.about = "Whoever needs it goes on. A task that runs is cancelled first.",
	.example = "sk task skip --task-id unit --reason \"flaky network\" --yes",
	.options = task_skip_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_skip_run,
};
