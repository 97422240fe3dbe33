/*
 * Any bytes as a journal line. They are tried as they are and with a checksum that fits, so that
 * the fuzzer gets behind it. Both readers must give one verdict and one value, and a general JSON
 * library must read the same from what they accept.
 */
#include "fuzz/fuzz.h"
#include "unit/record_oracle.h"

static void compare(struct span line, uint64_t sum_before)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT, strict_scratch = BUF_INIT;
	struct record_turn turn = { 0, 0 }, strict_turn = { 0, 0 };
	struct record_problem problem = { RECORD_OK }, strict_problem = { RECORD_OK };
	struct span bare = line;
	struct event ev, strict_ev;
	uint64_t sum, stored;
	bool fits;
	int rc, strict_rc;

	if (bare.len && bare.p[bare.len - 1] == '\r')
		bare.len--;
	fits = record_sum_find(bare, &stored) && record_sum(bare, sum_before) == stored;
	rc = record_decode(line, sum_before, &scratch, &ev, &turn, &sum, &problem);
	strict_rc = record_decode_strict(bare, fits, &strict_scratch, &strict_ev, &strict_turn,
					 &strict_problem);
	INVARIANT(rc == strict_rc);
	INVARIANT(rc == 0 || problem.flaw != RECORD_OK);
	INVARIANT(rc == 0 || problem.at <= bare.len);
	if (rc < 0)
		return;
	INVARIANT(sum == stored);
	INVARIANT(turn.lines == strict_turn.lines && turn.epoch == strict_turn.epoch);
	INVARIANT(oracle_same_event(&ev, &strict_ev));
	INVARIANT(oracle_agrees(bare, &ev, turn));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_put(&line, data, size);
	if (memchr(line.p, '\n', size))
		return 0; /* a line has none */
	compare((struct span){ line.p, line.len }, 0);
	oracle_seal(&line, 7);
	compare((struct span){ line.p, line.len }, 7);
	return 0;
}
