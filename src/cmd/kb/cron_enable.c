/* A schedule that was turned off keeps its settings and when it ran last. */
#include "cmd/kb/cron_page.h"

static int cron_enable_run(struct cmd_ctx *c, struct err *e)
{
	return cron_cmd_turn(c, true, e);
}

const struct cmd cmd_cron_enable = {
	.path = "cron enable",
	.summary = "let a schedule run again",
	.usage = "NAME|ID",
	.about = "What became due while it was disabled is run once at the next look.",
	.example = "sk cron enable vacuum",
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = cron_enable_run,
};
