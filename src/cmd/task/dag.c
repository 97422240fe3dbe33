/*
 * Levels, the longest way and cycles come from core/graph, the same code that schedules: what is
 * drawn is what is done.
 */
#include "cmd/task/dag.h"

static void keep_cycle(void *ctx, const struct graph_cycle *cycle)
{
	struct dag *d = ctx;
	uint32_t first = d->cycle_at[d->cycle_count];

	mem_grow(&d->cycle, &d->cycle_capacity, first + cycle->count, sizeof(*d->cycle));
	mem_grow(&d->cycle_at, &d->cycle_at_capacity, d->cycle_count + 2, sizeof(*d->cycle_at));
	for (uint32_t i = 0; i < cycle->count; i++) {
		d->cycle[first + i] = cycle->nodes[i];
		d->on_cycle[cycle->nodes[i]] = true;
	}
	d->cycle_at[++d->cycle_count] = first + cycle->count;
}

void dag_init(struct dag *d, const struct state *st, uint32_t ws)
{
	*d = (struct dag){ .st = st, .w = &st->ws[ws] };
	d->count = (uint32_t)d->w->task_count;
	ws_graph_init(&d->g, st, ws);
	d->stage = mem_zalloc((d->count + 1) * sizeof(*d->stage));
	d->order = mem_zalloc((d->count + 1) * sizeof(*d->order));
	d->path = mem_zalloc((d->count + 1) * sizeof(*d->path));
	d->on_path = mem_zalloc(d->count + 1);
	d->on_cycle = mem_zalloc(d->count + 1);
	mem_grow(&d->cycle_at, &d->cycle_at_capacity, 1, sizeof(*d->cycle_at));
	d->cycle_at[0] = 0;
	graph_stages(&d->g.graph, d->stage);
	d->ordered = graph_order(&d->g.graph, d->order);
	for (uint32_t i = 0; i < d->count; i++)
		if (d->stage[i] > d->stages)
			d->stages = d->stage[i];
	if (d->ordered < d->count)
		graph_cycles(&d->g.graph, NULL, keep_cycle, d);
	else
		d->path_count =
			graph_critical_path(&d->g.graph, d->g.estimate_ms, d->path, &d->path_ms);
	for (uint32_t i = 0; i < d->path_count; i++)
		d->on_path[d->path[i]] = true;
}

void dag_release(struct dag *d)
{
	ws_graph_release(&d->g);
	mem_free(&d->stage);
	mem_free(&d->order);
	mem_free(&d->path);
	mem_free(&d->on_path);
	mem_free(&d->on_cycle);
	mem_free(&d->cycle);
	mem_free(&d->cycle_at);
}
