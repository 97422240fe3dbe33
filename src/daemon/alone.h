/* An operator's act while no orchestrator lives: the same decision, made durable by the command
 * itself. */
#ifndef SK_ALONE_H
#define SK_ALONE_H

#include "base/err.h"
#include "core/act.h"
#include "core/event.h"
#include "core/state.h"
#include "daemon/orchestrator.h"

struct alone_options {
	int state_fd;                               /* the state folder, open; borrowed */
	const char *state_dir;                      /* for people */
	const char *command;                        /* for people: what holds the lock meanwhile */
	const struct orchestrator_remains *remains; /* for acts on workers */
	bool dry_run;                               /* decide, tell, record nothing */
	/* Told what was recorded (or would have been), with the state behind it. */
	void (*told)(void *ctx, const struct state *st, const struct events *batch);
	void *ctx;
};

/*
 * Takes the store's lock, reads the state, decides, commits, writes the snapshot and lets go. When
 * it returns 0 the act survives anything; killed before that it is done whole or not at all, and
 * what it asks of tasks is seen to by the next orchestrator. A worker that is to end is ended here,
 * with all that it runs, and what it had finished is collected; what could not be done within a few
 * seconds the next orchestrator does. Refusals are those of the act; -SK_EBUSY names who holds the
 * lock; -ENOENT (no sentence) when there is no state yet. A dry run takes no lock: it may look on
 * while an orchestrator is at work.
 */
int act_alone(const struct alone_options *o, const struct act *act, struct err *e);

#endif
