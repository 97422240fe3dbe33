/* What the two halves of the loop share, and nobody else uses. */
#ifndef SK_GOAL_LOOP_IMPL_H
#define SK_GOAL_LOOP_IMPL_H

#include "cmd/goal/goal_loop.h"

/* One line for people on stderr. */
void goal_loop_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line about a tentacle, unless it is what was said of it before. */
void goal_loop_tell(struct goal_loop *l, struct span name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The last line: why the loop ends and what to type. It is kept in l->last; returns `code`. */
int goal_loop_end(struct goal_loop *l, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Each is such an end, and returns the exit code. */
int goal_loop_gated(struct goal_loop *l);
int goal_loop_over_budget(struct goal_loop *l);
int goal_loop_in_trouble(struct goal_loop *l);
int goal_loop_parked(struct goal_loop *l);
int goal_loop_by_hand(struct goal_loop *l);
int goal_loop_left(struct goal_loop *l);
int goal_loop_not_active(struct goal_loop *l, unsigned status);

/* The one document of a loop that came to an end, on stdout. `unmerged`: names, a NUL behind each.
 */
void goal_loop_print(struct goal_loop *l, int code, const struct buf *unmerged);

/* A signal: the first Ctrl-C lets agents go to their end, the second (or TERM) ends them, the third
 * leaves them alone. Says so. */
void goal_loop_hear(struct goal_loop *l, int number);

/* Opens the store at this moment and finds the goal: 0 with both, or a negative code. */
int goal_loop_open(struct goal_loop *l, unsigned flags, struct goal_store **s,
		   const struct goal **g, struct err *e);

/*
 * Counts what there is in the present iteration, and appends names with a NUL behind each: of what
 * may be started, and of orders whose task has to be watched over. Returns the goal's status, or a
 * negative code.
 */
int goal_loop_look(struct goal_loop *l, struct buf *ready, struct buf *watched, struct err *e);

/*
 * Asks whether the tasks go on, for the orchestrator may have been killed. What is lost and does
 * not begin again by itself is appended to *ready; so is an order whose task nobody has.
 */
int goal_loop_watch(struct goal_loop *l, const struct buf *watched, struct buf *ready,
		    struct err *e);

/* Starts what is ready, as far as there is room. What only time or another agent takes away is in
 * l->blocked, and no failure. */
int goal_loop_start(struct goal_loop *l, const struct buf *ready, struct err *e);

/*
 * Merges what was handed off well, each with what its agent left uncommitted. What cannot be
 * merged waits for a person and is not tried again by this loop: l->stuck.
 */
int goal_loop_merge(struct goal_loop *l, struct err *e);

/* Whether goal_loop_merge would try it. */
bool goal_loop_may_merge(const struct goal_loop *l, const struct tentacle *t);

/* Says which branches wait for a person to merge them, if any do; appends the names of their
 * tentacles, a NUL behind each. */
void goal_loop_say_unmerged(struct goal_loop *l, struct buf *names);

/* Completes what was handed off well. -SK_EHUMAN when a verification is against it. */
int goal_loop_complete(struct goal_loop *l, struct err *e);

/* Releases one that is parked and due. */
int goal_loop_free(struct goal_loop *l, struct err *e);

#endif
