/* Bytes that live as long as their owner: many small allocations, one release. Pointers stay valid
 * until then. */
#ifndef SK_ARENA_H
#define SK_ARENA_H

#include "base/base.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *at;
	size_t left;
	size_t bytes; /* handed out so far */
};

#define ARENA_INIT               \
	{                        \
		NULL, NULL, 0, 0 \
	}

void arena_release(struct arena *a);

/* `bytes` bytes aligned to 8; never NULL. Contents undefined. */
void *arena_alloc(struct arena *a, size_t bytes);

/* A copy of text, unaligned, without NUL. An empty span stays SPAN_NONE. */
struct span arena_copy(struct arena *a, struct span text);

#endif
