/* The beginning of a tentacle, and of several out of one. */
#ifndef SK_TENTACLE_NEW_H
#define SK_TENTACLE_NEW_H

#include "core/goal_turn.h"

struct tentacle_new {
	struct span name;
	struct span id; /* a UUID of the caller's: chance comes from outside */
	struct span description, agent, model;
	struct texts scope, skills, depends_on;
	struct span goal_id; /* linked to this goal when it is not empty */
	uint64_t iteration;  /* of the goal, to be sure: must be the present one; 0 = that */
	struct span parent, todo;
};

/*
 * Makes one. Returns 0; with a sentence in t->why: -SK_EUSAGE for a name or an entry of the scope
 * that cannot be used, and for a name that differs from another one only by capital letters;
 * -SK_EREFUSED when the name is taken, or the goal is at its end; -SK_ENOTFOUND for a goal,
 * iteration or dependency that is not there; as goal_link for the goal.
 */
int tentacle_begin(struct turn *t, const struct tentacle_new *fresh,
		   const struct goal_words *words);

/* Whether a tentacle may get this name: 0, or as above. `what` is said about what was not done. */
int tentacle_check_name(struct turn *t, struct span name, const char *what);

/*
 * Divides the open to-dos of a tentacle among new ones, its children, in turn: the first to-do goes
 * to the first child and so on, each with the to-dos nested below it. They inherit scope, skills,
 * agent and goal. The parent keeps its own text with those to-dos done, and is completed when all
 * children have succeeded. `ids` has one UUID a child. Returns 0; -SK_EREFUSED when there is
 * nothing to divide, when it has children already, or when it is at work; else as tentacle_begin.
 */
int tentacle_split(struct turn *t, struct span name, const struct texts *children,
		   const struct span *ids, const struct goal_words *words);

#endif
