/* The page for a session without memory, and its file. */
#ifndef SK_GOAL_CONTEXT_H
#define SK_GOAL_CONTEXT_H

#include "cmd/goal/goals.h"

#define GOAL_CONTEXT_FILE "goal-context.md"
#define GOAL_CONTEXT_HANDOFFS 5

/* Appends the page, with at most so many hand-offs, the newest first. */
void goal_context_encode(struct buf *out, const struct goal_store *s, const struct goal *g,
			 uint64_t handoffs, int64_t now_ms);

/* Makes it the file, synced, whatever the file was. Returns 0 or a negative code. */
int goal_context_write(const struct goal_store *s, const struct buf *text, struct err *e);

/*
 * Writes the file anew when there is one that is about this goal, with the usual number of
 * hand-offs. One that somebody edited stays as it is, which is told on stderr; so is whatever
 * fails: what was decided about the goal is recorded in any case.
 */
void goal_context_refresh(const struct goal_store *s, const struct goal *g, int64_t now_ms);

#endif
