/* What a provider that takes no work keeps from going on, for pages that advise. */
#ifndef SK_GOAL_BLOCKED_H
#define SK_GOAL_BLOCKED_H

#include "cmd/goal/goals.h"

/*
 * Appends "takes no work (rate_limit) before 2026-11-22 03:00:00 UTC", or who tries whether it
 * does. Returns false, and appends nothing, when it takes work.
 */
bool provider_put_blocked(const struct goals *all, const struct provider *p, int64_t now_ms,
			  struct buf *out);

/* Whether nothing may be sent to it before its time, or a person, closes its breaker. NULL may. */
bool provider_is_open(const struct provider *p, int64_t now_ms);

/* Appends the commands that let a parked tentacle go before its time, one a line. */
void parked_put_release(const struct goals *all, const struct tentacle *t, int64_t now_ms,
			struct buf *out);

/* Likewise for all that is parked in the iteration, and those that keep it parked. */
void parked_put_choices(const struct goals *all, const struct texts *names, int64_t now_ms,
			struct buf *out);

#endif
