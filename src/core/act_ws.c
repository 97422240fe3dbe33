/*
 * An operator's acts on whole workstreams. Each decides for all tasks before the first event, so
 * that a refusal leaves nothing half done; and all of it is one turn, so that a crash does neither.
 */
#include "core/act_impl.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/cycle.h"

static int refuse_state(struct turn *t, uint32_t ws, const char *rule, const char *instead)
{
	const struct workstream *w = &t->st->ws[ws];

	return act_refuse(t, -SK_EREFUSED,
			  "workstream \"%.*s\": it is %s (%s): nothing was changed. Try: %s %.*s",
			  SPAN_ARG(w->id), ws_state_word(w->state), rule, instead, SPAN_ARG(w->id));
}

static int refuse_live(struct turn *t, uint32_t ws)
{
	const struct workstream *w = &t->st->ws[ws];

	return act_refuse(t, -SK_EREFUSED,
			  "workstream \"%.*s\": %u of its tasks are still at work: nothing was "
			  "changed. Try: sk workstream cancel --yes %.*s",
			  SPAN_ARG(w->id), (unsigned)w->assigned, SPAN_ARG(w->id));
}

/* Failed, or cancelled such that nobody goes on without it: what "again" means. */
static bool unfinished_end(const struct task *task)
{
	return task->flags & TASK_LINKED && !(task->flags & TASK_DROPPED) &&
	       (task->state == TASK_FAILED ||
		(task->state == TASK_CANCELLED && !(task->flags & TASK_WAIVES)));
}

static void reset_unfinished(struct turn *t, uint32_t ws, const struct act *act)
{
	for (size_t i = 0; i < t->st->ws[ws].task_count; i++)
		if (unfinished_end(&t->st->tasks[t->st->ws[ws].tasks[i]]))
			act_reset_task(t, t->st->ws[ws].tasks[i], ON_MANUAL_RETRY, 0, 0, act);
}

int act_ws_retry_failed(struct turn *t, const struct act *act)
{
	uint32_t ws;
	int rc = act_find_ws(t, act->workstream_id, &ws);

	if (rc < 0)
		return rc;
	if (t->st->ws[ws].state != WS_FAILED && t->st->ws[ws].state != WS_EXECUTING)
		return refuse_state(t, ws, "only a failed one has failed tasks to retry",
				    "sk workstream show");
	reset_unfinished(t, ws, act);
	act_reopen_ws(t, ws, act);
	return 0;
}

static void put_need(struct submission *s, size_t *capacity, uint32_t need)
{
	mem_grow(&s->needs, capacity, s->needs_count + 1u, sizeof(*s->needs));
	s->needs[s->needs_count++] = need;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The workstream as its plan described it. Its texts stay in the state's memory. */
static int repeat_submission(struct turn *t, uint32_t ws, struct submission *out)
{
	const struct state *st = t->st;
	const struct workstream *w = &st->ws[ws];
	uint32_t *places = mem_alloc((st->task_count + 1) * sizeof(*places));
	size_t capacity = 0;
	int rc = 0;

	out->ws = mem_zalloc(sizeof(*out->ws));
	out->ws_count = 1;
	out->ws[0] =
		(struct ws_spec){ w->id, w->plan, w->def, w->max_parallel, w->max_duration_ms };
	out->tasks = mem_zalloc((w->task_count + 1) * sizeof(*out->tasks));
	for (size_t i = 0, place = 0; i < w->task_count; i++)
		places[w->tasks[i]] =
			st->tasks[w->tasks[i]].flags & TASK_DROPPED ? NO_ID : (uint32_t)place++;
	for (size_t i = 0; i < w->task_count && rc == 0; i++) {
		const struct task *task = &st->tasks[w->tasks[i]];
		struct task_spec *spec = &out->tasks[out->task_count];

		if (task->flags & TASK_DROPPED)
			continue;
		*spec = (struct task_spec){ .name = task->name,
					    .def = task->def,
					    .needs_at = out->needs_count,
					    .selected = true };
		for (uint32_t k = 0; k < task->needs_count; k++) {
			uint32_t need = task->needs[k] & ~WAIVED;

			if (st->tasks[need].ws != ws)
				rc = -SK_EREFUSED;
			else if (places[need] != NO_ID)
				put_need(out, &capacity, places[need]);
		}
		spec->needs_count = out->needs_count - spec->needs_at;
		if (spec->needs_count)
			qsort(out->needs + spec->needs_at, spec->needs_count, sizeof(*out->needs),
			      by_number);
		out->task_count++;
	}
	mem_free(&places);
	if (rc < 0)
		return act_refuse(t, rc,
				  "workstream \"%.*s\": its tasks need tasks of other workstreams: "
				  "nothing was changed. Try: sk run --new-run with all their plans",
				  SPAN_ARG(w->id));
	return 0;
}

/*
 * Whether the run is still as its plan made it. Throwing that away for another one like it would
 * make a retry that is asked for twice, because nobody knows whether the first one was done, into
 * two.
 */
static bool not_begun(const struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];

	if (w->state != WS_READY)
		return w->state == WS_PLANNED;
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *task = &st->tasks[w->tasks[i]];

		if (task->flags & TASK_DROPPED)
			continue;
		if (task->attempt || (task->state != TASK_PENDING && task->state != TASK_QUEUED))
			return false;
		for (uint32_t k = 0; k < task->needs_count; k++)
			if (task->needs[k] & WAIVED)
				return false;
	}
	return true;
}

