/* What scripts type; `sk daemon` alone does the same. */
#include "base/limits.h"
#include "cmd/run/serve.h"

static const struct option_row daemon_start_options[] = {
	SERVE_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_daemon_start = {
	.path = "daemon start",
	.summary = "begin to serve this project in the background",
	.usage = "[-j N] [--paused]",
	.about = "Returns once it serves. With --paused it opens everything, finds out what became "
		 "of earlier workers,\n"
		 "and starts nothing until sk daemon release.",
	.example = "sk daemon start\nsk daemon start --paused",
	.options = daemon_start_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = serve_in_background,
};
