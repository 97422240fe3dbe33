/*
 * Each committed event against the truth: what is recorded must have happened, and what happened
 * and was told must not be recorded as lost. The event has not been applied to the twin yet.
 */
#include "core/edge.h"
#include "world.h"

static struct sim_attempt *attempt_of(struct world *w, uint32_t task, uint64_t number)
{
	struct ledger *l = &w->ledger;

	for (size_t i = l->attempt_count; i-- > 0;)
		if (l->attempts[i].task == task && l->attempts[i].number == number)
			return &l->attempts[i];
	return NULL;
}

static void born(struct world *w, const struct event *ev)
{
	struct ledger *l = &w->ledger;
	uint32_t ws = state_ws(&l->twin, ev->workstream_id);

	mem_grow(&l->tracks, &l->track_capacity, l->track_count + 1, sizeof(*l->tracks));
	l->tracks[l->track_count] =
		(struct sim_track){ .state = TASK_PENDING, .run_no = l->twin.ws[ws].run_no };
	snprintf(l->tracks[l->track_count++].ws, SIM_WS_BYTES, "%.*s", SPAN_ARG(l->twin.ws[ws].id));
	if (l->track_count != l->twin.task_count + 1)
		wrong(w, "task %.*s is born out of order", SPAN_ARG(ev->task_id));
}

static void assigned(struct world *w, const struct event *ev, uint32_t task)
{
	struct ledger *l = &w->ledger;
	const struct task *t = &l->twin.tasks[task];
	const struct workstream *ws = &l->twin.ws[t->ws];
	struct sim_attempt *a = attempt_of(w, task, ev->attempt);

	if (ws->max_parallel && ws->assigned >= ws->max_parallel)
		wrong(w, "%.*s is assigned beyond max_parallel", SPAN_ARG(ev->task_id));
	for (uint8_t i = 0; i < t->resource_count && t->state == TASK_QUEUED; i++)
		if (!resource_fits(&l->twin.resources[t->resources[i].resource],
				   t->resources[i].amount))
			wrong(w, "%.*s is assigned without its resources", SPAN_ARG(ev->task_id));
	if (t->state == TASK_VALIDATING) {
		if (!a)
			wrong(w, "rules of an attempt that never was");
		return;
	}
	if (a)
		wrong(w, "attempt %llu of %.*s is assigned twice", (unsigned long long)ev->attempt,
		      SPAN_ARG(ev->task_id));
	mem_grow(&l->attempts, &l->attempt_capacity, l->attempt_count + 1, sizeof(*l->attempts));
	l->attempts[l->attempt_count++] = (struct sim_attempt){ .task = task,
								.number = ev->attempt,
								.incarnation = ev->incarnation };
}

static bool ended_as(const struct sim_attempt *a, enum outcome outcome)
{
	return a->ended && a->outcome == outcome;
}

/* An operator ended its worker and wanted nothing of it done elsewhere. */
static bool was_forced(const struct world *w, const struct event *ev)
{
	const struct state *st = &w->ledger.twin;
	uint32_t task = state_task(st, ev->task_id);
	uint32_t worker = task == NO_ID ? NO_ID : st->tasks[task].worker;

	return worker != NO_ID && st->workers[worker].leave & LEAVE_FORCED &&
	       !(st->workers[worker].leave & LEAVE_REASSIGN);
}

/* Why the attempt is said to have failed, against how it ended. */
static void check_failure(struct world *w, const struct event *ev, const struct sim_attempt *a)
{
	bool true_story;

	switch (ev->trigger) {
	case ON_EXECUTION_FAILED:
		true_story = ended_as(a, OUTCOME_SIGNAL) ||
			     (ended_as(a, OUTCOME_EXIT) && a->exit_code) ||
			     ((!a->ended || a->report_lost) && was_forced(w, ev));
		break;
	case ON_TASK_TIMEOUT:
		true_story = ended_as(a, OUTCOME_TIMEOUT);
		break;
	case ON_PRECHECK_FAILED:
		true_story = ended_as(a, OUTCOME_PRECHECK) || ended_as(a, OUTCOME_SPAWN_FAILED);
		break;
	case ON_VALIDATION_FAILED:
		true_story = a->rules_ended && !a->rules_good;
		break;
	case ON_WORKER_LOST:
		true_story = !a->ended || a->report_lost;
		break;
	default:
		true_story = false;
	}
	if (!true_story)
		wrong(w, "%.*s attempt %llu is recorded as %s (%s), which is not what happened",
		      SPAN_ARG(ev->task_id), (unsigned long long)a->number,
		      event_rows[ev->kind].word, trigger_word(ev->trigger));
}

