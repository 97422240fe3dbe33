/* Blocks grow with what was asked so far, so a small state stays small and a large one makes few
 * system calls. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 4096
#define BLOCK_MAX (1024 * 1024)

struct arena_block {
	struct arena_block *next;
};

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	*a = (struct arena)ARENA_INIT;
}

static void arena_refill(struct arena *a, size_t need)
{
	size_t bytes = a->bytes < BLOCK_MIN   ? BLOCK_MIN
		       : a->bytes > BLOCK_MAX ? BLOCK_MAX
					      : a->bytes;
	struct arena_block *block;

	if (bytes < need)
		bytes = need;
	block = mem_alloc(sizeof(*block) + bytes);
	if (bytes == BLOCK_MAX)
		mem_expect(block, bytes);
	block->next = a->blocks;
	a->blocks = block;
	a->at = (char *)(block + 1);
	a->left = bytes;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	size_t pad = (size_t)(-(uintptr_t)a->at & 7);
	char *p;

	if (a->left < bytes + pad) {
		arena_refill(a, bytes);
		pad = 0;
	}
	p = a->at + pad;
	a->at = p + bytes;
	a->left -= bytes + pad;
	a->bytes += bytes + pad;
	return p;
}

struct span arena_copy(struct arena *a, struct span text)
{
	if (text.len == 0)
		return SPAN_NONE;
	if (a->left < text.len)
		arena_refill(a, text.len);
	memcpy(a->at, text.p, text.len);
	text.p = a->at;
	a->at += text.len;
	a->left -= text.len;
	a->bytes += text.len;
	return text;
}
