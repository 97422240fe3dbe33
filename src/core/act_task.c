/*
 * An operator's acts on tasks, edges and resources: the only ways out of a final state. A completed
 * task never changes: what it did is done.
 */
#include "core/act_impl.h"

#include "base/err.h"
#include "core/find.h"
#include "base/limits.h"
#include "core/link.h"

void act_reopen_ws(struct turn *t, uint32_t ws, const struct act *act)
{
	const struct workstream *w = &t->st->ws[ws];
	bool unsettled = w->by_state[TASK_COMPLETED] + w->waived < w->task_count;
	struct event *ev;

	if (w->state == WS_FAILED ? w->critical_failed > 0 : w->state != WS_COMPLETED || !unsettled)
		return;
	ev = turn_ws_move(t, ws, w->state == WS_FAILED ? ON_MANUAL_RETRY_FAILED : ON_MANUAL_RESUME);
	INVARIANT(ev != NULL);
	act_sign(t, ev, act);
	turn_apply(t);
}

void act_reset_task(struct turn *t, uint32_t task, enum trigger on, uint64_t retry_count,
		    uint64_t timeout_ms, const struct act *act)
{
	struct event *ev = turn_task_move(t, task, on);

	INVARIANT(ev != NULL);
	ev->retry_count = retry_count;
	ev->timeout_ms = timeout_ms;
	act_sign(t, ev, act);
	turn_apply(t);
	t->st->tasks[task].flags &= (uint16_t)~TASK_HELD;
}

void act_end_task(struct turn *t, uint32_t task, enum trigger on, bool waive, const struct act *act)
{
	struct event *ev;

	if (t->st->tasks[task].worker != NO_ID) {
		ev = turn_task_event(t, EV_TASK_CANCEL_REQUESTED, task);
		ev->attempt = t->st->tasks[task].attempt;
	} else {
		ev = turn_task_move(t, task, on);
		INVARIANT(ev != NULL);
	}
	ev->waive = waive;
	act_sign(t, ev, act);
	turn_apply(t);
}

static int refuse_cancelled_ws(struct turn *t, uint32_t ws)
{
	const struct workstream *w = &t->st->ws[ws];

	if (w->state != WS_CANCELLED)
		return 0;
	return act_refuse(t, -SK_EREFUSED,
			  "workstream \"%.*s\": it was cancelled, which is final: nothing was "
			  "changed. Try: sk run --new-run %.*s",
			  SPAN_ARG(w->id), SPAN_ARG(w->plan));
}

int act_task_retry(struct turn *t, const struct act *act)
{
	const struct task *subject;
	uint32_t task;
	int rc = act_find_task(t, act->task_id, &task);

	if (rc == 0)
		rc = refuse_cancelled_ws(t, t->st->tasks[task].ws);
	if (rc < 0)
		return rc;
	subject = &t->st->tasks[task];
	if (act->timeout_ms > TIMEOUT_S_MAX * 1000ULL)
		return act_refuse(t, -SK_EUSAGE,
				  "timeout: longer than a week (%d s): nothing was changed",
				  TIMEOUT_S_MAX);
	if (subject->state == TASK_COMPLETED)
		return act_refuse(
			t, -SK_EREFUSED,
			"task \"%.*s\": it is completed, and what it did is done: nothing "
			"was changed. Try: sk run --new-run %.*s",
			SPAN_ARG(subject->id), SPAN_ARG(t->st->ws[subject->ws].plan));
	if (!(subject->flags & TASK_LINKED))
		return act_refuse(
			t, -SK_EREFUSED,
			"task \"%.*s\": its workstream has not begun: nothing was changed. "
			"Try: sk run %.*s",
			SPAN_ARG(subject->id), SPAN_ARG(t->st->ws[subject->ws].plan));
	if (subject->flags & TASK_DROPPED)
		return act_refuse(t, -SK_EREFUSED,
				  "task \"%.*s\": the plan no longer has it: nothing was changed. "
				  "Try: sk task show %.*s",
				  SPAN_ARG(subject->id), SPAN_ARG(subject->id));
	if (subject->state != TASK_FAILED && subject->state != TASK_CANCELLED)
		return act_refuse(
			t, -SK_EREFUSED,
			"task \"%.*s\": it is %s; only what failed or was cancelled can be "
			"retried (rule O1): nothing was changed. Try: sk task cancel %.*s",
			SPAN_ARG(subject->id), task_state_word(subject->state),
			SPAN_ARG(subject->id));
	act_reset_task(t, task, ON_MANUAL_RETRY, act->keep_retry_count ? subject->retry_count : 0,
		       act->timeout_ms, act);
	act_reopen_ws(t, subject->ws, act);
	return 0;
}

