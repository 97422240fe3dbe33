/* Giving a task its definition. */
#ifndef SK_TASK_DEFINE_H
#define SK_TASK_DEFINE_H

#include "core/state.h"

/*
 * Takes over a definition: the bytes (copied into the state) and the numbers that decisions need.
 * Resources must be known. Returns 0, or -SK_ECORRUPT with *why; then the task is unchanged.
 */
int task_define(struct state *st, struct task *t, struct span bytes, char why[200]);

/*
 * A list of needs as journal and snapshot carry it: a JSON array of different ids, at most
 * NEEDS_MAX; empty text is an empty list. Returns 0 or -EINVAL. Whether such tasks exist is asked
 * when the workstream is linked.
 */
int needs_check(struct span raw);

#endif
