/*
 * Takes a knowledge database to the newest schema, one version at a time, each in a transaction of
 * its own: what was told as applied is on disk, what was not told has not happened, and doing it
 * again goes on where it stopped.
 */
#ifndef SK_KB_MIGRATE_H
#define SK_KB_MIGRATE_H

#include "kb/kb.h"

enum kb_told_what {
	KB_TOLD_ORPHAN,  /* files of a database that is gone were moved aside; text = where to */
	KB_TOLD_BACKUP,  /* a verified copy was made; text = its path */
	KB_TOLD_VERSION, /* a version was applied; text = its name */
	KB_TOLD_MENDED   /* something that the schema promises was missing; text = what */
};

struct kb_told {
	enum kb_told_what what;
	unsigned version;
	const char *text; /* borrowed for the call */
};

struct kb_migrate {
	const char *path, *who;
	int64_t busy_ms; /* 0 = KB_BUSY_MS */
	int64_t now_ms;
	bool dry_run;   /* the same on a copy in memory: nothing on disk changes, nothing waits */
	bool no_backup; /* else one is made before anything that is there is changed */
	void (*tell)(void *arg, const struct kb_told *told); /* as soon as it is true */
	void *arg;
};

struct kb_migrated {
	unsigned from, to; /* versions of the schema */
	unsigned applied, mended;
	bool made; /* there was no database, and now there is an empty one */
};

/*
 * Does that. A database that does not exist is made, whole or not at all. Returns 0, or a negative
 * code; *out is filled as far as it came, also then. A newer database is refused untouched; one
 * that somebody else is writing to is -SK_EBUSY. A failed version has not changed anything.
 */
int kb_migrate(const struct kb_migrate *how, struct kb_migrated *out, struct err *e);

#endif
