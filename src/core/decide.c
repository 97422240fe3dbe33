/*
 * The door of the core: one input in, events and effects out. After the input itself, whatever
 * follows from it is decided too (turn_follow), so that the state between two inputs never owes
 * anything.
 */
#include "core/decide.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/find.h"
#include "core/queue.h"
#include "core/schedule.h"
#include "core/turn.h"

static void orchestrator_started(struct turn *t, const struct input *in)
{
	struct event *ev = turn_event(t, EV_ORCHESTRATOR_STARTED);

	ev->incarnation = t->st->epoch + 1;
	ev->pid = in->pid;
	ev->pid_start = in->pid_start;
	ev->boot_id = turn_copy(t, in->boot_id);
	ev->version = turn_copy(t, in->version);
	turn_apply(t);
}

static void worker_spawned(struct turn *t, const struct input *in)
{
	uint32_t worker = state_worker(t->st, in->worker_id);
	bool known = worker != NO_ID;
	const struct edge *row;
	struct event *ev;

	row = edge_find(&worker_life, known ? t->st->workers[worker].state : NO_STATE,
			ON_WORKER_SPAWNED, 0);
	if (!row)
		return;
	ev = turn_event(t, row->event);
	ev->transition = true;
	ev->from = row->from;
	ev->to = row->to;
	ev->trigger = (uint8_t)row->on;
	ev->edge = span_of(row->id);
	ev->worker_id = turn_copy(t, in->worker_id);
	ev->incarnation = known ? t->st->workers[worker].incarnation + 1u : 1;
	if (in->incarnation > ev->incarnation && in->incarnation <= INT32_MAX)
		ev->incarnation = in->incarnation; /* started by hand: it counts for itself */
	turn_apply(t);
}

static int worker_registered(struct turn *t, const struct input *in)
{
	uint32_t worker = state_worker(t->st, in->worker_id);
	struct worker *w = worker == NO_ID ? NULL : &t->st->workers[worker];
	struct event *ev;

	if (!w || w->incarnation != in->incarnation || w->state == WORKER_SHUTDOWN) {
		if (t->why)
			buf_putf(t->why, "worker \"%.*s\" incarnation %u is not expected here",
				 SPAN_ARG(in->worker_id), (unsigned)in->incarnation);
		return -SK_EREFUSED;
	}
	if (in->slots > SLOTS_MAX) {
		if (t->why)
			buf_putf(t->why, "worker \"%.*s\" offers more than %d slots",
				 SPAN_ARG(in->worker_id), SLOTS_MAX);
		return -SK_EREFUSED;
	}
	if (w->state == WORKER_INITIALIZING) {
		ev = turn_worker_move(t, worker, ON_REGISTRATION_COMPLETE);
		INVARIANT(ev != NULL);
		ev->slots = in->slots;
		ev->pid = in->pid;
		ev->pid_start = in->pid_start;
		ev->boot_id = turn_copy(t, in->boot_id);
		ev->nonce = turn_copy(t, in->nonce);
		ev->version = turn_copy(t, in->version);
		ev->kill_mode = turn_copy(t, in->kill_mode);
		ev->capabilities = turn_copy(t, in->capabilities);
		turn_apply(t);
	}
	w = &t->st->workers[worker];
	w->connected = true;
	if (in->slots) /* another run may want it to do more at once, or less, and knows what it can
			*/
		w->slots = (uint32_t)in->slots;
	if (in->capabilities.len && !span_eq(in->capabilities, w->capabilities))
		w->capabilities = arena_copy(&t->st->text, in->capabilities);
	return 0;
}

static void worker_health(struct turn *t, const struct input *in, enum trigger on)
{
	uint32_t worker = state_worker(t->st, in->worker_id);
	struct event *ev;

	if (worker == NO_ID || t->st->workers[worker].incarnation != in->incarnation ||
	    !turn_worker_move(t, worker, on))
		return;
	t->cause = turn_apply(t);
	if (on != ON_HEALTH_CHECK_RECOVERED || !in->watch)
		return;
	ev = turn_event(t, EV_WORKER_WATCHED);
	ev->worker_id = t->st->workers[worker].id;
	ev->incarnation = in->incarnation;
	ev->duration_ms = in->silent_ms;
	turn_apply(t);
}

