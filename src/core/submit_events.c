/*
 * A plan becomes events: births for what is new, operator acts for what is to be done again,
 * nothing for what is done. The caller has asked submit_check first; what it refused never comes
 * here.
 */
#include "core/turn.h"

#include "core/cycle.h"
#include "base/limits.h"
#include "core/link.h"
#include "core/queue.h"
#include "core/submit_find.h"

static const char again[] = "the plan was run again";

static uint32_t policy_flags(unsigned flags)
{
	return (flags & SUBMIT_KEEP_GOING ? WSF_KEEP_GOING : 0) |
	       (flags & SUBMIT_FAIL_FAST ? WSF_FAIL_FAST : 0);
}

static void put_birth(struct event *ev, const struct edge *row)
{
	ev->transition = true;
	ev->from = row->from;
	ev->to = row->to;
	ev->trigger = (uint8_t)row->on;
	ev->edge = span_of(row->id);
}

static void put_settings(struct event *ev, const struct ws_spec *spec, unsigned flags)
{
	ev->max_parallel = spec->max_parallel;
	ev->max_duration_ms = (uint64_t)spec->max_duration_ms;
	ev->flags = policy_flags(flags);
	ev->plan = spec->plan;
	ev->def = spec->def;
}

static void create_ws(struct turn *t, const struct ws_spec *spec, unsigned flags, uint64_t run_no)
{
	struct event *ev = turn_event(t, EV_WS_CREATED);

	put_birth(ev, edge_find(&ws_life, NO_STATE, ON_WORKSTREAM_CREATED, 0));
	ev->workstream_id = spec->name;
	ev->run_no = run_no;
	put_settings(ev, spec, flags);
	turn_apply(t);
}

/* Texts of the submission are borrowed for the call, but the batch outlives it. */
static struct ws_spec copy_ws(struct turn *t, const struct ws_spec *spec)
{
	struct ws_spec copy = *spec;

	copy.name = turn_copy(t, spec->name);
	copy.plan = turn_copy(t, spec->plan);
	copy.def = turn_copy(t, spec->def);
	return copy;
}

static void archive_ws(struct turn *t, uint32_t ws, struct span operator_name)
{
	struct event *ev = turn_ws_event(t, EV_WS_ARCHIVED, ws);

	ev->run_no = t->st->ws[ws].run_no;
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT("a new run was asked for");
	turn_apply(t);
}

/* A limit that is known already was told to be another one, and that was accepted (submit_check).
 */
static void submit_resources(struct turn *t, const struct submission *s)
{
	for (uint32_t i = 0; i < s->resource_count; i++) {
		uint32_t known = state_resource(t->st, s->resources[i].name);
		struct event *ev;

		if (known != NO_ID && t->st->resources[known].planned == s->resources[i].limit)
			continue;
		ev = turn_event(t, EV_RESOURCE_LIMIT);
		ev->resource_id = turn_copy(t, s->resources[i].name);
		ev->limit = s->resources[i].limit;
		turn_apply(t);
	}
}

static void submit_ws(struct turn *t, const struct ws_spec *given, unsigned flags,
		      struct span operator_name)
{
	uint32_t ws = state_ws(t->st, given->name);
	struct ws_spec spec = copy_ws(t, given);
	uint64_t run_no = 1;
	struct event *ev;

	if (ws != NO_ID && flags & SUBMIT_NEW_RUN) {
		run_no = t->st->ws[ws].run_no + 1u;
		archive_ws(t, ws, operator_name);
		ws = NO_ID;
	}
	if (ws == NO_ID) {
		create_ws(t, &spec, flags, run_no);
		return;
	}
	ev = turn_ws_event(t, EV_WS_UPDATED, ws);
	put_settings(ev, &spec, flags);
	ev->operator_name = turn_copy(t, operator_name);
	if (submit_ws_same(given, &t->st->ws[ws]) &&
	    policy_flags(flags) == (t->st->ws[ws].flags & (WSF_KEEP_GOING | WSF_FAIL_FAST)))
		t->batch->count--; /* nothing to say */
	else
		turn_apply(t);
}

