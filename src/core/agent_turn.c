/*
 * What an agent says about itself counts for little here: its hand-off is recorded by the store
 * before this turn begins, so the tentacle's state tells whether there is one. Without one a limit
 * in its output parks the work, and costs no attempt.
 */
#include "core/agent_turn.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/breaker.h"
#include "core/goal_progress.h"
#include "core/tentacle_run.h"
#include "core/scope.h"
#include "core/tentacle_work.h"

#define X(name, text) text,
static const char *const outcome_texts[] = { AGENT_OUTCOMES(X) };
#undef X

const char *agent_outcome_text(enum agent_outcome o)
{
	return outcome_texts[o];
}

/* An order that was given and has not begun: not a prompt that was handed to somebody unknown. */
static bool ordered(const struct tentacle *t)
{
	return t->status == TENTACLE_DISPATCHED && t->owner.nonce.len;
}

static int check_state(struct turn *t, const struct tentacle *which)
{
	switch (which->status) {
	case TENTACLE_RUNNING:
		return turn_refuse(t, -SK_EBUSY,
				   "tentacle \"%.*s\": its agent is at work (pid %llu): nothing "
				   "was started. Try: sk logs -f %.*s",
				   SPAN_ARG(which->name), (unsigned long long)which->owner.pid,
				   SPAN_ARG(which->task_id));
	case TENTACLE_COMPLETED:
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is completed: nothing was started. Try: sk "
				   "tentacle resume %.*s",
				   SPAN_ARG(which->name), SPAN_ARG(which->name));
	case TENTACLE_PARKED:
		return turn_refuse(t, -SK_EPARKED,
				   "tentacle \"%.*s\" is parked (%.*s): nothing was started. Try: "
				   "sk retry-queue release %.*s",
				   SPAN_ARG(which->name), SPAN_ARG(which->parked.kind),
				   SPAN_ARG(which->name));
	default:
		return 0;
	}
}

static int check_needs(struct turn *t, const struct tentacle *which)
{
	for (size_t i = 0; i < which->todo_deps.count; i++) {
		const struct tentacle *need = goals_tentacle(&t->st->goals, which->todo_deps.v[i]);

		if (!need || !tentacle_succeeded(need))
			return turn_refuse(t, -SK_EREFUSED,
					   "tentacle \"%.*s\" waits for \"%.*s\", which has not "
					   "succeeded: nothing was started. Try: --force to start "
					   "it all the same",
					   SPAN_ARG(which->name), SPAN_ARG(which->todo_deps.v[i]));
		if (need->owner.nonce.len)
			return turn_refuse(t, -SK_EBUSY,
					   "tentacle \"%.*s\" waits for \"%.*s\", whose agent has "
					   "not ended: nothing was started. Try: the same again "
					   "when it has",
					   SPAN_ARG(which->name), SPAN_ARG(which->todo_deps.v[i]));
	}
	return 0;
}

static void read_scope(const struct tentacle *which, struct scope *out)
{
	for (size_t i = 0; i < which->scope.count; i++)
		(void)scope_add(out, which->scope.v[i]); /* one that is none holds nothing */
}

/* Two in one checkout would be blamed for each other's files. */
static int check_checkout(struct turn *t, const struct tentacle *which,
			  const struct agent_order *order)
{
	const struct goals *all = &t->st->goals;
	CLEANUP(scope_release) struct scope ours = SCOPE_INIT;

	read_scope(which, &ours);
	for (size_t i = 0; order->here && i < all->tentacle_count; i++) {
		const struct tentacle *other = &all->tentacles[i];
		CLEANUP(scope_release) struct scope theirs = SCOPE_INIT;

		if (!other->here || span_eq(other->name, order->name) ||
		    (other->status != TENTACLE_RUNNING && !ordered(other)))
			continue;
		read_scope(other, &theirs);
		if (!scope_apart(&ours, &theirs))
			return turn_refuse(t, -SK_EBUSY,
					   "tentacle \"%.*s\": the agent of \"%.*s\" works in "
					   "the main checkout too, and their scopes are not apart: "
					   "nothing was started. Try: without --here, or the same "
					   "again when it has ended",
					   SPAN_ARG(order->name), SPAN_ARG(other->name));
	}
	return 0;
}

static int check_room(struct turn *t, const struct agent_order *order)
{
	const struct goals *all = &t->st->goals;
	uint64_t at_work = 0;

	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *other = &all->tentacles[i];

		at_work += (other->status == TENTACLE_RUNNING || ordered(other)) &&
			   span_eq(other->agent, order->agent) &&
			   !span_eq(other->name, order->name);
	}
	if (at_work < order->max_parallel)
		return 0;
	return turn_refuse(t, -SK_EBUSY,
			   "agent \"%.*s\": %llu of it are at work, as many as its max_parallel: "
			   "nothing was started. Try: the same again when one has ended",
			   SPAN_ARG(order->agent), (unsigned long long)at_work);
}

