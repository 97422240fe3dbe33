/* The graph by hand-made cases, by a slow reference over random graphs, and by sizes that a
 * recursion would not survive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/graph.h"

#define RANDOM_NODES 12
#define CHAIN 1000000

static const uint32_t diamond_at[] = { 0, 0, 1, 2, 4 };
static const uint32_t diamond_needs[] = { 0, 0, 1, 2 };
static const struct graph diamond = { 4, diamond_at, diamond_needs };

static void stages_of_a_diamond(void **state)
{
	uint32_t stage[4], order[4];
	static const uint32_t expected[] = { 1, 2, 2, 3 };

	(void)state;
	assert_int_equal(graph_stages(&diamond, stage), 4);
	assert_memory_equal(stage, expected, sizeof(expected));
	assert_int_equal(graph_order(&diamond, order), 4);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 1);
	assert_int_equal(order[3], 3);
}

static void ranks_and_path_of_a_diamond(void **state)
{
	static const uint64_t estimate[] = { 5, 1, 7, 2 };
	static const uint64_t expected[] = { 14, 3, 9, 2 };
	uint64_t rank[4], total;
	uint32_t path[4];

	(void)state;
	graph_ranks(&diamond, estimate, rank, NULL);
	assert_memory_equal(rank, expected, sizeof(expected));
	assert_int_equal(graph_critical_path(&diamond, estimate, path, &total), 3);
	assert_int_equal(total, 14);
	assert_int_equal(path[0], 0);
	assert_int_equal(path[1], 2);
	assert_int_equal(path[2], 3);
}

static void equal_ways_prefer_the_smaller_index(void **state)
{
	static const uint64_t estimate[] = { 1, 4, 4, 1 };
	uint32_t path[4];
	uint64_t total;

	(void)state;
	assert_int_equal(graph_critical_path(&diamond, estimate, path, &total), 3);
	assert_int_equal(path[1], 1);
}

static void huge_estimates_stop_at_the_top(void **state)
{
	static const uint64_t estimate[] = { UINT64_MAX, UINT64_MAX, 1, 1 };
	uint64_t rank[4];

	(void)state;
	graph_ranks(&diamond, estimate, rank, NULL);
	assert_true(rank[0] == UINT64_MAX);
	assert_true(rank[3] == 1);
}

static void an_empty_graph_is_fine(void **state)
{
	static const uint32_t none[] = { 0 };
	struct graph g = { 0, none, NULL };
	uint64_t total = 1;
	uint32_t out;

	(void)state;
	assert_int_equal(graph_stages(&g, &out), 0);
	assert_int_equal(graph_critical_path(&g, NULL, &out, &total), 0);
	assert_int_equal(total, 0);
	assert_int_equal(graph_cycles(&g, NULL, NULL, NULL), 0);
}

struct found {
	uint32_t nodes[64], counts[16], cycles, used;
};

static void collect(void *ctx, const struct graph_cycle *cycle)
{
	struct found *f = ctx;

	assert_true(f->used + cycle->count <= 64);
	memcpy(f->nodes + f->used, cycle->nodes, cycle->count * sizeof(uint32_t));
	f->used += cycle->count;
	f->counts[f->cycles++] = cycle->count;
}

/* 0 -> 0; 4 -> 2 -> 3 -> 4 with a shortcut 2 -> 4 that makes 2 -> 4 -> 2 the shortest; 5 stands
 * behind it; 1 is free. */
