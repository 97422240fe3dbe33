/* The prompt for one agent, to be given to it by whoever typed this. */
#include "cmd/goal/dispatching.h"

static int tentacle_dispatch_run(struct cmd_ctx *c, struct err *e)
{
	return dispatching(c, DISPATCH_PROMPT, e);
}

static const struct option_row tentacle_dispatch_options[] = {
	DISPATCH_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_dispatch = {
	.path = "tentacle dispatch",
	.summary = "print the prompt for an agent, or run it",
	.usage = "NAME [--run [--agent A]] [--worktree] [--force]",
	.about = "Without --run nothing is started: whoever reads the prompt gives it to an agent, "
		 "which hands "
		 "off when it ends. The dispatch marker holds commits back in this repository "
		 "until the tentacle is completed or deleted, for four hours at most.",
	.example = "sk tentacle dispatch port-parser\nsk tentacle dispatch port-parser --run "
		   "--agent claude --worktree",
	.options = tentacle_dispatch_options,
	.needs = NEED_GOALS | NEED_STATE,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_dispatch_run,
};
