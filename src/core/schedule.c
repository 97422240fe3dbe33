/*
 * Who starts next. A task takes all its resources at once or none, so nobody holds one while
 * waiting for another and no deadlock can form. A task that lacks a resource, or a worker that can
 * do it, stands behind it until something is freed, so that a turn costs O(log n) however many
 * wait.
 *
 * Nobody starves: waiting makes urgent (queue.c); what is freed is offered to those who wait for it
 * before anyone else is chosen; and who has waited for long without finding all it needs free at
 * the same time stakes a claim, which keeps less urgent tasks from passing it. A claim holds
 * nothing, and of two claims the more urgent one counts, so that claims cannot deadlock either.
 */
#include "core/schedule.h"

#include "base/limits.h"
#include "core/queue.h"
#include "core/turn.h"

#define CLAIM_AFTER_MS 60000

/* One call of turn_schedule. Lines are numbered: resources, then kinds. */
struct round {
	bool *passed;       /* by place in open_ws: looked at in vain */
	uint32_t *woken;    /* by line: the task it sent into its ready line last, or NO_ID */
	size_t kind_count;  /* kinds known when the round began */
	bool look_at_kinds; /* a worker may have room for those who wait for its kind */
	bool no_ahead;      /* somebody needs a free slot: nothing is assigned beyond the slots */
};

static void round_init(struct round *r, const struct state *st)
{
	size_t lines = st->resource_count + st->kind_count;

	*r = (struct round){ .kind_count = st->kind_count, .look_at_kinds = true };
	r->passed = mem_zalloc(st->open_count + 1);
	r->woken = mem_alloc((lines + 1) * sizeof(*r->woken));
	for (size_t i = 0; i < lines; i++)
		r->woken[i] = NO_ID;
}

static void round_release(struct round *r)
{
	mem_free(&r->passed);
	mem_free(&r->woken);
}

static bool takes_work(const struct worker *w)
{
	return w->connected && !w->leave && (w->state == WORKER_IDLE || w->state == WORKER_BUSY);
}

/*
 * The worker for this task: fewest tasks first. A task that holds resources is not assigned ahead
 * of a free slot: it would keep them from others while it only waits.
 */
static uint32_t choose_worker(const struct state *st, const struct task *t, bool ahead)
{
	uint32_t best = NO_ID;

	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];

		if (!takes_work(w) || w->assigned >= w->slots + (ahead ? w->ahead : 0))
			continue;
		if (t->flags & TASK_NEEDS_CAPABILITY &&
		    capability_missing(w->capabilities, t->def).len)
			continue;
		if (best == NO_ID || w->assigned < st->workers[best].assigned)
			best = (uint32_t)i;
	}
	return best;
}

static uint32_t worker_for(const struct state *st, const struct round *r, const struct task *t)
{
	return choose_worker(st, t, !t->resource_count && !r->no_ahead);
}

static bool any_room(const struct state *st, const struct round *r)
{
	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];

		if (takes_work(w) && w->assigned < w->slots + (r->no_ahead ? 0 : w->ahead))
			return true;
	}
	return false;
}

static bool ws_has_room(const struct state *st, const struct workstream *w)
{
	uint32_t limit = w->max_parallel ? w->max_parallel : st->tasks_per_workstream;

	return !limit || w->assigned < limit;
}

static bool wants(const struct task *t, uint32_t resource)
{
	for (uint8_t i = 0; i < t->resource_count; i++)
		if (t->resources[i].resource == resource)
			return true;
	return false;
}

static bool claim_stands(const struct state *st, uint32_t resource)
{
	uint32_t claim = st->resources[resource].claim;
	const struct task *t = claim == NO_ID ? NULL : &st->tasks[claim];

	return t && !task_gone(t) && t->state == TASK_QUEUED && t->heap_at != NO_ID &&
	       wants(t, resource);
}

/* Whether the task has to let a more urgent one go first that could go. */
static bool claimed_before(const struct state *st, uint32_t resource, uint32_t task)
{
	uint32_t claim = st->resources[resource].claim;

	return claim != task && claim_stands(st, resource) &&
	       ws_has_room(st, &st->ws[st->tasks[claim].ws]) && queue_before(st, claim, task);
}

static uint32_t lacking_resource(const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	for (uint8_t i = 0; i < t->resource_count; i++) {
		uint32_t resource = t->resources[i].resource;

		if (!resource_fits(&st->resources[resource], t->resources[i].amount) ||
		    claimed_before(st, resource, task))
			return resource;
	}
	return NO_ID;
}

