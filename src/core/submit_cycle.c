/*
 * Tasks of a submission that wait for each other in a circle. Whoever compiles a plan looks, and
 * can say in which line it is; the orchestrator looks again, because what comes over its socket
 * need not have been compiled by us.
 */
#include "core/submit_cycle.h"

#include <stdlib.h>

#include "base/err.h"

#define CYCLE_NAMES_MAX 12 /* of a long circle that a message shows */

struct full_name {
	struct span ws, task;
	uint32_t index;
};

static int by_full_name(const void *a, const void *b)
{
	const struct full_name *x = a, *y = b;
	int order = span_compare(x->ws, y->ws);

	return order ? order : span_compare(x->task, y->task);
}

/* Each task's place among the sorted names: circles are told from their smallest name on. */
static uint32_t *name_places(const struct submission *s)
{
	CLEANUP(mem_free)
	struct full_name *names = mem_alloc(((size_t)s->task_count + 1) * sizeof(*names));
	uint32_t *places = mem_alloc(((size_t)s->task_count + 1) * sizeof(*places));

	for (uint32_t i = 0; i < s->task_count; i++)
		names[i] = (struct full_name){ s->ws[s->tasks[i].ws].name, s->tasks[i].name, i };
	qsort(names, s->task_count, sizeof(*names), by_full_name);
	for (uint32_t i = 0; i < s->task_count; i++)
		places[names[i].index] = i;
	return places;
}

void submit_cycles(const struct submission *s,
		   void (*found)(void *ctx, const struct graph_cycle *cycle), void *ctx)
{
	CLEANUP(mem_free) uint32_t *at = mem_alloc(((size_t)s->task_count + 1) * sizeof(*at));
	CLEANUP(mem_free) uint32_t *order = mem_alloc(((size_t)s->task_count + 1) * sizeof(*order));
	CLEANUP(mem_free) uint32_t *places = NULL;
	struct graph g = { s->task_count, at, s->needs };

	for (uint32_t i = 0; i < s->task_count; i++)
		at[i] = s->tasks[i].needs_at;
	at[s->task_count] = s->needs_count;
	if (graph_order(&g, order) == s->task_count)
		return;
	places = name_places(s);
	graph_cycles(&g, places, found, ctx);
}

bool submit_cycle_crosses(const struct submission *s, const struct graph_cycle *cycle)
{
	for (uint32_t i = 1; i < cycle->count; i++)
		if (s->tasks[cycle->nodes[i]].ws != s->tasks[cycle->nodes[0]].ws)
			return true;
	return false;
}

static void put_task(struct buf *out, const struct submission *s, uint32_t task, bool full)
{
	if (full)
		buf_putf(out, "%.*s/", SPAN_ARG(s->ws[s->tasks[task].ws].name));
	buf_put(out, s->tasks[task].name.p, s->tasks[task].name.len);
}

void submit_put_cycle(const struct submission *s, const struct graph_cycle *cycle, struct buf *out)
{
	uint32_t shown = cycle->count <= CYCLE_NAMES_MAX ? cycle->count : CYCLE_NAMES_MAX;
	bool crosses = submit_cycle_crosses(s, cycle);

	buf_puts(out, "dependency cycle: ");
	for (uint32_t i = 0; i < shown; i++) {
		put_task(out, s, cycle->nodes[i], crosses);
		buf_puts(out, " → ");
	}
	if (shown < cycle->count)
		buf_putf(out, "... (%u more) → ", cycle->count - shown);
	put_task(out, s, cycle->nodes[0], crosses);
}

const char *submit_cycle_remedy(const struct submission *s, const struct graph_cycle *cycle)
{
	return submit_cycle_crosses(s, cycle)
		       ? "Try: take one of these needs out"
		       : "Try: take one of these needs out, or add --halt-on-cycle";
}

struct refusal {
	const struct submission *s;
	unsigned flags;
	struct buf *why;
	int code;
};

static void refuse(void *ctx, const struct graph_cycle *cycle)
{
	struct refusal *r = ctx;

	if (r->code < 0 || (r->flags & SUBMIT_HALT_ON_CYCLE && !submit_cycle_crosses(r->s, cycle)))
		return;
	r->code = -SK_EUSAGE;
	buf_puts(r->why, "submission: ");
	submit_put_cycle(r->s, cycle, r->why);
	buf_putf(r->why, ": nothing was submitted. %s", submit_cycle_remedy(r->s, cycle));
}

int submit_refuse_cycles(const struct submission *s, unsigned flags, struct buf *why)
{
	struct refusal r = { s, flags, why, 0 };

	submit_cycles(s, refuse, &r);
	return r.code;
}
