/*
 * A journal file line by line, whatever it holds: for those who explain damage. journal_read stops
 * at the first line that does not fit; this goes on behind it.
 */
#ifndef SK_WALK_H
#define SK_WALK_H

#include "store/journal.h"
#include "store/record.h"

struct walk_line {
	uint64_t line, offset; /* number from 1, byte it begins at */
	struct span text;
	bool whole;    /* it ends in a newline and is no longer than a record may be */
	bool readable; /* it is a record: ev is filled, whatever its checksum */
	bool fits;     /* its checksum fits it and the line before */
	struct event ev;
	struct record_turn turn;
	struct record_problem problem; /* unless it is readable and fits */
};

/*
 * Calls fn for each line from the place on up to `limit` bytes; what the line before should have
 * been is known for the first one, and taken from the line itself behind one that does not fit. fn
 * returns nonzero to stop. Spans are borrowed for the call. Returns 0, -ENOENT (no sentence) or
 * -SK_EIO.
 */
int journal_walk(const struct vfs *vfs, const char *path, struct journal_place from, uint64_t limit,
		 int (*fn)(void *ctx, const struct walk_line *line), void *ctx, struct err *e);

/* What stands behind a place, counted. */
struct journal_rest {
	uint64_t records;             /* readable ones */
	uint64_t first_seq, last_seq; /* smallest and largest among them */
	int64_t first_ms, last_ms;
	uint64_t intact;     /* of these: checksums that fit the line before */
	uint64_t unreadable; /* lines that are no record */
	uint64_t bytes;
};

/* Counts the records with a number beyond `seq` between two places. Returns 0 or as journal_walk.
 */
int journal_count_rest(const struct vfs *vfs, const char *path, struct journal_place from,
		       uint64_t limit, uint64_t seq, struct journal_rest *out, struct err *e);

#endif
