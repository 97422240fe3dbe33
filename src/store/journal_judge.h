/* A record that does not fit: is it the torn end of a write that power cut short, or damage? */
#ifndef SK_JOURNAL_JUDGE_H
#define SK_JOURNAL_JUDGE_H

#include "store/journal.h"
#include "store/journal_lines.h"
#include "store/record.h"

enum journal_flaw {
	FLAW_LINE,    /* record_decode refused it: problem says why */
	FLAW_SEQ,     /* a good record with the wrong number: found_seq */
	FLAW_TURN,    /* a closing line that counts other lines than there are */
	FLAW_CUT,     /* the file ends within a line or a turn */
	FLAW_LONG,    /* longer than any record */
	FLAW_MEANING, /* fn refused it: why */
};

struct journal_bad {
	const char *path;
	int handle;
	enum journal_flaw flaw;
	struct journal_place
		before;       /* the record before, and the byte at which the bad line begins */
	uint64_t turn_offset; /* where the turn began that it stands in */
	uint64_t bytes;       /* of the file */
	struct record_problem problem;
	uint64_t found_seq;
	const char *why;
};

/*
 * Returns 0 with *zeros filled when everything from turn_offset on is the torn last turn, else
 * -SK_ECORRUPT (or -SK_EIO) with the sentence.
 */
int journal_judge(const struct vfs *vfs, const struct journal_bad *bad, bool *zeros, struct err *e);

/* Number of the line that begins at byte `offset`, from 1. Reads all before it: only for sentences.
 */
uint64_t journal_line_number(const struct vfs *vfs, int handle, uint64_t offset);

#endif
