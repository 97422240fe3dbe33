/* The dispatch marker, as commands on tentacles write it. */
#ifndef SK_CMD_MARKING_H
#define SK_CMD_MARKING_H

#include "cmd/tentacles.h"

/* Adds an entry for it. A failure is told on stderr and is no reason to stop. Returns whether there
 * is one now. */
bool marking_add(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t);

/* Takes its entry out, if there is one; likewise. */
void marking_clear(struct cmd_ctx *c, struct span name, struct span id);

#endif
