/* Going on with a goal that was stopped, and taking work back to be done again. */
#ifndef SK_GOAL_RESUME_H
#define SK_GOAL_RESUME_H

#include "core/goal_turn.h"

struct goal_resume {
	bool reset_failed; /* tentacles of the present iteration that failed, are parked or lost */
	uint64_t from_iteration; /* 0 = none: every tentacle from that one on; it is opened again */
};

struct goal_resumed {
	unsigned was;        /* status before */
	bool moved;          /* the status changed */
	bool gated;          /* to awaiting-gate: a gate blocks, see goal_blocking_gate */
	struct texts resets; /* tentacles put back to their beginning; live as long as the batch */
	bool rewound;
};

/*
 * Returns 0 with *out; nothing is recorded when the goal is active and nothing is to be reset. No
 * criterion is run or changed. A refusal changes nothing: -SK_EREFUSED at the goal's end, or when
 * an agent runs in what would be reset; -SK_EGATE when it waits for a gate that blocks;
 * -SK_EUSAGE for an iteration it does not have. What is put back keeps its files and its history:
 * hand-offs, worktree and to-dos stay as they are.
 */
int goal_resume(struct turn *t, const struct goal *g, const struct goal_resume *ask,
		const struct goal_words *words, struct goal_resumed *out);

/* Whether reset_failed puts it back: it is parked, lost, its agent failed, or what it handed off
 * can be tried again. */
bool tentacle_resettable(const struct goals *all, struct span name);

/* Puts one tentacle back to its beginning; one that is there already stays. As above. */
int goal_reset_tentacle(struct turn *t, struct span name, const struct goal_words *words);

/* Adds a tentacle to the present iteration. Returns 0, also when it is there already; -SK_EREFUSED
 * when the goal is at its end or the tentacle belongs to another one that is not; -SK_EBUDGET
 * beyond max_tentacles, unless forced. */
int goal_link(struct turn *t, const struct goal *g, struct span tentacle, bool force_over_budget,
	      const struct goal_words *words);

#endif