static void retries_due(struct turn *t)
{
	uint32_t task;

	while ((task = queue_first(&t->st->retry)) != NO_ID &&
	       t->st->tasks[task].retry_at_ms <= t->now_ms) {
		INVARIANT(turn_task_move(t, task, ON_RETRY_DELAY_ELAPSED) != NULL);
		turn_apply(t);
	}
}

/* Each run of a plan has the whole time: what passed between two of them is charged to nobody. */
static int64_t ws_deadline(const struct workstream *w)
{
	if (w->state != WS_EXECUTING || !w->max_duration_ms || !w->started_ms || !w->active)
		return INT64_MAX;
	return (w->started_ms > w->opened_ms ? w->started_ms : w->opened_ms) + w->max_duration_ms +
	       w->excused_ms;
}

static void workstreams_due(struct turn *t)
{
	for (size_t i = 0; i < t->st->open_count; i++) {
		uint32_t ws = t->st->open_ws[i];
		const struct workstream *w = &t->st->ws[ws];
		struct event *ev;

		if (ws_deadline(w) > t->now_ms)
			continue;
		ev = turn_ws_event(t, EV_WS_TIMEOUT, ws);
		ev->max_duration_ms = (uint64_t)w->max_duration_ms;
		t->cause = turn_apply(t);
		turn_cancel_tasks(t, ws, ON_WORKSTREAM_FAILED,
				  SPAN_LIT("the workstream ran out of time"));
		ev = turn_ws_move(t, ws, ON_WORKSTREAM_TIMEOUT);
		INVARIANT(ev != NULL);
		ev->error = SPAN_LIT("the workstream ran out of time");
		turn_apply(t);
		t->cause = 0;
	}
}

int64_t core_deadline(const struct state *st)
{
	int64_t next = resource_deadline(st);
	uint32_t task = queue_first(&st->retry);

	if (task != NO_ID && st->tasks[task].retry_at_ms < next)
		next = st->tasks[task].retry_at_ms;
	for (size_t i = 0; i < st->open_count; i++)
		if (ws_deadline(&st->ws[st->open_ws[i]]) < next)
			next = ws_deadline(&st->ws[st->open_ws[i]]);
	return next;
}

/* The workstream that the act is about, or NO_ID. */
static uint32_t act_subject(const struct turn *t, const struct act *act)
{
	uint32_t found = NO_ID;

	if (act->workstream_id.len)
		return find_workstream(t->st, act->workstream_id, &found, NULL) < 0 ? NO_ID : found;
	return find_task(t->st, act->task_id, &found, NULL) < 0 ? NO_ID : t->st->tasks[found].ws;
}

/* The others of its workstream wait until somebody wants them. */
static void activate_one(struct turn *t, uint32_t task)
{
	struct workstream *w = &t->st->ws[t->st->tasks[task].ws];

	for (size_t i = 0; i < w->task_count; i++)
		if (w->tasks[i] != task)
			t->st->tasks[w->tasks[i]].flags |= TASK_HELD;
	turn_activate_ws(t, t->st->tasks[task].ws);
	w->in_part = true;
}

/*
 * What the act set free begins, where somebody is at work. For a workstream of an earlier run,
 * which nobody asked for this time, that is no more than what was named.
 */
static void begin_again(struct turn *t, uint32_t ws, const struct act *act)
{
	struct workstream *w = &t->st->ws[ws];
	bool whole = act->workstream_id.len || t->st->serves_all;
	uint32_t task;

	if (ws_state_final(w->state))
		return;
	for (size_t i = 0; whole && w->in_part && i < w->task_count; i++)
		t->st->tasks[w->tasks[i]].flags &= (uint16_t)~TASK_HELD;
	/* One that had ended is still active, but the scheduler does not look at it any more. */
	if (whole ? w->in_part || !w->listed : w->active && !w->in_part && !w->listed)
		turn_activate_ws(t, ws);
	else if (!w->listed && act->kind == ACT_TASK_RETRY &&
		 find_task(t->st, act->task_id, &task, NULL) == 0)
		activate_one(t, task);
}