static int repeat_all(struct turn *t, uint32_t ws, const struct act *act)
{
	CLEANUP(submission_release) struct submission again = SUBMISSION_INIT;
	int rc;

	if (not_begun(t->st, ws))
		return refuse_state(t, ws, "it has not begun", "sk workstream show");
	rc = repeat_submission(t, ws, &again);
	if (rc == 0)
		turn_submit(t, &again, SUBMIT_NEW_RUN, act->operator_name);
	return rc;
}

int act_ws_retry(struct turn *t, const struct act *act)
{
	uint32_t ws;
	int rc = act_find_ws(t, act->workstream_id, &ws);

	if (rc < 0)
		return rc;
	if (t->st->ws[ws].assigned)
		return refuse_live(t, ws);
	if (!act->keep_completed)
		return repeat_all(t, ws, act);
	if (t->st->ws[ws].state != WS_FAILED)
		return refuse_state(t, ws, "rule WO1 begins at failed", "sk workstream show");
	reset_unfinished(t, ws, act);
	act_reopen_ws(t, ws, act);
	return 0;
}

int act_ws_cancel(struct turn *t, const struct act *act)
{
	struct event *ev;
	uint32_t ws;
	int rc = act_find_ws(t, act->workstream_id, &ws);

	if (rc < 0)
		return rc;
	if (ws_state_final(t->st->ws[ws].state))
		return refuse_state(t, ws, "which is final", "sk workstream show");
	for (size_t i = 0; i < t->st->ws[ws].task_count; i++) {
		const struct task *task = &t->st->tasks[t->st->ws[ws].tasks[i]];

		if (!task_state_final(task->state) && !(task->flags & TASK_CANCELLING))
			act_end_task(t, t->st->ws[ws].tasks[i], ON_USER_CANCELLED, false, act);
	}
	ev = turn_ws_move(t, ws, ON_USER_CANCELLED);
	if (ev) { /* else it is validating, and its tasks are all done */
		act_sign(t, ev, act);
		turn_apply(t);
	}
	return 0;
}

/* Marks the task and everything that needs it, directly or not, within the workstream. */
static void mark_behind(const struct state *st, uint32_t task, bool *behind)
{
	uint32_t *stack = NULL;
	size_t count = 0, capacity = 0;

	mem_grow(&stack, &capacity, 1, sizeof(*stack));
	stack[count++] = task;
	behind[task] = true;
	while (count) {
		const struct task *at = &st->tasks[stack[--count]];

		for (uint32_t i = 0; i < at->dependents_count; i++) {
			uint32_t next = at->dependents[i];

			if (behind[next] || st->tasks[next].ws != at->ws)
				continue;
			behind[next] = true;
			mem_grow(&stack, &capacity, count + 1, sizeof(*stack));
			stack[count++] = next;
		}
	}
	mem_free(&stack);
}

static bool settled(const struct task *task)
{
	return task->state == TASK_COMPLETED ||
	       (task->state == TASK_CANCELLED && task->flags & TASK_WAIVES);
}

/* What stands before the chosen part and is not done: it refuses the act, or is waived by it. */
static int check_before(struct turn *t, uint32_t ws, const bool *behind, const struct act *act)
{
	const struct state *st = t->st;

	for (size_t i = 0; i < st->ws[ws].task_count; i++) {
		const struct task *task = &st->tasks[st->ws[ws].tasks[i]];

		for (uint32_t k = 0; behind[st->ws[ws].tasks[i]] && k < task->needs_count; k++) {
			uint32_t need = task->needs[k];

			if (need & WAIVED || behind[need] || settled(&st->tasks[need]) ||
			    act->force)
				continue;
			return act_refuse(
				t, -SK_EREFUSED,
				"workstream \"%.*s\": \"%.*s\" comes before \"%.*s\" and is "
				"%s: nothing was changed. Try: sk workstream resume %.*s, or "
				"--force to go on without it",
				SPAN_ARG(st->ws[ws].id), SPAN_ARG(st->tasks[need].id),
				SPAN_ARG(task->id), task_state_word(st->tasks[need].state),
				SPAN_ARG(st->ws[ws].id));
		}
	}
	return 0;
}

