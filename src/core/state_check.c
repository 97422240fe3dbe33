/*
 * Written apart from decide and apply on purpose: a rule that is checked by the code that should
 * have kept it would always hold. So counts are taken anew here, and the derivation of a
 * workstream's state is told a second time, from the tasks' states alone.
 */
#include "core/state_check.h"

#include <stdio.h>

const char *state_rule_word(enum state_rule rule)
{
#define X(name, word) word,
	static const char *const words[] = { STATE_RULES(X) };
#undef X
	return words[rule];
}

struct checking {
	const struct state *st;
	void (*fn)(void *ctx, enum state_rule rule, struct span id, const char *what);
	void *ctx;
};

static void tell(const struct checking *c, enum state_rule rule, struct span id, const char *what)
{
	c->fn(c->ctx, rule, id, what);
}

static bool ordered(int64_t a, int64_t b)
{
	return a == 0 || b == 0 || a <= b;
}

static void check_times(const struct checking *c, const struct task *t)
{
	if (!ordered(t->created_ms, t->queued_ms) || !ordered(t->created_ms, t->started_ms))
		tell(c, RULE_TASKS, t->id, "was queued or started before it was created");
	if (!ordered(t->created_ms, t->ended_ms) ||
	    (task_state_final(t->state) && !ordered(t->started_ms, t->ended_ms)))
		tell(c, RULE_TASKS, t->id, "ended before it was created or started");
}

static void check_task(const struct checking *c, const struct task *t)
{
	bool with_worker = t->worker != NO_ID;
	uint32_t unmet = 0;

	if (t->state >= TASK_STATE_COUNT) {
		tell(c, RULE_TASKS, t->id, "is in no state at all");
		return;
	}
	if (t->state == TASK_RUNNING && !with_worker)
		tell(c, RULE_TASKS, t->id, "is running without a worker");
	if (with_worker && t->state != TASK_QUEUED && t->state != TASK_RUNNING &&
	    t->state != TASK_VALIDATING)
		tell(c, RULE_TASKS, t->id, "is assigned to a worker although it is not at work");
	if (t->state == TASK_RETRYING && t->retry_at_ms == 0)
		tell(c, RULE_TASKS, t->id, "is to be tried again, but not when");
	if (!(t->flags & TASK_LINKED)) {
		check_times(c, t);
		return;
	}
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *n = &c->st->tasks[t->needs[i] & ~WAIVED];
		bool settled = n->state == TASK_COMPLETED ||
			       (n->state == TASK_CANCELLED && n->flags & TASK_WAIVES);

		unmet += !(t->needs[i] & WAIVED) && !task_gone(n) && !settled;
	}
	if (unmet && t->state == TASK_QUEUED && !(t->flags & TASK_CANCELLING)) /* else it is on its
										  way out */
		tell(c, RULE_TASKS, t->id, "is queued although a dependency is not satisfied");
	check_times(c, t);
}

static void check_worker(const struct checking *c, uint32_t index)
{
	const struct worker *w = &c->st->workers[index];

	if (w->state == WORKER_SHUTDOWN && w->assigned)
		tell(c, RULE_WORKERS, w->id, "has ended, but tasks are assigned to it");
	for (uint32_t i = 0; i < w->assigned; i++)
		if (c->st->tasks[w->tasks[i]].worker != index)
			tell(c, RULE_WORKERS, w->id, "lists a task that is not assigned to it");
}

static void check_resource(const struct checking *c, uint32_t index)
{
	const struct resource *r = &c->st->resources[index];
	uint64_t held = 0;

	for (size_t i = 0; i < r->holder_count; i++) {
		const struct task *t = &c->st->tasks[r->holders[i]];
		bool asks = false;

		for (uint8_t k = 0; k < t->resource_count; k++) {
			if (t->resources[k].resource != index)
				continue;
			asks = true;
			held += resource_amount(r, t->resources[k].amount);
		}
		if (task_gone(t) || !asks || (t->worker == NO_ID && t->state != TASK_VALIDATING))
			tell(c, RULE_RESOURCES, r->id,
			     "is held by a task that is not running or validating");
	}
	if (held != r->held)
		tell(c, RULE_RESOURCES, r->id, "is not held by as much as its holders take");
}

/* The tasks of a workstream by state, counted anew. */
struct tally {
	uint32_t by_state[TASK_STATE_COUNT], waived, fatal, total, stuck;
};

static struct tally tally_ws(const struct state *st, const struct workstream *w)
{
	struct tally sum = { .total = (uint32_t)w->task_count };

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		sum.by_state[t->state]++;
		sum.waived += t->state == TASK_CANCELLED && t->flags & TASK_WAIVES;
		sum.fatal += t->state == TASK_FAILED && t->flags & TASK_FATAL;
		sum.stuck += t->state == TASK_PENDING && t->flags & TASK_BLOCKED;
	}
	return sum;
}

enum ws_state ws_derived(const struct workstream *w, enum trigger *on)
{
	const uint32_t *n = w->by_state;
	uint32_t moving = n[TASK_QUEUED] + n[TASK_RUNNING] + n[TASK_VALIDATING] + n[TASK_RETRYING];

	*on = ON_NONE;
	if (w->state == WS_PLANNED || ws_state_final(w->state) || w->task_count == 0 ||
	    w->state == WS_VALIDATING) /* its own validation decides, not its tasks */
		return (enum ws_state)w->state;
	if (w->state == WS_READY && n[TASK_PENDING] + n[TASK_QUEUED] == w->task_count)
		return WS_READY;
	if (w->critical_failed) {
		*on = ON_CRITICAL_TASK_FAILED;
		return WS_FAILED;
	}
	if (n[TASK_COMPLETED] + w->waived == w->task_count) {
		*on = ON_ALL_TASKS_COMPLETED;
		return WS_COMPLETED;
	}
	if (!moving && n[TASK_PENDING] == w->blocked && (n[TASK_FAILED] || w->blocked)) {
		*on = ON_TASKS_EXHAUSTED;
		return WS_FAILED;
	}
	if (w->state == WS_READY)
		*on = ON_FIRST_TASK_STARTED;
	return WS_EXECUTING;
}

static void check_ws(const struct checking *c, const struct workstream *w)
{
	struct tally sum = tally_ws(c->st, w);
	enum trigger on;
	enum ws_state should = ws_derived(w, &on);
	char what[128];

	if (memcmp(sum.by_state, w->by_state, sizeof(sum.by_state)) != 0 ||
	    sum.waived != w->waived || sum.fatal != w->critical_failed || sum.stuck != w->blocked)
		tell(c, RULE_WORKSTREAMS, w->id, "counts its tasks wrongly");
	if (should != w->state) {
		snprintf(what, sizeof(what), "is %s, but by its tasks it is %s",
			 ws_state_word(w->state), ws_state_word(should));
		tell(c, RULE_WORKSTREAMS, w->id, what);
	}
	if (w->state == WS_COMPLETED && sum.by_state[TASK_COMPLETED] + sum.waived != sum.total)
		tell(c, RULE_WORKSTREAMS, w->id, "is completed, but not all of its tasks are");
}

void state_check(const struct state *st,
		 void (*fn)(void *ctx, enum state_rule rule, struct span id, const char *what),
		 void *ctx)
{
	struct checking c = { st, fn, ctx };

	for (size_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]))
			check_task(&c, &st->tasks[i]);
	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			check_ws(&c, &st->ws[i]);
	for (size_t i = 0; i < st->worker_count; i++)
		check_worker(&c, (uint32_t)i);
	for (size_t i = 0; i < st->resource_count; i++)
		check_resource(&c, (uint32_t)i);
}
