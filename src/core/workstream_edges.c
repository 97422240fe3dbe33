/*
 * The life of a workstream. Its triggers are not announced by anyone: decide() derives them from the states of its tasks
 * (decide_ws.c), except for the acts of an operator (WO rows, W10).
 */
#include "core/edge.h"

#define ENDED (DO_END | DO_ARCHIVE)

static const struct edge ws_edges[] = {
	/* id    from           on                       yes no to             event            acts */
	{ "W1",  NO_STATE,      ON_WORKSTREAM_CREATED,   0,  0, WS_PLANNED,    EV_WS_CREATED,    0 },
	{ "W2",  WS_PLANNED,    ON_ALL_TASKS_CREATED,    0,  0, WS_READY,      EV_WS_READY,      0 },
	{ "W3",  WS_READY,      ON_FIRST_TASK_STARTED,   0,  0, WS_EXECUTING,  EV_WS_STARTED,    DO_START },
	{ "W4",  WS_EXECUTING,  ON_ALL_TASKS_COMPLETED,  0,  0, WS_VALIDATING, EV_WS_VALIDATING, 0 },
	{ "W5",  WS_EXECUTING,  ON_CRITICAL_TASK_FAILED, 0,  0, WS_FAILED,     EV_WS_FAILED,     ENDED },
	{ "W6",  WS_EXECUTING,  ON_WORKSTREAM_TIMEOUT,   0,  0, WS_FAILED,     EV_WS_FAILED,     ENDED },
	{ "W7",  WS_EXECUTING,  ON_TASKS_EXHAUSTED,      0,  0, WS_FAILED,     EV_WS_FAILED,     ENDED },
	{ "W8",  WS_VALIDATING, ON_VALIDATION_PASSED,    0,  0, WS_COMPLETED,  EV_WS_COMPLETED,  ENDED },
	{ "W9",  WS_VALIDATING, ON_VALIDATION_FAILED,    0,  0, WS_FAILED,     EV_WS_FAILED,     ENDED },
	{ "W10", WS_PLANNED,    ON_USER_CANCELLED,       0,  0, WS_CANCELLED,  EV_WS_CANCELLED,  ENDED },
	{ "W10", WS_READY,      ON_USER_CANCELLED,       0,  0, WS_CANCELLED,  EV_WS_CANCELLED,  ENDED },
	{ "W10", WS_EXECUTING,  ON_USER_CANCELLED,       0,  0, WS_CANCELLED,  EV_WS_CANCELLED,  ENDED },
	{ "WO1", WS_FAILED,     ON_MANUAL_RETRY,         0,  0, WS_READY,      EV_WS_RESUMED,    DO_RESET },
	{ "WO2", WS_FAILED,     ON_MANUAL_RETRY_FAILED,  0,  0, WS_EXECUTING,  EV_WS_RESUMED,    DO_RESET },
	{ "WO2", WS_FAILED,     ON_MANUAL_RESUME,        0,  0, WS_EXECUTING,  EV_WS_RESUMED,    DO_RESET },
	{ "WO2", WS_COMPLETED,  ON_MANUAL_RESUME,        0,  0, WS_EXECUTING,  EV_WS_RESUMED,    DO_RESET },
	{ "WO3", WS_EXECUTING,  ON_WORKSTREAM_ROLLBACK,  0,  0, WS_READY,      EV_WS_RESUMED,    DO_RESET },
	{ "WO3", WS_FAILED,     ON_WORKSTREAM_ROLLBACK,  0,  0, WS_READY,      EV_WS_RESUMED,    DO_RESET },
};

const struct life ws_life = {
	"workstream", ws_edges, ARRAY_LEN(ws_edges), WS_STATE_COUNT, ws_state_word, ws_state_final,
};
