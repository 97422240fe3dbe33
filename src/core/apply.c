/*
 * The fold. One function of state and event, used live and in replay: what it cannot do did not
 * happen. It is the only writer of the recorded part of the state (the queues are indexes over it,
 * kept by queue.c).
 */
#include "core/apply.h"

#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "core/apply_goal.h"
#include "core/apply_task.h"
#include "core/edge.h"
#include "core/link.h"
#include "core/queue.h"
#include "core/worker_def.h"

static int illegal(char why[200], const char *what, struct span id)
{
	snprintf(why, 200, "%s \"%.*s\"", what, SPAN_ARG(id));
	return -SK_ECORRUPT;
}

static int illegal_move(char why[200], const struct life *life, const struct event *ev,
			struct span id, unsigned now)
{
	const char *from = life->state_word(ev->from), *to = life->state_word(ev->to),
		   *is = life->state_word(now);

	snprintf(why, 200, "illegal transition %s → %s (%.*s) for %s \"%.*s\", which is %s",
		 from ? from : "(none)", to ? to : "(none)", SPAN_ARG(ev->edge), life->name,
		 SPAN_ARG(id), is ? is : "(none)");
	return -SK_ECORRUPT;
}

static bool settings_fit(const struct event *ev)
{
	return ev->max_parallel <= UINT32_MAX && ev->max_duration_ms <= INTEGER_MAX &&
	       ev->run_no < UINT32_MAX;
}

static void ws_take_settings(struct state *st, struct workstream *w, const struct event *ev)
{
	w->plan = arena_copy(&st->text, ev->plan);
	w->def = arena_copy(&st->text, ev->def);
	w->has_workers = ws_def_has_workers(w->def);
	w->max_parallel = (uint32_t)ev->max_parallel;
	w->max_duration_ms = (int64_t)ev->max_duration_ms;
	w->flags =
		(w->flags & WSF_HALTED) | ((uint32_t)ev->flags & (WSF_KEEP_GOING | WSF_FAIL_FAST));
}

static int ws_create(struct state *st, const struct event *ev, char why[200])
{
	struct workstream w = { .state = WS_PLANNED, .created_ms = ev->at_ms, .last_seq = ev->seq };

	if (!id_valid(ev->workstream_id))
		return illegal(why, "not an id: workstream", ev->workstream_id);
	if (state_ws(st, ev->workstream_id) != NO_ID)
		return illegal(why, "second creation of workstream", ev->workstream_id);
	if (!settings_fit(ev))
		return illegal(why, "settings out of range for workstream", ev->workstream_id);
	w.id = arena_copy(&st->text, ev->workstream_id);
	w.name = ev->name.len ? arena_copy(&st->text, ev->name) : w.id;
	w.run_no = ev->run_no ? (uint32_t)ev->run_no : 1;
	ws_take_settings(st, &w, ev);
	mem_grow(&st->ws, &st->ws_capacity, st->ws_count + 1, sizeof(w));
	st->ws[st->ws_count] = w;
	map_put(&st->ws_ids, w.id, (uint32_t)st->ws_count++);
	return 0;
}

static int apply_ws(struct state *st, const struct event *ev, struct effects *fx, char why[200])
{
	const struct edge *row = edge_of_event(&ws_life, ev);
	uint32_t ws = state_ws(st, ev->workstream_id);
	struct workstream *w;

	if (row && row->from == NO_STATE)
		return ws_create(st, ev, why);
	if (ws == NO_ID)
		return illegal(why, "unknown workstream", ev->workstream_id);
	w = &st->ws[ws];
	if (!row || w->state != ev->from)
		return illegal_move(why, &ws_life, ev, w->id, w->state);
	if (ev->kind == EV_WS_READY && link_ws(st, ws, why) < 0)
		return -SK_ECORRUPT;
	w->state = ev->to;
	w->last_seq = ev->seq;
	if (row->acts & DO_START && !w->started_ms)
		w->started_ms = ev->at_ms;
	if (row->acts & DO_END)
		w->ended_ms = ev->at_ms;
	if (row->acts & DO_RESET) {
		w->ended_ms = 0;
		w->started_ms = ev->at_ms;
	}
	if (ev->kind == EV_WS_RESUMED && w->flags & WSF_HALTED) {
		w->flags &= ~(uint32_t)WSF_HALTED;
		for (size_t i = 0; i < w->task_count; i++)
			agenda_task(st, w->tasks[i]);
	}
	if (ev->reason.len)
		w->reason = arena_copy(&st->text, ev->reason);
	if (row->acts & DO_ARCHIVE && fx)
		effects_add(fx, (struct effect){ FX_ARCHIVE, NO_ID, ws, NO_ID, 0 });
	agenda_ws(st, ws);
	return 0;
}

