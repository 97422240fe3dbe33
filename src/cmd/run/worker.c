/* `sk worker`: the parent of task processes. Started by the orchestrator by itself; by hand only to
 * add another one. */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/run/timing.h"
#include "cmd/view.h"
#include "worker/worker.h"

/* Started by hand: one more than the last of this name that is recorded. */
static int count_from(struct cmd_ctx *c, const char *id, uint64_t *out, struct err *e)
{
	struct view *v = NULL;
	int rc = view_open(c->paths, c->now_ms, &v, e);
	uint32_t worker = v ? state_worker(&v->st, span_of(id)) : NO_ID;

	*out = worker == NO_ID ? 1 : v->st.workers[worker].incarnation + 1ULL;
	view_free(v);
	return rc;
}

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
	int rc;

	if (!o.worker_id)
		o.worker_id = "local";
	problem = name_problem(span_of(o.worker_id));
	if (problem)
		return err_set(e, -SK_EUSAGE,
			       "--worker-id: %s; nothing was started. Try: sk worker --worker-id "
			       "worker-001",
			       problem);
	if (!o.incarnation && (rc = count_from(c, o.worker_id, &o.incarnation_min, e)) < 0)
		return rc;
	rc = worker_main(&o, e);
	return rc < 0 ? rc : EXIT_DONE;
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
	.summary = "run tasks for the orchestrator, which starts it",
	.usage = "[--worker-id ID] [--slots N]",
	.about = "The worker is the parent of task processes and outlives the orchestrator: it "
		 "goes on with what it was\n"
		 "given, keeps results while nobody listens, and is adopted by the next "
		 "orchestrator.\n\n"
		 "One that you start yourself, under a name of its own, takes tasks beside the "
		 "orchestrator's, above all those\n"
		 "whose capabilities only it offers. It has to be of the same version of sk as the "
		 "orchestrator. It stays when a\n"
		 "run ends, unless the plan names it under workers; sk worker shutdown sends it "
		 "away, and after ten minutes without work "
		 "and orchestrator it leaves by\n"
		 "itself (--linger). When it dies its tasks go to others, but nobody starts it "
		 "again except sk worker restart.\n\n" WORKER_TIMING_ABOUT,
	.example = "sk worker --worker-id gpu --slots 2 --capabilities '[\"gpu@3\"]'",
	.options = worker_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = worker_run,
};
