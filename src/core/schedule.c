/*
 * Who starts next. A task takes all its resources at once or none, so nobody holds one while waiting for another and no
 * deadlock can form. A task that lacks a resource stands behind that resource until something of it is freed, so that a
 * turn costs O(log n) however many wait.
 */
#include "core/schedule.h"

#include "base/limits.h"
#include "base/scan.h"
#include "core/queue.h"
#include "core/turn.h"

#define EXHAUSTED_AFTER_MS 60000

bool capability_covers(struct span offered, struct span wanted)
{
	struct span name = wanted, version = SPAN_NONE;
	const char *at = memchr(wanted.p, '>', wanted.len);
	struct scan_text have;
	struct scan s;

	if (at && at + 1 < wanted.p + wanted.len && at[1] == '=') {
		name.len = (size_t)(at - wanted.p);
		version = (struct span){ at + 2, wanted.len - name.len - 2 };
	}
	if (!offered.len)
		return false;
	scan_init(&s, offered);
	scan_array(&s);
	while (scan_item(&s)) {
		const char *mark;
		struct span own, own_version = SPAN_NONE;

		scan_string(&s, &have);
		if (s.error)
			return false;
		own = have.raw;
		mark = memchr(own.p, '@', own.len);
		if (mark) {
			own_version = (struct span){ mark + 1, own.len - (size_t)(mark - own.p) - 1 };
			own.len = (size_t)(mark - own.p);
		}
		if (span_eq(own, name) && (!version.len || version_compare(own_version, version) >= 0))
			return true;
	}
	return false;
}

static uint64_t version_part(struct span *rest)
{
	uint64_t v = 0;

	while (rest->len && *rest->p != '.') {
		if (*rest->p >= '0' && *rest->p <= '9' && v < 1000000000)
			v = v * 10 + (uint64_t)(*rest->p - '0');
		rest->p++, rest->len--;
	}
	if (rest->len)
		rest->p++, rest->len--;
	return v;
}

int version_compare(struct span a, struct span b)
{
	while (a.len || b.len) {
		uint64_t left = version_part(&a), right = version_part(&b);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return 0;
}

struct span capability_missing(struct span offered, struct span def)
{
	struct task_def d;
	struct scan_text wanted;
	struct scan s;

	if (task_def_decode(def, &d) < 0 || !d.capabilities.len)
		return SPAN_NONE;
	scan_init(&s, d.capabilities);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &wanted);
		if (!s.error && !capability_covers(offered, wanted.raw))
			return wanted.raw;
	}
	return SPAN_NONE;
}

static bool takes_work(const struct worker *w)
{
	return w->connected && (w->state == WORKER_IDLE || w->state == WORKER_BUSY);
}

/*
 * The worker for this task: fewest tasks first. A task that holds resources is not assigned ahead of a free slot: it
 * would keep them from others while it only waits.
 */
static uint32_t choose_worker(const struct state *st, const struct task *t)
{
	uint32_t best = NO_ID;

	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];
		uint32_t room = w->slots + (t->resource_count ? 0 : w->ahead);

		if (!takes_work(w) || w->assigned >= room)
			continue;
		if (t->flags & TASK_NEEDS_CAPABILITY && capability_missing(w->capabilities, t->def).len)
			continue;
		if (best == NO_ID || w->assigned < st->workers[best].assigned)
			best = (uint32_t)i;
	}
	return best;
}

static bool any_room(const struct state *st)
{
	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];

		if (takes_work(w) && w->assigned < w->slots + w->ahead)
			return true;
	}
	return false;
}

static uint32_t lacking_resource(const struct state *st, const struct task *t)
{
	for (uint8_t i = 0; i < t->resource_count; i++)
		if (!resource_fits(&st->resources[t->resources[i].resource], t->resources[i].amount))
			return t->resources[i].resource;
	return NO_ID;
}

