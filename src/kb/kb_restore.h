/*
 * Putting another database in the place of the one that is there: a backup, or an empty one. What
 * was there is moved aside with its -wal and -shm, under names that begin with its own, and never
 * removed. At every moment a database has the name; a kill leaves the old one or the new one there,
 * and doing it again comes to the end.
 */
#ifndef SK_KB_RESTORE_H
#define SK_KB_RESTORE_H

#include "kb/kb.h"

struct kb_replace {
	const char *path, *who;
	int64_t busy_ms; /* 0 = KB_BUSY_MS */
	int64_t now_ms;
	const char *from; /* of kb_restore: the backup */
	bool even_sound;  /* of kb_quarantine: also a database that nothing is wrong with */
};

struct kb_replaced {
	char *aside;      /* path of what was there; NULL when nothing was */
	char *orphan;     /* likewise of a -wal and -shm whose database was gone */
	unsigned version; /* of the schema that is there now */
	int64_t rows;     /* in the tables of a restored one */
	int64_t bytes;
};

#define KB_REPLACED_INIT            \
	{                           \
		NULL, NULL, 0, 0, 0 \
	}

void kb_replaced_release(struct kb_replaced *r);

/*
 * Puts a copy of the backup there, checked and on disk before anything is moved. -SK_EBUSY while
 * another process has the database open; -SK_EUSAGE when the backup is the database itself. The
 * backup may be of an older version: the caller looks at *out. Returns 0 or a negative code.
 */
int kb_restore(const struct kb_replace *how, struct kb_replaced *out, struct err *e);

/*
 * Puts an empty database of the newest version there. -SK_ECONFIRM for one that nothing is wrong
 * with, unless even_sound. Where nothing is there, one is made all the same.
 */
int kb_quarantine(const struct kb_replace *how, struct kb_replaced *out, struct err *e);

#endif