/* ids[] of all specs must be known before: a task may need one that is created after it. */
static struct span needs_list(struct turn *t, const struct submission *s,
			      const struct task_spec *spec, const struct span *ids)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;

	buf_putc(&list, '[');
	for (uint32_t i = 0; i < spec->needs_count; i++) {
		if (i)
			buf_putc(&list, ',');
		buf_put_json(&list, ids[s->needs[spec->needs_at + i]]);
	}
	buf_putc(&list, ']');
	return turn_copy(t, (struct span){ list.p, list.len });
}

static void create_task(struct turn *t, const struct submission *s, uint32_t spec, uint32_t ws,
			const struct span *ids)
{
	const struct task_spec *given = &s->tasks[spec];
	struct span needs = needs_list(t, s, given, ids);
	struct event *ev = turn_event(t, EV_TASK_CREATED);

	put_birth(ev, edge_find(&task_life, NO_STATE, ON_TASK_CREATED, 0));
	ev->task_id = turn_copy(t, ids[spec]);
	ev->workstream_id = t->st->ws[ws].id;
	if (!span_eq(ids[spec], given->name))
		ev->name = turn_copy(t, given->name);
	ev->needs = needs;
	ev->def = turn_copy(t, given->def);
	turn_apply(t);
}

/* Whether it needs something that is neither done nor waived. */
static bool must_wait(const struct turn *t, const struct submission *s, uint32_t spec,
		      const struct span *ids)
{
	const struct task_spec *given = &s->tasks[spec];

	for (uint32_t i = 0; i < given->needs_count; i++) {
		uint32_t need = state_task(t->st, ids[s->needs[given->needs_at + i]]);
		const struct task *n = need == NO_ID ? NULL : &t->st->tasks[need];

		if (!n || !(n->state == TASK_COMPLETED ||
			    (n->state == TASK_CANCELLED && n->flags & TASK_WAIVES)))
			return true;
	}
	return false;
}

/* Back behind its dependencies: one that waits in line at once, one that waits for its next try by
 * being ended and taken up again. */
static void step_back(struct turn *t, uint32_t task, struct span operator_name)
{
	uint16_t retry_count = t->st->tasks[task].retry_count;

	for (enum trigger on = ON_WORKSTREAM_ROLLBACK; t->st->tasks[task].state != TASK_PENDING;
	     on = ON_ROLLBACK_RESTORE) {
		struct event *ev = turn_task_move(t, task, on);

		INVARIANT(ev != NULL);
		if (ev->kind == EV_TASK_RESET)
			ev->retry_count = retry_count;
		ev->operator_name = turn_copy(t, operator_name);
		ev->reason =
			SPAN_LIT("it needs something that is not done, since the plan changed");
		turn_apply(t);
	}
}

static void update_task(struct turn *t, const struct submission *s, uint32_t spec, uint32_t task,
			const struct span *ids, struct span operator_name)
{
	struct span needs = needs_list(t, s, &s->tasks[spec], ids);
	struct event *ev;

	if ((t->st->tasks[task].state == TASK_QUEUED ||
	     t->st->tasks[task].state == TASK_RETRYING) &&
	    must_wait(t, s, spec, ids))
		step_back(t, task, operator_name);
	ev = turn_task_event(t, EV_TASK_UPDATED, task);
	ev->needs = needs;
	ev->def = turn_copy(t, s->tasks[spec].def);
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT("the plan changed and the change was accepted");
	turn_apply(t);
}

static void reset_task(struct turn *t, uint32_t task, struct span operator_name, struct span reason)
{
	struct event *ev = turn_task_move(t, task, ON_MANUAL_RETRY);

	INVARIANT(ev != NULL);
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = reason;
	turn_apply(t);
}

/*
 * A task that the plan no longer has: it ends, and nobody waits for it. One that failed or was
 * cancelled first begins anew, so that it ends in the one way that lets it run again should the
 * plan have it back.
 */
