/*
 * Changing goals and tentacles, for the decisions in core/goal_*.c and core/tentacle_*.c. A
 * decision copies the document (struct goal next = *goal), changes the draft and hands it in; what
 * differs is recorded and folded at once. Texts in a draft may lie in the batch's arena (turn_copy,
 * turn_text); lists are changed with the arena goal_arena gives.
 *
 * Pointers to goals and tentacles of the state do not outlive the next call of these functions.
 */
#ifndef SK_GOAL_TURN_H
#define SK_GOAL_TURN_H

#include "core/goal.h"
#include "core/turn.h"

/* For lists and texts of drafts: lives as long as the batch. */
static inline struct arena *goal_arena(struct turn *t)
{
	return &t->batch->text;
}

/* Who does it and why, for every event that is recorded until the next call. */
struct goal_words {
	struct span operator_name, reason;
	struct span name; /* of the gate, criterion, tentacle or file it is about */
	uint64_t attempt;
	int64_t exit_code;
	uint64_t signal;
};

/*
 * Records a transition to what the draft says, with the draft's status set to the row's. Returns 0;
 * -SK_EREFUSED with a sentence in t->why when the life has no such row.
 */
int goal_move(struct turn *t, const struct goal *draft, enum trigger on,
	      const struct goal_words *words);
int tentacle_move(struct turn *t, const struct tentacle *draft, enum trigger on,
		  const struct goal_words *words);

/* Records a fact of that kind; nothing when the draft says nothing new. The status must be the
 * same. */
void goal_record(struct turn *t, const struct goal *draft, enum event_kind kind,
		 const struct goal_words *words);
void tentacle_record(struct turn *t, const struct tentacle *draft, enum event_kind kind,
		     const struct goal_words *words);
void provider_record(struct turn *t, const struct provider *draft, const struct goal_words *words);

/* Forgets a tentacle. */
void tentacle_forget(struct turn *t, const struct tentacle *which, const struct goal_words *words);

/* Makes it the goal that commands mean when none is named. */
void goal_choose(struct turn *t, const struct goal *which, const struct goal_words *words);

/* -SK_EREFUSED, -SK_ENOTFOUND or another code, with the sentence in t->why. */
int turn_refuse(struct turn *t, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
