/*
 * Storage and look-up of the state, nothing that decides. Texts live in one arena; arrays of
 * structs grow by half; ids find indexes through maps whose keys point into the arena.
 */
#include "core/state.h"

#include "base/limits.h"

void state_init(struct state *st)
{
	memset(st, 0, sizeof(*st));
	st->exhausted_after_ms = EXHAUSTED_AFTER_MS;
}

void state_release(struct state *st)
{
	for (size_t i = 0; i < st->ws_count; i++) {
		mem_free(&st->ws[i].tasks);
		mem_free(&st->ws[i].ready.v);
	}
	for (size_t i = 0; i < st->worker_count; i++)
		mem_free(&st->workers[i].tasks);
	for (size_t i = 0; i < st->resource_count; i++) {
		mem_free(&st->resources[i].holders);
		mem_free(&st->resources[i].waiters.v);
	}
	for (size_t i = 0; i < st->kind_count; i++)
		mem_free(&st->kinds[i].waiters.v);
	mem_free(&st->tasks);
	mem_free(&st->ws);
	mem_free(&st->workers);
	mem_free(&st->resources);
	mem_free(&st->retry.v);
	mem_free(&st->unblocked);
	mem_free(&st->dirty_ws);
	mem_free(&st->kinds);
	mem_free(&st->open_ws);
	map_release(&st->task_ids);
	map_release(&st->ws_ids);
	map_release(&st->worker_ids);
	map_release(&st->resource_ids);
	goals_release(&st->goals);
	arena_release(&st->text);
	state_init(st);
}

uint32_t state_task(const struct state *st, struct span id)
{
	return id.len ? map_find(&st->task_ids, id) : NO_ID;
}

uint32_t state_ws(const struct state *st, struct span id)
{
	return id.len ? map_find(&st->ws_ids, id) : NO_ID;
}

uint32_t state_worker(const struct state *st, struct span id)
{
	return id.len ? map_find(&st->worker_ids, id) : NO_ID;
}

uint32_t state_resource(const struct state *st, struct span id)
{
	return id.len ? map_find(&st->resource_ids, id) : NO_ID;
}

bool id_valid(struct span id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] > '~' || id.p[i] == '"' || id.p[i] == '\\')
			return false;
	return id.len > 0 && id.len <= TASK_ID_BYTES_MAX;
}

bool ws_live(const struct workstream *ws)
{
	return ws->assigned > 0 || ws->waiting > 0;
}

uint64_t resource_amount(const struct resource *r, uint32_t amount)
{
	if (amount)
		return amount;
	return r->limit ? r->limit : UINT32_MAX;
}

bool resource_fits(const struct resource *r, uint32_t amount)
{
	uint64_t limit = r->limit ? r->limit : UINT32_MAX;

	return r->held + resource_amount(r, amount) <= limit;
}

static size_t map_bytes(const struct map *m)
{
	return m->capacity * sizeof(*m->slots);
}

size_t state_bytes(const struct state *st)
{
	size_t bytes = st->text.bytes, words = 0;

	bytes += st->task_capacity * sizeof(*st->tasks) + st->ws_capacity * sizeof(*st->ws);
	bytes += st->worker_capacity * sizeof(*st->workers);
	bytes += st->resource_capacity * sizeof(*st->resources);
	bytes += map_bytes(&st->task_ids) + map_bytes(&st->ws_ids) + map_bytes(&st->worker_ids);
	bytes += map_bytes(&st->resource_ids) + st->kind_capacity * sizeof(*st->kinds);
	words += st->unblocked_capacity + st->dirty_capacity + st->retry.capacity +
		 st->open_capacity;
	for (size_t i = 0; i < st->ws_count; i++)
		words += st->ws[i].task_capacity + st->ws[i].ready.capacity;
	for (size_t i = 0; i < st->worker_count; i++)
		words += st->workers[i].task_capacity;
	for (size_t i = 0; i < st->resource_count; i++)
		words += st->resources[i].holder_capacity + st->resources[i].waiters.capacity;
	for (size_t i = 0; i < st->kind_count; i++)
		words += st->kinds[i].waiters.capacity;
	return bytes + words * sizeof(uint32_t);
}
