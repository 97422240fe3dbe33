/*
 * The graph lives in the tasks themselves (needs and dependents), because a transition must touch only its neighbours.
 * Exact-size arrays are counted first and then filled: a million tasks leave no slack in the arena.
 */
#include "core/link.h"

#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "core/queue.h"

static uint32_t local_index(const struct workstream *w, uint32_t task)
{
	size_t low = 0, high = w->task_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w->tasks[mid] < task)
			low = mid + 1;
		else
			high = mid;
	}
	return low < w->task_count && w->tasks[low] == task ? (uint32_t)low : NO_ID;
}

/* Calls put(ctx, task index) for each need, from the resolved array or from the names. Returns the unknown name, if any. */
static struct span each_need(const struct state *st, const struct task *t, void (*put)(void *ctx, uint32_t need), void *ctx)
{
	struct scan_text id = { SPAN_NONE, false };
	struct scan s;

	if (!t->needs_raw.p) {
		for (uint32_t i = 0; i < t->needs_count; i++)
			put(ctx, t->needs[i]);
		return SPAN_NONE;
	}
	scan_init(&s, t->needs_raw);
	scan_array(&s);
	while (scan_item(&s)) {
		uint32_t need;

		scan_string(&s, &id);
		need = state_task(st, id.raw);
		if (need == NO_ID)
			return id.raw;
		put(ctx, need);
	}
	return SPAN_NONE;
}

struct need_list {
	uint32_t *v;
	size_t count, capacity;
};

static void put_need(void *ctx, uint32_t need)
{
	struct need_list *list = ctx;

	mem_grow(&list->v, &list->capacity, list->count + 1, sizeof(*list->v));
	list->v[list->count++] = need;
}

void ws_graph_init(struct ws_graph *g, const struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];
	struct need_list all = { NULL, 0, 0 };

	g->needs_at = mem_alloc((w->task_count + 1) * sizeof(*g->needs_at));
	g->estimate_ms = mem_alloc(w->task_count * sizeof(*g->estimate_ms));
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];
		size_t first = all.count, kept = first;

		g->needs_at[i] = (uint32_t)first;
		g->estimate_ms[i] = t->estimate_ms ? t->estimate_ms : t->timeout_ms;
		if (!(t->flags & TASK_DROPPED))
			each_need(st, t, put_need, &all);
		for (size_t k = first; k < all.count; k++) {
			uint32_t local = all.v[k] & WAIVED ? NO_ID : local_index(w, all.v[k]);

			if (local != NO_ID)
				all.v[kept++] = local;
		}
		all.count = kept;
	}
	g->needs_at[w->task_count] = (uint32_t)all.count;
	g->needs = all.v;
	g->graph = (struct graph){ (uint32_t)w->task_count, g->needs_at, g->needs };
}

void ws_graph_release(struct ws_graph *g)
{
	mem_free(&g->needs_at);
	mem_free(&g->needs);
	mem_free(&g->estimate_ms);
}

bool need_met(const struct state *st, uint32_t need)
{
	const struct task *n;

	if (need & WAIVED)
		return true;
	n = &st->tasks[need];
	return n->state == TASK_COMPLETED || (n->state == TASK_CANCELLED && n->flags & TASK_WAIVES);
}

void agenda_task(struct state *st, uint32_t task)
{
	mem_grow(&st->unblocked, &st->unblocked_capacity, st->unblocked_count + 1, sizeof(*st->unblocked));
	st->unblocked[st->unblocked_count++] = task;
}

void agenda_ws(struct state *st, uint32_t ws)
{
	if (st->ws[ws].dirty)
		return;
	st->ws[ws].dirty = true;
	mem_grow(&st->dirty_ws, &st->dirty_capacity, st->dirty_count + 1, sizeof(*st->dirty_ws));
	st->dirty_ws[st->dirty_count++] = ws;
}

bool task_stops(const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	return t->state == TASK_FAILED || (t->state == TASK_PENDING && t->flags & TASK_BLOCKED);
}

static bool task_hopeless(const struct state *st, const struct task *t)
{
	for (uint32_t i = 0; i < t->needs_count; i++)
		if (!(t->needs[i] & WAIVED) && task_stops(st, t->needs[i]))
			return true;
	return false;
}

