/*
 * A database that is being made beside its final name, and gets it when it is whole and on disk. A
 * kill leaves at most the unfinished file, which has a name of its own and is taken away by the
 * next one that is made.
 */
#ifndef SK_KB_PARTIAL_H
#define SK_KB_PARTIAL_H

#include "kb/kb_impl.h"

struct kb_partial {
	const struct kb_place *target; /* borrowed: the final name */
	char *name, *path;             /* of the unfinished file */
	int fd;                        /* locked while it is being made; -1 = there is none */
};

#define KB_PARTIAL_INIT              \
	{                            \
		NULL, NULL, NULL, -1 \
	}

/*
 * Creates the empty file, as nobody else's and mode 0600, in the folder of the target and under a
 * name that begins with `stem`. Nothing may open the file but SQLite, and
 * that must have closed it before the next two are called. Returns 0; -SK_EBUSY when another
 * process is making one for the same name; -SK_EREFUSED when something of others has that name;
 * -SK_EIO.
 */
int kb_partial_begin(const struct kb_place *target, const char *stem, struct kb_partial *out,
		     struct err *e);

/*
 * Syncs it and gives it its final name; after 0 both survive power loss. Where the name is taken:
 * -EEXIST without a sentence, unless `replace`. Other failures are told, and say `undone`.
 */
int kb_partial_finish(struct kb_partial *p, bool replace, const char *undone, struct err *e);

/* Takes an unfinished one away: fits CLEANUP. */
void kb_partial_release(struct kb_partial *p);

/* "no space left (needed 12.4 MiB, free 0.2 MiB)" when there is too little room in its folder for
 * `needed_bytes` more, appended to *out; returns whether there is. */
bool kb_room_lacks(const struct kb_place *p, int64_t needed_bytes, struct buf *out);

#endif
