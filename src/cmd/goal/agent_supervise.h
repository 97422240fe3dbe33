/* One agent under supervision, for the commands that are about one tentacle. */
#ifndef SK_AGENT_SUPERVISE_H
#define SK_AGENT_SUPERVISE_H

#include "cmd/goal/agent_order.h"

/*
 * Orders a run of the tentacle's agent as AGENT_ORDER_OPTIONS say, waits for its end unless
 * --detach is among them, and prints what came of it. The exit code, or a negative code.
 */
int agent_supervise(struct cmd_ctx *c, const char *name, struct err *e);

#endif