/* Gives the mark of each task behind `from` the value `mark`, and goes on behind each one that changed. */
static void spread_block(struct state *st, uint32_t from, bool mark)
{
	struct need_list stack = { NULL, 0, 0 };

	put_need(&stack, from);
	while (stack.count) {
		const struct task *t = &st->tasks[stack.v[--stack.count]];

		for (uint32_t i = 0; i < t->dependents_count; i++) {
			uint32_t next = t->dependents[i];
			struct task *d = &st->tasks[next];

			if (d->state != TASK_PENDING || !(d->flags & TASK_BLOCKED) != mark || task_hopeless(st, d) != mark)
				continue;
			d->flags = (uint16_t)(d->flags ^ TASK_BLOCKED);
			st->ws[d->ws].blocked = st->ws[d->ws].blocked + mark - !mark;
			agenda_ws(st, d->ws);
			put_need(&stack, next);
		}
	}
	mem_free(&stack.v);
}

void mark_blocked(struct state *st, uint32_t task, bool stopped_before)
{
	struct task *t = &st->tasks[task];
	bool mark = t->state == TASK_PENDING && t->flags & TASK_LINKED && task_hopeless(st, t);

	if (mark != !!(t->flags & TASK_BLOCKED)) {
		t->flags = (uint16_t)(t->flags ^ TASK_BLOCKED);
		st->ws[t->ws].blocked = st->ws[t->ws].blocked + mark - !mark;
		agenda_ws(st, t->ws);
	}
	if (task_stops(st, task) != stopped_before)
		spread_block(st, task, !stopped_before);
}

static void forget_dependent(struct task *on, uint32_t task)
{
	for (uint32_t i = 0; i < on->dependents_count; i++) {
		if (on->dependents[i] != task)
			continue;
		on->dependents[i] = on->dependents[--on->dependents_count];
		return;
	}
}

void waive_need(struct state *st, uint32_t task, uint32_t need)
{
	struct task *t = &st->tasks[task];

	for (uint32_t i = 0; i < t->needs_count; i++) {
		if (t->needs[i] != need)
			continue;
		t->unmet -= !need_met(st, need);
		t->needs[i] |= WAIVED;
		forget_dependent(&st->tasks[need], task);
		if (t->unmet == 0 && t->state == TASK_PENDING)
			agenda_task(st, task);
		return;
	}
}

/* Makes the tasks of other workstreams that it needs forget about it. */
static void leave_foreign_needs(struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	for (uint32_t i = 0; i < t->needs_count; i++)
		if (!(t->needs[i] & WAIVED) && st->tasks[t->needs[i]].ws != t->ws)
			forget_dependent(&st->tasks[t->needs[i]], task);
}

void unlink_task(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];

	leave_foreign_needs(st, task);
	for (uint32_t i = t->dependents_count; i-- > 0;) {
		uint32_t dependent = t->dependents[i];

		if (st->tasks[dependent].ws == t->ws)
			continue;
		waive_need(st, dependent, task);
		mark_blocked(st, dependent, task_stops(st, dependent));
	}
}

static int resolve_needs(struct state *st, const struct workstream *w, char why[200])
{
	struct need_list list = { NULL, 0, 0 };

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];
		struct span unknown = each_need(st, t, put_need, &list);

		list.count = 0;
		if (!unknown.p)
			continue;
		mem_free(&list.v);
		snprintf(why, 200, "task \"%.*s\" needs unknown task \"%.*s\"", SPAN_ARG(t->id), SPAN_ARG(unknown));
		return -SK_ECORRUPT;
	}
	for (size_t i = 0; i < w->task_count; i++) {
		struct task *t = &st->tasks[w->tasks[i]];

		if (!t->needs_raw.p)
			continue;
		leave_foreign_needs(st, w->tasks[i]);
		list.count = 0;
		each_need(st, t, put_need, &list);
		t->needs = list.count ? arena_alloc(&st->text, list.count * sizeof(*t->needs)) : NULL;
		if (list.count)
			memcpy(t->needs, list.v, list.count * sizeof(*t->needs));
		t->needs_count = (uint32_t)list.count;
		t->needs_raw = SPAN_NONE;
	}
	mem_free(&list.v);
	return 0;
}

