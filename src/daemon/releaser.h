/*
 * Lets parked work go while a daemon serves: now and then starts a process that releases one
 * tentacle whose time has come, and looks after that process. What is due is decided there and not
 * here: goals are of another store, with a lock of its own that may take long to get. Never two at
 * the same time, and none where no tentacle was ever parked.
 *
 * Nothing is kept: killed at any moment, the next daemon begins with a pause.
 */
#ifndef SK_RELEASER_H
#define SK_RELEASER_H

#include <sys/types.h>

#include "os/clock.h"

struct releaser {
	const struct clock *clock; /* borrowed, as are the two texts */
	const char *program;       /* of sk itself */
	const char *queue;         /* path of the list of parked work; NULL = nothing is done */
	int64_t every_ms;
	int64_t look_ms;     /* monotonic: not before */
	pid_t pid;           /* 0 = none; ours and not reaped, so the number is nobody else's */
	int64_t deadline_ms; /* monotonic: of that process; INT64_MAX once it was killed */
};

/* every_ms 0 = RELEASE_EVERY_MS; more than RELEASE_EVERY_MAX_MS is that. Nothing is started yet. */
void releaser_init(struct releaser *r, const struct clock *clock, const char *program,
		   const char *queue, int64_t every_ms);

/* Kills what runs; from then on nothing is due. All zero may be released. */
void releaser_release(struct releaser *r);

/* Reaps what has ended, kills what takes too long, and starts one when it is time, the list is
 * there and `may_start`. Never waits. What cannot be started is tried again at the next time. */
void releaser_run(struct releaser *r, bool may_start);

/* When to call releaser_run again at the latest: monotonic, or INT64_MAX. The end of the process
 * is told by SIGCHLD. */
int64_t releaser_due(const struct releaser *r);

#endif
