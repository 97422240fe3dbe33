/* Rules K9, K10 and K12. What is recorded is the wish; the worker is gone when its lock is free. */
#include "cmd/task/act.h"

static int worker_shutdown_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = { ACT_ON_WORKER, "worker-id", NULL },
				     forced = { ACT_ON_WORKER, "worker-id",
						"--force without --reassign fails what the worker "
						"has at work" };
	struct act act = { .kind = ACT_WORKER_SHUTDOWN,
			   .reassign = options_has(c->options, "reassign") };

	/* The runbook's script is force_shutdown_worker and takes no --force. */
	act.force = options_has(c->options, "force") || act.reassign;
	return act_run(c, act.force && !act.reassign ? &forced : &page, &act, e);
}

static const struct option_row worker_shutdown_options[] = {
	ACT_WORKER_OPTION,
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "end its process at once; what it has at work has failed" },
	{ .name = "reassign",
	  .kind = OPTION_FLAG,
	  .summary = "with --force (implied): give what it has at work to other workers" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_worker_shutdown = {
	.path = "worker shutdown",
	.alias = "force_shutdown_worker",
	.summary = "send a worker away when it is done, or end it now",
	.usage = "[--force] [--reassign] WORKER",
	.about =
		"Without --force the worker begins nothing more and leaves when its tasks have "
		"ended; until then it is\n"
		"shown as draining. With --force its process is ended at once, and no other: it is "
		"known by boot, process\n"
		"id and start time. Its tasks have failed then (they are tried again if they have "
		"retries left), or with\n"
		"--reassign they run on another worker and no retry is used. Results it had "
		"finished count in any case.\n"
		"While plans have work, the worker \"local\" is started anew by itself.",
	.example = "sk worker shutdown gpu\n"
		   "sk worker shutdown --worker-id local --force --reassign",
	.options = worker_shutdown_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKER,
	.args_max = 1,
	.run = worker_shutdown_run,
};
