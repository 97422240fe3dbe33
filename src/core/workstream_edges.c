/*
 * The life of a workstream. Its triggers are not announced by anyone: decide() derives them from
 * the states of its tasks (decide_ws.c), except for the acts of an operator (WO rows, W10).
 */
#include "core/edge.h"

#define ROW(id, from, on, to, event, acts)                                 \
	{                                                                  \
		id, WS_##from, ON_##on, 0, 0, WS_##to, EV_WS_##event, acts \
	}

#define ENDED (DO_END | DO_ARCHIVE)

/* clang-format off */
static const struct edge ws_edges[] = {
	/*  id     from        on                    to          event       acts */
	ROW("W1",  NO_STATE,   WORKSTREAM_CREATED,   PLANNED,    CREATED,    0),
	ROW("W2",  PLANNED,    ALL_TASKS_CREATED,    READY,      READY,      0),
	ROW("W3",  READY,      FIRST_TASK_STARTED,   EXECUTING,  STARTED,    DO_START),
	ROW("W4",  EXECUTING,  ALL_TASKS_COMPLETED,  VALIDATING, VALIDATING, 0),
	ROW("W5",  EXECUTING,  CRITICAL_TASK_FAILED, FAILED,     FAILED,     ENDED),
	ROW("W6",  EXECUTING,  WORKSTREAM_TIMEOUT,   FAILED,     FAILED,     ENDED),
	ROW("W7",  EXECUTING,  TASKS_EXHAUSTED,      FAILED,     FAILED,     ENDED),
	ROW("W8",  VALIDATING, VALIDATION_PASSED,    COMPLETED,  COMPLETED,  ENDED),
	ROW("W9",  VALIDATING, VALIDATION_FAILED,    FAILED,     FAILED,     ENDED),
	ROW("W10", PLANNED,    USER_CANCELLED,       CANCELLED,  CANCELLED,  ENDED),
	ROW("W10", READY,      USER_CANCELLED,       CANCELLED,  CANCELLED,  ENDED),
	ROW("W10", EXECUTING,  USER_CANCELLED,       CANCELLED,  CANCELLED,  ENDED),
	ROW("WO1", FAILED,     MANUAL_RETRY,         READY,      RESUMED,    DO_RESET),
	ROW("WO2", FAILED,     MANUAL_RETRY_FAILED,  EXECUTING,  RESUMED,    DO_RESET),
	ROW("WO2", FAILED,     MANUAL_RESUME,        EXECUTING,  RESUMED,    DO_RESET),
	ROW("WO2", COMPLETED,  MANUAL_RESUME,        EXECUTING,  RESUMED,    DO_RESET),
	ROW("WO3", EXECUTING,  WORKSTREAM_ROLLBACK,  READY,      RESUMED,    DO_RESET),
	ROW("WO3", FAILED,     WORKSTREAM_ROLLBACK,  READY,      RESUMED,    DO_RESET),
	ROW("WO4", READY,      MANUAL_RESUME,        READY,      RESUMED,    0),
	ROW("WO4", EXECUTING,  MANUAL_RESUME,        EXECUTING,  RESUMED,    0),
};
/* clang-format on */

const struct life ws_life = {
	"workstream", ws_edges, ARRAY_LEN(ws_edges), WS_STATE_COUNT, ws_state_word, ws_state_final,
};