static void check_attempt(struct world *w, const struct event *ev, uint32_t task)
{
	const struct task *t = &w->ledger.twin.tasks[task];
	const struct sim_attempt *a = attempt_of(w, task, t->attempt);
	bool good = true;

	if (!a) {
		wrong(w, "%s of an attempt that never was", event_rows[ev->kind].word);
		return;
	}
	switch (ev->kind) {
	case EV_TASK_STARTED:
		good = a->begun > 0;
		break;
	case EV_TASK_EXECUTED:
		good = ended_as(a, OUTCOME_EXIT) && a->exit_code == 0;
		break;
	case EV_TASK_COMPLETED:
		good = ended_as(a, OUTCOME_EXIT) && a->exit_code == 0 &&
		       (!(t->flags & TASK_HAS_AFTER) || a->rules_good);
		break;
	default:
		check_failure(w, ev, a);
	}
	if (!good)
		wrong(w, "%.*s attempt %llu is recorded as %s, which did not happen",
		      SPAN_ARG(ev->task_id), (unsigned long long)a->number,
		      event_rows[ev->kind].word);
}

static void note_edge(struct world *w, const struct event *ev)
{
	static const struct {
		const char *edge;
		enum sim_sight sight;
	} rows[] = { { "T6", SAW_T6 },          { "T15", SAW_T15 }, { "T16", SAW_T16 },
		     { "T19", SAW_T19 },        { "T20", SAW_T20 }, { "W5", SAW_CRITICAL_FAILURE },
		     { "W7", SAW_WS_EXHAUSTED } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (span_is(ev->edge, rows[i].edge))
			saw(w, rows[i].sight);
	if (ev->trigger == ON_PRECHECK_FAILED)
		saw(w, SAW_RULE_FAILED);
}

static void note_kind(struct world *w, const struct event *ev)
{
	static const struct {
		enum event_kind kind;
		enum sim_sight sight;
	} rows[] = { { EV_TASK_RETRY, SAW_RETRIED },
		     { EV_TASK_TIMEOUT, SAW_TIMED_OUT },
		     { EV_VALIDATION_FAILED, SAW_VALIDATION_FAILED },
		     { EV_STALE_RESULT_IGNORED, SAW_STALE_IGNORED },
		     { EV_RESOURCE_EXHAUSTED, SAW_EXHAUSTED_RESOURCE },
		     { EV_WS_TIMEOUT, SAW_WS_TIMEOUT },
		     { EV_WS_RESUMED, SAW_WS_RESUMED },
		     { EV_WS_COMPLETED, SAW_WS_COMPLETED },
		     { EV_WS_ARCHIVED, SAW_ARCHIVED },
		     { EV_DEPENDENCY_WAIVED, SAW_WAIVED },
		     { EV_TASK_UPDATED, SAW_UPDATED },
		     { EV_TASK_DROPPED, SAW_DROPPED } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (ev->kind == rows[i].kind)
			saw(w, rows[i].sight);
	if (ev->outputs.len)
		saw(w, SAW_OUTPUTS);
	note_edge(w, ev);
}

static void check_move(struct world *w, const struct event *ev, uint32_t task)
{
	struct sim_track *track = &w->ledger.tracks[task];
	const struct task *t = &w->ledger.twin.tasks[task];

	if (track->state != ev->from)
		wrong(w, "%.*s moves from %s but is %s", SPAN_ARG(ev->task_id),
		      task_state_word(ev->from), task_state_word(track->state));
	if (!edge_of_event(&task_life, ev))
		wrong(w, "%.*s moves along no edge", SPAN_ARG(ev->task_id));
	if (ev->from == TASK_PENDING && ev->to == TASK_QUEUED && t->unmet)
		wrong(w, "%.*s is queued with %u unmet needs", SPAN_ARG(ev->task_id), t->unmet);
	track->state = ev->to;
	if (ev->to == TASK_COMPLETED && ++track->completed > 1)
		wrong(w, "%.*s is completed twice", SPAN_ARG(ev->task_id));
	if (ev->kind == EV_TASK_RETRY &&
	    (ev->retry_count > t->retries || ev->retry_count != t->retry_count + 1U))
		wrong(w, "%.*s: retry %llu of %u", SPAN_ARG(ev->task_id),
		      (unsigned long long)ev->retry_count, t->retries);
	if (ev->kind == EV_TASK_STARTED || ev->kind == EV_TASK_EXECUTED ||
	    ev->kind == EV_TASK_COMPLETED || ev->kind == EV_TASK_FAILED ||
	    ev->kind == EV_TASK_RETRY || ev->kind == EV_TASK_REASSIGNED)
		check_attempt(w, ev, task);
}

void ledger_event(struct world *w, const struct event *ev)
{
	uint32_t task = state_task(&w->ledger.twin, ev->task_id);

	note_kind(w, ev);
	if (ev->kind == EV_TASK_CREATED)
		born(w, ev);
	else if (ev->kind == EV_TASK_ASSIGNED)
		assigned(w, ev, task);
	else if (ev->transition && event_rows[ev->kind].type == EVENT_TYPE_TASK)
		check_move(w, ev, task);
}
