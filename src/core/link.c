/*
 * The graph lives in the tasks themselves (needs and dependents), because a transition must touch
 * only its neighbours: here is what it does there. link_ws.c builds the graph.
 */
#include "core/link.h"

struct stack {
	uint32_t *v;
	size_t count, capacity;
};

static void push(struct stack *s, uint32_t task)
{
	mem_grow(&s->v, &s->capacity, s->count + 1, sizeof(*s->v));
	s->v[s->count++] = task;
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
	mem_grow(&st->unblocked, &st->unblocked_capacity, st->unblocked_count + 1,
		 sizeof(*st->unblocked));
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

/* Gives the mark of each task behind `from` the value `mark`, and goes on behind each one that
 * changed. */
static void spread_block(struct state *st, uint32_t from, bool mark)
{
	struct stack stack = { NULL, 0, 0 };

	push(&stack, from);
	while (stack.count) {
		const struct task *t = &st->tasks[stack.v[--stack.count]];

		for (uint32_t i = 0; i < t->dependents_count; i++) {
			uint32_t next = t->dependents[i];
			struct task *d = &st->tasks[next];

			if (d->state != TASK_PENDING || !(d->flags & TASK_BLOCKED) != mark ||
			    task_hopeless(st, d) != mark)
				continue;
			d->flags = (uint16_t)(d->flags ^ TASK_BLOCKED);
			st->ws[d->ws].blocked = st->ws[d->ws].blocked + mark - !mark;
			agenda_ws(st, d->ws);
			push(&stack, next);
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

void leave_foreign_needs(struct state *st, uint32_t task)
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
