/*
 * What a goal may use, and what it has used. Time counts while the goal is active only: a night in
 * which it was paused costs nothing.
 */
#ifndef SK_GOAL_BUDGET_H
#define SK_GOAL_BUDGET_H

#include "core/goal_turn.h"

/* word for reasons ("over_budget:iterations,timeout"), words for people */
#define GOAL_LIMITS(X)                                  \
	X(ITERATIONS, "iterations", "iterations")       \
	X(TENTACLES, "tentacles", "tentacles")          \
	X(TIMEOUT, "timeout", "minutes of active time") \
	X(TOKENS, "tokens", "tokens")                   \
	X(COST, "cost", "cost")

#define X(name, word, text) GOAL_LIMIT_##name,
enum goal_limit { GOAL_LIMITS(X) GOAL_LIMIT_COUNT };
#undef X

const char *goal_limit_word(enum goal_limit limit);
const char *goal_limit_text(enum goal_limit limit);

/* In the unit of the limit: iterations, tentacles, minutes, tokens, millionths. A limit of 0 is
 * none. */
struct goal_use {
	uint64_t used, limit;
	bool over; /* more was used than allowed */
	bool next; /* there is none left for another iteration */
};

void goal_use_read(const struct goal *g, int64_t now_ms, struct goal_use out[GOAL_LIMIT_COUNT]);

/* Whether nothing is left for another iteration; appends the words of what is used up, with commas
 * between. */
bool goal_budget_spent(const struct goal *g, int64_t now_ms, struct buf *words);

/*
 * An amount of money as people write it, "1.5" with at most six digits behind the point, as
 * millionths. Returns 0, or -EINVAL.
 */
int cost_decode(struct span text, uint64_t *micros);
/* Appends it, with two to six digits behind the point. */
void buf_put_cost(struct buf *out, uint64_t micros);

/* Whether each limit is one that can be meant: 0, or -SK_EUSAGE with a sentence in t->why. */
int goal_budget_check(struct turn *t, const struct goal_budget *b);

/* Sets limits. Returns 0, or -SK_EREFUSED when the goal is at its end. */
int goal_budget_set(struct turn *t, const struct goal *g, const struct goal_budget *budget,
		    const struct goal_words *words);

/*
 * Adds what was used, to the goal and, if `tentacle` is not empty, to that tentacle, which must
 * exist. Returns 0, or -SK_EUSAGE when the sum is no number any more. What was used may be told
 * late: a goal at its end takes it as well.
 */
int goal_spend(struct turn *t, const struct goal *g, struct span tentacle, uint64_t tokens,
	       uint64_t micros, const struct goal_words *words);

#endif
