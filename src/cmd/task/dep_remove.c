/* The way out of a dependency that will never be met. */
#include "cmd/task/act.h"

static int dep_remove_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_TASK, "to", NULL };
	struct act act = { .kind = ACT_DEPENDENCY_REMOVE };

	if (!options_has(c->options, "from"))
		return err_set(e, -SK_EUSAGE,
			       "dep remove: --from is missing: nothing was changed. "
			       "Try: sk help dep remove");
	act.need_id = span_of(options_text(c->options, "from"));
	return act_run(c, &page, &act, e);
}

static const struct option_row dep_remove_options[] = {
	{ .name = "from",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "the task that is needed",
	  .completes = ARG_TASK },
	{ .name = "to",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "the task that needs it",
	  .completes = ARG_TASK },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_dep_remove = {
	.path = "dep remove",
	.alias = "remove_dependency",
	.summary = "let a task go on without another one",
	.usage = "--from A --to B",
	.about = "A is what B needs. B goes on without A; the plan is not changed.",
	.example = "sk dep remove --from build --to unit",
	.options = dep_remove_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_NONE,
	.args_max = 0,
	.run = dep_remove_run,
};
