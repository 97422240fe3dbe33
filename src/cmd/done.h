/*
 * What a command made durable, for the one moment when it matters: its answer could not be printed,
 * and whoever asked must not take that for "nothing was done".
 */
#ifndef SK_DONE_H
#define SK_DONE_H

#include "core/event.h"

struct done {
	struct event_range tasks, goals; /* of the two journals */
	/* What was changed elsewhere, as "it was put in the knowledge database", and the command
	 * that shows it; texts of the program's own. NULL = nothing. */
	const char *other, *look;
};

/* Notes what stands in no journal. The last one counts. */
void done_elsewhere(struct done *r, const char *what, const char *look);

/*
 * Appends ", but it was done: recorded as event 17. Try: sk tentacle goal history", nothing when
 * nothing was changed. `path` is that of the command: goals and tentacles have different pages.
 */
void done_put(const struct done *r, const char *path, struct buf *out);

#endif
