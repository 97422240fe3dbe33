/*
 * Plans name what they need; here names become edges. It is the bulk of reading a snapshot, so it
 * passes over the tasks few times, and exact-size arrays are counted first and then filled: a
 * million tasks leave no slack in the arena.
 */
#include "core/link.h"

#include <stdio.h>

#include "base/err.h"
#include "base/scan.h"
#include "core/queue.h"

static uint32_t local_index(const struct workstream *w, uint32_t task)
{
	size_t low = 0, high = w->task_count, guess = task - w->tasks[0];

	if (guess < high && w->tasks[guess] == task)
		return (uint32_t)guess; /* always, unless plans were changed or read together */
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w->tasks[mid] < task)
			low = mid + 1;
		else
			high = mid;
	}
	return low < w->task_count && w->tasks[low] == task ? (uint32_t)low : NO_ID;
}

struct need_list {
	uint32_t *v;
	size_t count, capacity;
};

static void put_need(struct need_list *list, uint32_t need)
{
	mem_grow(&list->v, &list->capacity, list->count + 1, sizeof(*list->v));
	list->v[list->count++] = need;
}

/*
 * Names to indexes. Plans are regular: what a task needs mostly stands right behind, or is the same
 * as, what the task before it needed at the same place. That is looked at first, because the map
 * costs two cache misses a name.
 */
#define GUESSES 8

struct resolver {
	uint32_t guess[GUESSES]; /* by place in the list of needs */
	struct span unknown;     /* the first name that no task has */
};

static bool named(const struct state *st, uint32_t task, struct span id)
{
	return task < st->task_count && !task_gone(&st->tasks[task]) &&
	       span_eq(st->tasks[task].id, id);
}

static uint32_t resolve(struct resolver *r, const struct state *st, struct span id, uint32_t place)
{
	uint32_t *guess = &r->guess[place % GUESSES];

	if (named(st, *guess + 1, id))
		++*guess;
	else if (!named(st, *guess, id))
		*guess = state_task(st, id);
	return *guess;
}

/* Appends the indexes of what the task needs; names that no task has are passed over. */
static void put_needs(struct need_list *list, struct resolver *r, const struct state *st,
		      const struct task *t)
{
	struct scan_text id = { SPAN_NONE, false };
	struct scan s;

	if (!t->needs_raw.p) {
		for (uint32_t i = 0; i < t->needs_count; i++)
			put_need(list, t->needs[i]);
		return;
	}
	scan_init(&s, t->needs_raw);
	scan_array(&s);
	for (uint32_t place = 0; scan_item(&s); place++) {
		uint32_t need;

		scan_string(&s, &id);
		need = resolve(r, st, id.raw, place);
		if (need != NO_ID)
			put_need(list, need);
		else if (!r->unknown.p)
			r->unknown = id.raw;
	}
}

/* Needs that bear a flag of `without` are left out. */
static void graph_fill(struct ws_graph *g, const struct state *st, uint32_t ws, uint32_t without)
{
	const struct workstream *w = &st->ws[ws];
	struct need_list all = { NULL, 0, 0 };
	struct resolver r = { { 0 }, SPAN_NONE };

	g->needs_at = mem_alloc((w->task_count + 1) * sizeof(*g->needs_at));
	g->estimate_ms = mem_alloc(w->task_count * sizeof(*g->estimate_ms));
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];
		size_t first = all.count, kept = first;

		g->needs_at[i] = (uint32_t)first;
		g->estimate_ms[i] = t->estimate_ms ? t->estimate_ms : t->timeout_ms;
		if (!(t->flags & TASK_DROPPED))
			put_needs(&all, &r, st, t);
		for (size_t k = first; k < all.count; k++) {
			uint32_t local =
				all.v[k] & without ? NO_ID : local_index(w, all.v[k] & ~WAIVED);

			if (local != NO_ID)
				all.v[kept++] = local;
		}
		all.count = kept;
	}
	g->needs_at[w->task_count] = (uint32_t)all.count;
	g->needs = all.v;
	g->graph = (struct graph){ (uint32_t)w->task_count, g->needs_at, g->needs };
}

void ws_graph_init(struct ws_graph *g, const struct state *st, uint32_t ws)
{
	graph_fill(g, st, ws, WAIVED);
}

void ws_graph_planned(struct ws_graph *g, const struct state *st, uint32_t ws)
{
	graph_fill(g, st, ws, 0);
}

void ws_graph_release(struct ws_graph *g)
{
	mem_free(&g->needs_at);
	mem_free(&g->needs);
	mem_free(&g->estimate_ms);
}

static void take_needs(struct state *st, uint32_t task, const struct need_list *all, size_t first,
		       size_t count)
{
	struct task *t = &st->tasks[task];

	leave_foreign_needs(st, task);
	t->needs = count ? arena_alloc(&st->text, count * sizeof(*t->needs)) : NULL;
	if (count)
		memcpy(t->needs, all->v + first, count * sizeof(*t->needs));
	t->needs_count = (uint32_t)count;
	t->needs_raw = SPAN_NONE;
}

/* Before edges are made anew: ranks change, and with them the places in line. */
static void forget_edges(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];
	uint32_t kept = 0;

	queue_leave(st, task);
	for (uint32_t k = 0; k < t->dependents_count; k++)
		if (st->tasks[t->dependents[k]].ws != t->ws)
			t->dependents[kept++] = t->dependents[k];
	t->dependents_count = kept;
	t->unmet = 0;
}

