/* Commands that prove progress, and what they said. Whoever runs them does so outside of any turn
 * and tells the outcome. */
#ifndef SK_GOAL_CRITERIA_H
#define SK_GOAL_CRITERIA_H

#include "core/goal_turn.h"

/*
 * Adds a criterion: id (empty: sc-1, sc-2, ...), description, command, timeout_s. Returns 0 with
 * the id in *id, living as long as the batch; -SK_EUSAGE for an unusable name; -SK_EREFUSED when it
 * is there, or the goal is at its end.
 */
int goal_criterion_add(struct turn *t, const struct goal *g, const struct criterion *fresh,
		       const struct goal_words *words, struct span *id);

/* Likewise; the id must not be empty, and the draft is only changed: for a goal that is begun with
 * criteria. */
int goal_criterion_draft(struct turn *t, struct goal *draft, const struct criterion *fresh,
			 struct span *id);

/* -SK_ENOTFOUND with the nearest name. */
int goal_criterion_remove(struct turn *t, const struct goal *g, struct span id,
			  const struct goal_words *words);

/* One run of one criterion. */
struct criterion_outcome {
	struct span id, command; /* that was run */
	int64_t exit_code;       /* -1: its time was over */
	struct span evidence, output_digest, tree;
	struct span normal_digest; /* of the output without its volatile parts */
	uint64_t output_len, duration_ms;
	uint64_t identical; /* failures in a row that said the same, for a loop: see struct stall */
};

/*
 * Records it. Returns 1, or 0 when nothing is recorded because the criterion is another one by now,
 * or gone, or the goal is at its end.
 */
int goal_criterion_result(struct turn *t, const struct goal *g,
			  const struct criterion_outcome *outcome, const struct goal_words *words);

/* Records an attempt of a verify loop: the outcomes together. */
void goal_verify_attempt(struct turn *t, const struct goal *g, uint64_t attempt,
			 const struct criterion_outcome *outcomes, size_t count,
			 const struct goal_words *words);

/*
 * The loop gave up: a person has to decide. Returns 1; 0 when the goal's status does not allow it
 * (it is paused, at its end or waits for a person already) and nothing was changed.
 */
int goal_escalate(struct turn *t, const struct goal *g, const char *why,
		  const struct criterion_outcome *outcomes, size_t count,
		  const struct goal_words *words);

/* How often in a row each criterion failed in the same way. */
struct stall {
	uint64_t key;   /* of the last failure */
	unsigned count; /* 0: it did not fail last time */
};

void stall_note(struct stall *s, const struct criterion_outcome *outcome);

/*
 * How it stood when a loop last tried the criterion, in *s, and in *tree the state of the
 * repository that it was about: when that is the present one, nothing but time has passed since,
 * and the next loop goes on counting. Returns false when there is nothing to go on from: it was
 * never tried, did not fail, has passed or got another command since, nobody knows the state of the
 * repository, or a person has resumed the goal since. Borrowed from the goal.
 */
bool stall_recorded(const struct goal *g, const struct criterion *c, struct stall *s,
		    struct span *tree);

#endif
