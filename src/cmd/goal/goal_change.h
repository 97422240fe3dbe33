/*
 * One change of one goal by a command: open and find it, decide, commit, and look at it again.
 *
 *	rc = goal_change_begin(&x, c, GOALS_NAMED, e);
 *	if (rc == 0)
 *		rc = goal_change_end(&x, goal_eval(x.turn, x.g, ..., &x.words, ...), e);
 */
#ifndef SK_GOAL_CHANGE_H
#define SK_GOAL_CHANGE_H

#include "cmd/goal/goals.h"

struct goal_change {
	struct cmd_ctx *c;
	struct goal_store *s;
	struct turn *turn;
	const struct goal *g; /* before; behind goal_change_end as it is then */
	char *id;
	struct goal_actor actor;
	struct goal_words words;
};

#define GOAL_CHANGE_INIT                              \
	{                                             \
		NULL, NULL, NULL, NULL, NULL, { "" }, \
		{                                     \
			.attempt = 0                  \
		}                                     \
	}

/* The command's row has GOAL_OPTION, and OPERATOR_OPTION and --reason where it wants them. `flags`:
 * GOALS_NAMED where the decision is not about the goal's tentacles, else 0. */
int goal_change_begin(struct goal_change *x, struct cmd_ctx *c, unsigned flags, struct err *e);

/* `rc` is what was decided: committed when it is not negative, else told. */
int goal_change_end(struct goal_change *x, int rc, struct err *e);

void goal_change_release(struct goal_change *x);

#endif
