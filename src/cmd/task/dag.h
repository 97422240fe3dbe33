/* The graph of one workstream as `sk workstream dag` draws it. */
#ifndef SK_DAG_H
#define SK_DAG_H

#include "cmd/cmd.h"
#include "cmd/view.h"
#include "core/link.h"

/* Node i is ws->tasks[i]. */
struct dag {
	const struct state *st;
	const struct workstream *w;
	struct ws_graph g;
	uint32_t count, stages; /* levels; 0 when all are on or behind a cycle */
	uint32_t *stage;        /* of each node, 0 = on a cycle or behind one */
	uint32_t *order;        /* each behind what it needs; without those of stage 0 */
	uint32_t ordered;
	uint32_t *path; /* the longest way, by estimates; empty when there is a cycle */
	uint32_t path_count;
	uint64_t path_ms;
	bool *on_path;
	uint32_t *cycle_at; /* cycle i is cycle[cycle_at[i]] .. cycle[cycle_at[i + 1] - 1] */
	uint32_t *cycle;    /* nodes: each needs the next, the last one the first */
	uint32_t cycle_count;
	size_t cycle_capacity, cycle_at_capacity;
	bool *on_cycle;
};

void dag_init(struct dag *d, const struct state *st, uint32_t ws);
void dag_release(struct dag *d);

static inline const struct task *dag_task(const struct dag *d, uint32_t node)
{
	return &d->st->tasks[d->w->tasks[node]];
}

void dag_put_text(struct cmd_ctx *c, const struct dag *d);

/* Graphviz source: an arrow leads from what is needed to what needs it. */
void dag_put_dot(const struct dag *d, struct buf *out);

void dag_put_json(struct cmd_ctx *c, const struct dag *d);

/* Has the program `dot` draw it to stdout. Returns 0, or a negative code with *e filled. */
int dag_draw(struct cmd_ctx *c, const struct dag *d, struct err *e);

#endif
