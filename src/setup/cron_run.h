/*
 * Runs what is in the configuration. One runner works at a time for a user: it holds a kernel lock
 * of its own, so no slot is run by two. Before a task begins, who runs it and since when is written
 * into the configuration; when that still stands there and the lock was free, its runner was
 * killed, which is recorded, and the task is due as before.
 *
 * The end of a run is recorded in this order: its page, its line in the list, the configuration. So
 * after a kill, a run whose slot is done with is in the list, and one that was cut off is run
 * again.
 */
#ifndef SK_CRON_RUN_H
#define SK_CRON_RUN_H

#include "os/clock.h"
#include "setup/cron.h"
#include "setup/cron_template.h"

struct cron_runner {
	const char *copilot, *db_path, *command; /* borrowed */
	int64_t db_wait_ms;
	const struct clock *clock;
	int dir_fd;
	struct lock lock;
};

#define CRON_RUNNER_INIT                        \
	{                                       \
		.dir_fd = -1, .lock = LOCK_INIT \
	}

/* How one run ended. */
struct cron_result {
	struct buf id; /* empty: it is in no configuration */
	struct buf name, template;
	int64_t started_ms, ended_ms;
	struct cron_outcome outcome;
	struct buf report;  /* path below the folder; empty: none was written */
	struct err problem; /* what could not be recorded; the work itself was done */
};

#define CRON_RESULT_INIT                                                                  \
	{                                                                                 \
		BUF_INIT, BUF_INIT, BUF_INIT, 0, 0, CRON_OUTCOME_INIT, BUF_INIT, ERR_INIT \
	}

void cron_result_release(struct cron_result *r);

/*
 * Takes the runners' lock and records what was left by one that was killed. The members above
 * dir_fd are filled by the caller. Returns 0; -SK_EBUSY at once when another runner is at work,
 * with it named in *e; another negative code. Closed with cron_runner_close in any case.
 */
int cron_runner_open(struct cron_runner *r, struct err *e);
void cron_runner_close(struct cron_runner *r); /* fits CLEANUP */

/*
 * Runs the task with this id now, whether or not it is due; with `only_due` only if it is enabled
 * and due when its turn comes. Returns 1 with *out filled, 0 when it was not due or is not there
 * any more, or a negative code: then nothing was run.
 */
int cron_runner_task(struct cron_runner *r, struct span id, bool only_due, struct cron_result *out,
		     struct err *e);

/* Runs a template that is in no configuration. Always fills *out. */
void cron_runner_template(struct cron_runner *r, const struct cron_template *t,
			  struct cron_result *out);

/* Whether a task that is enabled is due, and how. */
enum slot_verdict cron_task_judge(const struct cron_task *t, const struct slot_zone *zone,
				  int64_t now_ms);

#endif
