/*
 * An iteration is closed with all of its work accounted for, or not at all: what is still open
 * would be forgotten by whoever comes next. Parked work is told apart, because it needs time and
 * nobody's decision.
 */
#include "core/goal_eval.h"

#include "base/err.h"
#include "base/when.h"
#include "core/goal_budget.h"
#include "core/goal_enter.h"
#include "core/goal_progress.h"

#define NAMES_MAX 10 /* in one sentence */

static const char *const decision_words[] = {
#define X(name, word) word,
	GOAL_DECISIONS(X)
#undef X
};

const char *goal_decision_word(enum goal_decision d)
{
	return decision_words[d];
}

bool goal_decision_of(struct span word, enum goal_decision *out)
{
	for (int i = 0; i < GOAL_DECISION_COUNT; i++) {
		if (!span_is(word, decision_words[i]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static int refuse_final(struct turn *t, const struct goal *g)
{
	return turn_refuse(t, -SK_EREFUSED,
			   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle goal init "
			   "--title TEXT to start again",
			   SPAN_ARG(g->title), goal_state_word(g->status));
}

static int check_status(struct turn *t, const struct goal *g, const struct goal_eval *ask)
{
	const struct gate *gate = goal_blocking_gate(g);
	bool goes_on = ask->decision == DECISION_CONTINUE || ask->decision == DECISION_COMPLETE;

	if (goal_state_final(g->status))
		return refuse_final(t, g);
	if (ask->decision == DECISION_ABANDON)
		return 0;
	if (g->status == GOAL_NEEDS_HUMAN)
		return turn_refuse(t, -SK_EHUMAN,
				   "goal \"%.*s\" needs a human (%.*s): nothing was changed. Try: "
				   "sk tentacle goal why, then sk tentacle goal resume",
				   SPAN_ARG(g->title), SPAN_ARG(g->needs_human_reason));
	if (g->status == GOAL_PAUSED)
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is paused: nothing was changed. Try: sk tentacle "
				   "goal resume",
				   SPAN_ARG(g->title));
	if (g->status == GOAL_AWAITING_GATE && goes_on && gate)
		return turn_refuse(t, -SK_EGATE,
				   "goal \"%.*s\" waits for gate \"%.*s\" (%s): nothing was "
				   "changed. Try: sk tentacle goal gate approve %.*s --reason TEXT",
				   SPAN_ARG(g->title), SPAN_ARG(gate->id), gate_words[gate->status],
				   SPAN_ARG(gate->id));
	return 0;
}

/* What can keep an iteration open, the worst first. */
enum obstacle { OPEN, UNJUDGED, HELD, PARKED, OBSTACLE_COUNT };

struct obstacles {
	struct buf names[OBSTACLE_COUNT]; /* "a (running), b (ready) and 3 more" */
	size_t count[OBSTACLE_COUNT];
	struct span first[OBSTACLE_COUNT];
	bool due; /* the first parked one could go now */
};

static void obstacles_release(struct obstacles *o)
{
	for (int i = 0; i < OBSTACLE_COUNT; i++)
		buf_release(&o->names[i]);
}

static enum obstacle obstacle_of(const struct tentacle *t, enum standing s)
{
	if (s == STANDING_JUDGE)
		return UNJUDGED;
	if (s == STANDING_PARKED)
		return t->parked.held || !t->parked.due_ms ? HELD : PARKED;
	return OPEN;
}

/* Behind a name: how it stands, in few words. */
static void put_standing(const struct tentacle *t, enum standing s, struct buf *out)
{
	if (s == STANDING_JUDGE) {
		buf_puts(out, handoff_needs_triage(t->terminal_status)
				      ? handoff_words[t->terminal_status]
				      : "files outside of its scope");
		return;
	}
	buf_puts(out, standing_word(s));
	if (s != STANDING_PARKED)
		return;
	buf_putf(out, ": %.*s", SPAN_ARG(t->parked.kind));
	if (!t->parked.held && t->parked.due_ms) {
		buf_puts(out, ", due ");
		buf_put_when(out, t->parked.due_ms);
		buf_puts(out, " UTC");
	}
}

static void add_obstacle(struct obstacles *o, const struct tentacle *t, enum standing s,
			 int64_t now_ms)
{
	enum obstacle kind = obstacle_of(t, s);
	struct buf *names = &o->names[kind];

	if (!o->count[kind]++) {
		o->first[kind] = t->name;
		o->due |= kind == PARKED && t->parked.due_ms <= now_ms;
	}
	if (o->count[kind] > NAMES_MAX)
		return;
	buf_putf(names, "%s%.*s (", names->len ? ", " : "", SPAN_ARG(t->name));
	put_standing(t, s, names);
	buf_putc(names, ')');
}

static void find_obstacles(const struct turn *t, const struct goal *g, struct obstacles *o)
{
	const struct goals *all = &t->st->goals;
	const struct iteration *it = goal_iteration(g, g->iteration);

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		enum standing s = tentacle_standing(all, it->tentacles.v[i]);

		if (!standing_closes(s))
			add_obstacle(o, goals_tentacle(all, it->tentacles.v[i]), s, t->now_ms);
	}
	for (int i = 0; i < OBSTACLE_COUNT; i++)
		if (o->count[i] > NAMES_MAX)
			buf_putf(&o->names[i], " and %zu more", o->count[i] - NAMES_MAX);
}

/* Somebody who only waits would wait for ever. */
static int refuse_human(struct turn *t, const struct goal *g, const struct obstacles *o)
{
	unsigned long long number = g->iteration;

	if (o->count[UNJUDGED])
		return turn_refuse(t, -SK_EHUMAN,
				   "iteration %llu: a person has to decide about %s: nothing was "
				   "changed. Try: sk tentacle complete %.*s, sk tentacle goal "
				   "resume --reset-failed to have it tried again, or --force",
				   number, o->names[UNJUDGED].p, SPAN_ARG(o->first[UNJUDGED]));
	return turn_refuse(t, -SK_EHUMAN,
			   "iteration %llu: waits for a person: %s: nothing was changed. Try: sk "
			   "retry-queue release %.*s",
			   number, o->names[HELD].p, SPAN_ARG(o->first[HELD]));
}

static int check_tentacles(struct turn *t, const struct goal *g, bool force)
{
	CLEANUP(obstacles_release) struct obstacles o = { .due = false };
	unsigned long long number = g->iteration;

	find_obstacles(t, g, &o);
	if (o.count[OPEN])
		return turn_refuse(t, -SK_EREFUSED,
				   "iteration %llu: not done: %s%s%s: nothing was changed. Try: sk "
				   "tentacle goal next-iter",
				   number, o.names[OPEN].p,
				   o.count[PARKED] ? "; waiting for a quota: " : "",
				   o.count[PARKED] ? o.names[PARKED].p : "");
	if ((o.count[UNJUDGED] && !force) || o.count[HELD])
		return refuse_human(t, g, &o);
	if (o.count[PARKED] && o.due)
		return turn_refuse(t, -SK_EPARKED,
				   "iteration %llu: parked, and its time has come: %s: nothing was "
				   "changed. Try: sk retry-queue release %.*s",
				   number, o.names[PARKED].p, SPAN_ARG(o.first[PARKED]));
	if (o.count[PARKED])
		return turn_refuse(t, -SK_EPARKED,
				   "iteration %llu: waiting for a quota: %s: nothing was changed. "
				   "Try: the same again then, or sk tentacle goal eval --decision "
				   "pause",
				   number, o.names[PARKED].p);
	return 0;
}

/* What was tried and failed is no end that anybody wanted; what nobody tried, somebody may know. */
static int check_criteria(struct turn *t, const struct goal *g)
{
	const struct criterion *all = g->criteria.v, *first = NULL;
	size_t failed = 0;

	for (size_t i = 0; i < g->criteria.count; i++) {
		if (all[i].status != CRITERION_FAILED)
			continue;
		if (!failed++)
			first = &all[i];
	}
	if (!failed)
		return 0;
	return turn_refuse(t, -SK_EWORK,
			   "goal \"%.*s\": %zu of %zu criteria failed (%.*s): it was not "
			   "completed. Try: sk tentacle goal criteria check, or --force",
			   SPAN_ARG(g->title), failed, g->criteria.count, SPAN_ARG(first->id));
}

int goal_eval_check(struct turn *t, const struct goal *g, enum goal_decision decision)
{
	const struct goal_eval ask = { .decision = decision };
	const struct gate *gate = goal_blocking_gate(g);
	int rc = check_status(t, g, &ask);

	if (rc < 0 || decision != DECISION_COMPLETE)
		return rc;
	rc = check_tentacles(t, g, false);
	if (rc == 0 && gate)
		return turn_refuse(
			t, -SK_EGATE,
			"gate \"%.*s\" blocks the goal (%s): nothing was changed. Try: sk "
			"tentacle goal gate approve %.*s --reason TEXT",
			SPAN_ARG(gate->id), gate_words[gate->status], SPAN_ARG(gate->id));
	return rc;
}

static struct evaluation *evaluate(struct turn *t, struct goal *next, const struct goal_eval *ask)
{
	struct evaluation *ev = goal_evaluation_add(next, goal_arena(t), t->now_ms);

	ev->decision = span_of(goal_decision_word(ask->decision));
	ev->notes = ask->notes;
	ev->source = ask->source;
	return ev;
}

static int over_budget(struct turn *t, const struct goal *g, const struct goal_eval *ask,
		       const char *limits, const struct goal_words *words)
{
	struct goal next = *g;
	struct evaluation *ev = evaluate(t, &next, ask);

	ev->source = turn_text(t, "over_budget:%s", limits); /* so that it is no decision made */
	goal_enter(&next, GOAL_NEEDS_HUMAN, t->now_ms);
	next.needs_human_reason = ev->source;
	return goal_move(t, &next, ON_OVER_BUDGET, words);
}

static int gated(struct turn *t, const struct goal *g, const struct goal_eval *ask,
		 const struct goal_words *words)
{
	const struct gate *gates = g->gates.v, *first = goal_blocking_gate(g);
	struct goal next = *g;
	struct evaluation *ev = evaluate(t, &next, ask);

	for (size_t i = 0; i < g->gates.count; i++)
		if (gates[i].status == GATE_PENDING || gates[i].status == GATE_REJECTED)
			texts_add(goal_arena(t), &ev->blocked_by_gates, gates[i].id);
	goal_enter(&next, GOAL_AWAITING_GATE, t->now_ms);
	next.awaiting_gate_id = first->id;
	next.awaiting_gate_reason = first->reason.len ? first->reason : first->description;
	return goal_move(t, &next, ON_GATE_BLOCKS, words);
}

static void close_iteration(struct turn *t, struct goal *next, const struct goal_eval *ask)
{
	struct iteration *all = doc_list_own(&iteration_type, goal_arena(t), &next->iterations);

	for (size_t i = 0; i < next->iterations.count; i++) {
		if (all[i].number != next->iteration)
			continue;
		all[i].completed_ms = t->now_ms;
		all[i].decision = span_of(goal_decision_word(ask->decision));
	}
}

/* One that was opened before, and given back by a rewind, keeps the tentacles it had. */
static void open_iteration(struct turn *t, struct goal *next, bool over_budget)
{
	struct iteration *it;

	next->iteration++;
	it = goal_iteration(next, next->iteration);
	if (!it) {
		it = doc_list_add(&iteration_type, goal_arena(t), &next->iterations);
		it->number = next->iteration;
	}
	it->started_ms = t->now_ms;
	it->completed_ms = 0;
	it->decision = SPAN_NONE;
	it->over_budget = over_budget;
}

int goal_decided(struct turn *t, const struct goal *g, const struct goal_eval *ask,
		 const struct goal_words *words)
{
	static const enum trigger triggers[] = { ON_EVAL_CONTINUE, ON_EVAL_PAUSE, ON_EVAL_COMPLETE,
						 ON_EVAL_ABANDON };
	struct goal next = *g;

	evaluate(t, &next, ask);
	switch (ask->decision) {
	case DECISION_CONTINUE:
		close_iteration(t, &next, ask);
		open_iteration(t, &next, ask->force_over_budget);
		break;
	case DECISION_PAUSE:
		goal_enter(&next, GOAL_PAUSED, t->now_ms);
		next.pause_reason = ask->notes.len ? ask->notes : SPAN_LIT("eval");
		break;
	default:
		close_iteration(t, &next, ask);
		goal_enter(&next,
			   ask->decision == DECISION_COMPLETE ? GOAL_COMPLETED : GOAL_ABANDONED,
			   t->now_ms);
	}
	return goal_move(t, &next, triggers[ask->decision], words);
}

/* A goal that waits for a gate that blocks no more, because somebody edited it. */
static int ungate(struct turn *t, const struct goal *g, const struct goal_words *words)
{
	struct goal next = *g;

	goal_enter(&next, GOAL_ACTIVE, t->now_ms);
	return goal_move(t, &next, ON_GATES_CLEARED, words);
}

int goal_eval(struct turn *t, const struct goal *g, const struct goal_eval *ask,
	      const struct goal_words *words, enum goal_verdict *verdict)
{
	CLEANUP(buf_release) struct buf limits = BUF_INIT;
	bool goes_on = ask->decision == DECISION_CONTINUE || ask->decision == DECISION_COMPLETE;
	struct span id = turn_copy(t, g->id);
	struct goal_eval forced = *ask;
	bool over;
	int rc = check_status(t, g, ask);

	if (rc < 0)
		return rc;
	over = ask->decision == DECISION_CONTINUE && goal_budget_spent(g, t->now_ms, &limits);
	rc = goes_on && !(over && !ask->force_over_budget) ? check_tentacles(t, g, ask->force) : 0;
	if (rc == 0 && goes_on && g->status == GOAL_AWAITING_GATE)
		rc = ungate(t, g, words);
	if (rc < 0)
		return rc;
	g = goals_find(&t->st->goals, id);
	if (over && !ask->force_over_budget) {
		*verdict = VERDICT_OVER_BUDGET;
		return over_budget(t, g, ask, limits.p, words);
	}
	if (goes_on && goal_blocking_gate(g)) {
		*verdict = VERDICT_GATED;
		return gated(t, g, ask, words);
	}
	if (ask->decision == DECISION_COMPLETE && !ask->force && (rc = check_criteria(t, g)) < 0)
		return rc;
	if (ask->force)
		forced.source = SPAN_LIT("force");
	forced.force_over_budget = over;
	if (over)
		forced.source = turn_text(t, "force_over_budget:%s", limits.p);
	*verdict = VERDICT_DONE;
	return goal_decided(t, g, &forced, words);
}

void goal_stuck(struct turn *t, const struct goal *g, struct span why,
		const struct goal_words *words)
{
	struct goal next = *g;

	if (g->status != GOAL_ACTIVE)
		return;
	goal_enter(&next, GOAL_NEEDS_HUMAN, t->now_ms);
	next.needs_human_reason = turn_copy(t, why);
	(void)goal_move(t, &next, ON_AGENTS_STUCK, words); /* active has the row */
}