/* Forgets a workstream and its tasks: their ids are free again, their slots stay behind, marked as
 * gone. */
static int apply_archived(struct state *st, const struct event *ev, char why[200])
{
	uint32_t ws = state_ws(st, ev->workstream_id);
	struct workstream *w;

	if (ws == NO_ID)
		return illegal(why, "unknown workstream", ev->workstream_id);
	w = &st->ws[ws];
	if (w->assigned)
		return illegal(why, "archiving with live tasks: workstream", ev->workstream_id);
	for (size_t i = 0; i < w->task_count; i++)
		unlink_task(st, w->tasks[i]);
	for (size_t i = 0; i < w->task_count; i++) {
		struct task *t = &st->tasks[w->tasks[i]];

		queue_leave(st, w->tasks[i]);
		task_give_back(st, w->tasks[i]);
		map_remove(&st->task_ids, t->id);
		t->ws = NO_ID;
		t->dependents_count = 0;
	}
	map_remove(&st->ws_ids, w->id);
	mem_free(&w->tasks);
	mem_free(&w->ready.v);
	memset(w, 0, sizeof(*w));
	w->state = WS_CANCELLED;
	return 0;
}

static int apply_ws_fact(struct state *st, const struct event *ev, char why[200])
{
	uint32_t ws = state_ws(st, ev->workstream_id);

	if (ws == NO_ID)
		return illegal(why, "unknown workstream", ev->workstream_id);
	if (ev->kind == EV_WS_UPDATED) {
		if (!settings_fit(ev))
			return illegal(why, "settings out of range for workstream",
				       ev->workstream_id);
		if (st->ws[ws].state != WS_PLANNED && link_ws(st, ws, why) < 0)
			return -SK_ECORRUPT;
		ws_take_settings(st, &st->ws[ws], ev);
	}
	if (ev->kind == EV_CYCLE_DETECTED)
		st->ws[ws].flags |= WSF_HALTED;
	return 0;
}

static uint32_t worker_slot(struct state *st, struct span id)
{
	uint32_t index = state_worker(st, id);
	struct worker w = { .state = WORKER_SHUTDOWN };

	if (index != NO_ID)
		return index;
	w.id = arena_copy(&st->text, id);
	mem_grow(&st->workers, &st->worker_capacity, st->worker_count + 1, sizeof(w));
	st->workers[st->worker_count] = w;
	map_put(&st->worker_ids, w.id, (uint32_t)st->worker_count);
	return (uint32_t)st->worker_count++;
}

static void worker_take_facts(struct state *st, struct worker *w, const struct event *ev)
{
	w->slots = (uint32_t)ev->slots;
	w->pid = ev->pid;
	w->pid_start = ev->pid_start;
	w->registered_ms = ev->at_ms;
	w->boot_id = arena_copy(&st->text, ev->boot_id);
	w->nonce = arena_copy(&st->text, ev->nonce);
	w->version = arena_copy(&st->text, ev->version);
	w->kill_mode = arena_copy(&st->text, ev->kill_mode);
	w->capabilities = arena_copy(&st->text, ev->capabilities);
}

static void worker_end(struct state *st, struct worker *w, const struct event *ev)
{
	w->ended_ms = ev->at_ms;
	w->connected = false;
	w->leave &= LEAVE_RESTART;
	while (w->assigned) {
		uint32_t task = w->tasks[w->assigned - 1];

		task_leave_worker(st, task); /* only validating ones are left: their rules are run
						again elsewhere */
		if (st->ws[st->tasks[task].ws].active && !(st->tasks[task].flags & TASK_HELD))
			queue_ready(st, task);
	}
}

