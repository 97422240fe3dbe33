/* From names to a graph: what workstream_ready does, and what is done again when a plan's changes
 * are taken over. */
#ifndef SK_LINK_H
#define SK_LINK_H

#include "core/graph.h"
#include "core/state.h"

/* The workstream's own tasks as a graph; node i is ws->tasks[i]. Dependencies on other workstreams
 * are left out. */
struct ws_graph {
	struct graph graph;
	uint32_t *needs_at, *needs;
	uint64_t *estimate_ms;
};

/* Works on resolved needs and on needs_raw alike; unknown names are left out. Release with
 * ws_graph_release. */
void ws_graph_init(struct ws_graph *g, const struct state *st, uint32_t ws);

/* The same with the needs that an operator has waived: as the plan has it. */
void ws_graph_planned(struct ws_graph *g, const struct state *st, uint32_t ws);
void ws_graph_release(struct ws_graph *g);

/*
 * Resolves the needs of all tasks of the workstream and builds dependents, unmet counts, stages and
 * ranks; puts ready tasks on the agenda. Idempotent. Returns 0, or -SK_ECORRUPT with *why when a
 * need is unknown (state unchanged).
 */
int link_ws(struct state *st, uint32_t ws, char why[200]);

/* Whether link_ws would find all needs; else -SK_ECORRUPT with *why. Only a damaged journal lacks
 * any. */
int link_check(const struct state *st, uint32_t ws, char why[200]);

/* Whether this entry of a task's needs (an index, maybe with WAIVED) lets the task go on. */
bool need_met(const struct state *st, uint32_t need);

/* Whether whoever needs this task cannot run until an operator acts: it failed, or is blocked
 * itself. */
bool task_stops(const struct state *st, uint32_t task);

/*
 * Makes the task's mark TASK_BLOCKED right again after its state or its needs have changed, and the
 * marks of all behind it, however far away, when what task_stops says is not what it said before.
 */
void mark_blocked(struct state *st, uint32_t task, bool stopped_before);

/* The operator waives this dependency of the task; nothing happens when there is none, or when it
 * is waived already. */
void waive_need(struct state *st, uint32_t task, uint32_t need);

/* Makes the tasks of other workstreams that the task needs forget about it. */
void leave_foreign_needs(struct state *st, uint32_t task);

/* Cuts the edges between the task and other workstreams; what waited for it there has nothing to
 * wait for any more. */
void unlink_task(struct state *st, uint32_t task);

/* Agenda: to be looked at before the turn ends. */
void agenda_task(struct state *st, uint32_t task);
void agenda_ws(struct state *st, uint32_t ws);

#endif
