/*
 * The worker: parent and subreaper of task processes, and nothing more. It starts commands,
 * enforces their limits, ends whole trees, and reports. It outlives the orchestrator: while none
 * listens it goes on with what it was given, keeps finished reports on disk, and hands them over to
 * the next one.
 *
 * Files below the state folder: workers/<id>.lock (held = alive), .json (who it is, a view),
 * .outbox; logs/<task>.log and logs/worker_<id>.log; outputs/ (SK_OUTPUT of running tasks).
 */
#ifndef SK_WORKER_H
#define SK_WORKER_H

#include "base/err.h"
#include "os/clock.h"

struct worker_options {
	const char *state_dir; /* exists */
	const char *worker_id;
	unsigned slots;           /* 1 .. SLOTS_MAX tasks at once */
	const char *capabilities; /* raw JSON array, or NULL = [] */
	uint64_t incarnation;     /* given by the orchestrator; 0 = one more than last time */
	uint64_t incarnation_min; /* with 0: but at least this */
	int64_t linger_ms; /* idle and alone for this long: it leaves; 0 = WORKER_LINGER_MS */
	bool no_cgroup;    /* use the subreaper even where cgroups could be used */
	const struct clock *clock; /* NULL = the real one */
};

/*
 * Runs until it is told to leave or has lingered long enough. Becomes the leader of a session of
 * its own; standard descriptors go to its log. Returns 0, or a negative code with *e filled when it
 * could not start (-SK_EBUSY: a worker of this id lives) or was turned away (-SK_EREFUSED). When it
 * returns, no process of any task is left.
 */
int worker_main(const struct worker_options *o, struct err *e);

#endif