int agent_ordered(struct turn *t, const struct agent_order *order, const struct goal_words *words,
		  bool *again)
{
	const struct tentacle *which = goals_tentacle(&t->st->goals, order->name);
	struct tentacle next = *which;
	int rc = check_state(t, which);

	*again = false;
	if (rc == 0)
		rc = tentacle_check_parts(t, which);
	if (rc == 0 && !order->anyway)
		rc = check_needs(t, which);
	if (rc == 0)
		rc = check_room(t, order);
	if (rc == 0)
		rc = check_checkout(t, which, order);
	if (rc == 0)
		rc = breaker_admit(t, order->provider, order->name);
	if (rc < 0)
		return rc;
	next.owner = order->who;
	if (order->afresh)
		tentacle_run_forgive(&next);
	if (ordered(which)) {
		*again = true;
		next.owner.nonce = which->owner.nonce;
		tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
		return 0;
	}
	tentacle_begins_at(&next, order->here);
	next.agent = order->agent;
	next.model = order->model;
	next.dispatched_ms = t->now_ms;
	next.started_ms = next.ended_ms = 0;
	next.task_id = SPAN_NONE;
	rc = tentacle_move(t, &next, ON_DISPATCHED, words);
	if (rc == 0)
		breaker_try(t, order->provider, order->name, words);
	return rc;
}

void agent_not_ordered(struct turn *t, struct span name, const struct goal_words *words)
{
	const struct tentacle *which = goals_tentacle(&t->st->goals, name);
	struct tentacle next;

	if (!which || !ordered(which))
		return;
	next = *which;
	next.owner = (struct tentacle_owner){ .pid = 0 };
	(void)tentacle_move(t, &next, ON_TENTACLE_RESET, words);
}

int agent_started(struct turn *t, struct span name, const struct tentacle_owner *self,
		  struct span task_id, const struct tentacle_begin *from,
		  const struct goal_words *words)
{
	const struct tentacle *which = goals_tentacle(&t->st->goals, name);
	struct tentacle next = *which;

	if (!span_eq(which->owner.nonce, self->nonce) ||
	    (which->status != TENTACLE_DISPATCHED && which->status != TENTACLE_LOST))
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" is %s, and this order is not the newest one "
				   "or was carried out: no agent was started. Try: sk tentacle "
				   "dispatch %.*s --run",
				   SPAN_ARG(name), tentacle_state_word(which->status),
				   SPAN_ARG(name));
	next.owner = *self;
	next.task_id = task_id;
	next.started_ms = t->now_ms;
	next.ended_ms = 0;
	next.attempts++;
	next.run.losses += which->status == TENTACLE_LOST;
	next.outside_scope = (struct texts){ NULL, 0 };
	if (from)
		tentacle_begins_from(t, &next, from);
	return tentacle_move(t, &next, ON_AGENT_STARTED, words);
}

static void add_spent(struct turn *t, const struct tentacle *which, const struct agent_end *end,
		      const struct goal_words *words)
{
	const struct goal *g =
		which->goal_id.len ? goals_find(&t->st->goals, which->goal_id) : NULL;
	struct goal_words spent = *words;
	struct goal next;

	if (!g || (!end->tokens && !end->micros))
		return;
	next = *g;
	next.spent_tokens += end->tokens;
	next.spent_micros += end->micros;
	spent.name = which->name;
	goal_record(t, &next, EV_GOAL_SPENT, &spent);
}

static int park(struct turn *t, struct tentacle *next, const struct agent_end *end,
		const struct goal_words *words)
{
	const struct quota_verdict *v = end->limit;
	struct parked *p = &next->parked;

	p->kind = span_of(quota_kind_word(v->kind));
	p->provider = end->provider;
	p->hint = turn_copy(t, span_of(v->words));
	p->since_ms = t->now_ms;
	p->held = !v->retryable ||
		  (v->kind == QUOTA_NETWORK && (p->times + 1) % AGENT_OFFLINE_TIMES_MAX == 0);
	p->due_ms = p->held ? 0 : end->due_ms;
	p->times++;
	next->attempts -= next->attempts > 0; /* it was not its fault */
	return tentacle_move(t, next, ON_QUOTA_HIT, words);
}

/* A conversation that is too long says nothing about the provider. */
static bool concerns_all(const struct quota_verdict *v)
{
	return v->kind != QUOTA_NONE && v->kind != QUOTA_CONTEXT_LIMIT;
}

