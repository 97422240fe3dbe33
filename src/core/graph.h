/*
 * Dependencies as plain arrays of numbers: stages, longest remaining paths, the critical path and
 * cycles. Nothing here knows a task. Every function is linear in nodes + edges and keeps its stacks
 * on the heap, so that a chain of a million nodes is as safe as a short one. "a needs b" is an edge
 * from a to b: b runs first.
 */
#ifndef SK_GRAPH_H
#define SK_GRAPH_H

#include "base/base.h"

#define GRAPH_NONE UINT32_MAX

/* Borrowed arrays. Node i needs needs[needs_at[i]] .. needs[needs_at[i + 1] - 1]; needs_at has
 * count + 1 entries. */
struct graph {
	uint32_t count;
	const uint32_t *needs_at;
	const uint32_t *needs;
};

/*
 * Writes to order[0..count) the nodes such that each stands behind everything it needs; nodes of
 * one stage stand together and by index. Returns how many were written: fewer than count means that
 * the rest is on a cycle or behind one.
 */
uint32_t graph_order(const struct graph *g, uint32_t *order);

/*
 * Fills stage[0..count): 1 for a node that needs nothing, else 1 + the highest stage among its
 * needs; 0 for a node on a cycle or behind one. Returns how many nodes got a stage (count = there
 * is no cycle).
 */
uint32_t graph_stages(const struct graph *g, uint32_t *stage);

/*
 * Fills rank[0..count): the longest way from the start of this node to the end of everything behind
 * it, itself included, given how long each node takes. Sums stop at UINT64_MAX. Nodes on a cycle or
 * behind one count as their estimate alone. Fills stage[0..count), too, as graph_stages would, when
 * it is not NULL.
 */
void graph_ranks(const struct graph *g, const uint64_t *estimate, uint64_t *rank, uint32_t *stage);

/*
 * Writes to path[0..count) the nodes of the longest way through the graph, first to last; among
 * equals the smaller index. Returns its number of nodes (0 when there are none without needs) and
 * its length in *total.
 */
uint32_t graph_critical_path(const struct graph *g, const uint64_t *estimate, uint32_t *path,
			     uint64_t *total);

/* One cycle: nodes[0] needs nodes[1], ..., nodes[count - 1] needs nodes[0]. Borrowed for the call.
 */
struct graph_cycle {
	const uint32_t *nodes;
	uint32_t count;
};

/*
 * Calls `found` once for each strongly connected component that has a cycle (a node that needs
 * itself is one), with the shortest cycle through the component's smallest node, beginning there;
 * components come in the order of these nodes. "Smallest" is by key[node] (unique numbers, for
 * example places in the sorted names) or, with key NULL, by index. Returns how many there were.
 */
uint32_t graph_cycles(const struct graph *g, const uint32_t *key,
		      void (*found)(void *ctx, const struct graph_cycle *cycle), void *ctx);

#endif
