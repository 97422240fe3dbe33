/*
 * When to try again after a limit. Pure: chance and the clock come in. A time that the service
 * named is kept: never earlier, and not cut to the cap, for whoever comes before is turned away and
 * counted once more. Without one the pauses grow, and their length is drawn, so that agents that
 * were stopped together do not come back together.
 */
#ifndef SK_QUOTA_BACKOFF_H
#define SK_QUOTA_BACKOFF_H

#include "core/quota.h"

struct quota_backoff {
	int64_t base_ms;
	unsigned factor_permille; /* of one pause to the next */
	int64_t cap_ms;
	unsigned attempts_max; /* 0 = without end */
	int64_t budget_ms;     /* of all pauses since the first limit that nobody named; 0 = none */
};

/* A request that is repeated by a program: 1 s, times 1.6, at most a minute; five times within five
 * minutes. */
extern const struct quota_backoff quota_backoff_request;

/* Work that is parked: a minute, doubled, at most an hour, without end. An allowance begins with a
 * quarter of an hour, one of a day or a month with the whole hour; a network that is not there is
 * asked for twelve times as often. */
extern const struct quota_backoff quota_backoff_parked;

/* word, meaning */
#define QUOTA_DUES(X)                                          \
	X(EXPONENTIAL, "exponential", "pauses that grow")      \
	X(SERVER_HINT, "server-hint", "the service said when") \
	X(NEEDS_HUMAN, "needs-human", "waiting does not help") \
	X(ATTEMPTS, "attempts", "tried as often as allowed")   \
	X(BUDGET, "budget", "waited as long as allowed")

#define X(name, word, meaning) QUOTA_DUE_##name,
enum quota_due_source { QUOTA_DUES(X) QUOTA_DUE_COUNT };
#undef X

struct quota_due {
	enum quota_due_source source; /* from NEEDS_HUMAN on there is no next try */
	int64_t delay_ms;             /* from now; 0 when it is due, or when there is no next try */
	int64_t due_ms;               /* UTC; 0 when there is no next try */
};

/*
 * `attempt` counts the tries that met a limit, from 1; `first_ms` is when the first did; `chance`
 * is any number, evenly drawn.
 */
void quota_due(const struct quota_backoff *policy, const struct quota_verdict *v, unsigned attempt,
	       int64_t first_ms, int64_t now_ms, uint32_t chance, struct quota_due *out);

const char *quota_due_word(enum quota_due_source source);
const char *quota_due_text(enum quota_due_source source);

#endif
