/*
 * Lines come from another process, and from an outbox that may be torn or rotten. Whatever they
 * are: no read outside, and what is taken means the same after it was written and read again.
 */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "ctl/worker_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT, first = BUF_INIT, second = BUF_INIT;
	struct worker_msg m;

	if (worker_msg_decode((struct span){ (const char *)data, size }, &scratch, &m) < 0)
		return 0;
	worker_msg_encode(&first, &m);
	buf_truncate(&scratch, 0);
	if (first.len > MESSAGE_BYTES_MAX)
		return 0; /* escapes made it longer than a message may be */
	INVARIANT(worker_msg_decode((struct span){ first.p, first.len - 1 }, &scratch, &m) == 0);
	worker_msg_encode(&second, &m);
	INVARIANT(first.len == second.len);
	INVARIANT(memcmp(first.p, second.p, first.len) == 0);
	return 0;
}
