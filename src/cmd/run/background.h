/* Going on in the background: this program once more, in a session of its own. */
#ifndef SK_BACKGROUND_H
#define SK_BACKGROUND_H

#include <sys/types.h>

#include "cmd/cmd.h"

struct background {
	const char *const *words; /* of the command, up to NULL */
	const char *without;      /* an option that is not passed on, or NULL */
	/* Tells the person, once the other process is ready. */
	void (*told)(struct cmd_ctx *c, pid_t pid);
};

/*
 * Starts the words, with all other options that were given and the plain arguments, and returns
 * once that process said background_ready: exit code 0, or the code and the sentence with which it
 * gave up before. What it prints goes to .state/logs/orchestrator.log.
 */
int background_start(struct cmd_ctx *c, const struct background *b, struct err *e);

/* Whether this is the background process, and it has not said that it is ready. */
bool background_is(void);

/* In the background process: tells whoever waits that everything is in order. Elsewhere it does
 * nothing. */
void background_ready(void);

#endif
