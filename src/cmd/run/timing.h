/* How long is waited for workers, from the environment: WORKER_TIMING_ABOUT tells people. */
#ifndef SK_TIMING_H
#define SK_TIMING_H

#include "base/err.h"
#include "daemon/orchestrator.h"

/* variable, member, least, most */
#define WORKER_TIMINGS(X)                                             \
	X("SK_HEARTBEAT", heartbeat_ms, 10, HEARTBEAT_MAX_MS)         \
	X("SK_WORKER_CALM", calm_ms, 1, TIMEOUT_S_MAX * 1000LL)       \
	X("SK_WORKER_GIVE_UP", give_up_ms, 1, TIMEOUT_S_MAX * 1000LL) \
	X("SK_WORKER_RESTART", restart_ms, 1, WORKER_RESTART_MAX_MS)

#define WORKER_TIMING_ABOUT                                                                      \
	"Workers speak every 10s (SK_HEARTBEAT). One that misses three heartbeats is "           \
	"unresponsive and gets nothing new;\n"                                                   \
	"if it answers within 30s from then (SK_WORKER_CALM) it goes on as before, later it is " \
	"watched closely,\n"                                                                     \
	"after 180s (SK_WORKER_GIVE_UP) its process is ended and its tasks go to others. These " \
	"two keep their\n"                                                                       \
	"proportion to the heartbeat unless they are set. One that dies is started again at "    \
	"once, then after 1s\n"                                                                  \
	"(SK_WORKER_RESTART), 2s, 4s, and given up after five deaths in a row. The variables "   \
	"are read by sk run and\n"                                                               \
	"the daemon and hold durations such as 200ms or 20s."

/* Fills in what is set and leaves 0 elsewhere. Returns 0, or -SK_EUSAGE with *e filled. */
int worker_timing_read(struct orchestrator_timing *out, struct err *e);

#endif
