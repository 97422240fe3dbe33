/*
 * Runs criteria for a command and records each result as soon as it is there: what a kill in the
 * middle cannot take back. The store is closed while a command runs.
 */
#ifndef SK_CRITERIA_CHECK_H
#define SK_CRITERIA_CHECK_H

#include "cmd/goal/goals.h"
#include "cmd/interrupt.h"
#include "core/goal_criteria.h"

struct checked {
	char *id, *command;
	int64_t limit_ms; /* of the criterion itself, 0 = none of its own */
	char *evidence, *tree;
	char digest[17], normal_digest[17];
	struct criterion_outcome outcome; /* its texts are those above */
	struct stall stall;
	char *stall_tree;        /* what that is about while it is from the record, else NULL */
	unsigned recorded_count; /* of those in a row, how many an earlier call met */
	int64_t retry_at_ms;     /* when a service said to come back; 0: it did not */
	bool ran, recorded;
};

struct criteria_check {
	struct cmd_ctx *c;
	struct goal_actor actor;
	struct goal_words words;
	char *goal_id, *root;
	struct checked *v;     /* those with a command */
	size_t count, skipped; /* skipped: without one */
	int64_t timeout_ms;    /* --timeout, 0 = not given */
	struct interrupt signal;
	const char *cut; /* the criterion that ran when the signal came, or NULL */
};

#define CRITERIA_CHECK_INIT                          \
	{                                            \
		.c = NULL, .signal = INTERRUPT_INIT, \
	}

/*
 * Finds the goal and the criteria to run: those named by --id (which repeats), or all. SIGINT and
 * SIGTERM are taken from now on. -SK_ENOTFOUND with the nearest name; -SK_EREFUSED at the goal's
 * end; -SK_EHUMAN when it needs a person and `loops`. With `loops` failures in a row are counted
 * from where the last loop stopped, when nothing but time has passed since.
 */
int criteria_check_open(struct criteria_check *k, struct cmd_ctx *c, bool loops, struct err *e);
void criteria_check_close(struct criteria_check *k);

/*
 * Runs each once and records each; prints a line each when text is wanted. Returns 1 when all
 * passed, else 0; a negative code. k->signal.number: it was stopped by one.
 */
int criteria_check_run(struct criteria_check *k, struct err *e);

/* The outcomes of what ran last, to be freed. */
struct criterion_outcome *criteria_outcomes(const struct criteria_check *k);

/* Opens the store for one decision about the goal: 0 with *g, to be closed by the caller. */
int criteria_check_goal(struct criteria_check *k, struct goal_store **s, const struct goal **g,
			struct err *e);

/* The value of --timeout, 0 when it was not given. Returns 0 or -SK_EUSAGE. */
int criteria_timeout_option(const struct cmd_ctx *c, int64_t *out_ms, struct err *e);

#define CRITERIA_OPTIONS                                                             \
	{ .name = "id",                                                              \
	  .kind = OPTION_TEXT,                                                       \
	  .value = "CRITERION",                                                      \
	  .completes = ARG_CRITERION,                                                \
	  .repeats = true,                                                           \
	  .summary = "only this one; may be given several times" },                  \
	{                                                                            \
		.name = "timeout", .kind = OPTION_DURATION, .value = "S",            \
		.summary = "how long each may take (60, or what it was added with)", \
	}

/*
 * Says on stderr what is recorded and what is not, now that a signal has stopped it: at this
 * attempt of a loop, 0 when there is none. Returns the exit code.
 */
int criteria_interrupted(const struct criteria_check *k, uint64_t attempt);

#endif
