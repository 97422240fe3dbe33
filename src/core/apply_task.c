/*
 * Every check comes before the first change, so that an event which cannot follow leaves the state
 * as it was. What a transition does is read off its row (edge.h); only what a row cannot say is
 * tied to the kind of event.
 */
#include "core/apply_task.h"

#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "core/edge.h"
#include "core/link.h"
#include "core/queue.h"
#include "core/task_define.h"

static int illegal(char why[200], const struct event *ev, const char *what)
{
	snprintf(why, 200, "%s for task \"%.*s\"", what, SPAN_ARG(ev->task_id));
	return -SK_ECORRUPT;
}

/* Text that changes over a task's life; the old bytes stay in the arena until the next start. */
static void keep(struct state *st, struct span *member, struct span text)
{
	if (!span_eq(*member, text))
		*member = arena_copy(&st->text, text);
}

static int task_create(struct state *st, const struct event *ev, char why[200])
{
	uint32_t ws = state_ws(st, ev->workstream_id), index = (uint32_t)st->task_count;
	struct task t = { .ws = ws, .worker = NO_ID, .heap_at = NO_ID, .waits_for = NO_RESOURCE };
	struct workstream *w;
	int rc;

	if (ws == NO_ID)
		return illegal(why, ev, "unknown workstream");
	if (!id_valid(ev->task_id))
		return illegal(why, ev, "not an id");
	if (state_task(st, ev->task_id) != NO_ID)
		return illegal(why, ev, "second creation");
	if (needs_check(ev->needs) < 0)
		return illegal(why, ev, "unreadable or repeated needs");
	if (st->task_count == TASKS_MAX)
		return illegal(why, ev, "too many tasks");
	t.id = ev->task_id;
	rc = task_define(st, &t, ev->def, why);
	if (rc < 0)
		return rc;
	t.state = TASK_PENDING;
	t.id = arena_copy(&st->text, ev->task_id);
	t.name = ev->name.len ? arena_copy(&st->text, ev->name) : t.id;
	t.needs_raw = arena_copy(&st->text, ev->needs.len ? ev->needs : SPAN_LIT("[]"));
	t.created_ms = ev->at_ms;
	t.last_seq = ev->seq;
	mem_grow(&st->tasks, &st->task_capacity, st->task_count + 1, sizeof(t));
	st->tasks[st->task_count++] = t;
	map_put(&st->task_ids, t.id, index);
	w = &st->ws[ws];
	mem_grow(&w->tasks, &w->task_capacity, w->task_count + 1, sizeof(*w->tasks));
	w->tasks[w->task_count++] = index;
	w->by_state[TASK_PENDING]++;
	return 0;
}

static void remove_index(uint32_t *v, size_t *count, uint32_t value)
{
	for (size_t i = *count; i-- > 0;) {
		if (v[i] != value)
			continue;
		v[i] = v[--*count];
		return;
	}
	INVARIANT(!"the list holds the task");
}

static void take_resources(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];

	for (uint8_t i = 0; i < t->resource_count; i++) {
		struct resource *r = &st->resources[t->resources[i].resource];

		mem_grow(&r->holders, &r->holder_capacity, r->holder_count + 1,
			 sizeof(*r->holders));
		r->holders[r->holder_count++] = task;
		r->held += resource_amount(r, t->resources[i].amount);
	}
}

uint32_t task_amount(const struct task *t, uint32_t resource)
{
	for (uint8_t i = 0; i < t->resource_count; i++)
		if (t->resources[i].resource == resource)
			return t->resources[i].amount;
	return 0;
}

static void give_resources(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];

	for (uint8_t i = 0; i < t->resource_count; i++) {
		struct resource *r = &st->resources[t->resources[i].resource];

		remove_index(r->holders, &r->holder_count, task);
		r->held -= resource_amount(r, t->resources[i].amount);
		r->woken = true;
	}
}

void task_leave_worker(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];
	struct worker *w;
	size_t count;

	if (t->worker == NO_ID)
		return;
	w = &st->workers[t->worker];
	count = w->assigned;
	remove_index(w->tasks, &count, task);
	w->assigned = (uint32_t)count;
	st->ws[t->ws].assigned--;
	t->worker = NO_ID;
}

void task_give_back(struct state *st, uint32_t task)
{
	/* A validating task that lost its worker still holds its resources; a queued one without a
	 * worker holds nothing. */
	if (st->tasks[task].worker != NO_ID || st->tasks[task].state == TASK_VALIDATING)
		give_resources(st, task);
	task_leave_worker(st, task);
}

