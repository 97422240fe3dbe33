/* One journal line to bytes and back: the hot path. Format: docs/journal.md. */
#ifndef SK_RECORD_H
#define SK_RECORD_H

#include "base/buf.h"
#include "core/event.h"

#define RECORD_FORMAT 1 /* written in the closing line of a turn only when it differs from 1 */

/* Closing members of the last line of a turn; zero elsewhere. */
struct record_turn {
	uint64_t epoch;
	uint64_t lines; /* in the turn; 0 = this line does not close a turn */
};

/* Appends the line with newline; *sum is the chain: in = of the line before, out = of this line. */
void record_encode(struct buf *out, const struct event *ev, struct record_turn turn, uint64_t *sum);

enum record_flaw {
	RECORD_OK,
	RECORD_BAD_JSON,   /* not a JSON object of ours: what and at say more */
	RECORD_BAD_SUM,    /* checksum does not fit the line and the one before */
	RECORD_TOO_NEW,    /* format newer than RECORD_FORMAT, or an unknown event */
};

struct record_problem {
	enum record_flaw flaw;
	const char *what;
	size_t at; /* byte in the line */
	uint64_t expected_sum, found_sum;
	uint64_t format;
};

/*
 * Reads one line without newline (a CR before it is passed over, but is part of the checksum only if it was when
 * written). Spans in *out point into the line, or into `scratch` where escapes had to be resolved.
 * Returns 0 or -EINVAL with *problem filled.
 */
int record_decode(struct span line, uint64_t sum_before, struct buf *scratch, struct event *out,
		  struct record_turn *turn, uint64_t *sum, struct record_problem *problem);

#endif