static void stake_claims(struct turn *t, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];

	if (t->now_ms - subject->queued_ms < CLAIM_AFTER_MS)
		return;
	for (uint8_t i = 0; i < subject->resource_count; i++) {
		uint32_t resource = subject->resources[i].resource;

		if (!claim_stands(t->st, resource) ||
		    queue_before(t->st, task, t->st->resources[resource].claim))
			t->st->resources[resource].claim = task;
	}
}

/* What a claim kept from others may be theirs again, so they are looked at. */
static void drop_claims(struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	for (uint8_t i = 0; i < t->resource_count; i++) {
		struct resource *r = &st->resources[t->resources[i].resource];

		if (r->claim == task) {
			r->claim = NO_ID;
			r->woken = true;
		}
	}
}

/* A claim may have lost its standing since the last round without anybody having looked. */
static void review_claims(struct state *st)
{
	for (uint32_t i = 0; i < st->resource_count; i++) {
		struct resource *r = &st->resources[i];

		if (r->claim == NO_ID)
			continue;
		r->woken = true;
		if (!claim_stands(st, i))
			r->claim = NO_ID;
	}
}

/* Whether the task stands among the ready ones of a workstream that may start it: then its turn is
 * near. */
static bool goes_next(const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	return t->heap_at != NO_ID && t->waits_for == NO_RESOURCE &&
	       ws_has_room(st, &st->ws[t->ws]);
}

/*
 * Sends the first of a line to stand among the ready ones, one at a time: whether the next may go
 * is known when this one has started, or has found that it lacks something else. One whose
 * workstream is full is sent, too, if there may be others behind it whose workstream is not.
 */
static bool wake_first(struct state *st, struct round *r, size_t line, uint32_t task)
{
	if (r->woken[line] != NO_ID && goes_next(st, r->woken[line]))
		return false;
	if (st->open_count == 1 && !ws_has_room(st, &st->ws[st->tasks[task].ws]))
		return false;
	r->woken[line] = task;
	queue_leave(st, task);
	queue_ready(st, task);
	return true;
}

/* One of each line whose resource, or kind of worker, has room. Returns whether there was any. */
static bool wake_waiters(struct turn *t, struct round *r)
{
	struct state *st = t->st;
	bool any = false, any_kind = false;

	for (uint32_t i = 0; i < st->resource_count; i++) {
		uint32_t task = queue_first(&st->resources[i].waiters);

		if (!st->resources[i].woken)
			continue;
		if (task != NO_ID && lacking_resource(st, task) != i) {
			any |= wake_first(st, r, i, task);
			continue;
		}
		st->resources[i].woken = false;
		if (task != NO_ID)
			stake_claims(t, task);
	}
	for (size_t i = 0; r->look_at_kinds && i < r->kind_count; i++) {
		uint32_t task = queue_first(&st->kinds[i].waiters);

		if (task != NO_ID && worker_for(st, r, &st->tasks[task]) != NO_ID)
			any_kind |= wake_first(st, r, st->resource_count + i, task);
	}
	r->look_at_kinds = any_kind;
	return any || any_kind;
}

/* Fewest tasks at work, then least recently served. Returns a place in open_ws, or NO_ID. */
/* Those at work that have something to do: one that only waits keeps nobody from beginning. */
static uint32_t ws_at_work(const struct state *st)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < st->open_count; i++) {
		const struct workstream *w = &st->ws[st->open_ws[i]];

		count += w->assigned || (w->state == WS_EXECUTING && w->ready.count);
	}
	return count;
}

static uint32_t choose_ws(const struct state *st, const struct round *r)
{
	bool full = st->workstreams_at_once && ws_at_work(st) >= st->workstreams_at_once;
	const struct workstream *best = NULL;
	uint32_t place = NO_ID;

	for (uint32_t i = 0; i < st->open_count; i++) {
		const struct workstream *w = &st->ws[st->open_ws[i]];

		if (!w->ready.count || r->passed[i] || !ws_has_room(st, w))
			continue;
		if (full && !w->assigned && w->state != WS_EXECUTING)
			continue;
		if (best && (w->assigned > best->assigned || (w->assigned == best->assigned &&
							      w->last_served >= best->last_served)))
			continue;
		best = w;
		place = i;
	}
	return place;
}

static void assign(struct turn *t, uint32_t task, uint32_t worker)
{
	const struct task *subject = &t->st->tasks[task];
	struct event *ev = turn_task_event(t, EV_TASK_ASSIGNED, task);

	ev->worker_id = t->st->workers[worker].id;
	ev->incarnation = t->st->workers[worker].incarnation;
	ev->attempt = subject->attempt + (subject->state == TASK_VALIDATING ? 0 : 1);
	turn_apply(t);
}