/* What the event says of a worker that was found to be in the right state. Returns NULL, or what is
 * wrong with it. */
static const char *worker_problem(const struct state *st, const struct worker *w,
				  const struct event *ev, const struct edge *row)
{
	if (ev->kind == EV_WORKER_SPAWNED &&
	    (ev->incarnation > INT32_MAX || ev->incarnation <= (w ? w->incarnation : 0)))
		return "incarnation that is not new for worker";
	if (row->acts & DO_START && ev->slots > SLOTS_MAX)
		return "too many slots for worker";
	if (row->acts & DO_END)
		for (uint32_t i = 0; i < w->assigned; i++)
			if (st->tasks[w->tasks[i]].state != TASK_VALIDATING)
				return "end of a worker that still has tasks: worker";
	return NULL;
}

static int apply_worker(struct state *st, const struct event *ev, char why[200])
{
	const struct edge *row = edge_of_event(&worker_life, ev);
	uint32_t index = state_worker(st, ev->worker_id);
	const char *problem;
	struct worker *w;

	if (!row || !id_valid(ev->worker_id))
		return illegal(why, "illegal event for worker", ev->worker_id);
	if (index == NO_ID && row->from != NO_STATE)
		return illegal(why, "unknown worker", ev->worker_id);
	if (index == NO_ID && st->worker_count == WORKERS_MAX)
		return illegal(why, "too many workers: worker", ev->worker_id);
	if (index != NO_ID && st->workers[index].state != row->from)
		return illegal_move(why, &worker_life, ev, ev->worker_id, st->workers[index].state);
	problem = worker_problem(st, index == NO_ID ? NULL : &st->workers[index], ev, row);
	if (problem)
		return illegal(why, problem, ev->worker_id);
	index = worker_slot(st, ev->worker_id);
	w = &st->workers[index];
	w->state = ev->to;
	if (ev->kind == EV_WORKER_SPAWNED) {
		w->incarnation = (uint32_t)ev->incarnation;
		w->ended_ms = 0;
		w->ahead = 0;
		w->leave = 0;
		w->watched = false;
	}
	if (row->acts & DO_START)
		worker_take_facts(st, w, ev);
	if (row->acts & DO_END)
		worker_end(st, w, ev);
	return 0;
}

static int apply_watched(struct state *st, const struct event *ev, char why[200])
{
	uint32_t worker = state_worker(st, ev->worker_id);

	if (worker == NO_ID || st->workers[worker].incarnation != ev->incarnation)
		return illegal(why, "unknown incarnation of worker", ev->worker_id);
	st->workers[worker].watched = true;
	return 0;
}

/* Of one that has ended only a new incarnation can be asked. */
static int apply_leave(struct state *st, const struct event *ev, struct effects *fx, char why[200])
{
	uint32_t worker = state_worker(st, ev->worker_id);
	struct worker *w = worker == NO_ID ? NULL : &st->workers[worker];

	if (!w || w->incarnation != ev->incarnation)
		return illegal(why, "unknown incarnation of worker", ev->worker_id);
	if (!ev->flags || ev->flags & ~(uint64_t)LEAVE_ALL ||
	    (w->state == WORKER_SHUTDOWN && ev->flags != LEAVE_RESTART))
		return illegal(why, "impossible wish about worker", ev->worker_id);
	w->leave |= (uint32_t)ev->flags;
	if (fx && w->state != WORKER_SHUTDOWN)
		effects_add(fx, (struct effect){ ev->flags & LEAVE_FORCED ? FX_END_WORKER
									  : FX_DRAIN_WORKER,
						 NO_ID, NO_ID, worker, 0 });
	return 0;
}

