/* What is done about a worker whose process is gone, or is to go, by whoever is the one writer. */
#ifndef SK_BURY_H
#define SK_BURY_H

#include "daemon/orchestrator.h"
#include "os/lock.h"

/* The one writer: how it decides on an input and makes that durable. All of it is borrowed. */
struct burial {
	int workers_fd;
	const struct orchestrator_remains *remains;
	const struct state *st;
	void *ctx;
	int (*step)(void *ctx, const struct input *in);
	int (*commit)(void *ctx, struct err *e);
	struct orchestrator_start *counts; /* NULL = nobody counts */
};

/*
 * Settles everything of a worker whose lock is free, in this order: its last word (the outbox) is
 * read and committed, what it left running is ended, and only then the core hears `how` it went
 * (IN_WORKER_LOST, IN_WORKER_EXPIRED or IN_WORKER_SHUTDOWN; one that ended by itself is not lost,
 * though nobody may have heard its good-bye) and its tasks go to others, so that no
 * attempt meets its predecessor. Killed in between it is done again from the start, which is
 * harmless. Returns 0 or a negative code with *e filled.
 */
int bury_worker(const struct burial *b, uint32_t worker, enum input_kind how, struct err *e);

/*
 * The same for a worker whose successor, started by hand, holds the lock already and has ended what
 * was left: the last word is read and the core hears of the death; the caller commits.
 */
int bury_predecessor(const struct burial *b, uint32_t worker, struct err *e);

/* 1 when its lock is held: it lives. A lock that cannot be asked counts as held: better wait than
 * run something twice. *holder may be NULL. */
bool worker_holds_lock(int workers_fd, const struct worker *w, struct lock_holder *holder);

/*
 * Signals the process of the worker, and no other: the one that registered, by boot id, pid and
 * start time, or before that the one that holds its lock. After SIGKILL its tasks are ended when it
 * is buried; at SIGTERM it ends them itself. Returns 0, also when there is no such process any
 * more, or -errno.
 */
int end_worker_process(int workers_fd, const struct worker *w, int signal_number);

#endif
