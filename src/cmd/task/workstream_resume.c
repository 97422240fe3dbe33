/* Rule WO2 from a chosen task on. */
#include "cmd/task/act.h"

static int workstream_resume_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_WORKSTREAM, "workstream-id", NULL };
	struct act act = { .kind = ACT_WS_RESUME };

	if (options_has(c->options, "from-task"))
		act.task_id = span_of(options_text(c->options, "from-task"));
	act.force = options_has(c->options, "force");
	return act_run(c, &page, &act, e);
}

static const struct option_row workstream_resume_options[] = {
	ACT_WS_OPTION,
	{ .name = "from-task",
	  .kind = OPTION_TEXT,
	  .value = "TASK",
	  .summary = "begin at this task",
	  .completes = ARG_TASK },
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "go on without what is unfinished before it" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_workstream_resume = {
	.path = "workstream resume",
	.alias = "resume_workstream",
	.summary = "go on with a workstream, from one task on if wanted",
	.usage = "[--from-task TASK] [--force] WORKSTREAM",
	.about = "What is unfinished at and behind the task is pending again. Something unfinished "
		 "before it refuses this;\n"
		 "--force goes on without it.",
	.example = "sk workstream resume nightly\nsk workstream resume nightly --from-task deploy",
	.options = workstream_resume_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_resume_run,
};
