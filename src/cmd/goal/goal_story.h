/* What happened to a goal and its tentacles, from the journal. */
#ifndef SK_GOAL_STORY_H
#define SK_GOAL_STORY_H

#include "cmd/goal/goals.h"
#include "core/event.h"

/*
 * Calls fn for each record about the goal or a tentacle that is linked to it, oldest first, until
 * it returns nonzero. Returns 0 or a negative code.
 */
int goal_story(const struct goal_store *s, const struct goal *g,
	       int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *e);

/* "goal paused (active to paused) by alice: lunch", made visible. */
void goal_story_put(const struct event *ev, struct buf *out);

#endif
