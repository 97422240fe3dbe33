/* The same work for one agent or for several, in the form that the caller can use. */
#include "cmd/goal/dispatching.h"

static int tentacle_swarm_run(struct cmd_ctx *c, struct err *e)
{
	const char *form = options_text(c->options, "output");

	if (form && strcmp(form, "parallel") == 0)
		return dispatching(c, DISPATCH_PARALLEL, e);
	if (form && strcmp(form, "json") == 0)
		return dispatching(c, DISPATCH_JSON, e);
	return dispatching(c, DISPATCH_PROMPT, e);
}

static const struct option_row tentacle_swarm_options[] = {
	{ .name = "output",
	  .kind = OPTION_CHOICE,
	  .value = "prompt|parallel|json",
	  .summary = "one prompt, one for each open to-do, or a document (prompt)" },
	DISPATCH_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_swarm = {
	.path = "tentacle swarm",
	.summary = "print prompts, or one for each open to-do",
	.usage = "NAME [--output prompt|parallel|json]",
	.about = "As sk tentacle dispatch, in other forms. Nothing is started.",
	.example = "sk tentacle swarm port-parser --output parallel",
	.options = tentacle_swarm_options,
	.needs = NEED_GOALS | NEED_STATE,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_swarm_run,
};