static int act(struct turn *t, const struct input *in)
{
	int rc = turn_act(t, in->act);
	uint32_t ws = rc < 0 ? NO_ID : act_subject(t, in->act);

	if (ws != NO_ID && in->live)
		begin_again(t, ws, in->act);
	return rc;
}

static void activate_all(struct turn *t)
{
	for (uint32_t i = 0; i < t->st->ws_count; i++) {
		const struct workstream *w = &t->st->ws[i];

		if (w->id.len && !ws_state_final(w->state) && !w->active)
			turn_activate_ws(t, i);
	}
}

static enum trigger worker_trigger(enum input_kind kind)
{
	static const enum trigger triggers[IN_KIND_COUNT] = {
		[IN_WORKER_LOST] = ON_WORKER_CRASHED,
		[IN_WORKER_EXPIRED] = ON_MAX_TIMEOUT_EXCEEDED,
		[IN_WORKER_SHUTDOWN] = ON_SHUTDOWN_REQUESTED,
		[IN_WORKER_SILENT] = ON_HEALTH_CHECK_TIMEOUT,
		[IN_WORKER_HEARD] = ON_HEALTH_CHECK_RECOVERED,
	};

	return triggers[kind];
}

static int dispatch(struct turn *t, const struct input *in)
{
	switch (in->kind) {
	case IN_ORCHESTRATOR_STARTED:
		orchestrator_started(t, in);
		return 0;
	case IN_ORCHESTRATOR_STOPPED:
		turn_event(t, EV_ORCHESTRATOR_STOPPED)->reason = turn_copy(t, in->reason);
		turn_apply(t);
		return 0;
	case IN_SUBMIT:
		turn_submit(t, in->submission, in->submit_flags, in->operator_name);
		return 0;
	case IN_TIME:
		retries_due(t);
		workstreams_due(t);
		turn_resource_time(t);
		return 0;
	case IN_WORKER_SPAWNED:
		worker_spawned(t, in);
		return 0;
	case IN_WORKER_REGISTERED:
		return worker_registered(t, in);
	case IN_WORKER_LOST:
	case IN_WORKER_EXPIRED:
	case IN_WORKER_SHUTDOWN:
		turn_worker_gone(t, in, worker_trigger(in->kind));
		return 0;
	case IN_WORKER_SILENT:
	case IN_WORKER_HEARD:
		worker_health(t, in, worker_trigger(in->kind));
		return 0;
	case IN_STARTED:
		turn_started(t, in);
		return 0;
	case IN_FINISHED:
		turn_finished(t, in);
		return 0;
	case IN_UNKNOWN_TO_WORKER:
		turn_unknown_to_worker(t, in);
		return 0;
	case IN_CANCEL_TASK:
		return turn_cancel_task(t, in);
	case IN_ACT:
		return act(t, in);
	case IN_ACTIVATE_ALL:
		activate_all(t);
		return 0;
	case IN_INTERRUPT:
		turn_interrupt(t, in);
		return 0;
	case IN_SCHEDULE:
		turn_schedule(t);
		return 0;
	case IN_KIND_COUNT:
		break;
	}
	INVARIANT(!"a known input");
	return 0;
}

int core_step(struct state *st, const struct input *in, int64_t now_ms, struct events *batch,
	      struct effects *fx, struct buf *why)
{
	struct turn t = { .st = st, .batch = batch, .fx = fx, .now_ms = now_ms, .why = why };
	int rc;

	if (t.now_ms < st->last_at_ms)
		t.now_ms = st->last_at_ms;
	rc = dispatch(&t, in);
	if (rc < 0)
		return rc;
	t.cause = 0;
	turn_follow(&t);
	return 0;
}
