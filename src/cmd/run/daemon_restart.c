/* For an upgrade: the tasks stay with their worker while the orchestrator is exchanged. */
#include "base/limits.h"
#include "cmd/run/serve.h"
#include "ctl/control_msg.h"

#define STOP_PATIENCE_MS 20000

static int daemon_restart_run(struct cmd_ctx *c, struct err *e)
{
	int rc = serve_stop(c, STOP_LEAVE, STOP_PATIENCE_MS, e);

	return rc < 0 ? rc : serve_in_background(c, e);
}

static const struct option_row daemon_restart_options[] = {
	SERVE_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_daemon_restart = {
	.path = "daemon restart",
	.summary = "exchange the orchestrator; running tasks go on",
	.usage = "[-j N] [--paused]",
	.about = "The options are those of sk daemon start; the ones of the daemon before are not "
		 "kept.",
	.example = "sk daemon restart",
	.options = daemon_restart_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = daemon_restart_run,
};
