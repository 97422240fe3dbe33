/*
 * The door for an operator's acts. Each is decided by a function of its own (act_task.c, act_ws.c,
 * act_worker.c), which refuses in one sentence that says what the state is and what to do instead.
 */
#include "core/act_impl.h"

#include "base/err.h"
#include "core/find.h"

static const char *const words[ACT_COUNT] = {
#define X(name, word) word,
	ACTS(X)
#undef X
};

const char *act_word(enum act_kind kind)
{
	return words[kind];
}

int act_decode_word(struct span word)
{
	for (int i = 0; i < ACT_COUNT; i++)
		if (span_is(word, words[i]))
			return i;
	return -1;
}

int act_refuse(struct turn *t, int code, const char *fmt, ...)
{
	va_list args;

	if (t->why) {
		va_start(args, fmt);
		buf_putfv(t->why, fmt, args);
		va_end(args);
	}
	return code;
}

int act_find_task(struct turn *t, struct span typed, uint32_t *out)
{
	return find_task(t->st, typed, out, t->why);
}

int act_find_ws(struct turn *t, struct span typed, uint32_t *out)
{
	return find_workstream(t->st, typed, out, t->why);
}

void act_sign(struct turn *t, struct event *ev, const struct act *act)
{
	ev->operator_name = turn_copy(t, act->operator_name);
	ev->reason = turn_copy(t, act->reason);
}

typedef int decider(struct turn *t, const struct act *act);

static decider *const deciders[ACT_COUNT] = {
	[ACT_TASK_RETRY] = act_task_retry,
	[ACT_TASK_SKIP] = act_task_skip,
	[ACT_TASK_CANCEL] = act_task_cancel,
	[ACT_DEPENDENCY_REMOVE] = act_dependency_remove,
	[ACT_RESOURCE_LIMIT] = act_resource_limit,
	[ACT_WS_RETRY] = act_ws_retry,
	[ACT_WS_RETRY_FAILED] = act_ws_retry_failed,
	[ACT_WS_RESUME] = act_ws_resume,
	[ACT_WS_CANCEL] = act_ws_cancel,
	[ACT_WORKER_SHUTDOWN] = act_worker_shutdown,
	[ACT_WORKER_RESTART] = act_worker_restart,
	[ACT_WS_ROLLBACK] = act_ws_rollback,
};

int turn_act(struct turn *t, const struct act *act)
{
	return deciders[act->kind](t, act);
}