static void forget_own_dependents(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];

	for (size_t i = 0; i < w->task_count; i++) {
		struct task *t = &st->tasks[w->tasks[i]];
		uint32_t kept = 0;

		for (uint32_t k = 0; k < t->dependents_count; k++)
			if (st->tasks[t->dependents[k]].ws != ws)
				t->dependents[kept++] = t->dependents[k];
		t->dependents_count = kept;
	}
}

static bool depends_already(const struct task *on, uint32_t task)
{
	for (uint32_t i = 0; i < on->dependents_count; i++)
		if (on->dependents[i] == task)
			return true;
	return false;
}

/* First run (fill false) counts into unmet how many dependents each task gets, second run enters them. */
static void enter_dependents(struct state *st, uint32_t ws, bool fill)
{
	const struct workstream *w = &st->ws[ws];

	for (size_t i = 0; i < w->task_count; i++) {
		uint32_t task = w->tasks[i];
		const struct task *t = &st->tasks[task];

		for (uint32_t k = 0; k < t->needs_count; k++) {
			struct task *on = &st->tasks[t->needs[k] & ~WAIVED];

			if (t->needs[k] & WAIVED)
				continue;
			if (on->ws != ws && depends_already(on, task))
				continue;
			if (!fill && on->ws == ws) {
				on->unmet++;
				continue;
			}
			if (!fill)
				continue;
			if (on->dependents_count == on->dependents_capacity) {
				uint32_t *old = on->dependents;

				on->dependents_capacity = on->dependents_capacity * 2 + 4;
				on->dependents = arena_alloc(&st->text, on->dependents_capacity * sizeof(*old));
				if (on->dependents_count)
					memcpy(on->dependents, old, on->dependents_count * sizeof(*old));
			}
			on->dependents[on->dependents_count++] = task;
		}
	}
}

static void link_edges(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];

	forget_own_dependents(st, ws);
	for (size_t i = 0; i < w->task_count; i++)
		st->tasks[w->tasks[i]].unmet = 0;
	enter_dependents(st, ws, false);
	for (size_t i = 0; i < w->task_count; i++) {
		struct task *t = &st->tasks[w->tasks[i]];
		uint32_t want = t->dependents_count + t->unmet;
		uint32_t *old = t->dependents;

		if (want <= t->dependents_capacity)
			continue;
		t->dependents = arena_alloc(&st->text, want * sizeof(*old));
		if (t->dependents_count)
			memcpy(t->dependents, old, t->dependents_count * sizeof(*old));
		t->dependents_capacity = want;
	}
	enter_dependents(st, ws, true);
}

static void link_ranks(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];
	struct ws_graph g;
	uint64_t *rank;
	uint32_t *stage;

	ws_graph_init(&g, st, ws);
	rank = mem_alloc(w->task_count * sizeof(*rank));
	stage = mem_alloc(w->task_count * sizeof(*stage));
	graph_ranks(&g.graph, g.estimate_ms, rank);
	graph_stages(&g.graph, stage);
	for (size_t i = 0; i < w->task_count; i++) {
		st->tasks[w->tasks[i]].rank_ms = rank[i];
		st->tasks[w->tasks[i]].stage = stage[i];
	}
	mem_free(&rank);
	mem_free(&stage);
	ws_graph_release(&g);
}

int link_ws(struct state *st, uint32_t ws, char why[200])
{
	struct workstream *w = &st->ws[ws];
	int rc = resolve_needs(st, w, why);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < w->task_count; i++)
		queue_leave(st, w->tasks[i]); /* ranks change, and with them the places in line */
	link_edges(st, ws);
	link_ranks(st, ws);
	for (size_t i = 0; i < w->task_count; i++) {
		struct task *t = &st->tasks[w->tasks[i]];

		t->flags |= TASK_LINKED;
		t->unmet = 0;
		for (uint32_t k = 0; k < t->needs_count; k++)
			t->unmet += !need_met(st, t->needs[k]);
	}
	for (size_t i = 0; i < w->task_count; i++)
		mark_blocked(st, w->tasks[i], task_stops(st, w->tasks[i]));
	for (size_t i = 0; i < w->task_count; i++) {
		uint32_t task = w->tasks[i];
		struct task *t = &st->tasks[task];

		if (t->state == TASK_RETRYING)
			queue_retry(st, task);
		if (t->state == TASK_PENDING && t->unmet == 0)
			agenda_task(st, task);
	}
	if (w->active)
		queue_rebuild(st, ws);
	agenda_ws(st, ws);
	return 0;
}
