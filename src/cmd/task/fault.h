/*
 * Why an attempt failed, in the classes that the recovery procedures tell apart, and which branch
 * of "a task failed" that leads to. Asked of the recorded error, which the state keeps for as long
 * as the task: the journal may have been moved to the archive.
 */
#ifndef SK_FAULT_H
#define SK_FAULT_H

#include "core/state.h"

/* name, word in JSON, as people say it */
#define FAULTS(X)                                                     \
	X(NONE, "none", "nothing failed")                             \
	X(TIMEOUT, "timeout", "time limit reached")                   \
	X(EXIT, "exit_code", "command failed")                        \
	X(SIGNAL, "signal", "command killed by a signal")             \
	X(VALIDATION, "validation", "check after the command failed") \
	X(PRECHECK, "precheck", "check before the command failed")    \
	X(SPAWN, "spawn", "command could not be started")             \
	X(WORKER_LOST, "worker_lost", "worker lost too often")

#define X(name, word, text) FAULT_##name,
enum fault { FAULTS(X) FAULT_COUNT };
#undef X

/* name, word in JSON, what to do */
#define REMEDIES(X)                                                                               \
	X(NONE, "none", "nothing to do")                                                          \
	X(TRANSIENT, "transient",                                                                 \
	  "likely to pass: raise the time limit or the retries, and retry")                       \
	X(CODE, "code", "mend what it runs or checks, then retry it")                             \
	X(DEPENDENCY, "dependency", "mend what it needs, then retry it")                          \
	X(DEFINITION, "definition", "change its definition in the plan, then run the plan again") \
	X(WORKER, "worker", "look at the worker, then retry the task")

#define X(name, word, text) REMEDY_##name,
enum remedy { REMEDIES(X) REMEDY_COUNT };
#undef X

/* Of a task whose last attempt failed; FAULT_NONE when it did not. */
enum fault fault_of(const struct task *t);
const char *fault_word(enum fault fault);
const char *fault_text(enum fault fault);

/* The branch of the procedure for a failed task, or for one that waits for what failed. */
enum remedy remedy_of(const struct task *t);
const char *remedy_word(enum remedy remedy);
const char *remedy_text(enum remedy remedy);

/* Appends the commands that follow for this failed or blocked task, the first one first. */
void remedy_put_next(const struct state *st, uint32_t task, struct buf *commands);

#endif