/* A waived dependency is in nobody's dependents, so each entry counts. */
static void settle_dependents(struct state *st, const struct task *t, int change)
{
	for (uint32_t i = 0; i < t->dependents_count; i++) {
		struct task *d = &st->tasks[t->dependents[i]];

		INVARIANT(change > 0 || d->unmet > 0);
		d->unmet = (uint32_t)((int64_t)d->unmet + change);
		if (d->unmet == 0 && d->state == TASK_PENDING)
			agenda_task(st, t->dependents[i]);
	}
}

static bool counts_as_critical(const struct workstream *w, const struct task *t)
{
	if (w->flags & WSF_FAIL_FAST)
		return true;
	return t->flags & TASK_CRITICAL && !(w->flags & WSF_KEEP_GOING);
}

static void keep_result(struct state *st, struct task *t, const struct event *ev)
{
	t->exit_code = (int32_t)ev->exit_code;
	t->signal = (uint8_t)ev->signal;
	t->duration_ms = ev->duration_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ev->duration_ms;
	t->cpu_ms = ev->cpu_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ev->cpu_ms;
	t->peak_kb = ev->peak_kb > UINT32_MAX ? UINT32_MAX : (uint32_t)ev->peak_kb;
	keep(st, &t->error, ev->error);
	if (ev->outputs.len) {
		keep(st, &t->outputs, ev->outputs);
		st->outputs_bytes += ev->outputs.len;
	}
}

/* An end that was asked for is over, one way or another. */
#define CANCEL_FLAGS (TASK_CANCELLING | TASK_WAIVES | TASK_RESTORE)

/* What had followed from a failure or a cancellation no longer does. */
static void leave_final(struct state *st, struct task *t, const struct event *ev)
{
	struct workstream *w = &st->ws[t->ws];

	if (ev->from == TASK_FAILED && t->flags & TASK_FATAL) {
		w->critical_failed--;
		t->flags &= (uint16_t)~TASK_FATAL;
	}
	if (ev->from == TASK_CANCELLED && t->flags & TASK_WAIVES) {
		w->waived--;
		t->flags &= (uint16_t)~TASK_WAIVES;
		settle_dependents(st, t, 1);
	}
}

/* Back to the beginning: O1, O3, O5. */
static void task_reset(struct state *st, uint32_t task, const struct event *ev)
{
	struct task *t = &st->tasks[task];

	t->flags &= (uint16_t) ~(TASK_SKIPPED | TASK_DROPPED | CANCEL_FLAGS);
	t->retry_count = (uint16_t)ev->retry_count;
	t->reassign_count = 0;
	t->error = SPAN_NONE;
	t->ended_ms = 0;
	t->retry_at_ms = 0;
	if (ev->timeout_ms) {
		t->timeout_ms = (uint32_t)ev->timeout_ms;
		t->flags |= TASK_TIMEOUT_SET;
	}
	if (t->unmet == 0)
		agenda_task(st, task);
}

/* What the row asks for, in the state before the word changes. */
static void act_before(struct state *st, uint32_t task, const struct event *ev,
		       const struct edge *row)
{
	struct task *t = &st->tasks[task];

	queue_leave(st, task);
	if (row->acts & DO_RESULT)
		keep_result(st, t, ev);
	if (row->acts & DO_FREE)
		task_give_back(st, task);
}

/* What the row asks for, once the task is in its new state. */
static void act_after(struct state *st, uint32_t task, const struct event *ev,
		      const struct edge *row, struct effects *fx)
{
	struct task *t = &st->tasks[task];
	struct workstream *w = &st->ws[t->ws];

	if (row->acts & DO_QUEUE) {
		t->queued_ms = ev->at_ms;
		t->retry_at_ms = 0;
		if (w->active && !(t->flags & TASK_HELD))
			queue_ready(st, task);
	}
	if (row->acts & DO_START) {
		t->started_ms = ev->at_ms;
		t->ended_ms = 0;
	}
	if (row->acts & DO_RETRY) {
		t->retry_count = ev->retry_count ? (uint16_t)ev->retry_count : t->retry_count;
		t->reassign_count =
			ev->reassign_count ? (uint16_t)ev->reassign_count : t->reassign_count;
		t->retry_at_ms = ev->retry_at_ms ? ev->retry_at_ms : ev->at_ms;
		t->flags &= (uint16_t)~CANCEL_FLAGS;
		queue_retry(st, task);
	}
	leave_final(st, t, ev);
	if (row->acts & DO_END) {
		t->ended_ms = ev->at_ms;
		t->flags &= (uint16_t)~CANCEL_FLAGS;
	}
	if (ev->to == TASK_FAILED) {
		keep(st, &t->error, ev->error);
		if (counts_as_critical(w, t)) {
			t->flags |= TASK_FATAL;
			w->critical_failed++;
		}
	}
	if (row->acts & DO_SETTLE)
		settle_dependents(st, t, -1);
	if (row->acts & DO_RESET)
		task_reset(st, task, ev);
	if (ev->kind == EV_TASK_CANCELLED && ev->waive) {
		t->flags |= TASK_WAIVES;
		w->waived++;
		settle_dependents(st, t, -1);
	}
	if (ev->to == TASK_VALIDATING && t->flags & TASK_HAS_AFTER && fx)
		effects_add(fx, (struct effect){ FX_VALIDATE, task, t->ws, t->worker, t->attempt });
}

