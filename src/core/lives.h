/*
 * The words of every life: states and triggers, each from one list. The words are in journals for
 * ever: add at the end, never change one. The tables of legal edges are in task_edges.c,
 * workstream_edges.c and worker_edges.c.
 */
#ifndef SK_LIVES_H
#define SK_LIVES_H

#include "base/str.h"

/* name, word */
#define TASK_STATES(X)              \
	X(PENDING, "pending")       \
	X(QUEUED, "queued")         \
	X(RUNNING, "running")       \
	X(VALIDATING, "validating") \
	X(RETRYING, "retrying")     \
	X(COMPLETED, "completed")   \
	X(FAILED, "failed")         \
	X(CANCELLED, "cancelled")

#define WS_STATES(X)                \
	X(PLANNED, "planned")       \
	X(READY, "ready")           \
	X(EXECUTING, "executing")   \
	X(VALIDATING, "validating") \
	X(COMPLETED, "completed")   \
	X(FAILED, "failed")         \
	X(CANCELLED, "cancelled")

#define WORKER_STATES(X)                \
	X(INITIALIZING, "initializing") \
	X(IDLE, "idle")                 \
	X(BUSY, "busy")                 \
	X(UNRESPONSIVE, "unresponsive") \
	X(SHUTDOWN, "shutdown")

#define GOAL_STATES(X)                    \
	X(ACTIVE, "active")               \
	X(PAUSED, "paused")               \
	X(AWAITING_GATE, "awaiting-gate") \
	X(NEEDS_HUMAN, "needs-human")     \
	X(COMPLETED, "completed")         \
	X(ABANDONED, "abandoned")

#define TENTACLE_STATES(X)                      \
	X(IDLE, "idle")                         \
	X(ACTIVE, "active")                     \
	X(DISPATCHED, "dispatched")             \
	X(RUNNING, "running")                   \
	X(AWAITING_HANDOFF, "awaiting-handoff") \
	X(HANDED_OFF, "handed-off")             \
	X(PARKED, "parked")                     \
	X(LOST, "lost")                         \
	X(COMPLETED, "completed")               \
	X(FAILED, "failed")                     \
	X(STOPPED, "stopped")

