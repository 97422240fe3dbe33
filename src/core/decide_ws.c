/*
 * What follows by itself: a task whose needs are met is queued; a workstream's state is derived
 * from its tasks. The order of the derivation decides: a critical failure first, then completion,
 * then exhaustion.
 */
#include "core/turn.h"

#include "core/link.h"

/* Whether something of the workstream is on its way, or will be without an operator. */
static uint32_t in_flight(const struct workstream *w)
{
	return w->by_state[TASK_QUEUED] + w->by_state[TASK_RUNNING] + w->by_state[TASK_VALIDATING] +
	       w->by_state[TASK_RETRYING];
}

static uint32_t settled(const struct workstream *w)
{
	return w->by_state[TASK_COMPLETED] + w->waived;
}

void turn_cancel_tasks(struct turn *t, uint32_t ws, enum trigger on, struct span reason)
{
	for (size_t i = 0; i < t->st->ws[ws].task_count; i++) {
		uint32_t task = t->st->ws[ws].tasks[i];
		const struct task *subject = &t->st->tasks[task];
		struct event *ev;

		if (task_state_final(subject->state) || subject->flags & TASK_CANCELLING)
			continue;
		if (subject->worker != NO_ID) {
			ev = turn_task_event(t, EV_TASK_CANCEL_REQUESTED, task);
			ev->attempt = subject->attempt;
		} else {
			ev = turn_task_move(t, task, on);
			INVARIANT(ev != NULL);
		}
		ev->reason = reason;
		turn_apply(t);
	}
}

/* The ids of failed tasks as a JSON array; at most 100, the rest is in the journal anyway. */
static struct span failed_tasks(struct turn *t, const struct workstream *w)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	unsigned count = 0;

	buf_putc(&list, '[');
	for (size_t i = 0; i < w->task_count && count < 100; i++) {
		const struct task *task = &t->st->tasks[w->tasks[i]];

		if (task->state != TASK_FAILED)
			continue;
		if (count++)
			buf_putc(&list, ',');
		buf_put_json(&list, task->id);
	}
	buf_putc(&list, ']');
	return turn_copy(t, (struct span){ list.p, list.len });
}

static void fail_ws(struct turn *t, uint32_t ws, enum trigger on, const char *error)
{
	struct span failed = failed_tasks(t, &t->st->ws[ws]);
	uint64_t cause = t->cause;
	struct event *ev;

	if (on != ON_TASKS_EXHAUSTED)
		turn_cancel_tasks(t, ws, ON_WORKSTREAM_FAILED, span_of(error));
	ev = turn_ws_move(t, ws, on);
	INVARIANT(ev != NULL);
	ev->failed_tasks = failed;
	ev->error = span_of(error);
	ev->caused_by = cause;
	turn_apply(t);
}

/*
 * Nothing of its own is validated yet, so it passes at once. A journal may hold one that was left
 * in between; should its tasks have been changed since, it has failed.
 */
static void end_validation(struct turn *t, uint32_t ws)
{
	const struct workstream *w = &t->st->ws[ws];
	bool passed = settled(w) == w->task_count && !w->critical_failed;
	struct event *ev =
		turn_ws_move(t, ws, passed ? ON_VALIDATION_PASSED : ON_VALIDATION_FAILED);

	INVARIANT(ev != NULL);
	if (!passed)
		ev->error = SPAN_LIT("its tasks are not completed any more");
	turn_apply(t);
}

static void complete_ws(struct turn *t, uint32_t ws)
{
	INVARIANT(turn_ws_move(t, ws, ON_ALL_TASKS_COMPLETED) != NULL);
	turn_apply(t);
	end_validation(t, ws);
}

static void derive_ws(struct turn *t, uint32_t ws)
{
	const struct workstream *w = &t->st->ws[ws];

	if (w->id.len == 0 || ws_state_final(w->state) || w->state == WS_PLANNED ||
	    w->task_count == 0)
		return;
	if (w->state == WS_READY) {
		if (w->by_state[TASK_PENDING] + w->by_state[TASK_QUEUED] == w->task_count)
			return;
		INVARIANT(turn_ws_move(t, ws, ON_FIRST_TASK_STARTED) != NULL);
		turn_apply(t);
	}
	if (w->state == WS_VALIDATING)
		end_validation(t, ws);
	else if (w->critical_failed > 0)
		fail_ws(t, ws, ON_CRITICAL_TASK_FAILED, CRITICAL_FAILED_REASON);
	else if (settled(w) == w->task_count)
		complete_ws(t, ws);
	else if (in_flight(w) == 0 && w->by_state[TASK_PENDING] == w->blocked &&
		 (w->by_state[TASK_FAILED] > 0 || w->blocked > 0))
		fail_ws(t, ws, ON_TASKS_EXHAUSTED, "nothing is left that can run");
}

static void queue_unblocked(struct turn *t, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];
	const struct workstream *w;

	if (task_gone(subject) || subject->state != TASK_PENDING || subject->unmet ||
	    !(subject->flags & TASK_LINKED))
		return;
	w = &t->st->ws[subject->ws];
	if (!w->active || subject->flags & TASK_HELD || w->flags & WSF_HALTED ||
	    ws_state_final(w->state))
		return;
	INVARIANT(turn_task_move(t, task, ON_SCHEDULER_ASSIGNED) != NULL);
	turn_apply(t);
}

void turn_follow(struct turn *t)
{
	struct state *st = t->st;

	while (st->unblocked_count || st->dirty_count) {
		while (st->unblocked_count)
			queue_unblocked(t, st->unblocked[--st->unblocked_count]);
		while (st->dirty_count && !st->unblocked_count) {
			uint32_t ws = st->dirty_ws[--st->dirty_count];

			st->ws[ws].dirty = false;
			derive_ws(t, ws);
		}
	}
}
