/* id -> index, open addressing. The keys are borrowed: their owner keeps them alive as long as the
 * map. */
#ifndef SK_MAP_H
#define SK_MAP_H

#include "base/base.h"
#include "base/str.h"

#define MAP_NONE UINT32_MAX

struct map_slot {
	const char *key;
	uint32_t hash; /* low bits of the key's hash, so most misses cost no memcmp */
	uint32_t value;
	uint8_t len; /* ids are short: longer keys are refused by INVARIANT */
};

struct map {
	struct map_slot *slots;
	size_t capacity; /* power of two, or 0 */
	size_t count;
	size_t used; /* count plus removed slots */
};

#define MAP_INIT              \
	{                     \
		NULL, 0, 0, 0 \
	}

void map_release(struct map *m);

/* The value of `key`, or MAP_NONE. */
uint32_t map_find(const struct map *m, struct span key);

/* Sets key -> value; the key's bytes are borrowed. Replaces an earlier value (and borrows the new
 * bytes). */
void map_put(struct map *m, struct span key, uint32_t value);

/* Sets key -> value unless the key is there: then false, and nothing was changed. */
bool map_add(struct map *m, struct span key, uint32_t value);

/* Removes key; returns whether it was there. */
bool map_remove(struct map *m, struct span key);

/* Fetches what a look-up of this key will touch, for a caller who has something else to do first.
 */
void map_prefetch(const struct map *m, struct span key);

/* Makes room for `count` keys at once. */
void map_reserve(struct map *m, size_t count);

#endif