/* The limit may be what "all of it" means, so what is held is counted anew. */
static void set_limit(struct state *st, uint32_t index, uint32_t limit)
{
	struct resource *r = &st->resources[index];

	r->limit = limit;
	r->woken = true;
	r->held = 0;
	for (size_t i = 0; i < r->holder_count; i++)
		r->held += resource_amount(r, task_amount(&st->tasks[r->holders[i]], index));
}

static int apply_resource(struct state *st, const struct event *ev, char why[200])
{
	uint32_t index = state_resource(st, ev->resource_id);
	struct resource *r;

	if (ev->limit > UINT32_MAX)
		return illegal(why, "limit out of range for resource", ev->resource_id);
	if (index == NO_ID) {
		struct resource fresh = { .claim = NO_ID };

		if (ev->kind != EV_RESOURCE_LIMIT || !id_valid(ev->resource_id))
			return illegal(why, "unknown resource", ev->resource_id);
		if (st->resource_count == RESOURCES_MAX)
			return illegal(why, "too many resources: resource", ev->resource_id);
		fresh.id = arena_copy(&st->text, ev->resource_id);
		mem_grow(&st->resources, &st->resource_capacity, st->resource_count + 1,
			 sizeof(fresh));
		index = (uint32_t)st->resource_count++;
		st->resources[index] = fresh;
		map_put(&st->resource_ids, fresh.id, index);
	}
	r = &st->resources[index];
	if (ev->kind == EV_RESOURCE_LIMIT) {
		set_limit(st, index, (uint32_t)ev->limit);
		if (!ev->operator_name.len)
			r->planned = r->limit;
	} else if (ev->kind == EV_RESOURCE_EXHAUSTED) {
		r->exhausted_ms = ev->at_ms;
	} else if (ev->kind == EV_RESOURCE_AVAILABLE) {
		r->exhausted_ms = 0;
	}
	return 0;
}

static void apply_system(struct state *st, const struct event *ev)
{
	switch (ev->kind) {
	case EV_STORE_CREATED:
		st->workspace = arena_copy(&st->text, ev->nonce);
		break;
	case EV_ORCHESTRATOR_STARTED:
		st->epoch = ev->incarnation;
		st->orchestrator_pid = ev->pid;
		st->orchestrator_start = ev->pid_start;
		st->orchestrator_boot = arena_copy(&st->text, ev->boot_id);
		st->orchestrator_running = true;
		break;
	case EV_ORCHESTRATOR_STOPPED:
		st->orchestrator_running = false;
		break;
	default:
		break;
	}
}

int core_apply(struct state *st, const struct event *ev, struct effects *fx, char why[200])
{
	int rc = 0;

	switch (event_rows[ev->kind].type) {
	case EVENT_TYPE_TASK:
		rc = apply_task_transition(st, ev, fx, why);
		break;
	case EVENT_TYPE_WORKSTREAM:
		rc = apply_ws(st, ev, fx, why);
		break;
	case EVENT_TYPE_WORKER:
		rc = apply_worker(st, ev, why);
		break;
	case EVENT_TYPE_RESOURCE:
		rc = apply_resource(st, ev, why);
		break;
	case EVENT_TYPE_GOAL:
		rc = apply_goal(st, ev, why);
		break;
	case EVENT_TYPE_TENTACLE:
		rc = apply_tentacle(st, ev, why);
		break;
	case EVENT_TYPE_PROVIDER:
		rc = apply_provider(st, ev, why);
		break;
	default:
		if (ev->kind == EV_WORKER_LEAVE)
			rc = apply_leave(st, ev, fx, why);
		else if (ev->kind == EV_WORKER_WATCHED)
			rc = apply_watched(st, ev, why);
		else if (ev->task_id.len)
			rc = apply_task_fact(st, ev, fx, why);
		else if (ev->kind == EV_WS_ARCHIVED)
			rc = apply_archived(st, ev, why);
		else if (ev->workstream_id.len)
			rc = apply_ws_fact(st, ev, why);
		else
			apply_system(st, ev);
	}
	if (rc < 0)
		return rc;
	st->happened[ev->kind]++;
	st->last_seq = ev->seq;
	st->last_at_ms = ev->at_ms;
	return 0;
}
