/*
 * The life of a worker incarnation. `shutdown` is final: a restarted worker is a new incarnation of the same id and is
 * born again through K1.
 */
#include "core/edge.h"

#define GONE (DO_FREE | DO_END)

static const struct edge worker_edges[] = {
	/* id    from                 on                         yes no to                   event                   acts */
	{ "K1",  NO_STATE,            ON_WORKER_SPAWNED,         0,  0, WORKER_INITIALIZING, EV_WORKER_SPAWNED,      0 },
	{ "K1",  WORKER_SHUTDOWN,     ON_WORKER_SPAWNED,         0,  0, WORKER_INITIALIZING, EV_WORKER_SPAWNED,      0 },
	{ "K2",  WORKER_INITIALIZING, ON_REGISTRATION_COMPLETE,  0,  0, WORKER_IDLE,         EV_WORKER_REGISTERED,   DO_START },
	{ "K3",  WORKER_IDLE,         ON_TASK_ASSIGNED,          0,  0, WORKER_BUSY,         EV_WORKER_BUSY,         0 },
	{ "K4",  WORKER_BUSY,         ON_TASK_COMPLETED,         0,  0, WORKER_IDLE,         EV_WORKER_IDLE,         0 },
	{ "K5",  WORKER_BUSY,         ON_HEALTH_CHECK_TIMEOUT,   0,  0, WORKER_UNRESPONSIVE, EV_WORKER_UNRESPONSIVE, 0 },
	{ "K6",  WORKER_IDLE,         ON_HEALTH_CHECK_TIMEOUT,   0,  0, WORKER_UNRESPONSIVE, EV_WORKER_UNRESPONSIVE, 0 },
	{ "K7",  WORKER_UNRESPONSIVE, ON_HEALTH_CHECK_RECOVERED, 0,  0, WORKER_IDLE,         EV_WORKER_RECOVERED,    0 },
	{ "K8",  WORKER_UNRESPONSIVE, ON_MAX_TIMEOUT_EXCEEDED,   0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K9",  WORKER_IDLE,         ON_SHUTDOWN_REQUESTED,     0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K10", WORKER_BUSY,         ON_SHUTDOWN_REQUESTED,     0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K11", WORKER_INITIALIZING, ON_WORKER_CRASHED,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_CRASHED,      GONE },
	{ "K11", WORKER_BUSY,         ON_WORKER_CRASHED,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_CRASHED,      GONE },
	{ "K11", WORKER_IDLE,         ON_WORKER_CRASHED,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_CRASHED,      GONE },
	{ "K11", WORKER_UNRESPONSIVE, ON_WORKER_CRASHED,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_CRASHED,      GONE },
	{ "K12", WORKER_INITIALIZING, ON_FORCE_SHUTDOWN,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K12", WORKER_BUSY,         ON_FORCE_SHUTDOWN,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K12", WORKER_IDLE,         ON_FORCE_SHUTDOWN,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
	{ "K12", WORKER_UNRESPONSIVE, ON_FORCE_SHUTDOWN,         0,  0, WORKER_SHUTDOWN,     EV_WORKER_SHUTDOWN,     GONE },
};

static bool worker_final(unsigned state)
{
	return state == WORKER_SHUTDOWN;
}

const struct life worker_life = {
	"worker", worker_edges, ARRAY_LEN(worker_edges), WORKER_STATE_COUNT, worker_state_word, worker_final,
};
