/* The beginning of a goal. */
#ifndef SK_GOAL_INIT_H
#define SK_GOAL_INIT_H

#include "core/goal_turn.h"

struct goal_new {
	struct span id; /* a UUID of the caller's: chance comes from outside */
	struct span title, description;
	struct goal_budget budget;
	bool beside; /* begin it although another one is not at its end */
};

/*
 * Begins a goal, and makes it the chosen one. Returns 0; -SK_EREFUSED while the chosen one is not
 * at its end (unless `beside`), -SK_EUSAGE for words that are too long, with a sentence in t->why.
 */
int goal_begin(struct turn *t, const struct goal_new *fresh, const struct goal_words *words);

#endif
