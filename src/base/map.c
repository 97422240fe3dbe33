/*
 * Linear probing at a load of at most 5/8. Hash flooding is bounded by XXH3 with a fixed seed plus
 * the limit on ids: keys are names a person chose for tasks, at most 64 bytes from a small
 * alphabet.
 */
#include "base/map.h"

#include <string.h>

#include "base/hash.h"

#define REMOVED ((const char *)1)

void map_release(struct map *m)
{
	mem_free(&m->slots);
	*m = (struct map)MAP_INIT;
}

static struct map_slot *map_probe(const struct map *m, struct span key, uint32_t hash)
{
	size_t mask = m->capacity - 1;
	struct map_slot *grave = NULL;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_slot *s = &m->slots[i];

		if (!s->key)
			return grave ? grave : s;
		if (s->key == REMOVED) {
			grave = grave ? grave : s;
			continue;
		}
		if (s->hash == hash && s->len == key.len && memcmp(s->key, key.p, key.len) == 0)
			return s;
	}
}

static void map_resize(struct map *m, size_t capacity)
{
	struct map old = *m;

	m->slots = mem_zalloc(capacity * sizeof(*m->slots));
	mem_expect(m->slots, capacity * sizeof(*m->slots)); /* hashes touch every page */
	m->capacity = capacity;
	m->used = m->count;
	for (size_t i = 0; i < old.capacity; i++) {
		const struct map_slot *s = &old.slots[i];

		if (s->key && s->key != REMOVED)
			*map_probe(m, (struct span){ s->key, s->len }, s->hash) = *s;
	}
	mem_free(&old.slots);
}

void map_reserve(struct map *m, size_t count)
{
	size_t capacity = m->capacity ? m->capacity : 16;

	while (count * 8 > capacity * 5)
		capacity *= 2;
	if (capacity != m->capacity)
		map_resize(m, capacity);
}

uint32_t map_find(const struct map *m, struct span key)
{
	const struct map_slot *s;

	if (!m->capacity || key.len > UINT8_MAX)
		return MAP_NONE;
	s = map_probe(m, key, (uint32_t)hash64(key.p, key.len, 0));
	return s->key && s->key != REMOVED ? s->value : MAP_NONE;
}

void map_prefetch(const struct map *m, struct span key)
{
	if (m->capacity)
		__builtin_prefetch(
			&m->slots[(uint32_t)hash64(key.p, key.len, 0) & (m->capacity - 1)]);
}

/* The place of the key, after making room for one more. */
static struct map_slot *map_place(struct map *m, struct span key, uint32_t hash)
{
	INVARIANT(key.len > 0);
	INVARIANT(key.len <= UINT8_MAX);
	if (!m->capacity || (m->used + 1) * 8 > m->capacity * 5)
		map_resize(m, m->capacity && m->count * 2 < m->used ? m->capacity
			      : m->capacity                         ? m->capacity * 2
								    : 16);
	return map_probe(m, key, hash);
}

static bool map_free(const struct map_slot *s)
{
	return !s->key || s->key == REMOVED;
}

static void map_fill(struct map *m, struct map_slot *s, struct map_slot with)
{
	if (map_free(s)) {
		m->used += !s->key;
		m->count++;
	}
	*s = with;
}

void map_put(struct map *m, struct span key, uint32_t value)
{
	uint32_t hash = (uint32_t)hash64(key.p, key.len, 0);

	map_fill(m, map_place(m, key, hash),
		 (struct map_slot){ key.p, hash, value, (uint8_t)key.len });
}

bool map_add(struct map *m, struct span key, uint32_t value)
{
	uint32_t hash = (uint32_t)hash64(key.p, key.len, 0);
	struct map_slot *s = map_place(m, key, hash);

	if (!map_free(s))
		return false;
	map_fill(m, s, (struct map_slot){ key.p, hash, value, (uint8_t)key.len });
	return true;
}

bool map_remove(struct map *m, struct span key)
{
	struct map_slot *s;

	if (!m->capacity || key.len > UINT8_MAX)
		return false;
	s = map_probe(m, key, (uint32_t)hash64(key.p, key.len, 0));
	if (!s->key || s->key == REMOVED)
		return false;
	s->key = REMOVED;
	m->count--;
	return true;
}
