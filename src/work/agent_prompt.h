/* What a supervised agent is told. */
#ifndef SK_AGENT_PROMPT_H
#define SK_AGENT_PROMPT_H

#include "core/goal.h"

/* Appends it. `dir` is the absolute folder of the store, `work` where the agent works, `program`
 * how it calls us. */
void agent_prompt_encode(const struct goals *all, const struct tentacle *t, const char *dir,
			 const char *work, const char *program, struct buf *out);

#endif
