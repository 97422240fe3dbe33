/*
 * Every fact that is ever recorded, one row each. The words stand in journals for ever: rows are
 *added, never changed.
 *
 *	EVENT(name, word, event_type, severity, fields)
 *	FIELD(name, key, kind, member)        members of "metadata", in the order in which they are
 *written
 *
 * A field's kind says how its value is written: U64 and I64 as a number, TEXT as a string, RAW as
 *JSON that was checked when it came in, TIME as ISO text. The journal format is docs/journal.md.
 */
#ifndef SK_EVENT_LIST_H
#define SK_EVENT_LIST_H

#define FIELDS(FIELD)                                                   \
	FIELD(EDGE, "edge", TEXT, edge)                                 \
	FIELD(NAME, "name", TEXT, name)                                 \
	FIELD(NEEDS, "needs", RAW, needs)                               \
	FIELD(ATTEMPT, "attempt", U64, attempt)                         \
	FIELD(RETRY_COUNT, "retry_count", U64, retry_count)             \
	FIELD(REASSIGN_COUNT, "reassign_count", U64, reassign_count)    \
	FIELD(RETRY_AT, "retry_at", TIME, retry_at_ms)                  \
	FIELD(INCARNATION, "incarnation", U64, incarnation)             \
	FIELD(EXIT_CODE, "exit_code", I64, exit_code)                   \
	FIELD(SIGNAL, "signal", U64, signal)                            \
	FIELD(DURATION_MS, "duration_ms", U64, duration_ms)             \
	FIELD(CPU_MS, "cpu_ms", U64, cpu_ms)                            \
	FIELD(PEAK_KB, "peak_kb", U64, peak_kb)                         \
	FIELD(LEFTOVERS, "leftovers", U64, leftovers)                   \
	FIELD(OUTPUTS, "outputs", RAW, outputs)                         \
	FIELD(WAIVE, "waive", U64, waive)                               \
	FIELD(TIMEOUT_MS, "timeout_ms", U64, timeout_ms)                \
	FIELD(RUN_NO, "run_no", U64, run_no)                            \
	FIELD(MAX_PARALLEL, "max_parallel", U64, max_parallel)          \
	FIELD(MAX_DURATION_MS, "max_duration_ms", U64, max_duration_ms) \
	FIELD(FLAGS, "flags", U64, flags)                               \
	FIELD(LIMIT, "max_holders", U64, limit)                         \
	FIELD(REQUESTED, "requested", U64, requested)                   \
	FIELD(AVAILABLE, "available", U64, available)                   \
	FIELD(SLOTS, "slots", U64, slots)                               \
	FIELD(PID, "pid", U64, pid)                                     \
	FIELD(PID_START, "pid_start", U64, pid_start)                   \
	FIELD(BOOT_ID, "boot_id", TEXT, boot_id)                        \
	FIELD(NONCE, "nonce", TEXT, nonce)                              \
	FIELD(VERSION, "version", TEXT, version)                        \
	FIELD(KILL_MODE, "kill_mode", TEXT, kill_mode)                  \
	FIELD(CAPABILITIES, "capabilities", RAW, capabilities)          \
	FIELD(PLAN, "plan", TEXT, plan)                                 \
	FIELD(FAILED_TASKS, "failed_tasks", RAW, failed_tasks)          \
	FIELD(DEF, "def", RAW, def)                                     \
	FIELD(STATE, "state", RAW, state)                               \
	FIELD(CHANGES, "changes", RAW, changes)                         \
	FIELD(SET, "set", RAW, set)

#define HAS(f) (1ULL << FIELD_##f)

/* Facts about one finished attempt. */
#define HAS_RESULT                                                                      \
	(HAS(ATTEMPT) | HAS(EXIT_CODE) | HAS(SIGNAL) | HAS(DURATION_MS) | HAS(CPU_MS) | \
	 HAS(PEAK_KB) | HAS(LEFTOVERS))

