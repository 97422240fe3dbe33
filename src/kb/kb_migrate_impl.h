/* What making, migrating and replacing a database share. */
#ifndef SK_KB_MIGRATE_IMPL_H
#define SK_KB_MIGRATE_IMPL_H

#include "kb/kb_migrate.h"
#include "kb/kb_partial.h"

/* Lets SQL make stable ids on this connection: sk_stable_id(kind, part...). Returns SQLite's code.
 */
int kb_backfill_enable(sqlite3 *db);

/*
 * Applies what the open database lacks and tells of it. Nothing is locked or copied here. Returns 0
 * or a negative code, with *out filled as far as it came.
 */
int kb_migrate_open(struct kb *kb, const struct kb_migrate *how, struct kb_migrated *out,
		    struct err *e);

/* Fills an unfinished file with an empty database of the newest schema. */
int kb_make_fresh(const struct kb_migrate *how, struct kb_partial *partial, struct kb_migrated *out,
		  struct err *e);

/*
 * Moves the -wal, -journal and -shm of a database aside, to names that begin with its own and
 * `aside`, and replaces nothing. Returns how many were moved, or a negative code.
 */
int kb_move_sidecars(const struct kb_place *p, const char *aside, struct err *e);

/* Whether none of its -wal, -shm and -journal would get a name that is taken. */
bool kb_sidecars_free(const struct kb_place *p, const char *aside);

/* Appends ".<word>-20261121T081500Z", with a number behind it where that is taken already. */
void kb_aside_name(const struct kb_place *p, const char *word, int64_t now_ms, struct buf *out);

#endif