/* The first ready task of the workstream starts, or goes to stand behind what it lacks, or keeps
 * its place. */
static void consider(struct turn *t, struct round *r, uint32_t place)
{
	struct state *st = t->st;
	uint32_t task = queue_first(&st->ws[st->open_ws[place]].ready);
	const struct task *subject = &st->tasks[task];
	uint32_t resource = subject->state == TASK_VALIDATING ? NO_ID : lacking_resource(st, task);
	uint32_t worker;

	if (resource != NO_ID) {
		queue_leave(st, task);
		queue_waiter(st, task, resource);
		stake_claims(t, task);
		return;
	}
	worker = worker_for(st, r, subject);
	if (worker != NO_ID) {
		assign(t, task, worker);
		r->look_at_kinds |= (subject->flags & TASK_NEEDS_CAPABILITY) != 0;
		return;
	}
	if (subject->resource_count && choose_worker(st, subject, true) != NO_ID) {
		r->passed[place] = true; /* waits for a free slot: the others stay behind it */
		r->no_ahead = true;
		return;
	}
	queue_leave(st, task);
	if (subject->flags & TASK_NEEDS_CAPABILITY &&
	    queue_kind(st, task, capability_wanted(subject->def))) {
		drop_claims(st, task);
		return;
	}
	queue_ready(st, task);
	r->passed[place] = true;
}

/* Workstreams that ended are not looked at again until someone asks for them. */
static void forget_ended(struct state *st)
{
	size_t kept = 0;

	for (size_t i = 0; i < st->open_count; i++) {
		struct workstream *w = &st->ws[st->open_ws[i]];

		w->listed = w->id.len && (!ws_state_final(w->state) || ws_live(w));
		if (w->listed)
			st->open_ws[kept++] = st->open_ws[i];
	}
	st->open_count = kept;
}

static void announce_resources(struct turn *t)
{
	struct state *st = t->st;

	for (size_t i = 0; i < st->resource_count; i++) {
		struct resource *r = &st->resources[i];
		struct event *ev;

		if (r->waiters.count) {
			if (!r->waiting_since_ms)
				r->waiting_since_ms = t->now_ms;
			continue;
		}
		r->waiting_since_ms = 0;
		if (!r->exhausted_ms)
			continue;
		ev = turn_event(t, EV_RESOURCE_AVAILABLE);
		ev->resource_id = r->id;
		turn_apply(t);
	}
}

static void announce_workers(struct turn *t)
{
	struct state *st = t->st;

	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];
		enum trigger on = w->assigned ? ON_TASK_ASSIGNED : ON_TASK_COMPLETED;

		if (w->state == (w->assigned ? WORKER_IDLE : WORKER_BUSY) &&
		    turn_worker_move(t, (uint32_t)i, on))
			turn_apply(t);
	}
}

void turn_schedule(struct turn *t)
{
	struct state *st = t->st;

	forget_ended(st);
	if (!st->draining) {
		CLEANUP(round_release) struct round r;

		round_init(&r, st);
		review_claims(st);
		while (any_room(st, &r)) {
			bool woken = wake_waiters(t, &r);
			uint32_t place = choose_ws(st, &r);

			if (place != NO_ID)
				consider(t, &r, place);
			else if (!woken)
				break;
		}
	}
	announce_resources(t);
	announce_workers(t);
}

int64_t resource_deadline(const struct state *st)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];

		if (r->waiting_since_ms && !r->exhausted_ms &&
		    r->waiting_since_ms + st->exhausted_after_ms < next)
			next = r->waiting_since_ms + st->exhausted_after_ms;
	}
	return next;
}

void turn_resource_time(struct turn *t)
{
	struct state *st = t->st;

	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];
		struct event *ev;
		uint32_t task = queue_first(&r->waiters);

		if (task == NO_ID || !r->waiting_since_ms || r->exhausted_ms ||
		    t->now_ms < r->waiting_since_ms + st->exhausted_after_ms)
			continue;
		ev = turn_event(t, EV_RESOURCE_EXHAUSTED);
		ev->resource_id = r->id;
		ev->requested = 1;
		for (uint8_t k = 0; k < st->tasks[task].resource_count; k++)
			if (st->tasks[task].resources[k].resource == i)
				ev->requested =
					resource_amount(r, st->tasks[task].resources[k].amount);
		ev->available = r->limit > r->held ? r->limit - r->held : 0;
		turn_apply(t);
	}
}
