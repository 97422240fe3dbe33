/*
 * Why arrays and not pointers: the same code checks a plan that is being read and orders a million
 * tasks of the state, and each of them can lay out its edges in one array cheaply. Order is found
 * by counting needs down (Kahn), components by Tarjan's algorithm with its recursion unrolled: a
 * dependency chain is as deep as the user makes it.
 */
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

/* The same edges from the other side: who needs node i. */
struct reverse {
	uint32_t *at; /* count + 1 entries */
	uint32_t *from;
};

static void reverse_release(struct reverse *r)
{
	mem_free(&r->at);
	mem_free(&r->from);
}

static void reverse_init(struct reverse *r, const struct graph *g)
{
	uint32_t edges = g->count ? g->needs_at[g->count] : 0;
	uint32_t sum = 0;

	r->at = mem_zalloc(((size_t)g->count + 2) * sizeof(*r->at));
	r->from = mem_alloc(((size_t)edges + 1) * sizeof(*r->from));
	for (uint32_t e = 0; e < edges; e++) {
		INVARIANT(g->needs[e] < g->count);
		r->at[g->needs[e] + 1]++;
	}
	for (uint32_t i = 0; i <= g->count; i++) {
		sum += r->at[i];
		r->at[i] = sum;
	}
	/* at[i] is the end of node i - 1's list = the start of node i's; filling moves it to the
	 * end of node i's. */
	for (uint32_t i = 0; i < g->count; i++)
		for (uint32_t e = g->needs_at[i]; e < g->needs_at[i + 1]; e++)
			r->from[r->at[g->needs[e]]++] = i;
	memmove(r->at + 1, r->at, (size_t)g->count * sizeof(*r->at));
	r->at[0] = 0;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool ascends(const uint32_t *v, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (v[i] < v[i - 1])
			return false;
	return true;
}

/* Takes whole stages at a time: everything ready now is stage n, and what it frees is stage n + 1.
 */
static uint32_t order_by_stage(const struct graph *g, const struct reverse *r, uint32_t *order,
			       uint32_t *stage)
{
	CLEANUP(mem_free) uint32_t *unmet = mem_alloc(((size_t)g->count + 1) * sizeof(*unmet));
	uint32_t done = 0, end = 0, level = 0;

	for (uint32_t i = 0; i < g->count; i++) {
		unmet[i] = g->needs_at[i + 1] - g->needs_at[i];
		if (stage)
			stage[i] = 0;
		if (unmet[i] == 0)
			order[end++] = i;
	}
	while (done < end) {
		uint32_t stage_end = end;

		level++;
		for (; done < stage_end; done++) {
			uint32_t node = order[done];

			if (stage)
				stage[node] = level;
			for (uint32_t e = r->at[node]; e < r->at[node + 1]; e++)
				if (--unmet[r->from[e]] == 0)
					order[end++] = r->from[e];
		}
		if (!ascends(order + stage_end, end - stage_end))
			qsort(order + stage_end, end - stage_end, sizeof(*order), by_index);
	}
	return done;
}

uint32_t graph_order(const struct graph *g, uint32_t *order)
{
	CLEANUP(reverse_release) struct reverse r;

	reverse_init(&r, g);
	return order_by_stage(g, &r, order, NULL);
}

uint32_t graph_stages(const struct graph *g, uint32_t *stage)
{
	CLEANUP(mem_free) uint32_t *order = mem_alloc(((size_t)g->count + 1) * sizeof(*order));
	CLEANUP(reverse_release) struct reverse r;

	reverse_init(&r, g);
	return order_by_stage(g, &r, order, stage);
}

static uint64_t sum_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void ranks_of(const struct graph *g, const struct reverse *r, const uint64_t *estimate,
		     uint64_t *rank, uint32_t *stage)
{
	CLEANUP(mem_free) uint32_t *order = mem_alloc(((size_t)g->count + 1) * sizeof(*order));
	uint32_t ordered = order_by_stage(g, r, order, stage);

	for (uint32_t i = 0; i < g->count; i++)
		rank[i] = estimate[i];
	while (ordered > 0) {
		uint32_t node = order[--ordered];

		for (uint32_t e = g->needs_at[node]; e < g->needs_at[node + 1]; e++) {
			uint32_t need = g->needs[e];
			uint64_t way = sum_capped(estimate[need], rank[node]);

			if (way > rank[need])
				rank[need] = way;
		}
	}
}

void graph_ranks(const struct graph *g, const uint64_t *estimate, uint64_t *rank, uint32_t *stage)
{
	CLEANUP(reverse_release) struct reverse r;

	reverse_init(&r, g);
	ranks_of(g, &r, estimate, rank, stage);
}

/* The better of two nodes to go on with: the longer way, then the smaller index. `best` may be
 * GRAPH_NONE. */
static uint32_t longer_way(const uint64_t *rank, uint32_t best, uint32_t node)
{
	if (best == GRAPH_NONE || rank[node] > rank[best] ||
	    (rank[node] == rank[best] && node < best))
		return node;
	return best;
}

uint32_t graph_critical_path(const struct graph *g, const uint64_t *estimate, uint32_t *path,
			     uint64_t *total)
{
	CLEANUP(mem_free) uint64_t *rank = mem_alloc(((size_t)g->count + 1) * sizeof(*rank));
	CLEANUP(mem_free) uint32_t *stage = mem_alloc(((size_t)g->count + 1) * sizeof(*stage));
	CLEANUP(reverse_release) struct reverse r;
	uint32_t at = GRAPH_NONE, count = 0;

	reverse_init(&r, g);
	ranks_of(g, &r, estimate, rank, stage);
	for (uint32_t i = 0; i < g->count; i++)
		if (stage[i] == 1)
			at = longer_way(rank, at, i);
	*total = at == GRAPH_NONE ? 0 : rank[at];
	while (at != GRAPH_NONE) {
		uint32_t next = GRAPH_NONE;

		path[count++] = at;
		for (uint32_t e = r.at[at]; e < r.at[at + 1]; e++)
			if (stage[r.from[e]] > 0)
				next = longer_way(rank, next, r.from[e]);
		at = next;
	}
	return count;
}

/* Tarjan's bookkeeping for one search over all nodes. */
struct search {
	const struct graph *g;
	uint32_t *number;    /* 1 + order of discovery; 0 = not seen */
	uint32_t *low;       /* smallest number reachable within the component */
	uint32_t *edge;      /* next edge to look at */
	uint32_t *component; /* of each node; GRAPH_NONE while open */
	uint32_t *path;      /* nodes being visited: the unrolled recursion */
	uint32_t *open;      /* nodes whose component is not known yet */
	uint32_t path_count, open_count, seen, components;
};

static void search_release(struct search *s)
{
	mem_free(&s->number);
	mem_free(&s->low);
	mem_free(&s->edge);
	mem_free(&s->component);
	mem_free(&s->path);
	mem_free(&s->open);
}

static void search_init(struct search *s, const struct graph *g)
{
	size_t bytes = ((size_t)g->count + 1) * sizeof(uint32_t);

	*s = (struct search){ .g = g };
	s->number = mem_zalloc(bytes);
	s->low = mem_alloc(bytes);
	s->edge = mem_alloc(bytes);
	s->component = mem_alloc(bytes);
	s->path = mem_alloc(bytes);
	s->open = mem_alloc(bytes);
	memset(s->component, 0xff, bytes);
}

static void search_enter(struct search *s, uint32_t node)
{
	s->number[node] = s->low[node] = ++s->seen;
	s->edge[node] = s->g->needs_at[node];
	s->path[s->path_count++] = node;
	s->open[s->open_count++] = node;
}

/* All edges of `node` are done: closes its component if it is the root of one. */
static void search_leave(struct search *s, uint32_t node)
{
	uint32_t member;

	s->path_count--;
	if (s->path_count > 0) {
		uint32_t above = s->path[s->path_count - 1];

		if (s->low[node] < s->low[above])
			s->low[above] = s->low[node];
	}
	if (s->low[node] != s->number[node])
		return;
	do {
		member = s->open[--s->open_count];
		s->component[member] = s->components;
	} while (member != node);
	s->components++;
}

static void search_from(struct search *s, uint32_t start)
{
	search_enter(s, start);
	while (s->path_count > 0) {
		uint32_t node = s->path[s->path_count - 1];
		uint32_t need;

		if (s->edge[node] == s->g->needs_at[node + 1]) {
			search_leave(s, node);
			continue;
		}
		need = s->g->needs[s->edge[node]++];
		INVARIANT(need < s->g->count);
		if (s->number[need] == 0)
			search_enter(s, need);
		else if (s->component[need] == GRAPH_NONE && s->number[need] < s->low[node])
			s->low[node] = s->number[need];
	}
}

/*
 * The shortest way from `start` back to itself inside its component, breadth first. Uses the
 * search's arrays anew: low as "came from", path as the queue, and open to hold the result. Returns
 * its length, 0 when there is none.
 */
static uint32_t shortest_cycle(struct search *s, uint32_t start)
{
	uint32_t head = 0, tail = 0, count = 0, last = GRAPH_NONE;

	s->low[start] = start;
	s->path[tail++] = start;
	while (head < tail && last == GRAPH_NONE) {
		uint32_t node = s->path[head++];

		for (uint32_t e = s->g->needs_at[node]; e < s->g->needs_at[node + 1]; e++) {
			uint32_t need = s->g->needs[e];

			if (need == start) {
				last = node;
				break;
			}
			if (s->component[need] != s->component[start] || s->low[need] != GRAPH_NONE)
				continue;
			s->low[need] = node;
			s->path[tail++] = need;
		}
	}
	if (last == GRAPH_NONE)
		return 0;
	for (uint32_t at = last; at != start; at = s->low[at])
		count++;
	s->open[0] = start;
	for (uint32_t at = last, i = count; i > 0; at = s->low[at], i--)
		s->open[i] = at;
	return count + 1;
}

static uint32_t key_of(const uint32_t *key, uint32_t node)
{
	return key ? key[node] : node;
}

struct keyed {
	uint32_t key, node;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

uint32_t graph_cycles(const struct graph *g, const uint32_t *key,
		      void (*found)(void *ctx, const struct graph_cycle *cycle), void *ctx)
{
	CLEANUP(search_release) struct search s;
	CLEANUP(mem_free) struct keyed *smallest = NULL;
	uint32_t cycles = 0;

	search_init(&s, g);
	for (uint32_t i = 0; i < g->count; i++)
		if (s.number[i] == 0)
			search_from(&s, i);
	smallest = mem_alloc(((size_t)s.components + 1) * sizeof(*smallest));
	for (uint32_t c = 0; c < s.components; c++)
		smallest[c] = (struct keyed){ UINT32_MAX, GRAPH_NONE };
	for (uint32_t i = 0; i < g->count; i++) {
		struct keyed *best = &smallest[s.component[i]];

		if (best->node == GRAPH_NONE || key_of(key, i) < best->key)
			*best = (struct keyed){ key_of(key, i), i };
	}
	qsort(smallest, s.components, sizeof(*smallest), by_key);
	memset(s.low, 0xff, ((size_t)g->count + 1) * sizeof(*s.low));
	for (uint32_t c = 0; c < s.components; c++) {
		uint32_t count = shortest_cycle(&s, smallest[c].node);

		if (count == 0)
			continue;
		cycles++;
		found(ctx, &(struct graph_cycle){ s.open, count });
	}
	return cycles;
}
