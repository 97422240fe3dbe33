/*
 * Making one event: the table gives the row, the row gives id, states and kind; then the event is
 * applied at once, so that what is decided next sees it. An event that apply refuses here is our
 * own mistake.
 */
#include "core/turn.h"

#include "base/limits.h"
#include "core/apply.h"

struct event *turn_event(struct turn *t, enum event_kind kind)
{
	struct event *ev = events_add(t->batch, kind, t->now_ms);

	ev->seq = t->st->last_seq + 1;
	ev->caused_by = t->cause;
	return ev;
}

struct event *turn_ws_event(struct turn *t, enum event_kind kind, uint32_t ws)
{
	struct event *ev = turn_event(t, kind);

	ev->workstream_id = t->st->ws[ws].id;
	return ev;
}

struct event *turn_task_event(struct turn *t, enum event_kind kind, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];
	struct event *ev = turn_ws_event(t, kind, subject->ws);

	ev->task_id = subject->id;
	return ev;
}

static void fill_row(struct event *ev, const struct edge *row)
{
	ev->transition = true;
	ev->from = row->from;
	ev->to = row->to;
	ev->trigger = (uint8_t)row->on;
	ev->edge = span_of(row->id);
}

static unsigned task_facts(const struct task *task)
{
	unsigned facts = 0;

	if (task->retry_count < task->retries)
		facts |= RETRY_LEFT;
	if (task->reassign_count < REASSIGN_MAX)
		facts |= REASSIGN_LEFT;
	return facts;
}

struct event *turn_task_move(struct turn *t, uint32_t task, enum trigger on)
{
	const struct task *subject = &t->st->tasks[task];
	const struct edge *row = edge_find(&task_life, subject->state, on, task_facts(subject));
	struct event *ev;

	if (!row)
		return NULL;
	ev = turn_task_event(t, row->event, task);
	fill_row(ev, row);
	if (event_rows[row->event].fields & HAS(ATTEMPT))
		ev->attempt = subject->attempt;
	return ev;
}

struct event *turn_ws_move(struct turn *t, uint32_t ws, enum trigger on)
{
	const struct edge *row = edge_find(&ws_life, t->st->ws[ws].state, on, 0);
	struct event *ev;

	if (!row)
		return NULL;
	ev = turn_ws_event(t, row->event, ws);
	fill_row(ev, row);
	return ev;
}

struct event *turn_worker_move(struct turn *t, uint32_t worker, enum trigger on)
{
	const struct worker *w = &t->st->workers[worker];
	const struct edge *row = edge_find(&worker_life, w->state, on, 0);
	struct event *ev;

	if (!row)
		return NULL;
	ev = turn_event(t, row->event);
	fill_row(ev, row);
	ev->worker_id = w->id;
	ev->incarnation = w->incarnation;
	return ev;
}

uint64_t turn_apply(struct turn *t)
{
	const struct event *ev = &t->batch->v[t->batch->count - 1];
	char why[200] = "";

	if (core_apply(t->st, ev, t->fx, why) < 0)
		invariant_broken(event_rows[ev->kind].word, why);
	return ev->seq;
}

struct span turn_copy(struct turn *t, struct span text)
{
	return arena_copy(&t->batch->text, text);
}

struct span turn_text(struct turn *t, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	return turn_copy(t, (struct span){ text.p, text.len });
}
