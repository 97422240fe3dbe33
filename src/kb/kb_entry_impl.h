/* Rows of entries, for those who ask for them with a query of their own. */
#ifndef SK_KB_ENTRY_IMPL_H
#define SK_KB_ENTRY_IMPL_H

#include "kb/kb_entry.h"
#include "kb/kb_impl.h"

/* The columns that kb_entry_take expects, of a table called k. */
#define KB_ENTRY_COLUMNS                                                          \
	"k.id, k.category, k.title, k.content, k.tags, k.session_id, k.task_id, " \
	"k.affected_files, k.first_seen, k.last_seen, k.confidence, k.occurrence_count"

/* The row on which the statement stands; every text is set. */
void kb_entry_take(sqlite3_stmt *row, struct kb_entry *out);

#endif
