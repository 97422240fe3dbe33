/* Only a person raises a limit: the machine waits. */
#include "cmd/task/act.h"

static int resource_limit_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_RESOURCE, "resource-id", NULL };
	struct act act = { .kind = ACT_RESOURCE_LIMIT };

	if (!options_has(c->options, "max-holders"))
		return err_set(e, -SK_EUSAGE,
			       "resource limit: --max-holders is missing: nothing was "
			       "changed. Try: sk help resource limit");
	act.limit = options_number(c->options, "max-holders", 0);
	return act_run(c, &page, &act, e);
}

static const struct option_row resource_limit_options[] = {
	{ .name = "resource-id", .kind = OPTION_TEXT, .value = "ID", .summary = "the resource" },
	{ .name = "max-holders",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .max = UINT32_MAX,
	  .summary = "holders at the same time" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_resource_limit = {
	.path = "resource limit",
	.alias = "set_resource_limit",
	.summary = "set how many tasks may hold a resource at once",
	.usage = "--max-holders N RESOURCE",
	.about = "Lowering it below what is held takes nothing away. 0 means no limit.",
	.example = "sk resource limit --resource-id git_repo_write --max-holders 2",
	.options = resource_limit_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_NONE,
	.args_max = 1,
	.run = resource_limit_run,
};