static int check_transition(const struct task *t, const struct event *ev, const struct edge *row,
			    char why[200])
{
	if (!row || t->state != ev->from) {
		const char *from = task_state_word(ev->from), *to = task_state_word(ev->to);

		snprintf(why, 200,
			 "illegal transition %s → %s (%.*s) for task \"%.*s\", which is %s",
			 from ? from : "(none)", to ? to : "(none)", SPAN_ARG(ev->edge),
			 SPAN_ARG(ev->task_id), task_state_word(t->state));
		return -SK_ECORRUPT;
	}
	if (!(t->flags & TASK_LINKED) && ev->to != TASK_CANCELLED && ev->to != TASK_COMPLETED)
		return illegal(why, ev, "transition before workstream_ready");
	if (ev->from == TASK_PENDING && ev->to == TASK_QUEUED && t->unmet)
		return illegal(why, ev, "queued with unmet dependencies");
	if (ev->signal > UINT8_MAX || ev->exit_code != (int32_t)ev->exit_code ||
	    ev->retry_count > UINT16_MAX || ev->reassign_count > UINT16_MAX ||
	    (row->acts & DO_RESET && ev->timeout_ms > UINT32_MAX))
		return illegal(why, ev, "number out of range");
	if (row->acts & DO_START && t->worker == NO_ID)
		return illegal(why, ev, "started without an assignment");
	if (ev->attempt && ev->attempt != t->attempt)
		return illegal(why, ev, "wrong attempt");
	return 0;
}

int apply_task_transition(struct state *st, const struct event *ev, struct effects *fx,
			  char why[200])
{
	const struct edge *row = edge_of_event(&task_life, ev);
	uint32_t task = state_task(st, ev->task_id);
	struct workstream *w;
	struct task *t;
	bool stopped;
	int rc;

	if (ev->kind == EV_TASK_CREATED)
		return row ? task_create(st, ev, why) : illegal(why, ev, "illegal creation");
	if (task == NO_ID)
		return illegal(why, ev, "event without creation");
	t = &st->tasks[task];
	rc = check_transition(t, ev, row, why);
	if (rc < 0)
		return rc;
	w = &st->ws[t->ws];
	stopped = task_stops(st, task);
	act_before(st, task, ev, row);
	w->by_state[t->state]--;
	t->state = ev->to;
	w->by_state[t->state]++;
	t->last_seq = ev->seq;
	if (ev->kind == EV_TASK_SKIPPED)
		t->flags |= TASK_SKIPPED;
	if (ev->reason.len)
		keep(st, &t->reason, ev->reason);
	act_after(st, task, ev, row, fx);
	mark_blocked(st, task, stopped);
	agenda_ws(st, t->ws);
	return 0;
}

/* A validating task goes on with the attempt and the resources it has. */
static int check_assignment(const struct state *st, const struct task *t, const struct event *ev,
			    char why[200])
{
	uint32_t worker = state_worker(st, ev->worker_id);
	uint64_t attempt = t->state == TASK_VALIDATING ? t->attempt : t->attempt + 1ULL;

	if (worker == NO_ID || st->workers[worker].incarnation != ev->incarnation ||
	    st->workers[worker].state == WORKER_SHUTDOWN)
		return illegal(why, ev, "assignment to an unknown worker");
	if (t->worker != NO_ID || (t->state != TASK_QUEUED && t->state != TASK_VALIDATING))
		return illegal(why, ev, "assignment in the wrong state");
	if (ev->attempt != attempt || attempt > UINT32_MAX)
		return illegal(why, ev, "wrong attempt");
	for (uint8_t i = 0; i < t->resource_count && t->state == TASK_QUEUED; i++)
		if (!resource_fits(&st->resources[t->resources[i].resource],
				   t->resources[i].amount))
			return illegal(why, ev, "assignment without free resources");
	return 0;
}

static int apply_assigned(struct state *st, uint32_t task, const struct event *ev,
			  struct effects *fx, char why[200])
{
	uint32_t worker = state_worker(st, ev->worker_id);
	struct task *t = &st->tasks[task];
	bool validation = t->state == TASK_VALIDATING;
	struct worker *w;
	int rc = check_assignment(st, t, ev, why);

