/*
 * A copy of the knowledge database that is whole, however busy the database is: through SQLite's
 * backup, which sees the WAL, and not by copying files, which does not.
 */
#ifndef SK_KB_BACKUP_H
#define SK_KB_BACKUP_H

#include "kb/kb.h"

struct kb_backup {
	char *path; /* absolute */
	int64_t bytes;
	int64_t rows; /* in all tables, counted in both and the same */
	unsigned tables;
};

#define KB_BACKUP_INIT     \
	{                  \
		NULL, 0, 0 \
	}

void kb_backup_release(struct kb_backup *b);

/*
 * Makes a verified copy of the database as it is at this moment. `to` must not exist (-SK_EUSAGE),
 * unless `replace`; a link there is refused in any case. NULL stands for a name beside the database
 * that tells the moment, with a number behind it where that is taken. The copy is one file of mode
 * 0600, needs no WAL, and is on disk when 0 is returned. On failure, or a kill, there is no copy,
 * or the old one that was to be replaced.
 */
int kb_backup_make(struct kb *kb, const char *to, int64_t now_ms, bool replace,
		   struct kb_backup *out, struct err *e);

#endif