#define EVENTS(EVENT)                                                                              \
	EVENT(TASK_CREATED, "task_created", TASK, INFO,                                            \
	      HAS(EDGE) | HAS(NAME) | HAS(NEEDS) | HAS(DEF))                                       \
	EVENT(TASK_QUEUED, "task_queued", TASK, INFO, HAS(EDGE))                                   \
	EVENT(TASK_ASSIGNED, "task_assigned", SYSTEM, INFO, HAS(ATTEMPT) | HAS(INCARNATION))       \
	EVENT(TASK_STARTED, "task_started", TASK, INFO, HAS(EDGE) | HAS(ATTEMPT) | HAS(PID))       \
	EVENT(TASK_EXECUTED, "task_executed", TASK, INFO, HAS(EDGE) | HAS_RESULT | HAS(OUTPUTS))   \
	EVENT(TASK_COMPLETED, "task_completed", TASK, INFO, HAS(EDGE) | HAS(ATTEMPT))              \
	EVENT(TASK_RETRY, "task_retry", TASK, WARNING,                                             \
	      HAS(EDGE) | HAS_RESULT | HAS(RETRY_COUNT) | HAS(RETRY_AT))                           \
	EVENT(TASK_REASSIGNED, "task_reassigned", TASK, WARNING,                                   \
	      HAS(EDGE) | HAS(ATTEMPT) | HAS(REASSIGN_COUNT) | HAS(RETRY_AT))                      \
	EVENT(TASK_FAILED, "task_failed", TASK, ERROR, HAS(EDGE) | HAS_RESULT)                     \
	EVENT(TASK_TIMEOUT, "task_timeout", SYSTEM, WARNING, HAS(ATTEMPT) | HAS(TIMEOUT_MS))       \
	EVENT(VALIDATION_FAILED, "validation_failed", SYSTEM, ERROR,                               \
	      HAS(ATTEMPT) | HAS(EXIT_CODE) | HAS(SIGNAL))                                         \
	EVENT(TASK_CANCEL_REQUESTED, "task_cancel_requested", SYSTEM, WARNING,                     \
	      HAS(ATTEMPT) | HAS(WAIVE))                                                           \
	EVENT(TASK_ROLLBACK, "task_rollback_requested", SYSTEM, WARNING,                           \
	      HAS(ATTEMPT) | HAS(RETRY_COUNT))                                                     \
	EVENT(TASK_CANCELLED, "task_cancelled", TASK, INFO, HAS(EDGE) | HAS(WAIVE))                \
	EVENT(TASK_SKIPPED, "task_skipped", TASK, WARNING, HAS(EDGE))                              \
	EVENT(TASK_RESET, "task_reset", TASK, WARNING,                                             \
	      HAS(EDGE) | HAS(RETRY_COUNT) | HAS(TIMEOUT_MS))                                      \
	EVENT(TASK_UPDATED, "task_updated", SYSTEM, WARNING, HAS(NEEDS) | HAS(DEF))                \
	EVENT(TASK_DROPPED, "task_dropped", SYSTEM, WARNING, 0)                                    \
	EVENT(DEPENDENCY_WAIVED, "dependency_waived", SYSTEM, WARNING, HAS(NEEDS))                 \
	EVENT(STALE_RESULT_IGNORED, "stale_result_ignored", SYSTEM, INFO,                          \
	      HAS(ATTEMPT) | HAS(INCARNATION))                                                     \
	EVENT(WS_CREATED, "workstream_created", WORKSTREAM, INFO,                                  \
	      HAS(EDGE) | HAS(NAME) | HAS(RUN_NO) | HAS(MAX_PARALLEL) | HAS(MAX_DURATION_MS) |     \
		      HAS(FLAGS) | HAS(PLAN) | HAS(DEF))                                           \
	EVENT(WS_READY, "workstream_ready", WORKSTREAM, INFO, HAS(EDGE))                           \
	EVENT(WS_STARTED, "workstream_started", WORKSTREAM, INFO, HAS(EDGE))                       \
	EVENT(WS_VALIDATING, "workstream_validating", WORKSTREAM, INFO, HAS(EDGE))                 \
	EVENT(WS_COMPLETED, "workstream_completed", WORKSTREAM, INFO, HAS(EDGE))                   \
	EVENT(WS_FAILED, "workstream_failed", WORKSTREAM, CRITICAL, HAS(EDGE) | HAS(FAILED_TASKS)) \
	EVENT(WS_CANCELLED, "workstream_cancelled", WORKSTREAM, INFO, HAS(EDGE))                   \
	EVENT(WS_RESUMED, "workstream_resumed", WORKSTREAM, WARNING, HAS(EDGE))                    \
	EVENT(WS_ROLLBACK, "workstream_rollback", SYSTEM, WARNING,                                 \
	      HAS(REQUESTED) | HAS(AVAILABLE) | HAS(CHANGES))                                      \
	EVENT(WS_UPDATED, "workstream_updated", SYSTEM, WARNING,                                   \
	      HAS(MAX_PARALLEL) | HAS(MAX_DURATION_MS) | HAS(FLAGS) | HAS(PLAN) | HAS(DEF))        \
	EVENT(WS_ARCHIVED, "workstream_archived", SYSTEM, INFO, HAS(RUN_NO))                       \
	EVENT(WS_TIMEOUT, "workstream_timeout", SYSTEM, CRITICAL, HAS(MAX_DURATION_MS))            \
	EVENT(CYCLE_DETECTED, "dependency_cycle_detected", SYSTEM, CRITICAL, 0)                    \
	EVENT(WORKER_SPAWNED, "worker_spawned", WORKER, INFO, HAS(EDGE) | HAS(INCARNATION))        \
	EVENT(WORKER_REGISTERED, "worker_registered", WORKER, INFO,                                \
	      HAS(EDGE) | HAS(INCARNATION) | HAS(SLOTS) | HAS(PID) | HAS(PID_START) |              \
		      HAS(BOOT_ID) | HAS(NONCE) | HAS(VERSION) | HAS(KILL_MODE) |                  \
		      HAS(CAPABILITIES))                                                           \
	EVENT(WORKER_BUSY, "worker_busy", WORKER, INFO, HAS(EDGE))                                 \
	EVENT(WORKER_IDLE, "worker_idle", WORKER, INFO, HAS(EDGE))                                 \
	EVENT(WORKER_UNRESPONSIVE, "worker_unresponsive", WORKER, ERROR, HAS(EDGE))                \
	EVENT(WORKER_RECOVERED, "worker_recovered", WORKER, INFO, HAS(EDGE))                       \
	EVENT(WORKER_CRASHED, "worker_crashed", WORKER, ERROR, HAS(EDGE) | HAS(INCARNATION))       \
	EVENT(WORKER_SHUTDOWN, "worker_shutdown", WORKER, INFO, HAS(EDGE) | HAS(INCARNATION))      \
	EVENT(WORKER_WATCHED, "worker_watch_closely", SYSTEM, WARNING,                             \
	      HAS(INCARNATION) | HAS(DURATION_MS))                                                 \
	EVENT(WORKER_LEAVE, "worker_leave_requested", SYSTEM, WARNING,                             \
	      HAS(INCARNATION) | HAS(FLAGS))                                                       \
	EVENT(RESOURCE_LIMIT, "resource_limit_set", RESOURCE, INFO, HAS(LIMIT))                    \
	EVENT(RESOURCE_EXHAUSTED, "resource_exhausted", RESOURCE, CRITICAL,                        \
	      HAS(REQUESTED) | HAS(AVAILABLE))                                                     \
	EVENT(RESOURCE_AVAILABLE, "resource_available", RESOURCE, INFO, 0)                         \
	EVENT(ORCHESTRATOR_STARTED, "orchestrator_started", SYSTEM, INFO,                          \
	      HAS(INCARNATION) | HAS(PID) | HAS(PID_START) | HAS(BOOT_ID) | HAS(VERSION))          \
	EVENT(ORCHESTRATOR_STOPPED, "orchestrator_stopped", SYSTEM, INFO, 0)                       \
	EVENT(STORE_CREATED, "store_created", SYSTEM, INFO, HAS(NONCE) | HAS(VERSION))             \
	EVENT(TAIL_DROPPED, "torn_tail_dropped", SYSTEM, WARNING, HAS(REQUESTED))                  \
	EVENT(LOG_ROTATED, "log_rotated", SYSTEM, INFO, HAS(NAME))                                 \
	EVENT(SNAPSHOT, "snapshot", SNAPSHOT, INFO, HAS(STATE))                                    \
	EVENT(STATE_RESTORED, "state_restored", SYSTEM, WARNING,                                   \
	      HAS(NAME) | HAS(REQUESTED) | HAS(AVAILABLE))                                         \
	EVENT(STATE_REPAIRED, "state_repaired", SYSTEM, WARNING, HAS(NAME))                        \
	EVENT(GOAL_CREATED, "goal_created", GOAL, INFO, HAS(EDGE) | HAS(SET))                      \
	EVENT(GOAL_CONTINUED, "goal_continued", GOAL, INFO, HAS(EDGE) | HAS(SET))                  \
	EVENT(GOAL_PAUSED, "goal_paused", GOAL, WARNING, HAS(EDGE) | HAS(SET))                     \
	EVENT(GOAL_COMPLETED, "goal_completed", GOAL, INFO, HAS(EDGE) | HAS(SET))                  \
	EVENT(GOAL_ABANDONED, "goal_abandoned", GOAL, WARNING, HAS(EDGE) | HAS(SET))               \
	EVENT(GOAL_GATED, "goal_awaiting_gate", GOAL, WARNING, HAS(EDGE) | HAS(SET))               \
	EVENT(GOAL_UNGATED, "goal_gates_cleared", GOAL, INFO, HAS(EDGE) | HAS(SET))                \
	EVENT(GOAL_ESCALATED, "goal_needs_human", GOAL, ERROR, HAS(EDGE) | HAS(SET))               \
	EVENT(GOAL_RESUMED, "goal_resumed", GOAL, INFO, HAS(EDGE) | HAS(SET))                      \
	EVENT(GOAL_GATE, "goal_gate_set", GOAL, INFO, HAS(NAME) | HAS(SET))                        \
	EVENT(GOAL_CRITERION, "goal_criterion_set", GOAL, INFO, HAS(NAME) | HAS(SET))              \
	EVENT(GOAL_VERIFIED, "goal_verify_attempt", GOAL, INFO, HAS(ATTEMPT) | HAS(SET))           \
	EVENT(GOAL_BUDGET, "goal_budget_set", GOAL, INFO, HAS(SET))                                \
	EVENT(GOAL_SPENT, "goal_spent", GOAL, INFO, HAS(NAME) | HAS(SET))                          \
	EVENT(GOAL_LINKED, "goal_tentacle_linked", GOAL, INFO, HAS(NAME) | HAS(SET))               \
	EVENT(GOAL_REWOUND, "goal_rewound", GOAL, WARNING, HAS(SET))                               \
	EVENT(GOAL_EDITED, "goal_edited", GOAL, WARNING, HAS(SET))                                 \
	EVENT(GOAL_IMPORTED, "goal_imported", GOAL, WARNING, HAS(SET))                             \
	EVENT(GOAL_REPAIRED, "goal_repaired", GOAL, WARNING, HAS(NAME))                            \
	EVENT(GOAL_CHOSEN, "goal_chosen", GOAL, INFO, 0)                                           \
	EVENT(TENTACLE_CREATED, "tentacle_created", TENTACLE, INFO, HAS(EDGE) | HAS(SET))          \
	EVENT(TENTACLE_DISPATCHED, "tentacle_dispatched", TENTACLE, INFO, HAS(EDGE) | HAS(SET))    \
	EVENT(TENTACLE_STARTED, "tentacle_started", TENTACLE, INFO, HAS(EDGE) | HAS(SET))          \
	EVENT(TENTACLE_ENDED, "tentacle_ended", TENTACLE, WARNING,                                 \
	      HAS(EDGE) | HAS(SET) | HAS(EXIT_CODE) | HAS(SIGNAL))                                 \
	EVENT(TENTACLE_HANDED_OFF, "tentacle_handed_off", TENTACLE, INFO, HAS(EDGE) | HAS(SET))    \
	EVENT(TENTACLE_PARKED, "tentacle_parked", TENTACLE, WARNING, HAS(EDGE) | HAS(SET))         \
	EVENT(TENTACLE_RELEASED, "tentacle_released", TENTACLE, INFO, HAS(EDGE) | HAS(SET))        \
	EVENT(TENTACLE_LOST, "tentacle_lost", TENTACLE, ERROR, HAS(EDGE) | HAS(SET))               \
	EVENT(TENTACLE_RESUMED, "tentacle_resumed", TENTACLE, INFO, HAS(EDGE) | HAS(SET))          \
	EVENT(TENTACLE_COMPLETED, "tentacle_completed", TENTACLE, INFO, HAS(EDGE) | HAS(SET))      \
	EVENT(TENTACLE_RESET, "tentacle_reset", TENTACLE, WARNING, HAS(EDGE) | HAS(SET))           \
	EVENT(TENTACLE_TODO, "tentacle_todo_set", TENTACLE, INFO, HAS(SET))                        \
	EVENT(TENTACLE_NOTE, "tentacle_noted", TENTACLE, INFO, HAS(SET))                           \
	EVENT(TENTACLE_VERIFIED, "tentacle_verified", TENTACLE, INFO, HAS(NAME) | HAS(SET))        \
	EVENT(TENTACLE_WORKTREE, "tentacle_worktree_set", TENTACLE, INFO, HAS(SET))                \
	EVENT(TENTACLE_MERGED, "tentacle_merged", TENTACLE, INFO, HAS(NAME) | HAS(SET))            \
	EVENT(TENTACLE_UPDATED, "tentacle_updated", TENTACLE, INFO, HAS(SET))                      \
	EVENT(TENTACLE_EDITED, "tentacle_edited", TENTACLE, WARNING, HAS(NAME) | HAS(SET))         \
	EVENT(TENTACLE_REPAIRED, "tentacle_repaired", TENTACLE, WARNING, HAS(NAME))                \
	EVENT(TENTACLE_DELETED, "tentacle_deleted", TENTACLE, WARNING, 0)                          \
	EVENT(PROVIDER_SET, "provider_set", PROVIDER, WARNING, HAS(SET))

/* event_type -> word */
#define EVENT_TYPES(X)                               \
	X(TASK, "task_state_transition")             \
	X(WORKSTREAM, "workstream_state_transition") \
	X(WORKER, "worker_state_transition")         \
	X(RESOURCE, "resource_event")                \
	X(SYSTEM, "system_event")                    \
	X(SNAPSHOT, "snapshot")                      \
	X(GOAL, "goal_state_transition")             \
	X(TENTACLE, "tentacle_state_transition")     \
	X(PROVIDER, "provider_event")

#define SEVERITIES(X)         \
	X(INFO, "info")       \
	X(WARNING, "warning") \
	X(ERROR, "error")     \
	X(CRITICAL, "critical")

#endif
