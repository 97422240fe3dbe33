/* Finding things in goals, and the small questions everybody asks about them. Goals are few, so a
 * walk is fast enough; tentacles may be thousands, and replay asks for one with every event. */
#include "core/goal.h"

#define ID_PREFIX_MIN 4

void goals_release(struct goals *g)
{
	mem_free(&g->v);
	mem_free(&g->tentacles);
	map_release(&g->tentacle_names);
	mem_free(&g->providers);
	*g = (struct goals){ .v = NULL };
}

struct goal *goals_find(const struct goals *g, struct span id)
{
	struct goal *found = NULL;

	for (size_t i = 0; i < g->count; i++) {
		struct span whole = g->v[i].id;

		if (span_eq(whole, id))
			return &g->v[i];
		if (id.len < ID_PREFIX_MIN || id.len > whole.len ||
		    memcmp(whole.p, id.p, id.len) != 0)
			continue;
		if (found)
			return NULL;
		found = &g->v[i];
	}
	return found;
}

struct tentacle *goals_tentacle(const struct goals *g, struct span name)
{
	uint32_t at = map_find(&g->tentacle_names, name);

	return at == MAP_NONE ? NULL : &g->tentacles[at];
}

void goals_add_tentacle(struct goals *g, const struct tentacle *t)
{
	mem_grow(&g->tentacles, &g->tentacle_capacity, g->tentacle_count + 1, sizeof(*t));
	map_put(&g->tentacle_names, t->name, (uint32_t)g->tentacle_count);
	g->tentacles[g->tentacle_count++] = *t;
}

void goals_drop_tentacle(struct goals *g, struct tentacle *which)
{
	size_t at = (size_t)(which - g->tentacles);

	map_remove(&g->tentacle_names, which->name);
	g->tentacle_count--;
	memmove(which, which + 1, (g->tentacle_count - at) * sizeof(*which));
	for (; at < g->tentacle_count; at++)
		map_put(&g->tentacle_names, g->tentacles[at].name, (uint32_t)at);
}

struct provider *goals_provider(const struct goals *g, struct span id)
{
	for (size_t i = 0; i < g->provider_count; i++)
		if (span_eq(g->providers[i].id, id))
			return &g->providers[i];
	return NULL;
}

struct goal *goals_chosen(const struct goals *g)
{
	return g->chosen.len ? goals_find(g, g->chosen) : NULL;
}

struct gate *goal_gate(const struct goal *g, struct span id)
{
	struct gate *all = g->gates.v;

	for (size_t i = 0; i < g->gates.count; i++)
		if (span_eq(all[i].id, id))
			return &all[i];
	return NULL;
}

struct criterion *goal_criterion(const struct goal *g, struct span id)
{
	struct criterion *all = g->criteria.v;

	for (size_t i = 0; i < g->criteria.count; i++)
		if (span_eq(all[i].id, id))
			return &all[i];
	return NULL;
}

struct iteration *goal_iteration(const struct goal *g, uint64_t number)
{
	struct iteration *all = g->iterations.v;

	for (size_t i = g->iterations.count; i-- > 0;)
		if (all[i].number == number)
			return &all[i];
	return NULL;
}

const struct gate *goal_blocking_gate(const struct goal *g)
{
	const struct gate *all = g->gates.v;

	for (size_t i = 0; i < g->gates.count; i++)
		if (all[i].status == GATE_PENDING || all[i].status == GATE_REJECTED)
			return &all[i];
	return NULL;
}

uint64_t goal_active_ms(const struct goal *g, int64_t now_ms)
{
	uint64_t ms = g->active_ms;

	if (g->active_since_ms && now_ms > g->active_since_ms)
		ms += (uint64_t)(now_ms - g->active_since_ms);
	return ms;
}

size_t goal_tentacle_count(const struct goal *g)
{
	const struct iteration *all = g->iterations.v;
	struct texts seen = { NULL, 0 };
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < all[i].tentacles.count; k++)
			texts_add(&arena, &seen, all[i].tentacles.v[k]);
	arena_release(&arena);
	return seen.count;
}

bool handoff_needs_triage(unsigned status)
{
	return status == HANDOFF_BLOCKED || status == HANDOFF_TOO_BIG ||
	       status == HANDOFF_AMBIGUOUS || status == HANDOFF_REGRESSED ||
	       status == HANDOFF_SCOPE_ESCALATION;
}

bool handoff_resettable(unsigned status)
{
	return status == HANDOFF_BLOCKED || status == HANDOFF_AMBIGUOUS ||
	       status == HANDOFF_SCOPE_ESCALATION;
}