static void judge_provider(struct turn *t, const struct agent_end *end, bool well,
			   const struct goal_words *words)
{
	const struct quota_verdict *v = end->limit;

	if (!well && concerns_all(v))
		breaker_open(t, end->provider, span_of(quota_kind_word(v->kind)),
			     turn_copy(t, span_of(v->words)), v->retryable ? end->due_ms : 0,
			     words);
	else if (v->kind == QUOTA_NONE && (well || v->ended_well))
		breaker_close(t, end->provider, words);
}

static bool ended_badly(const struct agent_end *end)
{
	return end->exit_code != 0 || end->signal || end->timed_out;
}

/* What is kept of it, whatever becomes of the tentacle. */
static void keep_run(struct turn *t, struct tentacle *next, const struct agent_end *end, bool well)
{
	struct tentacle_run *r = &next->run;

	r->exit_code = end->exit_code;
	r->signal = end->signal;
	r->timed_out = end->timed_out;
	r->stopped = end->told;
	r->last_line = turn_copy(t, end->last_line);
	if (well)
		tentacle_run_forgive(next);
}

/* It ended without a hand-off, and no limit explains it. */
static enum agent_outcome ended_alone(struct turn *t, struct tentacle *next,
				      const struct agent_end *end, const struct goal_words *words)
{
	enum agent_outcome outcome = end->told          ? AGENT_STOPPED
				     : ended_badly(end) ? AGENT_FAILED
							: AGENT_NO_HANDOFF;
	enum trigger on = outcome == AGENT_STOPPED  ? ON_AGENT_STOPPED
			  : outcome == AGENT_FAILED ? ON_AGENT_FAILED
						    : ON_AGENT_ENDED;
	int rc;

	next->run.failures += outcome != AGENT_STOPPED;
	rc = tentacle_move(t, next, on, words);
	INVARIANT(rc == 0); /* each row leaves running */
	return outcome;
}

enum agent_outcome agent_ended(struct turn *t, struct span name, const struct agent_end *end,
			       const struct goal_words *words)
{
	const struct tentacle *which = goals_tentacle(&t->st->goals, name);
	struct goal_words told = *words;
	struct tentacle next;
	bool well;
	int rc;

	if (!which || !span_eq(which->owner.nonce, end->nonce))
		return AGENT_SUPERSEDED;
	well = which->status == TENTACLE_HANDED_OFF || which->status == TENTACLE_COMPLETED;
	judge_provider(t, end, well || !ended_badly(end), words);
	add_spent(t, which, end, words);
	which = goals_tentacle(&t->st->goals, name);
	next = *which;
	next.owner = (struct tentacle_owner){ .pid = 0 };
	next.ended_ms = t->now_ms;
	next.spent_tokens += end->tokens;
	next.spent_micros += end->micros;
	keep_run(t, &next, end, well);
	if (end->looked || end->outside.count)
		next.outside_scope = end->outside;
	told.exit_code = end->exit_code;
	told.signal = end->signal;
	if (which->status != TENTACLE_RUNNING) {
		tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
		return which->status == TENTACLE_PARKED ? AGENT_PARKED
		       : well                           ? AGENT_HANDED_OFF
							: AGENT_SUPERSEDED;
	}
	if (end->limit->kind == QUOTA_NONE)
		return ended_alone(t, &next, end, &told);
	rc = park(t, &next, end, &told);
	INVARIANT(rc == 0); /* the row leaves running */
	return next.parked.held ? AGENT_NEEDS_HUMAN : AGENT_PARKED;
}

const struct tentacle *agent_due(const struct goals *all, int64_t now_ms, int64_t *next_ms)
{
	const struct tentacle *best = NULL;

	*next_ms = 0;
	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *one = &all->tentacles[i];
		const struct provider *p = goals_provider(all, one->parked.provider);
		int64_t due_ms = one->parked.due_ms;

		if (one->status != TENTACLE_PARKED || one->parked.held || !due_ms)
			continue;
		if (p && p->failures && !p->open_until_ms)
			continue; /* a person has to close it */
		if (p && p->failures && p->open_until_ms > due_ms)
			due_ms = p->open_until_ms;
		if (!*next_ms || due_ms < *next_ms)
			*next_ms = due_ms;
		if (due_ms > now_ms || (p && p->failures && breaker_probing(all, p)))
			continue;
		if (!best || one->parked.due_ms < best->parked.due_ms)
			best = one;
	}
	return best;
}

int agent_released(struct turn *t, struct span name, const struct goal_words *words)
{
	struct tentacle next = *goals_tentacle(&t->st->goals, name);
	uint64_t times = next.parked.times;

	doc_clear(&parked_type, &next.parked);
	next.parked.times = times;
	return tentacle_move(t, &next, ON_QUOTA_RELEASED, words);
}
