/*
 * What a daemon has done now and then by another process of this program: parked work is released,
 * maintenance that is due is run. It starts one, looks after it, and decides nothing: what is due
 * is found there, in files of other stores whose locks may take long to get. Never two of one kind
 * at the same time, and none where the file is not there that such work is told in.
 *
 * Nothing is kept: killed at any moment, the next daemon begins with a pause.
 */
#ifndef SK_ERRAND_H
#define SK_ERRAND_H

#include <sys/types.h>

#include "os/clock.h"

struct errand_rule {
	const char *word;    /* the command: "__release" */
	const char *trigger; /* path of the file that must be there; NULL = nothing is done */
	int64_t every_ms;    /* more than ERRAND_EVERY_MAX_MS is that */
	int64_t limit_ms;    /* of the process: then it is killed */
};

struct errand {
	const struct clock *clock; /* borrowed, as are the texts */
	const char *program;       /* of sk itself */
	struct errand_rule rule;
	int64_t look_ms;     /* monotonic: not before */
	pid_t pid;           /* 0 = none; ours and not reaped, so the number is nobody else's */
	int64_t deadline_ms; /* monotonic: of that process; INT64_MAX once it was killed */
};

/* Nothing is started yet. */
void errand_init(struct errand *r, const struct clock *clock, const char *program,
		 const struct errand_rule *rule);

/* Kills what runs; from then on nothing is due. All zero may be released. */
void errand_release(struct errand *r);

/* Reaps what has ended, kills what takes too long, and starts one when it is time, the file is
 * there and `may_start`. Never waits. What cannot be started is tried again at the next time. */
void errand_run(struct errand *r, bool may_start);

/* When to call errand_run again at the latest: monotonic, or INT64_MAX. The end of the process is
 * told by SIGCHLD. */
int64_t errand_due(const struct errand *r);

#endif