int act_task_skip(struct turn *t, const struct act *act)
{
	const struct task *subject;
	struct event *ev;
	uint32_t task;
	int rc = act_find_task(t, act->task_id, &task);

	if (rc == 0)
		rc = refuse_cancelled_ws(t, t->st->tasks[task].ws);
	if (rc < 0)
		return rc;
	subject = &t->st->tasks[task];
	if (subject->state == TASK_COMPLETED)
		return act_refuse(t, -SK_EREFUSED,
				  "task \"%.*s\": it is completed already: nothing was changed",
				  SPAN_ARG(subject->id));
	ev = subject->worker == NO_ID ? turn_task_move(t, task, ON_MANUAL_SKIP) : NULL;
	if (!ev)
		return act_refuse(
			t, -SK_EREFUSED,
			"task \"%.*s\": it is %s with a worker; what runs cannot be skipped "
			"(rule O2): nothing was changed. Try: sk task cancel %.*s",
			SPAN_ARG(subject->id), task_state_word(subject->state),
			SPAN_ARG(subject->id));
	act_sign(t, ev, act);
	turn_apply(t);
	act_reopen_ws(t, subject->ws, act);
	return 0;
}

int act_task_cancel(struct turn *t, const struct act *act)
{
	const struct task *subject;
	uint32_t task;
	int rc = act_find_task(t, act->task_id, &task);

	if (rc < 0)
		return rc;
	subject = &t->st->tasks[task];
	if (subject->flags & TASK_CANCELLING && subject->flags & TASK_WAIVES)
		return 0; /* it is being ended already */
	if (task_state_final(subject->state))
		return act_refuse(t, -SK_EREFUSED,
				  "task \"%.*s\": it is %s, which is final: nothing was changed. "
				  "Try: sk task %s %.*s",
				  SPAN_ARG(subject->id), task_state_word(subject->state),
				  subject->state == TASK_FAILED ? "skip" : "show",
				  SPAN_ARG(subject->id));
	act_end_task(t, task, ON_USER_CANCELLED, true, act);
	return 0;
}

/* Whether `task` lists `need`; *waived when the operator has taken it away already. */
static bool task_needs(const struct state *st, uint32_t task, uint32_t need, bool *waived)
{
	const struct task *t = &st->tasks[task];

	*waived = false;
	for (uint32_t i = 0; i < t->needs_count; i++)
		if ((t->needs[i] & ~WAIVED) == need) {
			*waived = (t->needs[i] & WAIVED) != 0;
			return true;
		}
	return false;
}

int act_dependency_remove(struct turn *t, const struct act *act)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	uint32_t task, need;
	struct event *ev;
	bool waived;
	int rc = act_find_task(t, act->task_id, &task);

	if (rc == 0)
		rc = act_find_task(t, act->need_id, &need);
	if (rc < 0)
		return rc;
	if (!task_needs(t->st, task, need, &waived)) {
		if (task_needs(t->st, need, task, &waived))
			return act_refuse(
				t, -SK_EREFUSED,
				"dependency: \"%.*s\" does not need \"%.*s\", it is the "
				"other way round: nothing was changed. Try: sk dep remove "
				"--from %.*s --to %.*s",
				SPAN_ARG(act->task_id), SPAN_ARG(act->need_id),
				SPAN_ARG(act->task_id), SPAN_ARG(act->need_id));
		return act_refuse(
			t, -SK_ENOTFOUND,
			"dependency: \"%.*s\" does not need \"%.*s\": nothing was changed. "
			"Try: sk task deps %.*s",
			SPAN_ARG(act->task_id), SPAN_ARG(act->need_id), SPAN_ARG(act->task_id));
	}
	if (waived)
		return 0; /* it was removed before */
	buf_putc(&list, '[');
	buf_put_json(&list, t->st->tasks[need].id);
	buf_putc(&list, ']');
	ev = turn_task_event(t, EV_DEPENDENCY_WAIVED, task);
	ev->needs = turn_copy(t, (struct span){ list.p, list.len });
	act_sign(t, ev, act);
	turn_apply(t);
	act_reopen_ws(t, t->st->tasks[task].ws, act);
	return 0;
}

int act_resource_limit(struct turn *t, const struct act *act)
{
	uint32_t resource;
	struct event *ev;
	int rc = find_resource(t->st, act->resource_id, &resource, t->why);

	if (rc < 0)
		return rc;
	if (act->limit > UINT32_MAX)
		return act_refuse(t, -SK_EUSAGE, "max-holders: too large: nothing was changed");
	if (t->st->resources[resource].limit == act->limit)
		return 0;
	ev = turn_event(t, EV_RESOURCE_LIMIT);
	ev->resource_id = t->st->resources[resource].id;
	ev->limit = act->limit;
	act_sign(t, ev, act);
	turn_apply(t);
	return 0;
}
