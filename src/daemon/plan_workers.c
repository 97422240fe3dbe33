/*
 * The workers that plans name. They stand in the definition of a workstream, so they are known
 * wherever its work goes on: in the run that was asked for it, after a kill, beside a daemon. One
 * that lives already is used as it is, whoever started it.
 */
#include "daemon/orchestrator_impl.h"

/* Whether a workstream that was asked for names it, or one that has work left. */
static bool is_named(const struct orchestrator *o, struct span id, bool at_work)
{
	for (size_t i = 0; i < o->st.ws_count; i++) {
		const struct workstream *w = &o->st.ws[i];

		if (w->has_workers && w->active && (!at_work || ws_live(w)) &&
		    ws_def_names_worker(w->def, id))
			return true;
	}
	return false;
}

bool worker_is_of_plan(const struct orchestrator *o, uint32_t worker)
{
	return is_named(o, o->st.workers[worker].id, false);
}

int spawn_plan_workers(struct orchestrator *o, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < o->st.ws_count && rc == 0; i++) {
		const struct workstream *w = &o->st.ws[i];
		struct span all = w->def;
		struct worker_def def;

		if (!w->has_workers || !w->active || !ws_live(w))
			continue;
		for (unsigned k = 0; rc == 0 && ws_def_worker(all, k, &def) == 1; k++) {
			struct worker_order order = { def.id, def.capabilities, def.slots };

			rc = start_worker(o, &order, e);
		}
	}
	return rc;
}

/* For who serves many plans, one after the other: the others keep theirs until they stop. */
void dismiss_plan_workers(struct orchestrator *o)
{
	for (uint32_t i = 0; o->options.serves && i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		struct act act = { .kind = ACT_WORKER_SHUTDOWN,
				   .worker_id = w->id,
				   .operator_name = SPAN_LIT("sk"),
				   .reason = SPAN_LIT("its plan has nothing more to do") };

		if (w->connected && !w->leave && is_named(o, w->id, false) &&
		    !is_named(o, w->id, true))
			(void)orchestrator_step(o, &(struct input){ .kind = IN_ACT, .act = &act },
						NULL);
	}
}