int link_check(const struct state *st, uint32_t ws, char why[200])
{
	const struct workstream *w = &st->ws[ws];
	struct need_list all = { NULL, 0, 0 };
	struct resolver r = { { 0 }, SPAN_NONE };

	for (size_t i = 0; i < w->task_count && !r.unknown.p; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		all.count = 0;
		if (t->needs_raw.p)
			put_needs(&all, &r, st, t);
		if (r.unknown.p)
			snprintf(why, 200, "task %.*s needs %.*s, which is not known here",
				 SPAN_ARG(t->id), SPAN_ARG(r.unknown));
	}
	mem_free(&all.v);
	return r.unknown.p ? -SK_ECORRUPT : 0;
}

/* All names are looked up before the first task changes; then the edges of before are gone, too. */
static int resolve_needs(struct state *st, const struct workstream *w, char why[200])
{
	struct need_list all = { NULL, 0, 0 };
	struct resolver r = { { 0 }, SPAN_NONE };
	size_t *end = mem_alloc((w->task_count + 1) * sizeof(*end));

	for (size_t i = 0; i < w->task_count && !r.unknown.p; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->needs_raw.p)
			put_needs(&all, &r, st, t);
		end[i] = all.count;
		if (r.unknown.p)
			snprintf(why, 200, "task \"%.*s\" needs unknown task \"%.*s\"",
				 SPAN_ARG(t->id), SPAN_ARG(r.unknown));
	}
	for (size_t i = 0; i < w->task_count && !r.unknown.p; i++) {
		size_t first = i ? end[i - 1] : 0;

		forget_edges(st, w->tasks[i]);
		if (st->tasks[w->tasks[i]].needs_raw.p)
			take_needs(st, w->tasks[i], &all, first, end[i] - first);
	}
	mem_free(&all.v);
	mem_free(&end);
	return r.unknown.p ? -SK_ECORRUPT : 0;
}

static bool depends_already(const struct task *on, uint32_t task)
{
	for (uint32_t i = 0; i < on->dependents_count; i++)
		if (on->dependents[i] == task)
			return true;
	return false;
}

/* Room for exactly what the workstream's own tasks will enter; unmet serves to count it. */
static void make_room(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		for (uint32_t k = 0; k < t->needs_count; k++)
			if (!(t->needs[k] & WAIVED) && st->tasks[t->needs[k]].ws == ws)
				st->tasks[t->needs[k]].unmet++;
	}
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
}

static void put_dependent(struct state *st, struct task *on, uint32_t task)
{
	uint32_t *old = on->dependents;

	if (on->dependents_count == on->dependents_capacity) {
		on->dependents_capacity = on->dependents_capacity * 2 + 4;
		on->dependents = arena_alloc(&st->text, on->dependents_capacity * sizeof(*old));
		if (on->dependents_count)
			memcpy(on->dependents, old, on->dependents_count * sizeof(*old));
	}
	on->dependents[on->dependents_count++] = task;
}

/* Returns whether any task has a need that keeps it from running: then marks have to be set. */
static bool link_edges(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];
	bool stopped = false;

	make_room(st, ws);
	for (size_t i = 0; i < w->task_count; i++) {
		uint32_t task = w->tasks[i], unmet = 0;
		struct task *t = &st->tasks[task];

		for (uint32_t k = 0; k < t->needs_count; k++) {
			struct task *on;

			if (t->needs[k] & WAIVED)
				continue;
			on = &st->tasks[t->needs[k]];
			unmet += !need_met(st, t->needs[k]);
			stopped |= task_stops(st, t->needs[k]);
			if (on->ws == ws || !depends_already(on, task))
				put_dependent(st, on, task);
		}
		t->unmet = unmet;
		t->flags |= TASK_LINKED;
	}
	return stopped;
}

/* How far each task is from the beginning, and how long it is from its start to the end of
 * everything behind it. */
struct places {
	uint64_t *rank;
	uint32_t *stage;
};

static void places_init(struct places *p, const struct state *st, uint32_t ws)
{
	size_t count = st->ws[ws].task_count;
	struct ws_graph g;

	ws_graph_init(&g, st, ws);
	p->rank = mem_alloc(count * sizeof(*p->rank));
	p->stage = mem_alloc(count * sizeof(*p->stage));
	graph_ranks(&g.graph, g.estimate_ms, p->rank, p->stage);
	ws_graph_release(&g);
}

static void places_release(struct places *p)
{
	mem_free(&p->rank);
	mem_free(&p->stage);
}

int link_ws(struct state *st, uint32_t ws, char why[200])
{
	const struct workstream *w = &st->ws[ws];
	CLEANUP(places_release) struct places places = { NULL, NULL };
	bool marks;
	int rc = resolve_needs(st, w, why);

	if (rc < 0)
		return rc;
	marks = link_edges(st, ws) || w->blocked;
	places_init(&places, st, ws);
	for (size_t i = 0; i < w->task_count; i++) {
		uint32_t task = w->tasks[i];
		struct task *t = &st->tasks[task];

		t->rank_ms = places.rank[i];
		t->stage = places.stage[i];
		if (marks)
			mark_blocked(st, task, task_stops(st, task));
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
