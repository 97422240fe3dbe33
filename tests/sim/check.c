/*
 * Everything in a state that is counted or kept twice, counted again from the tasks alone. Slow and
 * obvious on purpose: it shares nothing with the code it judges.
 */
#include <stdlib.h>
#include <string.h>

#include "core/state_check.h"
#include "core/state_codec.h"
#include "world.h"

static bool met(const struct state *st, uint32_t need)
{
	const struct task *t = &st->tasks[need & ~WAIVED];

	return need & WAIVED || t->state == TASK_COMPLETED ||
	       (t->state == TASK_CANCELLED && t->flags & TASK_WAIVES);
}

static bool hopeless(const struct state *st, const struct task *t)
{
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *n = &st->tasks[t->needs[i] & ~WAIVED];

		if (!(t->needs[i] & WAIVED) &&
		    (n->state == TASK_FAILED ||
		     (n->state == TASK_PENDING && n->flags & TASK_BLOCKED)))
			return true;
	}
	return false;
}

static void check_needs(struct world *w, const struct state *st, const struct task *t)
{
	uint32_t unmet = 0;

	if (!(t->flags & TASK_LINKED) || t->needs_raw.p)
		return;
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *n = &st->tasks[t->needs[i] & ~WAIVED];
		uint32_t entered = 0;

		unmet += !met(st, t->needs[i]);
		for (uint32_t k = 0; k < n->dependents_count; k++)
			entered += &st->tasks[n->dependents[k]] == t;
		if (entered != !(t->needs[i] & WAIVED))
			wrong(w, "%.*s stands %u times among the dependents of %.*s",
			      SPAN_ARG(t->id), entered, SPAN_ARG(n->id));
	}
	if (unmet != t->unmet)
		wrong(w, "%.*s has %u unmet needs, counted %u", SPAN_ARG(t->id), unmet, t->unmet);
	if (t->state == TASK_PENDING && hopeless(st, t) != !!(t->flags & TASK_BLOCKED))
		wrong(w, "%.*s: blocked mark %d is wrong", SPAN_ARG(t->id),
		      !!(t->flags & TASK_BLOCKED));
}

/* The one line the task must stand in, or NULL. */
static const struct task_heap *line_of(const struct state *st, const struct task *t)
{
	const struct workstream *ws = &st->ws[t->ws];

	if (t->state == TASK_RETRYING)
		return &st->retry;
	if ((t->state != TASK_QUEUED && t->state != TASK_VALIDATING) || t->worker != NO_ID)
		return NULL;
	if (!ws->active || t->flags & TASK_HELD)
		return NULL;
	if (t->waits_for == NO_RESOURCE)
		return &ws->ready;
	if (t->waits_for >= KIND_LINES)
		return &st->kinds[t->waits_for - KIND_LINES].waiters;
	return &st->resources[t->waits_for].waiters;
}

static void check_line(struct world *w, const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];
	const struct task_heap *line = line_of(st, t);

	if (!line && t->heap_at != NO_ID)
		wrong(w, "%.*s stands in a line, being %s", SPAN_ARG(t->id),
		      task_state_word(t->state));
	if (line && (t->heap_at >= line->count || line->v[t->heap_at] != task))
		wrong(w, "%.*s, %s, does not stand in its line", SPAN_ARG(t->id),
		      task_state_word(t->state));
	if (t->waits_for < KIND_LINES)
		saw(w, SAW_RESOURCE_WAIT);
}

static void check_task(struct world *w, const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];
	bool with_worker =
		t->state == TASK_RUNNING ||
		(t->worker != NO_ID && (t->state == TASK_QUEUED || t->state == TASK_VALIDATING));
	uint32_t listed = 0;

	if (with_worker != (t->worker != NO_ID))
		wrong(w, "%.*s is %s %s a worker", SPAN_ARG(t->id), task_state_word(t->state),
		      t->worker == NO_ID ? "without" : "with");
	if (t->worker != NO_ID) {
		const struct worker *k = &st->workers[t->worker];

		for (uint32_t i = 0; i < k->assigned; i++)
			listed += k->tasks[i] == task;
		if (listed != 1 || k->state == WORKER_SHUTDOWN)
			wrong(w, "%.*s is %u times with worker %.*s, which is %s", SPAN_ARG(t->id),
			      listed, SPAN_ARG(k->id), worker_state_word(k->state));
	}
	check_needs(w, st, t);
	check_line(w, st, task);
}

