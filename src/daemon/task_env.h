/* What surrounds a task beside its own definition: it is given to the worker, and to whoever runs
 * the task by hand. */
#ifndef SK_TASK_ENV_H
#define SK_TASK_ENV_H

#include "base/buf.h"
#include "core/state.h"

/*
 * Sets *env (empty) to a JSON object: the variables of its workstream, then SK_OUT_<TASK>_<KEY> for
 * every output of what it needs, directly or not. Appends the folder of its workstream to *cwd.
 */
void task_surroundings(const struct state *st, uint32_t task, struct buf *env, struct buf *cwd);

#endif
