/* Checksum of records (XXH3-64, chained) and digest of ids. Not cryptographic: it finds rot and
 * accidents, not enemies. */
#ifndef SK_HASH_H
#define SK_HASH_H

#include "base/base.h"

/* The checksum of `len` bytes, continuing from `seed` (the checksum of the record before, 0 at the
 * very start). */
uint64_t hash64(const void *p, size_t len, uint64_t seed);

#endif
