/* Who a worker is and was: workers/<id>.json, and what follows from it after its death. */
#ifndef SK_IDENTITY_H
#define SK_IDENTITY_H

#include "os/proc.h"

/* What workers/<id>.json says about its last incarnation. */
struct worker_identity {
	struct proc_identity who;
	uint64_t incarnation;
	char nonce[NONCE_LEN + 1];
	char group_dir[512];     /* its cgroup, or "" */
	char capabilities[2048]; /* raw JSON array; a longer one is not told */
	bool left;               /* it ended by itself: nothing is left of it */
	uint64_t left_before;    /* the incarnation before it, when that ended by itself; else 0 */
};

/* Returns 1, 0 when there is none or it cannot be understood, or -errno. */
int worker_identity_read(int workers_fd, const char *worker_id, struct worker_identity *out);

/* Replaces the file. Returns 0 or -errno. */
int worker_identity_write(int workers_fd, const char *worker_id, const struct worker_identity *id);

/* Whether this incarnation, the last one or the one before, has ended by itself. After a power cut
 * the answer may be no although it had. */
bool worker_left(int workers_fd, const char *worker_id, uint64_t incarnation);

/*
 * For whoever finds the worker's lock free although it has not left: ends every process it left
 * behind. Returns how many were killed, 0 also when there was nothing to do, or -errno. Waits up to
 * wait_ms.
 */
int worker_sweep(int workers_fd, const char *worker_id, int wait_ms);

#endif