static void drop_task(struct turn *t, uint32_t task, struct span operator_name)
{
	static const char gone[] = "gone from the plan";
	const struct task *subject = &t->st->tasks[task];
	struct input cancel = { .kind = IN_CANCEL_TASK,
				.task_id = subject->id,
				.waive = true,
				.operator_name = operator_name,
				.reason = SPAN_LIT(gone) };
	struct event *ev;

	if (submit_runs_again(subject))
		reset_task(t, task, operator_name, SPAN_LIT(gone));
	if (!task_state_final(subject->state))
		turn_cancel_task(t, &cancel);
	ev = turn_task_event(t, EV_TASK_DROPPED, task);
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT(gone);
	turn_apply(t);
}

static void drop_missing(struct turn *t, uint32_t ws, const bool *wanted, struct span operator_name)
{
	for (size_t i = 0; i < t->st->ws[ws].task_count; i++) {
		uint32_t task = t->st->ws[ws].tasks[i];

		if (!wanted[task] && !(t->st->tasks[task].flags & TASK_DROPPED))
			drop_task(t, task, operator_name);
	}
}

/* A selected task whose needs were left out of this run goes on without them. */
static void waive_unselected(struct turn *t, const struct submission *s,
			     const struct submit_names *n, uint32_t spec, struct span operator_name)
{
	uint32_t task = n->tasks[spec];
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct event *ev;

	for (uint32_t i = 0; i < s->tasks[spec].needs_count; i++) {
		uint32_t other = s->needs[s->tasks[spec].needs_at + i];
		uint32_t need = n->tasks[other];

		if (s->tasks[other].selected || need_met(t->st, need))
			continue;
		buf_putc(&list, list.len ? ',' : '[');
		buf_put_json(&list, t->st->tasks[need].id);
	}
	if (!list.len)
		return;
	buf_putc(&list, ']');
	ev = turn_task_event(t, EV_DEPENDENCY_WAIVED, task);
	ev->needs = turn_copy(t, (struct span){ list.p, list.len });
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT("left out of this run by --from");
	turn_apply(t);
}

/* Whether a changed definition can be taken over: not while an attempt of it goes on. New ones have
 * theirs. */
static bool may_update(const struct task *t)
{
	return t->flags & TASK_LINKED && t->worker == NO_ID && t->state != TASK_VALIDATING;
}

/* Afterwards n->tasks has an index for every task. */
static void submit_tasks(struct turn *t, const struct submission *s, struct submit_names *n,
			 struct span operator_name)
{
	for (uint32_t i = 0; i < s->task_count; i++) {
		if (n->tasks[i] != NO_ID)
			continue;
		create_task(t, s, i, n->ws[s->tasks[i].ws], n->ids);
		n->tasks[i] = (uint32_t)t->st->task_count - 1;
	}
	for (uint32_t i = 0; i < s->task_count; i++)
		if (may_update(&t->st->tasks[n->tasks[i]]) && !submit_task_same(t->st, s, n, i))
			update_task(t, s, i, n->tasks[i], n->ids, operator_name);
}

/* Plans have changed, or are new: the graph is made anew. */
static void ready_ws(struct turn *t, uint32_t ws, const bool *wanted, struct span operator_name)
{
	const struct workstream *w = &t->st->ws[ws];
	struct event *ev;

	if (w->state == WS_PLANNED) {
		INVARIANT(turn_ws_move(t, ws, ON_ALL_TASKS_CREATED) != NULL);
		turn_apply(t);
		turn_halt_on_cycles(t, ws);
		return;
	}
	drop_missing(t, ws, wanted, operator_name);
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *task = &t->st->tasks[w->tasks[i]];

		if (task->needs_raw.p || !(task->flags & TASK_LINKED)) {
			ev = turn_ws_event(t, EV_WS_UPDATED, ws);
			ev->max_parallel = w->max_parallel;
			ev->max_duration_ms = (uint64_t)w->max_duration_ms;
			ev->flags = w->flags;
			ev->plan = turn_copy(t, w->plan);
			ev->def = turn_copy(t, w->def);
			turn_apply(t);
			break;
		}
	}
	turn_halt_on_cycles(t, ws);
}

