/* What an agent is told that takes a tentacle up. */
#ifndef SK_PROMPT_H
#define SK_PROMPT_H

#include "core/goal.h"

struct prompt {
	const struct goals *all;
	const struct tentacle *t;
	const char *dir;     /* absolute: the folder of the store */
	const char *work;    /* absolute: where the agent works */
	const char *program; /* how it calls us */
	struct span context; /* CONTEXT.md */
	struct span only;    /* one to-do that is all it is to do; empty: all that are open */
	bool bundle;         /* its folder has a bundle to read */
};

/* Appends it. Foreign text stands between lines of its own and is told to be data where it comes
 * from other agents. */
void prompt_encode(const struct prompt *p, struct buf *out);

#endif
