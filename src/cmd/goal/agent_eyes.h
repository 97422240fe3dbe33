/* Waiting until something is recorded about goals, or somebody wants us to end. */
#ifndef SK_AGENT_EYES_H
#define SK_AGENT_EYES_H

#include "cmd/cmd.h"
#include "os/loop.h"

struct agent_eyes {
	struct loop loop;
	int watch;
	bool heard;          /* something was recorded, and nobody has looked since */
	int64_t returned_ms; /* monotonic: when the last wait ended, and the look after it began */
};

#define AGENT_EYES_INIT                 \
	{                               \
		LOOP_INIT, -1, false, 0 \
	}

/* SIGINT and SIGTERM arrive through agent_eyes_wait from now on. Returns 0 or -SK_EIO. */
int agent_eyes_open(struct agent_eyes *x, const char *dir, struct err *e);
void agent_eyes_close(struct agent_eyes *x);

/*
 * Waits at most that long. The number of a signal, or 0 when something may have happened. What was
 * recorded is told at most every AGENT_REST_MS, and no more often than a fifth of the time goes
 * into looking; a signal at once. With 0 it only asks for a signal.
 */
int agent_eyes_wait(struct agent_eyes *x, int64_t timeout_ms);

#endif
