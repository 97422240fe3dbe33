/* What a shell is offered of goals: names, and a word about each. */
#ifndef SK_COMPLETE_GOALS_H
#define SK_COMPLETE_GOALS_H

#include "cmd/cmd.h"

/*
 * Prints what begins with `prefix`, one a line with a tab and a description, of what the kind
 * names; gates and criteria are those of the goal `goal` (NULL: the chosen one). In a list with
 * commas the last name is completed. Nothing when there is no store, or it cannot be read.
 */
void complete_goals(struct cmd_ctx *c, const char *prefix, enum arg_kind kind, const char *goal);

#endif
