/* What is left to say when a run has ended: what failed, why, where its log is, and what to type.
 */
#ifndef SK_RUN_SUMMARY_H
#define SK_RUN_SUMMARY_H

#include "cmd/cmd.h"
#include "core/submit.h"

struct run_failure {
	char *task, *error;
	char *log; /* NULL: it has none, none of its processes got far enough */
	uint32_t attempt;
	int exit_code;
};

struct run_summary {
	uint32_t counts[TASK_STATE_COUNT];
	uint32_t total, blocked, skipped;
	uint32_t unfinished; /* asked for in this run, but neither completed nor waived */
	uint32_t ws_failed, ws_completed, ws_count;
	char *halted;    /* the first workstream that a cycle has halted, or NULL */
	int64_t took_ms; /* of this very run */
	struct run_failure *failures;
	size_t failure_count, failure_capacity;
	uint32_t failures_more;
	char *command; /* that goes on with it */
	char **names;  /* of the workstreams */
	size_t name_count;
};

/* Takes down what the run is about, before the submission is let go. */
void run_summary_init(struct run_summary *s, const struct submission *submission);

/* Copies what is needed out of the state, which may be gone when the summary is printed. */
void run_summary_fill(struct run_summary *s, const struct state *st, const struct paths *paths);
void run_summary_release(struct run_summary *s);

/* Prints it to stdout and returns the exit code. `interrupted`: 0, or the exit code of the signal.
 */
int run_summary_print(const struct run_summary *s, struct cmd_ctx *c, bool nothing_to_do,
		      int interrupted);

#endif
