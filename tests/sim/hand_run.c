/*
 * Tasks at a worker: waiting, then a row of steps in a slot, then a report. A task that is ended
 * takes its time; only when nothing of it lives any more is anything reported.
 */
#include <string.h>

#include "core/task_def.h"
#include "world.h"

#define STUBBORN_MS 3000

static struct hand_task take_first(struct hand_list *l)
{
	struct hand_task t = l->v[0];

	memmove(l->v, l->v + 1, --l->count * sizeof(l->v[0]));
	return t;
}

void hand_finish(struct world *w, struct hand *h, struct hand_task t, enum outcome outcome)
{
	struct worker_msg m = { .kind = MSG_FINISHED,
				.task_id = span_of(t.id),
				.attempt = t.number,
				.workstream_id = span_of(t.ws),
				.run_no = t.run_no };
	struct result *r = &m.result;

	r->outcome = outcome;
	r->validation = t.validation;
	r->duration_ms = t.duration_ms;
	if (outcome == OUTCOME_EXIT)
		r->exit_code = t.validation ? !t.script.after_good : t.script.exit_code;
	if (outcome == OUTCOME_SIGNAL)
		r->signal = 11;
	if (outcome == OUTCOME_PRECHECK)
		r->error = SPAN_LIT("before rule clean failed: exit 1");
	if (outcome == OUTCOME_SPAWN_FAILED)
		r->error = SPAN_LIT("work: cannot be executed");
	if (outcome == OUTCOME_EXIT && !t.validation && !r->exit_code && t.script.outputs)
		r->outputs = SPAN_LIT("{\"answer\":\"42\"}");
	ledger_end(w, &t, outcome);
	hand_report(w, h, &m);
}

/* The attempt in slot `at` is over. */
static void leave_slot(struct world *w, struct hand *h, unsigned at, enum outcome outcome)
{
	struct hand_task t = h->running[at];

	h->running[at] = h->running[--h->running_count];
	hand_finish(w, h, t, outcome);
}

/* Begins the step the attempt stands at. False: it could not be started. */
static bool begin_step(struct world *w, struct hand *h, struct hand_task *t)
{
	static const char *const words[] = { "before", "main", "after" };
	unsigned takes[] = { t->script.before_ms, t->script.run_ms, t->script.after_ms };

	note(w, "worker %s runs %s %llu %s", w->places[h->worker].id, t->id,
	     (unsigned long long)t->number, words[t->phase]);
	if (t->phase == HAND_MAIN && !t->script.starts)
		return false;
	t->begun_ms = w->mono_ms;
	t->end_ms = w->mono_ms + takes[t->phase];
	t->timed_out = t->phase == HAND_MAIN && t->timeout_ms && takes[HAND_MAIN] > t->timeout_ms;
	if (t->timed_out)
		t->end_ms = w->mono_ms + t->timeout_ms;
	ledger_begin(w, h, t);
	if (t->phase == HAND_MAIN)
		hand_report(w, h,
			    &(struct worker_msg){ .kind = MSG_STARTED,
						  .task_id = span_of(t->id),
						  .attempt = t->number,
						  .workstream_id = span_of(t->ws),
						  .run_no = t->run_no,
						  .pid = 1000 + t->number,
						  .at_ms = wall_ms(w) });
	return true;
}

void hand_start_tasks(struct world *w, struct hand *h)
{
	while (h->running_count < h->slots && h->validations.count + h->waiting.count) {
		struct hand_list *l = h->validations.count ? &h->validations : &h->waiting;
		struct hand_task *t = &h->running[h->running_count++];

		*t = take_first(l);
		t->phase = t->validation ? HAND_AFTER : t->has_before ? HAND_BEFORE : HAND_MAIN;
		if (!begin_step(w, h, t))
			leave_slot(w, h, h->running_count - 1, OUTCOME_SPAWN_FAILED);
	}
}

/* The step in slot `at` is over. Returns whether the slot is free now. */
static bool end_step(struct world *w, struct hand *h, unsigned at)
{
	struct hand_task *t = &h->running[at];

	if (t->phase != HAND_BEFORE)
		t->duration_ms += (uint64_t)(w->mono_ms - t->begun_ms);
	if (t->cancelled) {
		leave_slot(w, h, at, OUTCOME_KILLED);
	} else if (t->phase == HAND_BEFORE && t->script.before_good) {
		t->phase = HAND_MAIN;
		if (begin_step(w, h, t))
			return false;
		leave_slot(w, h, at, OUTCOME_SPAWN_FAILED);
	} else if (t->phase == HAND_BEFORE) {
		leave_slot(w, h, at, OUTCOME_PRECHECK);
	} else if (t->timed_out) {
		leave_slot(w, h, at, OUTCOME_TIMEOUT);
	} else {
		leave_slot(w, h, at, t->phase == HAND_AFTER ? OUTCOME_EXIT : t->script.outcome);
	}
	return true;
}

void hand_tick(struct world *w, struct hand *h)
{
	for (unsigned i = 0; i < h->running_count;)
		if (h->running[i].end_ms > w->mono_ms || !end_step(w, h, i))
			i++;
}

static bool cancel_waiting(struct world *w, struct hand *h, struct hand_list *l, struct span id,
			   uint64_t number)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct hand_task t = l->v[i];

		if (t.number != number || !span_is(id, t.id))
			continue;
		memmove(l->v + i, l->v + i + 1, (--l->count - i) * sizeof(l->v[0]));
		hand_finish(w, h, t, OUTCOME_KILLED);
		return true;
	}
	return false;
}

void hand_cancel(struct world *w, struct hand *h, struct span id, uint64_t number)
{
	for (unsigned i = 0; i < h->running_count; i++) {
		struct hand_task *t = &h->running[i];

		if (t->number != number || !span_is(id, t->id))
			continue;
		if (!t->cancelled)
			t->end_ms = w->mono_ms + below(w, STUBBORN_MS);
		t->cancelled = true;
		return;
	}
	if (!cancel_waiting(w, h, &h->waiting, id, number))
		cancel_waiting(w, h, &h->validations, id, number);
}
