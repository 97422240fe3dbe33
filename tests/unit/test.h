/* What every unit test includes: cmocka with the headers it wants first, and a random number that a
 * seed repeats. */
#ifndef SK_TEST_H
#define SK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The long tier asks for more rounds of the same: SK_TIER=full. */
static inline unsigned test_rounds(unsigned fast, unsigned full)
{
	const char *tier = getenv("SK_TIER");

	return tier && strcmp(tier, "full") == 0 ? full : fast;
}

/* splitmix64: any seed is a good seed, so a failing round can be repeated by its number. */
static inline uint64_t test_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline unsigned test_below(uint64_t *seed, unsigned limit)
{
	return (unsigned)(test_random(seed) % limit);
}

#endif
