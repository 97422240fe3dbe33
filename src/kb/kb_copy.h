/* Pages from one database to another file, and the proof that they came over. */
#ifndef SK_KB_COPY_H
#define SK_KB_COPY_H

#include "kb/kb_partial.h"

struct kb_copied {
	int64_t rows;
	unsigned tables;
};

/*
 * Fills the unfinished file with what the database holds at one moment, and compares: quick_check
 * of the copy, and the number of rows of each table. The copy needs no WAL. `source` is where the
 * connection leads, for sentences, which end in `undone`. Returns 0 or a negative code.
 */
int kb_copy(sqlite3 *from, const struct kb_place *source, struct kb_partial *to,
	    struct kb_copied *out, const char *undone, struct err *e);

#endif
