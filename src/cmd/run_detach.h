/* `sk run --detach`: the same run in a process of its own. */
#ifndef SK_RUN_DETACH_H
#define SK_RUN_DETACH_H

#include "cmd/cmd.h"

/*
 * Starts the run in the background and returns once the plan is recorded: exit code 0, or the exit
 * code and the sentence with which the background process gave up before.
 */
int run_detach(struct cmd_ctx *c, struct err *e);

/* Whether this is the background process, and it has not said that it is ready. */
bool run_is_detached(void);

/* In the background process: tells whoever waits that everything is recorded. Elsewhere it does
 * nothing. */
void run_detach_ready(void);

#endif
