/*
 * The graph of a workstream knows the plan, and here the question is what is still in the way: so
 * edges to and from what is settled are left out before looking for circles.
 */
#include "core/cycle.h"

#include "core/link.h"

#define CYCLE_TASKS_MAX 100 /* named in one record; the graph has them all */

struct looking {
	const struct workstream *w;
	void (*found)(void *ctx, const uint32_t *tasks, uint32_t count);
	void *ctx;
};

static void hand_on(void *ctx, const struct graph_cycle *cycle)
{
	const struct looking *l = ctx;
	CLEANUP(mem_free) uint32_t *tasks = mem_alloc(cycle->count * sizeof(*tasks));

	for (uint32_t i = 0; i < cycle->count; i++)
		tasks[i] = l->w->tasks[cycle->nodes[i]];
	if (l->found)
		l->found(l->ctx, tasks, cycle->count);
}

static bool settled(const struct state *st, uint32_t task)
{
	return need_met(st, task) || st->tasks[task].flags & TASK_DROPPED;
}

uint32_t ws_cycles(const struct state *st, uint32_t ws,
		   void (*found)(void *ctx, const uint32_t *tasks, uint32_t count), void *ctx)
{
	const struct workstream *w = &st->ws[ws];
	struct looking looking = { w, found, ctx };
	struct ws_graph g;
	uint32_t kept = 0, cycles;

	ws_graph_init(&g, st, ws);
	for (uint32_t node = 0, k = 0; node < w->task_count; node++) {
		bool open = !settled(st, w->tasks[node]);

		for (uint32_t end = g.needs_at[node + 1]; k < end; k++)
			if (open && !settled(st, w->tasks[g.needs[k]]))
				g.needs[kept++] = g.needs[k];
		g.needs_at[node + 1] = kept;
	}
	cycles = graph_cycles(&g.graph, NULL, hand_on, &looking);
	ws_graph_release(&g);
	return cycles;
}

static void pass(void *ctx, const struct graph_cycle *cycle)
{
	(void)ctx;
	(void)cycle;
}

bool ws_planned_in_circles(const struct state *st, uint32_t ws)
{
	struct ws_graph g;
	uint32_t cycles;

	if (!st->happened[EV_CYCLE_DETECTED])
		return false;
	ws_graph_planned(&g, st, ws);
	cycles = graph_cycles(&g.graph, NULL, pass, NULL);
	ws_graph_release(&g);
	return cycles > 0;
}

struct telling {
	struct turn *t;
	uint32_t ws;
};

static void record(void *ctx, const uint32_t *tasks, uint32_t count)
{
	const struct telling *telling = ctx;
	struct turn *t = telling->t;
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct span names;
	struct event *ev;

	for (uint32_t i = 0; i < count && i < CYCLE_TASKS_MAX; i++) {
		buf_putc(&list, i ? ',' : '[');
		buf_put_json(&list, t->st->tasks[tasks[i]].id);
	}
	buf_putc(&list, ']');
	names = turn_copy(t, (struct span){ list.p, list.len });
	ev = turn_ws_event(t, EV_CYCLE_DETECTED, telling->ws);
	ev->tasks = names;
	turn_apply(t);
}

void turn_halt_on_cycles(struct turn *t, uint32_t ws)
{
	const struct workstream *w = &t->st->ws[ws];
	struct telling telling = { t, ws };
	bool suspect = false;

	/* Linking gives no stage to what is on a circle or behind one: nearly always there is none.
	 */
	for (size_t i = 0; i < w->task_count && !suspect; i++)
		suspect = !t->st->tasks[w->tasks[i]].stage;
	if (suspect && !(w->flags & WSF_HALTED))
		ws_cycles(t->st, ws, record, &telling);
}
