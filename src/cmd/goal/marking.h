/* The dispatch marker, as commands on tentacles write it. */
#ifndef SK_CMD_MARKING_H
#define SK_CMD_MARKING_H

#include "cmd/goal/tentacles.h"

enum marking_keeper {
	MARKING_DISPATCHER, /* whoever runs us: the prompt was handed out, an agent is yet to begin
			     */
	MARKING_AGENT,      /* this process: it lives exactly as long as the agent does */
};

/*
 * Adds an entry for it, and clears those of killed ones on the way. A failure is told on stderr and
 * is no reason to stop. Returns whether there is one now. When the keeper is killed the entry is
 * worth nothing from that moment, and is cleared by whoever writes the marker next.
 */
bool marking_add(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t,
		 enum marking_keeper keeper);

/* Takes its entry out, if there is one, and those of killed ones; likewise. */
void marking_clear(struct cmd_ctx *c, struct span id);

/* The tentacle was handed off: its entry goes unless its agent's own process keeps it, which ends
 * by itself. Likewise; those of killed ones stay, for an agent in a cage may not write here. */
void marking_handed_off(struct cmd_ctx *c, struct span id);

/* Takes out the entry that this process keeps (MARKING_AGENT), and those of killed ones; likewise.
 * One that another process has put in its place stays. */
void marking_end(struct cmd_ctx *c);

#endif
