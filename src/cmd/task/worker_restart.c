/* A worker that ended stays ended: restarting makes a new incarnation of the same name (K1). */
#include "cmd/task/act.h"

static int worker_restart_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_WORKER, "worker-id", NULL };
	struct act act = { .kind = ACT_WORKER_RESTART, .force = options_has(c->options, "force") };

	return act_run(c, &page, &act, e);
}

static const struct option_row worker_restart_options[] = {
	ACT_WORKER_OPTION,
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "end its process at once; its tasks go to other workers" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_worker_restart = {
	.path = "worker restart",
	.alias = "restart_worker",
	.summary = "replace a worker by a new incarnation of it",
	.usage = "[--force] WORKER",
	.about = "The worker begins nothing more, leaves when its tasks have ended, and is started "
		 "again with the slots and\n"
		 "capabilities it had. One that does not answer, or any with --force, is ended at "
		 "once; its tasks run again\n"
		 "and use up no retry. Without an orchestrator the new one is started by the next "
		 "sk run.",
	.example = "sk worker restart local\nsk worker restart --worker-id gpu --force",
	.options = worker_restart_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKER,
	.args_max = 1,
	.run = worker_restart_run,
};
