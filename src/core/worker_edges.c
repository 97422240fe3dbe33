/*
 * The life of a worker incarnation. `shutdown` is final: a restarted worker is a new incarnation of
 * the same id and is born again through K1.
 */
#include "core/edge.h"

#define ROW(id, from, on, to, event, acts)                                             \
	{                                                                              \
		id, WORKER_##from, ON_##on, 0, 0, WORKER_##to, EV_WORKER_##event, acts \
	}

#define GONE (DO_FREE | DO_END)

/* clang-format off */
static const struct edge worker_edges[] = {
	/*  id     from          on                      to            event         acts */
	ROW("K1",  NO_STATE,     WORKER_SPAWNED,         INITIALIZING, SPAWNED,      0),
	ROW("K1",  SHUTDOWN,     WORKER_SPAWNED,         INITIALIZING, SPAWNED,      0),
	ROW("K2",  INITIALIZING, REGISTRATION_COMPLETE,  IDLE,         REGISTERED,   DO_START),
	ROW("K3",  IDLE,         TASK_ASSIGNED,          BUSY,         BUSY,         0),
	ROW("K4",  BUSY,         TASK_COMPLETED,         IDLE,         IDLE,         0),
	ROW("K5",  BUSY,         HEALTH_CHECK_TIMEOUT,   UNRESPONSIVE, UNRESPONSIVE, 0),
	ROW("K6",  IDLE,         HEALTH_CHECK_TIMEOUT,   UNRESPONSIVE, UNRESPONSIVE, 0),
	ROW("K7",  UNRESPONSIVE, HEALTH_CHECK_RECOVERED, IDLE,         RECOVERED,    0),
	ROW("K8",  UNRESPONSIVE, MAX_TIMEOUT_EXCEEDED,   SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K9",  IDLE,         SHUTDOWN_REQUESTED,     SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K10", BUSY,         SHUTDOWN_REQUESTED,     SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K11", INITIALIZING, WORKER_CRASHED,         SHUTDOWN,     CRASHED,      GONE),
	ROW("K11", BUSY,         WORKER_CRASHED,         SHUTDOWN,     CRASHED,      GONE),
	ROW("K11", IDLE,         WORKER_CRASHED,         SHUTDOWN,     CRASHED,      GONE),
	ROW("K11", UNRESPONSIVE, WORKER_CRASHED,         SHUTDOWN,     CRASHED,      GONE),
	ROW("K12", INITIALIZING, FORCE_SHUTDOWN,         SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K12", BUSY,         FORCE_SHUTDOWN,         SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K12", IDLE,         FORCE_SHUTDOWN,         SHUTDOWN,     SHUTDOWN,     GONE),
	ROW("K12", UNRESPONSIVE, FORCE_SHUTDOWN,         SHUTDOWN,     SHUTDOWN,     GONE),
};
/* clang-format on */

static bool worker_final(unsigned state)
{
	return state == WORKER_SHUTDOWN;
}

const struct life worker_life = {
	"worker",           worker_edges,      ARRAY_LEN(worker_edges),
	WORKER_STATE_COUNT, worker_state_word, worker_final,
};