static void cycles_once_per_component(void **state)
{
	static const uint32_t at[] = { 0, 1, 1, 3, 4, 5, 6 };
	static const uint32_t needs[] = { 0, 3, 4, 4, 2, 4 };
	static const uint32_t reversed[] = { 5, 4, 3, 2, 1, 0 };
	struct graph g = { 6, at, needs };
	struct found f = { .cycles = 0 };
	uint32_t stage[6];

	(void)state;
	assert_int_equal(graph_stages(&g, stage), 1);
	assert_int_equal(stage[1], 1);
	assert_int_equal(stage[5], 0);
	assert_int_equal(graph_cycles(&g, NULL, collect, &f), 2);
	assert_int_equal(f.counts[0], 1);
	assert_int_equal(f.nodes[0], 0);
	assert_int_equal(f.counts[1], 2);
	assert_int_equal(f.nodes[1], 2);
	assert_int_equal(f.nodes[2], 4);

	f = (struct found){ .cycles = 0 };
	assert_int_equal(graph_cycles(&g, reversed, collect, &f), 2);
	assert_int_equal(f.counts[0], 2);
	assert_int_equal(f.nodes[0], 4);
	assert_int_equal(f.nodes[1], 2);
	assert_int_equal(f.nodes[2], 0);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Reachability by repeated squaring of the matrix: slow, short and obviously right. */
static void closure(bool reach[RANDOM_NODES][RANDOM_NODES])
{
	for (int k = 0; k < RANDOM_NODES; k++)
		for (int i = 0; i < RANDOM_NODES; i++)
			for (int j = 0; j < RANDOM_NODES; j++)
				reach[i][j] |= reach[i][k] && reach[k][j];
}

struct check {
	const struct graph *g;
	bool (*reach)[RANDOM_NODES];
	bool covered[RANDOM_NODES];
};

static void check_cycle(void *ctx, const struct graph_cycle *cycle)
{
	struct check *c = ctx;

	for (uint32_t i = 0; i < cycle->count; i++) {
		uint32_t node = cycle->nodes[i], need = cycle->nodes[(i + 1) % cycle->count];
		bool edge = false;

		for (uint32_t e = c->g->needs_at[node]; e < c->g->needs_at[node + 1]; e++)
			edge |= c->g->needs[e] == need;
		assert_true(edge);
		assert_true(cycle->nodes[0] <= node);
	}
	for (int i = 0; i < RANDOM_NODES; i++)
		if (c->reach[cycle->nodes[0]][i] && c->reach[i][cycle->nodes[0]]) {
			assert_false(c->covered[i]);
			c->covered[i] = true;
		}
}

static void random_graphs_agree_with_a_matrix(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		bool reach[RANDOM_NODES][RANDOM_NODES] = { { false } };
		uint32_t at[RANDOM_NODES + 1] = { 0 }, needs[RANDOM_NODES * RANDOM_NODES],
					   edges = 0;
		uint32_t stage[RANDOM_NODES], again[RANDOM_NODES], ordered = 0;
		uint64_t estimate[RANDOM_NODES] = { 0 }, rank[RANDOM_NODES];
		uint64_t dense = 3 + next_random(&seed) % 20;
		struct graph g = { RANDOM_NODES, at, needs };
		struct check c = { .g = &g, .reach = reach };

		for (uint32_t i = 0; i < RANDOM_NODES; i++) {
			for (uint32_t j = 0; j < RANDOM_NODES; j++)
				if (next_random(&seed) % dense == 0) {
					needs[edges++] = j;
					reach[i][j] = true;
				}
			at[i + 1] = edges;
		}
		closure(reach);
		graph_cycles(&g, NULL, check_cycle, &c);
		graph_stages(&g, stage);
		for (int i = 0; i < RANDOM_NODES; i++) {
			bool behind = false;

			assert_int_equal(c.covered[i], reach[i][i]);
			for (int j = 0; j < RANDOM_NODES; j++)
				behind |= reach[j][j] && (i == j || reach[i][j]);
			assert_int_equal(stage[i] == 0, behind);
			ordered += stage[i] > 0;
			for (uint32_t e = at[i]; stage[i] && e < at[i + 1]; e++)
				assert_true(stage[needs[e]] < stage[i]);
		}
		assert_int_equal(graph_stages(&g, stage), ordered);
		graph_ranks(&g, estimate, rank, again);
		assert_memory_equal(stage, again, sizeof(stage));
	}
}

struct chain {
	uint32_t *at, *needs;
	struct graph g;
};

static void chain_init(struct chain *c, bool closed)
{
	c->at = mem_alloc((CHAIN + 1) * sizeof(uint32_t));
	c->needs = mem_alloc(CHAIN * sizeof(uint32_t));
	for (uint32_t i = 0; i < CHAIN; i++) {
		c->at[i] = closed || i == 0 ? i : i - 1;
		c->needs[i] = (closed ? i + 1 : i) % CHAIN;
	}
	c->at[CHAIN] = closed ? CHAIN : CHAIN - 1;
	c->g = (struct graph){ CHAIN, c->at, c->needs };
}

static void chain_release(struct chain *c)
{
	mem_free(&c->at);
	mem_free(&c->needs);
}

static void a_million_long_chain(void **state)
{
	CLEANUP(chain_release) struct chain c;
	CLEANUP(mem_free) uint32_t *out = mem_alloc(CHAIN * sizeof(*out));
	CLEANUP(mem_free) uint64_t *estimate = mem_alloc(CHAIN * sizeof(*estimate));
	uint64_t total;

	(void)state;
	chain_init(&c, false);
	for (uint32_t i = 0; i < CHAIN; i++)
		estimate[i] = 3;
	assert_int_equal(graph_stages(&c.g, out), CHAIN);
	assert_int_equal(out[CHAIN - 1], CHAIN);
	assert_int_equal(graph_cycles(&c.g, NULL, collect, NULL), 0);
	assert_int_equal(graph_critical_path(&c.g, estimate, out, &total), CHAIN);
	assert_int_equal(total, 3 * CHAIN);
}

static void count_long_cycle(void *ctx, const struct graph_cycle *cycle)
{
	*(uint32_t *)ctx = cycle->count;
	assert_int_equal(cycle->nodes[0], 0);
	assert_int_equal(cycle->nodes[CHAIN - 1], CHAIN - 1);
}

static void a_million_long_cycle(void **state)
{
	CLEANUP(chain_release) struct chain c;
	uint32_t count = 0;

	(void)state;
	chain_init(&c, true);
	assert_int_equal(graph_cycles(&c.g, NULL, count_long_cycle, &count), 1);
	assert_int_equal(count, CHAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_of_a_diamond),
		cmocka_unit_test(ranks_and_path_of_a_diamond),
		cmocka_unit_test(equal_ways_prefer_the_smaller_index),
		cmocka_unit_test(huge_estimates_stop_at_the_top),
		cmocka_unit_test(an_empty_graph_is_fine),
		cmocka_unit_test(cycles_once_per_component),
		cmocka_unit_test(random_graphs_agree_with_a_matrix),
		cmocka_unit_test(a_million_long_chain),
		cmocka_unit_test(a_million_long_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
