/* The parts of `sk status` that its text and its JSON share. */
#ifndef SK_STATUS_H
#define SK_STATUS_H

#include "cmd/cmd.h"
#include "cmd/view.h"

#define STATUS_THINGS_MAX 64 /* ids asked for at once */

/* What an id named: one of the two is NO_ID. */
struct status_thing {
	uint32_t ws, task;
};

/* Appends what to type next, one command a line, for one workstream or all (NO_ID); nothing when
 * all is well. */
void status_next(const struct view *v, uint32_t ws, struct buf *out);

/* The document. Without things: everything that is not completed, or all tasks with `all`. */
void status_json(struct cmd_ctx *c, const struct status_thing *things, size_t count, bool all);
void status_json_nothing(struct cmd_ctx *c);

#endif
