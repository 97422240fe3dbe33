/*
 * Binary heaps of task indexes with the place kept in the task, so that leaving from the middle is
 * O(log n) too.
 *
 * Ageing without a clock: a task gains one step of priority for each whole minute it waits.
 * Comparing priority plus the minute in which the wait began gives the same order at any time, so
 * nothing has to be re-sorted as time goes by.
 */
#include "core/queue.h"

#include "base/limits.h"

typedef bool (*before_fn)(const struct task *a, const struct task *b);

static bool ready_before(const struct task *a, const struct task *b)
{
	int64_t urgency_a = a->priority + a->queued_ms / 60000;
	int64_t urgency_b = b->priority + b->queued_ms / 60000;

	if (urgency_a != urgency_b)
		return urgency_a < urgency_b;
	if (a->rank_ms != b->rank_ms)
		return a->rank_ms > b->rank_ms;
	if (a->queued_ms != b->queued_ms)
		return a->queued_ms < b->queued_ms;
	return a < b;
}

static bool retry_before(const struct task *a, const struct task *b)
{
	return a->retry_at_ms != b->retry_at_ms ? a->retry_at_ms < b->retry_at_ms : a < b;
}

static void heap_set(struct state *st, struct task_heap *h, size_t at, uint32_t task)
{
	h->v[at] = task;
	st->tasks[task].heap_at = (uint32_t)at;
}

static void heap_up(struct state *st, struct task_heap *h, size_t at, before_fn before)
{
	uint32_t task = h->v[at];

	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (!before(&st->tasks[task], &st->tasks[h->v[parent]]))
			break;
		heap_set(st, h, at, h->v[parent]);
		at = parent;
	}
	heap_set(st, h, at, task);
}

static void heap_down(struct state *st, struct task_heap *h, size_t at, before_fn before)
{
	uint32_t task = h->v[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count &&
		    before(&st->tasks[h->v[child + 1]], &st->tasks[h->v[child]]))
			child++;
		if (!before(&st->tasks[h->v[child]], &st->tasks[task]))
			break;
		heap_set(st, h, at, h->v[child]);
		at = child;
	}
	heap_set(st, h, at, task);
}

static void heap_push(struct state *st, struct task_heap *h, uint32_t task, before_fn before)
{
	INVARIANT(st->tasks[task].heap_at == NO_ID);
	mem_grow(&h->v, &h->capacity, h->count + 1, sizeof(*h->v));
	h->v[h->count++] = task;
	heap_up(st, h, h->count - 1, before);
	st->ws[st->tasks[task].ws].waiting++;
}

static void heap_remove(struct state *st, struct task_heap *h, uint32_t task, before_fn before)
{
	size_t at = st->tasks[task].heap_at;
	uint32_t last;

	INVARIANT(at < h->count);
	INVARIANT(h->v[at] == task);
	last = h->v[--h->count];
	st->tasks[task].heap_at = NO_ID;
	st->ws[st->tasks[task].ws].waiting--;
	if (last == task)
		return;
	h->v[at] = last;
	st->tasks[last].heap_at = (uint32_t)at;
	heap_up(st, h, at, before);
	heap_down(st, h, st->tasks[last].heap_at, before);
}

void queue_ready(struct state *st, uint32_t task)
{
	heap_push(st, &st->ws[st->tasks[task].ws].ready, task, ready_before);
}

void queue_retry(struct state *st, uint32_t task)
{
	heap_push(st, &st->retry, task, retry_before);
}

void queue_waiter(struct state *st, uint32_t task, uint32_t resource)
{
	st->tasks[task].waits_for = (uint16_t)resource;
	heap_push(st, &st->resources[resource].waiters, task, ready_before);
}

bool queue_before(const struct state *st, uint32_t a, uint32_t b)
{
	return ready_before(&st->tasks[a], &st->tasks[b]);
}

/* The kind's index; one for which nobody waits any more is taken over. NO_ID when there are too
 * many. */
static uint32_t find_kind(struct state *st, struct span capabilities)
{
	uint32_t unused = (uint32_t)st->kind_count;

	for (uint32_t i = 0; i < st->kind_count; i++) {
		if (span_eq(st->kinds[i].capabilities, capabilities))
			return i;
		if (!st->kinds[i].waiters.count)
			unused = i;
	}
	if (unused == KINDS_MAX)
		return NO_ID;
	if (unused == st->kind_count) {
		mem_grow(&st->kinds, &st->kind_capacity, st->kind_count + 1, sizeof(*st->kinds));
		st->kinds[st->kind_count++] = (struct kind){ SPAN_NONE, { NULL, 0, 0 } };
	}
	st->kinds[unused].capabilities = capabilities;
	return unused;
}

bool queue_kind(struct state *st, uint32_t task, struct span capabilities)
{
	uint32_t kind = find_kind(st, capabilities);

	if (kind == NO_ID)
		return false;
	st->tasks[task].waits_for = (uint16_t)(KIND_LINES + kind);
	heap_push(st, &st->kinds[kind].waiters, task, ready_before);
	return true;
}

static struct task_heap *line_of(struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];

	if (t->state == TASK_RETRYING)
		return &st->retry;
	if (t->waits_for == NO_RESOURCE)
		return &st->ws[t->ws].ready;
	if (t->waits_for >= KIND_LINES)
		return &st->kinds[t->waits_for - KIND_LINES].waiters;
	return &st->resources[t->waits_for].waiters;
}

uint32_t queue_first(const struct task_heap *heap)
{
	return heap->count ? heap->v[0] : NO_ID;
}

void queue_leave(struct state *st, uint32_t task)
{
	struct task *t = &st->tasks[task];

	if (t->heap_at == NO_ID)
		return;
	heap_remove(st, line_of(st, task), task,
		    t->state == TASK_RETRYING ? retry_before : ready_before);
	t->waits_for = NO_RESOURCE;
}

void queue_open(struct state *st, uint32_t ws)
{
	struct workstream *w = &st->ws[ws];

	w->active = true;
	queue_rebuild(st, ws);
	if (w->listed)
		return;
	w->listed = true;
	mem_grow(&st->open_ws, &st->open_capacity, st->open_count + 1, sizeof(*st->open_ws));
	st->open_ws[st->open_count++] = ws;
}

void queue_rebuild(struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];

	for (size_t i = 0; i < w->task_count; i++) {
		uint32_t task = w->tasks[i];
		const struct task *t = &st->tasks[task];

		if (t->state != TASK_QUEUED && t->state != TASK_VALIDATING)
			continue;
		queue_leave(st, task);
		if (t->worker == NO_ID && !(t->flags & TASK_HELD))
			queue_ready(st, task);
	}
}
