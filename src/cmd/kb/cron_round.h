/* One look at what is due: what a person, a loop and a daemon do alike. */
#ifndef SK_CMD_CRON_ROUND_H
#define SK_CMD_CRON_ROUND_H

#include "base/err.h"
#include "setup/cron_run.h"

struct cron_round {
	struct buf copilot, db_path;
	int64_t db_wait_ms; /* 0 = CRON_DB_WAIT_MS */
	const char *command;
	size_t ran, failed;
	struct buf busy;       /* why nothing could be run now, which is no failure */
	bool scheduled;        /* something is */
	struct buf first_name; /* of what is due next */
	int64_t next_ms;       /* 0: nothing is enabled, or all of it is due */
};

#define CRON_ROUND_INIT                                                         \
	{                                                                       \
		BUF_INIT, BUF_INIT, 0, NULL, 0, 0, BUF_INIT, false, BUF_INIT, 0 \
	}

void cron_round_release(struct cron_round *r);

/* Finds the folder and the database (`db`, else SK_DB_PATH, else knowledge.db in the folder). */
int cron_round_open(struct cron_round *r, const char *db, const char *command, struct err *e);

/* Fills the members of a runner that its opener leaves to the caller. */
struct cron_runner cron_round_runner(const struct cron_round *r);

/*
 * Runs what is due, each once, and hands each result to `each`, which may be NULL. Without anything
 * due no lock is taken and nothing is written. Returns 0, also when somebody else is at work
 * (r->busy), or the negative code that kept it from going on.
 */
int cron_round_due(struct cron_round *r, void (*each)(void *ctx, const struct cron_result *result),
		   void *ctx, struct err *e);

#endif
