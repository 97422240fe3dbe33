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
	RECORD_BAD_JSON, /* not a JSON object of ours: what and at say more */
	RECORD_BAD_SUM,  /* checksum does not fit the line and the one before */
	RECORD_TOO_NEW,  /* format newer than RECORD_FORMAT, or an unknown event */
};

struct record_problem {
	enum record_flaw flaw;
	const char *what;
	size_t at; /* byte in the line */
	uint64_t expected_sum, found_sum;
	uint64_t format;
	uint64_t seq; /* of a line that is good JSON; 0 otherwise */
	bool bad_seq; /* good JSON whose seq is not a sequence number */
};

/* How a line ends: ,"sum":"0123456789abcdef"} */
#define RECORD_TAIL_BYTES 26

/*
 * Reads one line without newline (a CR behind it is passed over: we never write one). `scratch` is
 * emptied first. Spans in *out point into the line, or into `scratch` where escapes had to be
 * resolved. Returns 0, or -EINVAL with *problem filled (its sums always, as far as the line has
 * one); *out is undefined then, *turn and *sum are untouched.
 */
int record_decode(struct span line, uint64_t sum_before, struct buf *scratch, struct event *out,
		  struct record_turn *turn, uint64_t *sum, struct record_problem *problem);

/* The checksum a line carries, fitting or not. Returns false when it does not end in one. */
bool record_sum_find(struct span line, uint64_t *sum);

/* The checksum it should carry behind a line with `sum_before`. The line must end in one. */
uint64_t record_sum(struct span line, uint64_t sum_before);

#endif
