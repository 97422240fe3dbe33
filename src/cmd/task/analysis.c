/*
 * The decision tree of a failed workstream. "All tasks failed" is asked of those that ran: what was
 * never started because of the others says nothing. One failed task alone is no system.
 */
#include "cmd/task/analysis.h"

#include "cmd/next.h"
#include "cmd/task/story.h"
#include "cmd/task/ws_page.h"

const char *verdict_word(enum verdict verdict)
{
#define X(name, word, text) word,
	static const char *const words[] = { VERDICTS(X) };
#undef X
	return words[verdict];
}

const char *verdict_text(enum verdict verdict)
{
#define X(name, word, text) text,
	static const char *const texts[] = { VERDICTS(X) };
#undef X
	return texts[verdict];
}

static bool workers_troubled(const struct view *v, const struct analysis *a)
{
	if (a->lost || a->faults[FAULT_WORKER_LOST])
		return true;
	for (size_t i = 0; i < v->st.worker_count; i++)
		if (v->st.workers[i].state == WORKER_UNRESPONSIVE)
			return true;
	return false;
}

static bool resources_troubled(const struct view *v)
{
	for (size_t i = 0; i < v->st.resource_count; i++)
		if (v->st.resources[i].exhausted_ms)
			return true;
	return false;
}

static enum verdict judge(const struct view *v, const struct workstream *w,
			  const struct analysis *a)
{
	if (w->flags & WSF_HALTED)
		return VERDICT_CYCLE;
	if (a->first == NO_ID)
		return w->state == WS_FAILED && w->max_duration_ms ? VERDICT_LIMIT : VERDICT_FINE;
	if (a->all_failed)
		return workers_troubled(v, a)  ? VERDICT_WORKERS
		       : resources_troubled(v) ? VERDICT_RESOURCES
					       : VERDICT_CONFIGURATION;
	return v->st.tasks[a->guilty].flags & TASK_CRITICAL ? VERDICT_CRITICAL : VERDICT_PARTIAL;
}

void analysis_make(const struct view *v, uint32_t ws, struct analysis *out)
{
	const struct state *st = &v->st;
	const struct workstream *w = &st->ws[ws];
	uint32_t critical = ws_first_critical(st, ws);

	*out = (struct analysis){ .first = ws_first_failed(st, ws) };
	out->guilty = critical == NO_ID ? out->first : critical;
	out->all_failed = w->by_state[TASK_FAILED] > 1 && !w->by_state[TASK_COMPLETED];
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->state == TASK_FAILED)
			out->faults[fault_of(t)]++;
		out->lost += t->reassign_count;
	}
	out->verdict = judge(v, w, out);
}

void analysis_put_next(const struct view *v, uint32_t ws, const struct analysis *a,
		       struct buf *commands)
{
	CLEANUP(buf_release) struct buf run = BUF_INIT;
	const struct workstream *w = &v->st.ws[ws];

	put_run_command(&v->st, ws, &run);
	switch (a->verdict) {
	case VERDICT_FINE:
	case VERDICT_COUNT:
		return;
	case VERDICT_CYCLE:
		next_add(commands, "sk workstream dag %.*s", SPAN_ARG(w->id));
		return;
	case VERDICT_WORKERS:
		next_add(commands, "sk worker list");
		break;
	case VERDICT_RESOURCES:
		next_add(commands, "sk resource list");
		break;
	case VERDICT_LIMIT:
		next_add(commands, "%s", run.p);
		return;
	case VERDICT_CONFIGURATION:
	case VERDICT_CRITICAL:
	case VERDICT_PARTIAL:
		next_add(commands, "sk task show %.*s --include-logs",
			 SPAN_ARG(v->st.tasks[a->guilty].id));
		break;
	}
	if (a->verdict == VERDICT_PARTIAL)
		next_add(commands, "sk workstream retry-failed --workstream-id %.*s",
			 SPAN_ARG(w->id));
	else
		next_add(commands, "sk workstream retry --workstream-id %.*s --yes",
			 SPAN_ARG(w->id));
}