/* One list of triggers for all lives: a trigger is a word in the journal. */
#define TRIGGERS(X)                                         \
	X(NONE, "")                                         \
	X(TASK_CREATED, "task_created")                     \
	X(SCHEDULER_ASSIGNED, "scheduler_assigned")         \
	X(WORKER_STARTED, "worker_started")                 \
	X(EXECUTION_COMPLETED, "execution_completed")       \
	X(EXECUTION_FAILED, "execution_failed")             \
	X(TASK_TIMEOUT, "task_timeout")                     \
	X(RETRY_DELAY_ELAPSED, "retry_delay_elapsed")       \
	X(VALIDATION_PASSED, "validation_passed")           \
	X(VALIDATION_FAILED, "validation_failed")           \
	X(USER_CANCELLED, "user_cancelled")                 \
	X(WORKSTREAM_FAILED, "workstream_failed")           \
	X(WORKER_LOST, "worker_lost")                       \
	X(CONTEXT_OVERFLOW, "context_overflow")             \
	X(PRECHECK_FAILED, "precheck_failed")               \
	X(MANUAL_RETRY, "manual_retry")                     \
	X(MANUAL_SKIP, "manual_skip")                       \
	X(WORKSTREAM_ROLLBACK, "workstream_rollback")       \
	X(ROLLBACK_RESTORE, "rollback_restore")             \
	X(WORKSTREAM_CREATED, "workstream_created")         \
	X(ALL_TASKS_CREATED, "all_tasks_created")           \
	X(FIRST_TASK_STARTED, "first_task_started")         \
	X(ALL_TASKS_COMPLETED, "all_tasks_completed")       \
	X(CRITICAL_TASK_FAILED, "critical_task_failed")     \
	X(WORKSTREAM_TIMEOUT, "workstream_timeout")         \
	X(TASKS_EXHAUSTED, "tasks_exhausted")               \
	X(MANUAL_RETRY_FAILED, "manual_retry_failed")       \
	X(MANUAL_RESUME, "manual_resume")                   \
	X(WORKER_SPAWNED, "worker_spawned")                 \
	X(REGISTRATION_COMPLETE, "registration_complete")   \
	X(TASK_ASSIGNED, "task_assigned")                   \
	X(TASK_COMPLETED, "task_completed")                 \
	X(HEALTH_CHECK_TIMEOUT, "health_check_timeout")     \
	X(HEALTH_CHECK_RECOVERED, "health_check_recovered") \
	X(MAX_TIMEOUT_EXCEEDED, "max_timeout_exceeded")     \
	X(SHUTDOWN_REQUESTED, "shutdown_requested")         \
	X(WORKER_CRASHED, "worker_crashed")                 \
	X(FORCE_SHUTDOWN, "force_shutdown")                 \
	X(GOAL_INIT, "goal_init")                           \
	X(EVAL_CONTINUE, "eval_continue")                   \
	X(EVAL_PAUSE, "eval_pause")                         \
	X(EVAL_COMPLETE, "eval_complete")                   \
	X(EVAL_ABANDON, "eval_abandon")                     \
	X(GATE_BLOCKS, "gate_blocks")                       \
	X(GATES_CLEARED, "gates_cleared")                   \
	X(OVER_BUDGET, "over_budget")                       \
	X(VERIFY_STALLED, "verify_stalled")                 \
	X(SESSION_END, "session_end")                       \
	X(GOAL_RESUME, "goal_resume")                       \
	X(TENTACLE_CREATED, "tentacle_created")             \
	X(DISPATCHED, "dispatched")                         \
	X(AGENT_STARTED, "agent_started")                   \
	X(AGENT_ENDED, "agent_ended")                       \
	X(HANDED_OFF, "handed_off")                         \
	X(QUOTA_HIT, "quota_hit")                           \
	X(QUOTA_RELEASED, "quota_released")                 \
	X(OWNER_LOST, "owner_lost")                         \
	X(TENTACLE_RESUME, "tentacle_resume")               \
	X(TENTACLE_COMPLETE, "tentacle_complete")           \
	X(TENTACLE_RESET, "tentacle_reset")                 \
	X(AGENT_FAILED, "agent_failed")                     \
	X(AGENT_STOPPED, "agent_stopped")                   \
	X(AGENTS_STUCK, "agents_stuck")

#define X(name, word) TASK_##name,
enum task_state { TASK_STATES(X) TASK_STATE_COUNT, TASK_NO_STATE = 255 };
#undef X
#define X(name, word) WS_##name,
enum ws_state { WS_STATES(X) WS_STATE_COUNT, WS_NO_STATE = 255 };
#undef X
#define X(name, word) WORKER_##name,
enum worker_state { WORKER_STATES(X) WORKER_STATE_COUNT, WORKER_NO_STATE = 255 };
#undef X
#define X(name, word) GOAL_##name,
enum goal_state { GOAL_STATES(X) GOAL_STATE_COUNT };
#undef X
#define X(name, word) TENTACLE_##name,
enum tentacle_state { TENTACLE_STATES(X) TENTACLE_STATE_COUNT };
#undef X
#define X(name, word) ON_##name,
enum trigger { TRIGGERS(X) TRIGGER_COUNT };
#undef X

/* A state whose number is out of range (the _NO_STATE of a birth) has the word NULL, written as
 * null. */
const char *task_state_word(unsigned state);
const char *ws_state_word(unsigned state);
const char *worker_state_word(unsigned state);
const char *goal_state_word(unsigned state);
const char *tentacle_state_word(unsigned state);
const char *trigger_word(unsigned trigger);

/* The number of a word, or -1. */
int task_state_decode(struct span word);
int ws_state_decode(struct span word);
int worker_state_decode(struct span word);
int trigger_decode(struct span word);

static inline bool task_state_final(unsigned state)
{
	return state == TASK_COMPLETED || state == TASK_FAILED || state == TASK_CANCELLED;
}

static inline bool goal_state_final(unsigned state)
{
	return state == GOAL_COMPLETED || state == GOAL_ABANDONED;
}

static inline bool tentacle_state_final(unsigned state)
{
	return state == TENTACLE_COMPLETED;
}

static inline bool ws_state_final(unsigned state)
{
	return state == WS_COMPLETED || state == WS_FAILED || state == WS_CANCELLED;
}

#endif
