/*
 * The run of a supervised agent, as decisions: it is ordered, starts, ends. An order has a nonce of
 * its own, kept in the tentacle's owner; who starts with another nonce than the newest order's is
 * not wanted any more. So an agent is never run twice for one order, however often its task is.
 *
 * `name` is always one that is there. Refusals have a sentence in t->why.
 */
#ifndef SK_AGENT_TURN_H
#define SK_AGENT_TURN_H

#include "core/goal_turn.h"
#include "core/quota.h"
#include "core/tentacle_work.h"

struct agent_order {
	struct span name;                   /* of the tentacle */
	struct span agent, model, provider; /* of the configuration */
	uint64_t max_parallel;              /* of the agent */
	struct tentacle_owner who;          /* who orders, with the nonce of the order */
	bool anyway;                        /* although a dependency has not succeeded */
	bool afresh; /* a person orders: what failed before does not count any more */
	bool here;   /* it works in the main checkout */
};

/*
 * Orders a run: dispatched. An order whose task may still be waiting is the same order: *again is
 * set, nothing is recorded but who looks on now, and its nonce stays. -SK_EBUSY while its agent is
 * at work, max_parallel others of the same agent are, or another one works in the main checkout as
 * well and their scopes are not apart; -SK_EPARKED while it is parked or its
 * provider's breaker is not closed; -SK_EREFUSED when it is completed or a dependency is missing.
 */
int agent_ordered(struct turn *t, const struct agent_order *order, const struct goal_words *words,
		  bool *again);

/* The order could not be handed over: back to idle. */
void agent_not_ordered(struct turn *t, struct span name, const struct goal_words *words);

/*
 * The agent begins: running, with `self` as its owner, in what `from` tells (NULL = nobody knows).
 * -SK_EREFUSED when self->nonce is not the newest order's, or its agent is at work or has ended
 * already.
 */
int agent_started(struct turn *t, struct span name, const struct tentacle_owner *self,
		  struct span task_id, const struct tentacle_begin *from,
		  const struct goal_words *words);

struct agent_end {
	struct span nonce;
	int64_t exit_code;
	uint64_t signal;
	bool timed_out;
	bool told;                         /* somebody ended it: no fault of its own */
	struct span last_line;             /* of what it printed; "" when it ended well */
	const struct quota_verdict *limit; /* what its output says, kind NONE when nothing */
	int64_t due_ms;                    /* when to come back, 0 = nobody knows */
	struct span provider;
	uint64_t tokens, micros;
	bool looked;          /* `outside` is all there is, and not only what could be seen */
	struct texts outside; /* files it changed outside of its scope */
};

#define AGENT_OUTCOMES(X)                                                  \
	X(HANDED_OFF, "it handed off")                                     \
	X(NO_HANDOFF, "it ended without a hand-off")                       \
	X(FAILED, "its agent failed")                                      \
	X(STOPPED, "it was told to end")                                   \
	X(PARKED, "a limit stopped it")                                    \
	X(NEEDS_HUMAN, "a limit stopped it that does not pass by waiting") \
	X(SUPERSEDED, "somebody took the tentacle over while it ran")

#define X(name, text) AGENT_##name,
enum agent_outcome { AGENT_OUTCOMES(X) AGENT_OUTCOME_COUNT };
#undef X

const char *agent_outcome_text(enum agent_outcome o);

/* Records its end, what it used, and what that says about its provider. */
enum agent_outcome agent_ended(struct turn *t, struct span name, const struct agent_end *end,
			       const struct goal_words *words);

/*
 * The parked tentacle that may be released now: due, not held, whose provider takes work and has
 * nobody trying. The one that is due for the longest time; NULL when there is none. *next_ms = when
 * to ask again at the earliest, 0 = nothing is parked that time releases.
 */
const struct tentacle *agent_due(const struct goals *all, int64_t now_ms, int64_t *next_ms);

/* Releases it: idle, with nothing in its way. */
int agent_released(struct turn *t, struct span name, const struct goal_words *words);

#endif
