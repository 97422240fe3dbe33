/* The strict reading of a journal line: any order, any blanks, every flaw with its place. For lines
 * the fast path does not know. */
#ifndef SK_RECORD_STRICT_H
#define SK_RECORD_STRICT_H

#include "base/scan.h"
#include "store/record.h"

#define RECORD_ID_BYTES_MAX \
	255 /* what a map of ids takes; names are shorter, ids may be qualified */

/*
 * As record_decode, of a line without CR. `sum_fits` says whether the line ends in a checksum that
 * fits; a line of flawless JSON whose sum does not fit is RECORD_BAD_SUM whatever else it says.
 */
int record_decode_strict(struct span line, bool sum_fits, struct buf *scratch, struct event *out,
			 struct record_turn *turn, struct record_problem *problem);

/* Appends the escapes-resolved text to scratch, which has room for the whole line, or returns the
 * raw bytes. */
struct span record_text(struct scan_text text, struct buf *scratch, size_t line_len);

#endif
