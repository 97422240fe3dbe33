/*
 * pre-commit and pre-push, as git calls them. Their contract is git's and not that of agents'
 * hosts: exit code 1 and a sentence on standard error refuse, everything else lets through.
 */
#ifndef SK_GIT_HOOK_H
#define SK_GIT_HOOK_H

#include "hooks/guarding.h"

/* What git gives its hooks, beside the present folder. All borrowed. */
struct git_hook {
	enum guard_act act;
	char *const *environment; /* as environ */
	struct span input;        /* GUARD_PUSH: what stood on standard input */
	bool input_whole;
	bool off; /* a person has turned the guard off for this once */
};

/*
 * Returns 0 when it may go on, with a sentence in *said where there is something to tell all the
 * same; -SK_EWORK with the refusal. Git is started only when an agent is at work here whose scope
 * or branch decides, and for GUARD_GIT_LIMIT_MS at most each time.
 */
int git_hook_run(struct hook *h, const struct git_hook *g, struct buf *said, struct err *e);

#endif
