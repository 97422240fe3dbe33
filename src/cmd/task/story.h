/*
 * Why a task is where it is, in the words of a person: shared by status and why, so both say the
 * same. Worked out from the state alone; queues are not recorded, so what a queued task waits for
 * is asked of the resources and workers.
 */
#ifndef SK_STORY_H
#define SK_STORY_H

#include "cmd/hint.h"
#include "cmd/print.h"
#include "cmd/view.h"

enum story_cause {
	CAUSE_NONE,       /* it waits for nothing: it runs or has ended */
	CAUSE_TASK,       /* for another task that is on its way */
	CAUSE_BLOCKED,    /* for a task that failed or was cancelled: an operator must act */
	CAUSE_RESOURCE,   /* for a resource that others hold */
	CAUSE_CAPABILITY, /* no worker offers what it wants */
	CAUSE_SLOT,       /* for a free slot of a worker, or of its workstream */
	CAUSE_RUN,        /* nobody runs the plan just now */
	CAUSE_TIME,       /* for its retry */
	CAUSE_HALTED,     /* its workstream has a dependency cycle */
	CAUSE_PAUSED,     /* for the orchestrator to be released */
	CAUSE_ENDED,      /* cancelled, because the failure of another task ended its workstream */
};

struct story {
	enum story_cause cause;
	uint32_t other;     /* task: the need or the failed root; resource: its index; else NO_ID */
	struct span detail; /* of a capability */
};

const char *story_cause_word(enum story_cause cause);

struct story story_find(const struct view *v, uint32_t task);

/* Appends the story as one clause: "waits for build and unit", "exit code 2, 3 attempts". */
void story_put(const struct view *v, uint32_t task, int64_t now_ms, struct buf *out);

/* Splits "exit code 2: cc: error" into how it ended and what was printed last; what has no such
 * head is all head. */
struct span story_error_head(struct span error, struct span *rest);

/* Appends how an attempt ended: "exit code 2", "killed by signal 9 (KILL)", "timed out after 600
 * s". */
void story_put_outcome(struct span error, int64_t exit_code, uint64_t signal, struct buf *out);

/* Appends "attempt 2 of 4"; losses of a worker do not use up retries, so they add to both. */
void story_put_attempt(const struct task *t, struct buf *out);

/* Appends the first line of some text, for a place where one line fits. */
void story_put_first_line(struct span text, struct buf *out);

enum style story_style(unsigned task_state);

/* The state of a workstream in a word: its own, or "interrupted" when it has neither failed nor
 * ended and nobody works on it. */
const char *story_ws_word(const struct view *v, const struct workstream *w);
enum style story_ws_style(const struct view *v, const struct workstream *w);
bool story_ws_interrupted(const struct view *v, const struct workstream *w);

/* The task whose failure ended its workstream, the first one of several, or NO_ID. */
uint32_t story_fatal(const struct state *st, const struct workstream *w);

/* Appends "because unit, which is critical, failed". */
void story_put_fatal(const struct task *fatal, struct buf *out);

/* Whether it was cancelled and running the plan again runs it again. */
bool story_cancelled(const struct task *t);

/* The task whose failure or cancellation keeps this blocked one from running, or NO_ID. */
uint32_t story_root(const struct state *st, uint32_t task);

#endif
