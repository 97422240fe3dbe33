/*
 * What an edit of a file may say: what a command could have done, and nothing else. The checks are
 * those of the commands, with sentences for somebody at an editor: each begins with the path of the
 * member that it is about ("gates[1].id: ..."), as doc_place takes it, and says neither what was
 * not done nor what to try.
 */
#ifndef SK_GOAL_EDIT_CHECK_H
#define SK_GOAL_EDIT_CHECK_H

#include "core/goal_turn.h"

/*
 * Gates, criteria and budget of what the file says. `was` is the goal before, NULL for one that
 * nobody here knows yet. Puts right in *next what follows from the edit: a criterion with another
 * command is not proved any more, a gate that was passed by hand is passed now. Returns 0, or
 * -SK_EUSAGE with a sentence in t->why.
 */
int goal_check_edit(struct turn *t, const struct goal *was, struct goal *next);

/* Likewise scope and dependencies of a tentacle; among those that are there, for a new one. */
int tentacle_check_edit(struct turn *t, const struct tentacle *was, const struct tentacle *next);

#endif
