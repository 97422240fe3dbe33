/*
 * What an operator asks for, as a value: a command makes it and the core decides on it.
 */
#ifndef SK_ACT_H
#define SK_ACT_H

#include "base/str.h"

/* name, word */
#define ACTS(X)                                       \
	X(TASK_RETRY, "task_retry")                   \
	X(TASK_SKIP, "task_skip")                     \
	X(TASK_CANCEL, "task_cancel")                 \
	X(DEPENDENCY_REMOVE, "dependency_remove")     \
	X(RESOURCE_LIMIT, "resource_limit")           \
	X(WS_RETRY, "workstream_retry")               \
	X(WS_RETRY_FAILED, "workstream_retry_failed") \
	X(WS_RESUME, "workstream_resume")             \
	X(WS_CANCEL, "workstream_cancel")             \
	X(WORKER_SHUTDOWN, "worker_shutdown")         \
	X(WORKER_RESTART, "worker_restart")           \
	X(WS_ROLLBACK, "workstream_rollback")

enum act_kind {
#define X(name, word) ACT_##name,
	ACTS(X)
#undef X
		ACT_COUNT
};

/*
 * Spans are borrowed; the ids may be anything core/find.h finds. What each kind uses:
 *
 * task_retry: task_id; timeout_ms for this and later attempts (0 = as it is); keep_retry_count.
 * task_skip, task_cancel: task_id.
 * dependency_remove: task_id no longer needs need_id.
 * resource_limit: resource_id, limit (0 = unlimited).
 * workstream_retry: workstream_id; a new run of it, or with keep_completed only what is not done.
 * workstream_retry_failed, workstream_cancel: workstream_id.
 * workstream_resume: workstream_id; task_id to begin at, or empty for all that is unfinished;
 * force waives what lies before it.
 * worker_shutdown: worker_id; once its tasks have ended, or with force at once: then what runs has
 * failed, or with reassign goes to another worker.
 * workstream_rollback: workstream_id; checkpoint, the part of one that is used (act_rollback.c).
 * worker_restart: worker_id; the same, then a new incarnation. What runs is never failed by it.
 */
struct act {
	enum act_kind kind;
	struct span task_id, workstream_id, resource_id, need_id, worker_id, checkpoint;
	struct span operator_name, reason;
	uint64_t timeout_ms, limit;
	bool keep_retry_count, keep_completed, force, reassign;
};

/* key, kind of value, member: how the members travel, each under its own key. */
#define ACT_FIELDS(X)                                 \
	X("task_id", TEXT, task_id)                   \
	X("workstream_id", TEXT, workstream_id)       \
	X("resource_id", TEXT, resource_id)           \
	X("need_id", TEXT, need_id)                   \
	X("operator", TEXT, operator_name)            \
	X("reason", TEXT, reason)                     \
	X("timeout_ms", NUMBER, timeout_ms)           \
	X("limit", NUMBER, limit)                     \
	X("keep_retry_count", FLAG, keep_retry_count) \
	X("keep_completed", FLAG, keep_completed)     \
	X("force", FLAG, force)                       \
	X("reassign", FLAG, reassign)                 \
	X("worker_id", TEXT, worker_id)               \
	X("checkpoint", TEXT, checkpoint)

const char *act_word(enum act_kind kind);

/* The kind with this word, or -1. */
int act_decode_word(struct span word);

#endif
