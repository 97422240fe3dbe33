/*
 * The lines tasks stand in: ready (per workstream), waiting for a resource (per resource), waiting
 * for a worker that can do them (per kind), waiting for a retry (one). They are indexes over the
 * state, rebuilt from it at any time and never recorded. A task stands in one line at most.
 */
#ifndef SK_QUEUE_H
#define SK_QUEUE_H

#include "core/state.h"

/* Most urgent first: priority (raised by one for each minute of waiting), longest remaining path,
 * age, index. */
void queue_ready(struct state *st, uint32_t task);

/* By retry_at. */
void queue_retry(struct state *st, uint32_t task);

/* Behind resource `resource`, most urgent first. */
void queue_waiter(struct state *st, uint32_t task, uint32_t resource);

/*
 * Behind the kind of worker that has these capabilities (text of the state), most urgent first.
 * False, and nothing happens, when too many kinds are waited for.
 */
bool queue_kind(struct state *st, uint32_t task, struct span capabilities);

/* Whether the first task is the more urgent one. */
bool queue_before(const struct state *st, uint32_t a, uint32_t b);

/* The first of a line, or NO_ID. */
uint32_t queue_first(const struct task_heap *heap);

/* Takes the task out of the line it stands in, if any. */
void queue_leave(struct state *st, uint32_t task);

/* Someone asked for the workstream to run: what waits stands in line, and the scheduler looks at it
 * from now on. */
void queue_open(struct state *st, uint32_t ws);

/* Puts all of the workstream's tasks that wait (queued or validating without a worker, not held)
 * into its ready line anew. */
void queue_rebuild(struct state *st, uint32_t ws);

#endif
