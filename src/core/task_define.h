/* Giving a task its definition. */
#ifndef SK_TASK_DEFINE_H
#define SK_TASK_DEFINE_H

#include "core/state.h"

/*
 * Takes over a definition: the bytes (copied into the state) and the numbers that decisions need. Resources must be known.
 * Returns 0, or -SK_ECORRUPT with *why; then the task is unchanged.
 */
int task_define(struct state *st, struct task *t, struct span bytes, char why[200]);

#endif
