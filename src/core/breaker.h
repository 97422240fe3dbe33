/*
 * A breaker for each provider of models, shared by all tentacles that use it: when one of them was
 * turned away, the others need not be turned away as well. Closed: work goes on. Open: nothing is
 * sent before a moment. Half open: that moment has passed, and one tentacle tries; its end closes
 * the breaker or opens it for longer.
 */
#ifndef SK_BREAKER_H
#define SK_BREAKER_H

#include "core/goal_turn.h"

#define BREAKER_STATES(X)   \
	X(CLOSED, "closed") \
	X(OPEN, "open")     \
	X(HALF_OPEN, "half-open")

#define X(name, word) BREAKER_##name,
enum breaker_state { BREAKER_STATES(X) BREAKER_STATE_COUNT };
#undef X

const char *breaker_word(enum breaker_state s);

/* `p` may be NULL: nothing is known of it, so it is closed. */
enum breaker_state breaker_state(const struct provider *p, int64_t now_ms);

/* The tentacle that tries for a half-open one, if it is still at it; else NULL. */
const struct tentacle *breaker_probing(const struct goals *all, const struct provider *p);

/*
 * Whether work may be sent to the provider by this tentacle. Returns 0, or -SK_EPARKED with a
 * sentence in t->why.
 */
int breaker_admit(struct turn *t, struct span provider, struct span tentacle);

/* Records that the tentacle tries, when the breaker is half open. */
void breaker_try(struct turn *t, struct span provider, struct span tentacle,
		 const struct goal_words *words);

/* Records that it turned somebody away: open until then. 0 = nobody knows until when, so a person
 * has to close it. `kind` is a word of core/quota.h. */
void breaker_open(struct turn *t, struct span provider, struct span kind, struct span reason,
		  int64_t until_ms, const struct goal_words *words);

/* Records that it takes work; nothing when that is known. */
void breaker_close(struct turn *t, struct span provider, const struct goal_words *words);

#endif