/* Fewest tasks at work, then least recently served. Workstreams on the list `passed` have been looked at in vain. */
static uint32_t choose_ws(const struct state *st, const bool *passed)
{
	uint32_t best = NO_ID;

	for (size_t i = 0; i < st->ws_count; i++) {
		const struct workstream *w = &st->ws[i], *b;

		if (!w->ready.count || passed[i] || (w->max_parallel && w->assigned >= w->max_parallel))
			continue;
		b = best == NO_ID ? NULL : &st->ws[best];
		if (!b || w->assigned < b->assigned ||
		    (w->assigned == b->assigned && w->last_served < b->last_served))
			best = (uint32_t)i;
	}
	return best;
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

/* Brings back the first waiter of each resource of which something was freed. Returns whether there was one. */
static bool wake_waiters(struct state *st)
{
	bool any = false;

	for (size_t i = 0; i < st->resource_count; i++) {
		struct resource *r = &st->resources[i];
		uint32_t task = queue_first(&r->waiters);

		if (!r->woken)
			continue;
		if (task == NO_ID || lacking_resource(st, &st->tasks[task]) == i) {
			r->woken = false;
			continue;
		}
		queue_leave(st, task);
		queue_ready(st, task);
		any = true;
	}
	return any;
}

#define ASIDE_MAX 64

/*
 * One round over what is ready. Tasks that lack a resource go and stand behind it. Tasks whose kind of worker is full or
 * absent are set aside so that others may pass, and stand in line again when the round is over.
 */
static void assign_ready(struct turn *t, bool *passed)
{
	struct state *st = t->st;
	uint32_t aside[ASIDE_MAX];
	size_t aside_count = 0;
	uint32_t ws;

	memset(passed, 0, st->ws_count);
	while (any_room(st) && (ws = choose_ws(st, passed)) != NO_ID) {
		uint32_t task = queue_first(&st->ws[ws].ready);
		const struct task *subject = &st->tasks[task];
		uint32_t resource = subject->state == TASK_VALIDATING ? NO_ID : lacking_resource(st, subject);
		uint32_t worker;

		if (resource != NO_ID) {
			queue_leave(st, task);
			queue_waiter(st, task, resource);
			continue;
		}
		worker = choose_worker(st, subject);
		if (worker != NO_ID) {
			assign(t, task, worker);
		} else if (subject->flags & TASK_NEEDS_CAPABILITY && aside_count < ASIDE_MAX) {
			queue_leave(st, task);
			aside[aside_count++] = task;
		} else {
			passed[ws] = true; /* waits for a free slot: the others stay behind it */
		}
	}
	while (aside_count)
		queue_ready(st, aside[--aside_count]);
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

		if (w->state == (w->assigned ? WORKER_IDLE : WORKER_BUSY) && turn_worker_move(t, (uint32_t)i, on))
			turn_apply(t);
	}
}

void turn_schedule(struct turn *t)
{
	struct state *st = t->st;

	if (!st->draining) {
		bool *passed = mem_alloc(st->ws_count + 1);

		do
			assign_ready(t, passed);
		while (any_room(st) && wake_waiters(st));
		mem_free(&passed);
	}
	announce_resources(t);
	announce_workers(t);
}

int64_t resource_deadline(const struct state *st)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];

		if (r->waiting_since_ms && !r->exhausted_ms && r->waiting_since_ms + EXHAUSTED_AFTER_MS < next)
			next = r->waiting_since_ms + EXHAUSTED_AFTER_MS;
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
		    t->now_ms < r->waiting_since_ms + EXHAUSTED_AFTER_MS)
			continue;
		ev = turn_event(t, EV_RESOURCE_EXHAUSTED);
		ev->resource_id = r->id;
		ev->requested = 1;
		for (uint8_t k = 0; k < st->tasks[task].resource_count; k++)
			if (st->tasks[task].resources[k].resource == i)
				ev->requested = resource_amount(r, st->tasks[task].resources[k].amount);
		ev->available = r->limit > r->held ? r->limit - r->held : 0;
		turn_apply(t);
	}
}
