/* The seal stands at the end and has a fixed length, so that it is checked before anything is
 * parsed. */
#include "views/seal.h"

#include "base/hash.h"

#define SEAL_KEY ",\"sum\":\""
#define SEAL_BYTES (sizeof(SEAL_KEY "0123456789abcdef\"}\n") - 1)

static void put_sum(struct buf *out, uint64_t sum)
{
	buf_puts(out, SEAL_KEY);
	buf_put_hex64(out, sum);
	buf_puts(out, "\"}\n");
}

void seal_put(struct buf *out, size_t from)
{
	put_sum(out, hash64(out->p + from, out->len - from, 0));
}

bool seal_holds(struct span document)
{
	CLEANUP(buf_release) struct buf seal = BUF_INIT;

	if (document.len <= SEAL_BYTES)
		return false;
	put_sum(&seal, hash64(document.p, document.len - SEAL_BYTES, 0));
	return memcmp(document.p + document.len - SEAL_BYTES, seal.p, SEAL_BYTES) == 0;
}
