/*
 * The life of a task. T rows happen by themselves, O rows are acts of an operator: the only ways
 * out of a final state. A completed task never changes. T18-T20 exist because assignments are made
 * ahead of need: an attempt can end, or its worker can be lost, before its command was seen to
 * start.
 */
#include "core/edge.h"

#define ROW(id, from, on, when, to, event, acts)                                 \
	{                                                                        \
		id, TASK_##from, ON_##on, when, TASK_##to, EV_TASK_##event, acts \
	}

#define SETTLED (DO_FREE | DO_END | DO_SETTLE)
#define LOST (DO_RESULT | DO_FREE | DO_END)
#define AGAIN (DO_RESULT | DO_FREE | DO_RETRY)
#define LATER (DO_FREE | DO_RETRY)
#define STOPPED (DO_FREE | DO_END)
#define BACK (DO_FREE | DO_RESET)

/* Facts that must hold, and must not. */
#define ALWAYS 0, 0
#define IF_RETRY RETRY_LEFT, 0
#define NO_RETRY 0, RETRY_LEFT
#define IF_REASSIGN REASSIGN_LEFT, 0
#define NO_REASSIGN 0, REASSIGN_LEFT

/* clang-format off */
static const struct edge task_edges[] = {
	/*  id     from        on                   when         to          event       acts */
	ROW("T1",  NO_STATE,   TASK_CREATED,        ALWAYS,      PENDING,    CREATED,    0),
	ROW("T2",  PENDING,    SCHEDULER_ASSIGNED,  ALWAYS,      QUEUED,     QUEUED,     DO_QUEUE),
	ROW("T3",  QUEUED,     WORKER_STARTED,      ALWAYS,      RUNNING,    STARTED,    DO_START),
	ROW("T4",  RUNNING,    EXECUTION_COMPLETED, ALWAYS,      VALIDATING, EXECUTED,   DO_RESULT),
	ROW("T5",  RUNNING,    EXECUTION_FAILED,    IF_RETRY,    RETRYING,   RETRY,      AGAIN),
	ROW("T6",  RUNNING,    EXECUTION_FAILED,    NO_RETRY,    FAILED,     FAILED,     LOST),
	ROW("T7",  RUNNING,    TASK_TIMEOUT,        IF_RETRY,    RETRYING,   RETRY,      AGAIN),
	ROW("T8",  RUNNING,    TASK_TIMEOUT,        NO_RETRY,    FAILED,     FAILED,     LOST),
	ROW("T9",  RETRYING,   RETRY_DELAY_ELAPSED, ALWAYS,      QUEUED,     QUEUED,     DO_QUEUE),
	ROW("T10", VALIDATING, VALIDATION_PASSED,   ALWAYS,      COMPLETED,  COMPLETED,  SETTLED),
	ROW("T11", VALIDATING, VALIDATION_FAILED,   ALWAYS,      FAILED,     FAILED,     LOST),
	ROW("T12", RUNNING,    USER_CANCELLED,      ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T12", RUNNING,    WORKSTREAM_FAILED,   ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T13", PENDING,    USER_CANCELLED,      ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T13", QUEUED,     USER_CANCELLED,      ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T13", PENDING,    WORKSTREAM_FAILED,   ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T13", QUEUED,     WORKSTREAM_FAILED,   ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T14", RETRYING,   USER_CANCELLED,      ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T14", VALIDATING, USER_CANCELLED,      ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T14", RETRYING,   WORKSTREAM_FAILED,   ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T14", VALIDATING, WORKSTREAM_FAILED,   ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("T15", RUNNING,    WORKER_LOST,         IF_REASSIGN, RETRYING,   REASSIGNED, LATER),
	ROW("T16", RUNNING,    WORKER_LOST,         NO_REASSIGN, FAILED,     FAILED,     LOST),
	ROW("T17", RUNNING,    CONTEXT_OVERFLOW,    ALWAYS,      FAILED,     FAILED,     LOST),
	ROW("T18", QUEUED,     PRECHECK_FAILED,     IF_RETRY,    RETRYING,   RETRY,      AGAIN),
	ROW("T19", QUEUED,     PRECHECK_FAILED,     NO_RETRY,    FAILED,     FAILED,     LOST),
	ROW("T20", QUEUED,     WORKER_LOST,         ALWAYS,      RETRYING,   REASSIGNED, LATER),
	ROW("O1",  FAILED,     MANUAL_RETRY,        ALWAYS,      PENDING,    RESET,      DO_RESET),
	ROW("O1",  CANCELLED,  MANUAL_RETRY,        ALWAYS,      PENDING,    RESET,      DO_RESET),
	ROW("O2",  PENDING,    MANUAL_SKIP,         ALWAYS,      COMPLETED,  SKIPPED,    SETTLED),
	ROW("O2",  QUEUED,     MANUAL_SKIP,         ALWAYS,      COMPLETED,  SKIPPED,    SETTLED),
	ROW("O2",  RETRYING,   MANUAL_SKIP,         ALWAYS,      COMPLETED,  SKIPPED,    SETTLED),
	ROW("O2",  FAILED,     MANUAL_SKIP,         ALWAYS,      COMPLETED,  SKIPPED,    SETTLED),
	ROW("O2",  CANCELLED,  MANUAL_SKIP,         ALWAYS,      COMPLETED,  SKIPPED,    SETTLED),
	ROW("O3",  QUEUED,     WORKSTREAM_ROLLBACK, ALWAYS,      PENDING,    RESET,      BACK),
	ROW("O4",  RUNNING,    WORKSTREAM_ROLLBACK, ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("O4",  VALIDATING, WORKSTREAM_ROLLBACK, ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("O4",  RETRYING,   WORKSTREAM_ROLLBACK, ALWAYS,      CANCELLED,  CANCELLED,  STOPPED),
	ROW("O5",  CANCELLED,  ROLLBACK_RESTORE,    ALWAYS,      PENDING,    RESET,      DO_RESET),
	ROW("O5",  FAILED,     ROLLBACK_RESTORE,    ALWAYS,      PENDING,    RESET,      DO_RESET),
};
/* clang-format on */

const struct life task_life = {
	"task",           task_edges,      ARRAY_LEN(task_edges),
	TASK_STATE_COUNT, task_state_word, task_state_final,
};
