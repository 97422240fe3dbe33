/* The index in which entries are searched (ke_fts): whether it is as the model has it, and making
 * it so. It can always be made anew from the entries. */
#ifndef SK_KB_FTS_H
#define SK_KB_FTS_H

#include "kb/kb_shape.h"

/* Makes the index of the database like the model's, with all entries in it. Within the caller's
 * transaction. Returns 0 or a negative code. */
int kb_fts_rebuild(struct kb *kb, sqlite3 *model, struct err *e);

/*
 * Notes what is wrong with it: another form than the model's, or entries that are not in it; and
 * mends it unless lack->look. For a database of the newest version. Returns 0 or a negative code.
 */
int kb_fts_mend(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e);

#endif