	if (rc < 0)
		return rc;
	queue_leave(st, task);
	w = &st->workers[worker];
	if (w->assigned == w->task_capacity)
		mem_grow(&w->tasks, &w->task_capacity, w->assigned + 1, sizeof(*w->tasks));
	w->tasks[w->assigned++] = task;
	t->worker = worker;
	t->attempt = (uint32_t)ev->attempt;
	st->ws[t->ws].assigned++;
	st->ws[t->ws].last_served = ev->seq;
	if (!validation)
		take_resources(st, task);
	if (fx)
		effects_add(fx, (struct effect){ validation ? FX_VALIDATE : FX_ASSIGN, task, t->ws,
						 worker, t->attempt });
	return 0;
}

/* A JSON array of ids among the task's own needs: each gets WAIVED. */
static int apply_waived(struct state *st, uint32_t task, const struct event *ev, char why[200])
{
	struct scan_text id = { SPAN_NONE, false };
	struct scan s;

	if (needs_check(ev->needs) < 0)
		return illegal(why, ev, "unreadable list of needs");
	scan_init(&s, ev->needs);
	scan_array(&s);
	while (scan_item(&s)) {
		uint32_t need;

		scan_string(&s, &id);
		need = state_task(st, id.raw);
		if (need != NO_ID)
			waive_need(st, task, need);
	}
	mark_blocked(st, task, task_stops(st, task));
	return 0;
}

static int apply_updated(struct state *st, uint32_t task, const struct event *ev, char why[200])
{
	struct task *t = &st->tasks[task];
	int rc;

	if (t->worker != NO_ID || t->state == TASK_VALIDATING)
		return illegal(why, ev,
			       "new definition in the wrong state"); /* what it holds must stay what
									it gives back */
	if (needs_check(ev->needs) < 0)
		return illegal(why, ev, "unreadable or repeated needs");
	rc = task_define(st, t, ev->def, why);
	if (rc < 0)
		return rc;
	if (t->state == TASK_QUEUED &&
	    t->heap_at != NO_ID) { /* its place in line, and which line, may be another now */
		queue_leave(st, task);
		queue_ready(st, task);
	}
	t->needs_raw = arena_copy(&st->text, ev->needs.len ? ev->needs : SPAN_LIT("[]"));
	return 0;
}

/* Its command is to end, and then it is to be as it was when nothing of it had been done. */
static int apply_rollback(struct state *st, uint32_t task, const struct event *ev,
			  struct effects *fx, char why[200])
{
	struct task *t = &st->tasks[task];

	if (t->worker == NO_ID || ev->retry_count > UINT16_MAX)
		return illegal(why, ev, "a rollback of what is not at work");
	t->flags &= (uint16_t)~TASK_WAIVES;
	t->flags |= TASK_CANCELLING | TASK_RESTORE;
	t->retry_count = (uint16_t)ev->retry_count;
	if (fx)
		effects_add(fx, (struct effect){ FX_CANCEL, task, t->ws, t->worker, t->attempt });
	return 0;
}

int apply_task_fact(struct state *st, const struct event *ev, struct effects *fx, char why[200])
{
	uint32_t task = state_task(st, ev->task_id);
	struct task *t;

	if (ev->kind == EV_STALE_RESULT_IGNORED)
		return 0; /* may name a task that is long archived */
	if (task == NO_ID)
		return illegal(why, ev, "event without creation");
	t = &st->tasks[task];
	switch (ev->kind) {
	case EV_TASK_ASSIGNED:
		return apply_assigned(st, task, ev, fx, why);
	case EV_TASK_CANCEL_REQUESTED:
		if (t->worker == NO_ID)
			return illegal(why, ev, "an end asked of no worker");
		t->flags &= (uint16_t)~TASK_RESTORE;
		t->flags |= (uint16_t)(TASK_CANCELLING | (ev->waive ? TASK_WAIVES : 0));
		if (ev->reason.len)
			keep(st, &t->reason, ev->reason);
		if (fx)
			effects_add(fx, (struct effect){ FX_CANCEL, task, t->ws, t->worker,
							 t->attempt });
		return 0;
	case EV_TASK_ROLLBACK:
		return apply_rollback(st, task, ev, fx, why);
	case EV_TASK_UPDATED:
		return apply_updated(st, task, ev, why);
	case EV_TASK_DROPPED:
		t->flags |= TASK_DROPPED;
		return 0;
	case EV_DEPENDENCY_WAIVED:
		return apply_waived(st, task, ev, why);
	default:
		return 0; /* detection records change nothing */
	}
}
