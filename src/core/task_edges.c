/*
 * The life of a task. T rows happen by themselves, O rows are acts of an operator: the only ways out of a final state.
 * A completed task never changes. T18-T20 exist because assignments are made ahead of need: an attempt can end, or its
 * worker can be lost, before its command was seen to start.
 */
#include "core/edge.h"

#define SETTLED (DO_FREE | DO_END | DO_SETTLE)
#define LOST (DO_RESULT | DO_FREE | DO_END)
#define AGAIN (DO_RESULT | DO_FREE | DO_RETRY)
#define STOPPED (DO_FREE | DO_END)

static const struct edge task_edges[] = {
	/* id    from             on                        yes            no             to               event               acts */
	{ "T1",  NO_STATE,        ON_TASK_CREATED,          0,             0,             TASK_PENDING,    EV_TASK_CREATED,    0 },
	{ "T2",  TASK_PENDING,    ON_SCHEDULER_ASSIGNED,    0,             0,             TASK_QUEUED,     EV_TASK_QUEUED,     DO_QUEUE },
	{ "T3",  TASK_QUEUED,     ON_WORKER_STARTED,        0,             0,             TASK_RUNNING,    EV_TASK_STARTED,    DO_START },
	{ "T4",  TASK_RUNNING,    ON_EXECUTION_COMPLETED,   0,             0,             TASK_VALIDATING, EV_TASK_EXECUTED,   DO_RESULT },
	{ "T5",  TASK_RUNNING,    ON_EXECUTION_FAILED,      RETRY_LEFT,    0,             TASK_RETRYING,   EV_TASK_RETRY,      AGAIN },
	{ "T6",  TASK_RUNNING,    ON_EXECUTION_FAILED,      0,             RETRY_LEFT,    TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T7",  TASK_RUNNING,    ON_TASK_TIMEOUT,          RETRY_LEFT,    0,             TASK_RETRYING,   EV_TASK_RETRY,      AGAIN },
	{ "T8",  TASK_RUNNING,    ON_TASK_TIMEOUT,          0,             RETRY_LEFT,    TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T9",  TASK_RETRYING,   ON_RETRY_DELAY_ELAPSED,   0,             0,             TASK_QUEUED,     EV_TASK_QUEUED,     DO_QUEUE },
	{ "T10", TASK_VALIDATING, ON_VALIDATION_PASSED,     0,             0,             TASK_COMPLETED,  EV_TASK_COMPLETED,  SETTLED },
	{ "T11", TASK_VALIDATING, ON_VALIDATION_FAILED,     0,             0,             TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T12", TASK_RUNNING,    ON_USER_CANCELLED,        0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T12", TASK_RUNNING,    ON_WORKSTREAM_FAILED,     0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T13", TASK_PENDING,    ON_USER_CANCELLED,        0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T13", TASK_QUEUED,     ON_USER_CANCELLED,        0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T13", TASK_PENDING,    ON_WORKSTREAM_FAILED,     0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T13", TASK_QUEUED,     ON_WORKSTREAM_FAILED,     0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T14", TASK_RETRYING,   ON_USER_CANCELLED,        0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T14", TASK_VALIDATING, ON_USER_CANCELLED,        0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T14", TASK_RETRYING,   ON_WORKSTREAM_FAILED,     0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T14", TASK_VALIDATING, ON_WORKSTREAM_FAILED,     0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "T15", TASK_RUNNING,    ON_WORKER_LOST,           REASSIGN_LEFT, 0,             TASK_RETRYING,   EV_TASK_REASSIGNED, DO_FREE | DO_RETRY },
	{ "T16", TASK_RUNNING,    ON_WORKER_LOST,           0,             REASSIGN_LEFT, TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T17", TASK_RUNNING,    ON_CONTEXT_OVERFLOW,      0,             0,             TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T18", TASK_QUEUED,     ON_PRECHECK_FAILED,       RETRY_LEFT,    0,             TASK_RETRYING,   EV_TASK_RETRY,      AGAIN },
	{ "T19", TASK_QUEUED,     ON_PRECHECK_FAILED,       0,             RETRY_LEFT,    TASK_FAILED,     EV_TASK_FAILED,     LOST },
	{ "T20", TASK_QUEUED,     ON_WORKER_LOST,           0,             0,             TASK_RETRYING,   EV_TASK_REASSIGNED, DO_FREE | DO_RETRY },
	{ "O1",  TASK_FAILED,     ON_MANUAL_RETRY,          0,             0,             TASK_PENDING,    EV_TASK_RESET,      DO_RESET },
	{ "O1",  TASK_CANCELLED,  ON_MANUAL_RETRY,          0,             0,             TASK_PENDING,    EV_TASK_RESET,      DO_RESET },
	{ "O2",  TASK_PENDING,    ON_MANUAL_SKIP,           0,             0,             TASK_COMPLETED,  EV_TASK_SKIPPED,    SETTLED },
	{ "O2",  TASK_QUEUED,     ON_MANUAL_SKIP,           0,             0,             TASK_COMPLETED,  EV_TASK_SKIPPED,    SETTLED },
	{ "O2",  TASK_RETRYING,   ON_MANUAL_SKIP,           0,             0,             TASK_COMPLETED,  EV_TASK_SKIPPED,    SETTLED },
	{ "O2",  TASK_FAILED,     ON_MANUAL_SKIP,           0,             0,             TASK_COMPLETED,  EV_TASK_SKIPPED,    SETTLED },
	{ "O2",  TASK_CANCELLED,  ON_MANUAL_SKIP,           0,             0,             TASK_COMPLETED,  EV_TASK_SKIPPED,    SETTLED },
	{ "O3",  TASK_QUEUED,     ON_WORKSTREAM_ROLLBACK,   0,             0,             TASK_PENDING,    EV_TASK_RESET,      DO_FREE | DO_RESET },
	{ "O4",  TASK_RUNNING,    ON_WORKSTREAM_ROLLBACK,   0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "O4",  TASK_VALIDATING, ON_WORKSTREAM_ROLLBACK,   0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "O4",  TASK_RETRYING,   ON_WORKSTREAM_ROLLBACK,   0,             0,             TASK_CANCELLED,  EV_TASK_CANCELLED,  STOPPED },
	{ "O5",  TASK_CANCELLED,  ON_ROLLBACK_RESTORE,      0,             0,             TASK_PENDING,    EV_TASK_RESET,      DO_RESET },
	{ "O5",  TASK_FAILED,     ON_ROLLBACK_RESTORE,      0,             0,             TASK_PENDING,    EV_TASK_RESET,      DO_RESET },
};

const struct life task_life = {
	"task", task_edges, ARRAY_LEN(task_edges), TASK_STATE_COUNT, task_state_word, task_state_final,
};
