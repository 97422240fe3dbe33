/*
 * What a daemon starts now and then. Nobody reads what it says, so it says nothing: how each run
 * went is in the list of runs, and sk cron list shows it.
 */
#include "cmd/cmd.h"
#include "cmd/kb/cron_round.h"

static int maintain_run(struct cmd_ctx *c, struct err *e)
{
	struct cron_round round = CRON_ROUND_INIT;
	int rc = cron_round_open(&round, NULL, "sk daemon", e);

	(void)c;
	if (rc == 0)
		rc = cron_round_due(&round, NULL, NULL, e);
	if (rc == 0 && round.failed)
		rc = EXIT_WORK_FAILED;
	cron_round_release(&round);
	return rc;
}

const struct cmd cmd_maintain = {
	.path = "__maintain",
	.summary = "run the maintenance that is due, for a daemon",
	.usage = "",
	.needs = CMD_SCRIPT,
	.args = ARG_NONE,
	.run = maintain_run,
};
