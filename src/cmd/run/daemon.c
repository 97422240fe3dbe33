/* The word alone starts one, as `sk daemon start` does; a service manager wants it in front. */
#include "base/limits.h"
#include "cmd/run/serve.h"

static int daemon_run(struct cmd_ctx *c, struct err *e)
{
	return options_has(c->options, "foreground") ? serve(c, e) : serve_in_background(c, e);
}

static const struct option_row daemon_options[] = {
	{ .name = "foreground",
	  .kind = OPTION_FLAG,
	  .summary = "stay in this terminal, or under a service manager" },
	SERVE_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_daemon = {
	.path = "daemon",
	.summary = "serve this project: take plans, run them, answer",
	.usage = "[--foreground] [-j N] [--paused]",
	.about = "A daemon goes on with whatever was left unfinished, takes plans (sk submit, sk "
		 "run) and stays when\n"
		 "all is done. With --foreground, Ctrl-C lets running tasks finish and a second "
		 "one cancels them;\n"
		 "SIGTERM leaves them with their worker for the next start, so that an upgrade "
		 "disturbs nobody.\n"
		 "What it says goes to .state/logs/orchestrator.log.",
	.example = "sk daemon\nsk daemon --foreground -j 4\nsk daemon --paused",
	.options = daemon_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = daemon_run,
};
