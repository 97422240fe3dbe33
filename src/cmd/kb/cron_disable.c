/* Whoever wants quiet for a while should not have to remember the settings. */
#include "cmd/kb/cron_page.h"

static int cron_disable_run(struct cmd_ctx *c, struct err *e)
{
	return cron_cmd_turn(c, false, e);
}

const struct cmd cmd_cron_disable = {
	.path = "cron disable",
	.summary = "keep a schedule from running by itself",
	.usage = "NAME|ID",
	.about = "sk cron run NAME still runs it. What runs just now goes on.",
	.example = "sk cron disable vacuum",
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = cron_disable_run,
};
