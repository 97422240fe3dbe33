/* `sk worker`: the parent of task processes. Started by the orchestrator by itself; by hand only to
 * add another one. */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/timing.h"
#include "worker/worker.h"

static int worker_run(struct cmd_ctx *c, struct err *e)
{
	struct worker_options o = {
		.state_dir = c->paths->state_dir,
		.worker_id = options_text(c->options, "worker-id"),
		.slots = (unsigned)options_number(c->options, "slots", 1),
		.capabilities = options_text(c->options, "capabilities"),
		.incarnation = options_number(c->options, "incarnation", 0),
		.linger_ms = (int64_t)options_number(c->options, "linger", 0),
	};
	const char *problem;

	if (!o.worker_id)
		o.worker_id = "local";
	problem = name_problem(span_of(o.worker_id));
	if (problem)
		return err_set(e, -SK_EUSAGE,
			       "--worker-id: %s; nothing was started. Try: sk worker --worker-id "
			       "worker-001",
			       problem);
	return worker_main(&o, e);
}

static const struct option_row worker_options[] = {
	{ .name = "worker-id",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "its name (default: local)" },
	{ .name = "slots",
	  .letter = 'j',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = SLOTS_MAX,
	  .summary = "tasks at the same time" },
	{ .name = "capabilities",
	  .kind = OPTION_TEXT,
	  .value = "JSON",
	  .summary = "what it offers: a JSON array of \"name\" or \"name@version\"" },
	{ .name = "incarnation",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "given by the orchestrator" },
	{ .name = "linger",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "leave after this long without work and without an orchestrator" },
	{ .name = NULL },
};

const struct cmd cmd_worker = {
	.path = "worker",
	.summary = "run tasks for the orchestrator of this store (it starts one by itself)",
	.usage = "[--worker-id ID] [--slots N]",
	.about = "The worker is the parent of task processes and outlives the orchestrator: it "
		 "goes on with what it was\n"
		 "given, keeps results while nobody listens, and is adopted by the next "
		 "orchestrator.\n\n" WORKER_TIMING_ABOUT,
	.options = worker_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = worker_run,
};
