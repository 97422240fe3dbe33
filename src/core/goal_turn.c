/*
 * One way for every change to become an event: the difference between the document in the state and
 * the draft. So a decision cannot change what it does not record.
 */
#include "core/goal_turn.h"

#include "base/err.h"
#include "core/apply.h"

int turn_refuse(struct turn *t, int code, const char *fmt, ...)
{
	va_list args;

	if (t->why) {
		va_start(args, fmt);
		buf_putfv(t->why, fmt, args);
		va_end(args);
	}
	return code;
}

static struct event *open_event(struct turn *t, enum event_kind kind, const struct edge *row,
				const struct goal_words *words)
{
	struct event *ev = turn_event(t, kind);

	if (row) {
		ev->transition = true;
		ev->from = row->from;
		ev->to = row->to;
		ev->trigger = (uint8_t)row->on;
		ev->edge = span_of(row->id);
	}
	if (words) {
		ev->operator_name = turn_copy(t, words->operator_name);
		ev->reason = turn_copy(t, words->reason);
		ev->name =
			event_rows[kind].fields & HAS(NAME) ? turn_copy(t, words->name) : SPAN_NONE;
		ev->attempt = event_rows[kind].fields & HAS(ATTEMPT) ? words->attempt : 0;
		ev->exit_code = event_rows[kind].fields & HAS(EXIT_CODE) ? words->exit_code : 0;
		ev->signal = event_rows[kind].fields & HAS(SIGNAL) ? words->signal : 0;
	}
	return ev;
}

/* Whether anything differs; then its object is in *out, living as long as the batch. */
static bool difference(struct turn *t, const struct doc_type *type, const void *was,
		       const void *now, struct span *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!doc_diff(type, was, now, &text))
		return false;
	*out = turn_copy(t, (struct span){ text.p, text.len });
	return true;
}

static const struct edge *find_row(struct turn *t, const struct life *life, unsigned from,
				   enum trigger on, struct span name)
{
	const struct edge *row = edge_find(life, from, on, 0);

	if (!row)
		turn_refuse(
			t, 0, "%s \"%.*s\" is %s: \"%s\" is not possible then: nothing was changed",
			life->name, SPAN_ARG(name),
			from == NO_STATE ? "not there" : life->state_word(from), trigger_word(on));
	return row;
}

int goal_move(struct turn *t, const struct goal *draft, enum trigger on,
	      const struct goal_words *words)
{
	const struct goal *was = goals_find(&t->st->goals, draft->id);
	const struct edge *row =
		find_row(t, &goal_life, was ? was->status : NO_STATE, on, draft->title);
	struct goal next = *draft, none;
	struct event *ev;

	if (!row)
		return -SK_EREFUSED;
	doc_clear(&goal_type, &none);
	next.status = row->to;
	next.updated_ms = was ? was->updated_ms : 0; /* that is the event's own time */
	ev = open_event(t, row->event, row, words);
	ev->goal_id = turn_copy(t, draft->id);
	difference(t, &goal_type, was ? was : &none, &next, &ev->set);
	turn_apply(t);
	return 0;
}

void goal_record(struct turn *t, const struct goal *draft, enum event_kind kind,
		 const struct goal_words *words)
{
	const struct goal *was = goals_find(&t->st->goals, draft->id);
	struct goal next = *draft, none;
	struct span set;
	struct event *ev;

	doc_clear(&goal_type, &none);
	next.updated_ms = was ? was->updated_ms : 0;
	if (!difference(t, &goal_type, was ? was : &none, &next, &set))
		return;
	ev = open_event(t, kind, NULL, words);
	ev->goal_id = turn_copy(t, draft->id);
	ev->set = set;
	turn_apply(t);
}

int tentacle_move(struct turn *t, const struct tentacle *draft, enum trigger on,
		  const struct goal_words *words)
{
	const struct tentacle *was = goals_tentacle(&t->st->goals, draft->name);
	const struct edge *row =
		find_row(t, &tentacle_life, was ? was->status : NO_STATE, on, draft->name);
	struct tentacle next = *draft, none;
	struct event *ev;

	if (!row)
		return -SK_EREFUSED;
	doc_clear(&tentacle_type, &none);
	next.status = row->to;
	next.updated_ms = was ? was->updated_ms : 0;
	ev = open_event(t, row->event, row, words);
	ev->tentacle_id = turn_copy(t, draft->name);
	difference(t, &tentacle_type, was ? was : &none, &next, &ev->set);
	turn_apply(t);
	return 0;
}

void tentacle_record(struct turn *t, const struct tentacle *draft, enum event_kind kind,
		     const struct goal_words *words)
{
	const struct tentacle *was = goals_tentacle(&t->st->goals, draft->name);
	struct tentacle next = *draft;
	struct span set;
	struct event *ev;

	INVARIANT(was);
	next.updated_ms = was->updated_ms;
	if (!difference(t, &tentacle_type, was, &next, &set))
		return;
	ev = open_event(t, kind, NULL, words);
	ev->tentacle_id = turn_copy(t, draft->name);
	ev->set = set;
	turn_apply(t);
}

void provider_record(struct turn *t, const struct provider *draft, const struct goal_words *words)
{
	const struct provider *was = goals_provider(&t->st->goals, draft->id);
	struct provider none;
	struct span set;
	struct event *ev;

	doc_clear(&provider_type, &none);
	if (!difference(t, &provider_type, was ? was : &none, draft, &set))
		return;
	ev = open_event(t, EV_PROVIDER_SET, NULL, words);
	ev->provider_id = turn_copy(t, draft->id);
	ev->set = set;
	turn_apply(t);
}

void tentacle_forget(struct turn *t, const struct tentacle *which, const struct goal_words *words)
{
	struct event *ev = open_event(t, EV_TENTACLE_DELETED, NULL, words);

	ev->tentacle_id = turn_copy(t, which->name);
	turn_apply(t);
}

void goal_choose(struct turn *t, const struct goal *which, const struct goal_words *words)
{
	struct event *ev;

	if (span_eq(t->st->goals.chosen, which->id))
		return;
	ev = open_event(t, EV_GOAL_CHOSEN, NULL, words);
	ev->goal_id = turn_copy(t, which->id);
	turn_apply(t);
}