static void waive_before(struct turn *t, uint32_t task, const bool *behind, const struct act *act)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	const struct task *subject = &t->st->tasks[task];
	struct event *ev;

	for (uint32_t k = 0; k < subject->needs_count; k++) {
		uint32_t need = subject->needs[k];

		if (need & WAIVED || behind[need] || settled(&t->st->tasks[need]))
			continue;
		buf_putc(&list, list.len ? ',' : '[');
		buf_put_json(&list, t->st->tasks[need].id);
	}
	if (!list.len)
		return;
	buf_putc(&list, ']');
	ev = turn_task_event(t, EV_DEPENDENCY_WAIVED, task);
	ev->needs = turn_copy(t, (struct span){ list.p, list.len });
	act_sign(t, ev, act);
	turn_apply(t);
}

static int resume_part(struct turn *t, uint32_t ws, bool *behind, const struct act *act)
{
	uint32_t first = NO_ID;
	int rc = 0;

	if (act->task_id.len)
		rc = act_find_task(t, act->task_id, &first);
	if (rc == 0 && first != NO_ID && t->st->tasks[first].ws != ws)
		rc = act_refuse(
			t, -SK_EREFUSED,
			"task \"%.*s\": it belongs to workstream \"%.*s\": nothing was changed",
			SPAN_ARG(act->task_id), SPAN_ARG(t->st->ws[t->st->tasks[first].ws].id));
	if (rc < 0)
		return rc;
	if (first != NO_ID)
		mark_behind(t->st, first, behind);
	for (size_t i = 0; first == NO_ID && i < t->st->ws[ws].task_count; i++)
		behind[t->st->ws[ws].tasks[i]] = true;
	rc = check_before(t, ws, behind, act);
	for (size_t i = 0; rc == 0 && i < t->st->ws[ws].task_count; i++) {
		uint32_t task = t->st->ws[ws].tasks[i];

		if (!behind[task])
			continue;
		if (unfinished_end(&t->st->tasks[task]))
			act_reset_task(t, task, ON_MANUAL_RETRY, 0, 0, act);
		if (act->force)
			waive_before(t, task, behind, act);
	}
	return rc;
}

static void take_last(void *ctx, const uint32_t *tasks, uint32_t count)
{
	uint32_t *edge = ctx; /* the last task of the circle needs the first */

	edge[0] = tasks[0];
	edge[1] = tasks[count - 1];
}

/* Only once nothing waits for itself any more. */
static int resume_halted(struct turn *t, uint32_t ws, const struct act *act)
{
	const struct state *st = t->st;
	uint32_t edge[2] = { NO_ID, NO_ID };
	struct event *ev;

	if (ws_cycles(st, ws, take_last, edge))
		return act_refuse(
			t, -SK_EREFUSED,
			"workstream \"%.*s\": its tasks still wait for each other in a "
			"circle: nothing was changed. Try: sk dep remove --from %.*s --to "
			"%.*s",
			SPAN_ARG(st->ws[ws].id), SPAN_ARG(st->tasks[edge[0]].id),
			SPAN_ARG(st->tasks[edge[1]].id));
	ev = turn_ws_move(t, ws, ON_MANUAL_RESUME);
	if (!ev)
		return refuse_state(t, ws, "its plan was never taken over", "sk workstream show");
	act_sign(t, ev, act);
	turn_apply(t);
	return 0;
}

int act_ws_resume(struct turn *t, const struct act *act)
{
	CLEANUP(mem_free) bool *behind = mem_zalloc(t->st->task_count + 1);
	uint32_t ws;
	int rc = act_find_ws(t, act->workstream_id, &ws);

	if (rc < 0)
		return rc;
	if (t->st->ws[ws].state == WS_CANCELLED || t->st->ws[ws].state == WS_COMPLETED)
		return refuse_state(t, ws, "which is final", "sk workstream show");
	if (t->st->ws[ws].flags & WSF_HALTED)
		return resume_halted(t, ws, act);
	rc = resume_part(t, ws, behind, act);
	if (rc == 0)
		act_reopen_ws(t, ws, act);
	return rc;
}
