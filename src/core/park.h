/* Work that a limit stopped, where nobody supervises the agent: it said so in a hand-off, or its
 * host told us. For supervised agents see agent_turn.h. */
#ifndef SK_PARK_H
#define SK_PARK_H

#include "core/goal_turn.h"
#include "core/quota_backoff.h"

/*
 * Parks a tentacle because of what was found: kind, provider, the words that decided as the hint,
 * and when it is due (0: nobody knows, or waiting does not help). Each time it is parked again the
 * pause grows, unless the service says when. The provider's breaker opens. `chance` is any number,
 * evenly drawn. Returns 0, or -SK_EREFUSED with a sentence when the tentacle's life does not allow
 * it.
 */
int tentacle_park(struct turn *t, const struct tentacle *which, const struct quota_verdict *v,
		  uint32_t chance, const struct goal_words *words);

/* Opens the breaker of the provider that said no, if it is known which one. Returns until when; 0
 * when nobody knows. */
int64_t provider_refused(struct turn *t, const struct quota_verdict *v, uint32_t chance,
			 const struct goal_words *words);

#endif
