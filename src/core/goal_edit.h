/*
 * What people changed in goal.json or meta.json, as decisions: each is recorded as an event, or
 * refused with a sentence and nothing changed.
 */
#ifndef SK_GOAL_EDIT_H
#define SK_GOAL_EDIT_H

#include "core/goal_turn.h"

/*
 * `edited` is what the file says (read over a copy of `was`). It passes through the checks of the
 * commands that could have made the change, and is recorded as what they record. Returns 0;
 * -SK_EUSAGE with words in t->why when none of them would: they begin with the path of the member
 * that is wrong, as doc_place takes it, and leave what was not done to the caller.
 */
int goal_adopt(struct turn *t, const struct goal *was, const struct goal *edited);
int tentacle_adopt(struct turn *t, const struct tentacle *was, const struct tentacle *edited);

/* Another text in todo.md. `was_hash` is 16 hex digits: the hash64 of the one before. */
int tentacle_adopt_todo(struct turn *t, const struct tentacle *was, struct span text,
			struct span was_hash);

/* A goal that was found in a file, with no journal that knows it. Its id must be set. Refused as
 * above, where it could not even be worked with. */
int goal_import(struct turn *t, const struct goal *found);
int tentacle_import(struct turn *t, const struct tentacle *found);

/* Title and description together within bounds: 0, or -SK_EUSAGE with a sentence in t->why. */
int goal_check_words(struct turn *t, const struct goal *g);

#endif
