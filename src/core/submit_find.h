/* How a plan's names find what is recorded; shared by submit.c and submit_events.c. */
#ifndef SK_SUBMIT_FIND_H
#define SK_SUBMIT_FIND_H

#include "core/state.h"
#include "core/submit.h"

/*
 * A task's id is its name in the plan; when another workstream of the store has that id already, it
 * is <workstream>.<name>. Returns the task of this workstream with this name, or NO_ID.
 */
uint32_t submit_find_task(const struct state *st, uint32_t ws, struct span name);

/* The same for entry `spec` of submission.tasks. */
uint32_t submit_find_spec(const struct state *st, const struct submission *s, uint32_t spec);

/* Who is who, for all of a submission at once. Release with submit_names_release. */
struct submit_names {
	uint32_t *ws;     /* for each workstream, what is recorded under its name, or NO_ID */
	uint32_t *tasks;  /* for each task, what is recorded and goes on, or NO_ID: to be created */
	struct span *ids; /* for each task, the id it has or will have; borrowed from state,
			     submission or `text` */
	uint32_t clash;   /* the first task for which every id is taken (its entry in ids is empty),
			     or NO_ID */
	struct arena text;
};

#define SUBMIT_NAMES_INIT                           \
	{                                           \
		NULL, NULL, NULL, NO_ID, ARENA_INIT \
	}

/* With SUBMIT_NEW_RUN among the flags the workstreams that are recorded count as archived. */
void submit_names_init(struct submit_names *n, const struct state *st, const struct submission *s,
		       unsigned flags);
void submit_names_release(struct submit_names *n);

/* Whether the task recorded for entry `spec` (there is one) is what the plan says. */
bool submit_task_same(const struct state *st, const struct submission *s,
		      const struct submit_names *n, uint32_t spec);
bool submit_ws_same(const struct ws_spec *spec, const struct workstream *w);

/*
 * Whether running the plan again runs this task again: it failed, was cancelled, or was dropped
 * from the plan and is in it once more. What an operator cancelled such that others may go on
 * without it counts as settled and stays as it is.
 */
bool submit_runs_again(const struct task *t);

/* Whether the record of the task that entry `spec` becomes stays within RECORD_BYTES_MAX. */
bool submit_record_fits(const struct submission *s, const struct submit_names *n, uint32_t spec);

#endif
