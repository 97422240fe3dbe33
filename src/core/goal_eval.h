/* The end of an iteration: what is decided, and what speaks against it. */
#ifndef SK_GOAL_EVAL_H
#define SK_GOAL_EVAL_H

#include "core/goal_turn.h"

#define GOAL_DECISIONS(X)       \
	X(CONTINUE, "continue") \
	X(PAUSE, "pause")       \
	X(COMPLETE, "complete") \
	X(ABANDON, "abandon")

#define X(name, word) DECISION_##name,
enum goal_decision { GOAL_DECISIONS(X) GOAL_DECISION_COUNT };
#undef X

const char *goal_decision_word(enum goal_decision d);
bool goal_decision_of(struct span word, enum goal_decision *out);

struct goal_eval {
	enum goal_decision decision;
	struct span notes;
	struct span source; /* who asks, where it is no person: "goal loop" */
	bool force_over_budget;
	bool force; /* although tentacles or criteria say no */
};

enum goal_verdict {
	VERDICT_DONE,        /* as it was decided */
	VERDICT_GATED,       /* a gate blocks: the goal waits for it */
	VERDICT_OVER_BUDGET, /* nothing is left for another iteration: a person has to decide */
};

#define GOAL_STUCK "stuck: " /* how the reason of goal_stuck begins */

/* Its agents cannot go on, and a person has to say how: `why`, in words. Nothing happens to a goal
 * that is not active. */
void goal_stuck(struct turn *t, const struct goal *g, struct span why,
		const struct goal_words *words);

/*
 * Decides. The checks come in this order: the status; for continue the budget; for continue and
 * complete the tentacles of the iteration, then the gates. Returns 0 with *verdict. A refusal
 * changes nothing: -SK_EREFUSED; -SK_EGATE when it waits for a gate already; -SK_EHUMAN, also when
 * a hand-off has to be judged or what is parked waits for a person; -SK_EPARKED when nothing but
 * parked tentacles is in the way; -SK_EWORK to complete a goal with criteria that failed.
 */
int goal_eval(struct turn *t, const struct goal *g, const struct goal_eval *ask,
	      const struct goal_words *words, enum goal_verdict *verdict);

/* The checks of goal_eval alone, without those of the budget: for a decision that somebody wrote
 * into the file. A gate that blocks is a refusal, -SK_EGATE. */
int goal_eval_check(struct turn *t, const struct goal *g, enum goal_decision decision);

/* What is recorded of a decision that was checked. `draft` may differ from the goal in the state:
 * that is recorded with it. */
int goal_decided(struct turn *t, const struct goal *draft, const struct goal_eval *ask,
		 const struct goal_words *words);

#endif