/* The plan was mended, or its circle broken by hand: what a circle had halted goes on. */
static void unhalt_ws(struct turn *t, uint32_t ws, struct span operator_name)
{
	struct event *ev;

	if (!(t->st->ws[ws].flags & WSF_HALTED) || ws_cycles(t->st, ws, NULL, NULL))
		return;
	ev = turn_ws_move(t, ws, ON_MANUAL_RESUME);
	if (!ev)
		return;
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT("no task waits for itself any more");
	turn_apply(t);
}

/* `again_too`: a task of it that counts as settled is to run again. */
static void resume_ws(struct turn *t, uint32_t ws, bool again_too, struct span operator_name)
{
	const struct workstream *w = &t->st->ws[ws];
	bool unfinished = w->by_state[TASK_COMPLETED] + w->waived < w->task_count;
	struct event *ev;

	if (!(unfinished || again_too) || (w->state != WS_FAILED && w->state != WS_COMPLETED))
		return;
	ev = turn_ws_move(t, ws, ON_MANUAL_RESUME);
	INVARIANT(ev != NULL);
	ev->operator_name = turn_copy(t, operator_name);
	ev->reason = SPAN_LIT(again);
	turn_apply(t);
}

void turn_activate_ws(struct turn *t, uint32_t ws)
{
	struct state *st = t->st;
	struct workstream *w = &st->ws[ws];

	w->opened_ms = t->now_ms;
	w->in_part = false;
	queue_open(st, ws);
	for (size_t i = 0; i < w->task_count; i++)
		if (st->tasks[w->tasks[i]].state == TASK_PENDING &&
		    st->tasks[w->tasks[i]].unmet == 0)
			agenda_task(st, w->tasks[i]);
	agenda_ws(st, ws);
}

/* Which tasks the plan has and which workstreams have something to run again; then the graph, then
 * the resumption. */
static void submit_graph(struct turn *t, const struct submission *s, const struct submit_names *n,
			 struct span operator_name)
{
	struct state *st = t->st;
	bool *wanted = mem_zalloc(st->task_count + 1), *again_too = mem_zalloc(st->ws_count + 1);

	for (uint32_t i = 0; i < s->task_count; i++) {
		const struct task *task = &st->tasks[n->tasks[i]];

		wanted[n->tasks[i]] = true;
		if (s->tasks[i].selected && submit_runs_again(task))
			again_too[task->ws] = true;
	}
	for (uint32_t i = 0; i < s->ws_count; i++) {
		ready_ws(t, n->ws[i], wanted, operator_name);
		unhalt_ws(t, n->ws[i], operator_name);
		resume_ws(t, n->ws[i], again_too[n->ws[i]], operator_name);
	}
	mem_free(&wanted);
	mem_free(&again_too);
}

void turn_submit(struct turn *t, const struct submission *s, unsigned flags,
		 struct span operator_name)
{
	CLEANUP(submit_names_release) struct submit_names names = SUBMIT_NAMES_INIT;
	struct state *st = t->st;

	submit_resources(t, s);
	for (uint32_t i = 0; i < s->ws_count; i++)
		submit_ws(t, &s->ws[i], flags, operator_name);
	submit_names_init(&names, st, s, 0);
	submit_tasks(t, s, &names, operator_name);
	submit_graph(t, s, &names, operator_name);
	for (uint32_t i = 0; i < s->task_count; i++) {
		struct task *task = &st->tasks[names.tasks[i]];

		if (!s->tasks[i].selected) {
			task->flags |= TASK_HELD;
			continue;
		}
		task->flags &= (uint16_t)~TASK_HELD;
		if (task->flags & TASK_CANCELLING && !(task->flags & TASK_WAIVES))
			task->flags |= TASK_AGAIN;
		if (submit_runs_again(task))
			reset_task(t, names.tasks[i], operator_name, SPAN_LIT(again));
		waive_unselected(t, s, &names, i, operator_name);
	}
	for (uint32_t i = 0; i < s->ws_count; i++)
		turn_activate_ws(t, names.ws[i]);
}