static void check_ws(struct world *w, const struct state *st, uint32_t index)
{
	const struct workstream *ws = &st->ws[index];
	uint32_t by_state[TASK_STATE_COUNT] = { 0 };
	uint32_t blocked = 0, waived = 0, fatal = 0, assigned = 0, waiting = 0, count = 0;

	for (size_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];

		if (t->ws != index)
			continue;
		count++;
		by_state[t->state]++;
		blocked += t->state == TASK_PENDING && t->flags & TASK_BLOCKED;
		waived += t->state == TASK_CANCELLED && t->flags & TASK_WAIVES;
		fatal += t->state == TASK_FAILED && t->flags & TASK_FATAL;
		assigned += t->worker != NO_ID;
		waiting += t->heap_at != NO_ID;
	}
	if (memcmp(by_state, ws->by_state, sizeof(by_state)) || count != ws->task_count ||
	    blocked != ws->blocked || waived != ws->waived || fatal != ws->critical_failed ||
	    assigned != ws->assigned || waiting != ws->waiting)
		wrong(w,
		      "the counts of workstream %.*s are wrong: blocked %u/%u waived %u/%u "
		      "fatal %u/%u assigned %u/%u waiting %u/%u",
		      SPAN_ARG(ws->id), blocked, ws->blocked, waived, ws->waived, fatal,
		      ws->critical_failed, assigned, ws->assigned, waiting, ws->waiting);
}

static void check_resource(struct world *w, const struct state *st, uint32_t index)
{
	const struct resource *r = &st->resources[index];
	uint64_t held = 0;
	size_t holders = 0;

	for (size_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];

		if (task_gone(t) || (t->worker == NO_ID && t->state != TASK_VALIDATING))
			continue;
		for (uint8_t k = 0; k < t->resource_count; k++) {
			if (t->resources[k].resource != index)
				continue;
			held += resource_amount(r, t->resources[k].amount);
			holders++;
		}
	}
	if (held != r->held || holders != r->holder_count)
		wrong(w, "resource %.*s: %llu held by %zu, recorded %llu by %zu", SPAN_ARG(r->id),
		      (unsigned long long)held, holders, (unsigned long long)r->held,
		      r->holder_count);
	if (r->limit && held > r->limit)
		wrong(w, "resource %.*s: %llu of %u are held", SPAN_ARG(r->id),
		      (unsigned long long)held, r->limit);
}

/* What `sk state validate` would say of this state. */
static void on_violation(void *ctx, enum state_rule rule, struct span id, const char *what)
{
	wrong(ctx, "%s: %.*s %s", state_rule_word(rule), SPAN_ARG(id), what);
}

void check_state(struct world *w, const struct state *st)
{
	if (st->unblocked_count || st->dirty_count)
		wrong(w, "the agenda is not empty after a turn");
	for (uint32_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]))
			check_task(w, st, i);
	for (uint32_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			check_ws(w, st, i);
	for (uint32_t i = 0; i < st->resource_count; i++)
		check_resource(w, st, i);
	state_check(st, on_violation, w);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Lists whose order means nothing are brought into one order. */
static void sort_lists(struct state *st)
{
	for (size_t i = 0; i < st->worker_count; i++)
		if (st->workers[i].assigned)
			qsort(st->workers[i].tasks, st->workers[i].assigned, sizeof(uint32_t),
			      by_number);
	for (size_t i = 0; i < st->resource_count; i++)
		if (st->resources[i].holder_count)
			qsort(st->resources[i].holders, st->resources[i].holder_count,
			      sizeof(uint32_t), by_number);
}

bool same_state(struct state *a, struct state *b, struct buf *left, struct buf *right)
{
	const struct snapshot_place nowhere = { 0, 0, 0 };

	sort_lists(a);
	sort_lists(b);
	state_encode(a, &nowhere, 0, left);
	state_encode(b, &nowhere, 0, right);
	return left->len == right->len && memcmp(left->p, right->p, left->len) == 0;
}

void check_same(struct world *w, struct state *a, struct state *b, const char *what)
{
	CLEANUP(buf_release) struct buf left = BUF_INIT, right = BUF_INIT;
	size_t at = 0, from;

	if (w->out->failed || same_state(a, b, &left, &right))
		return;
	while (at < left.len && at < right.len && left.p[at] == right.p[at])
		at++;
	from = at < 200 ? 0 : at - 200;
	wrong(w, "%s differs from the fold of the journal at byte %zu: '%.300s' and '%.300s'", what,
	      at, left.p + from, right.p + from);
}

void check_twin(struct world *w, const char *when)
{
	check_same(w, &w->chief.st, &w->ledger.twin, when);
}
