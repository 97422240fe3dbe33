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

/* Appends "a (running), b (ready) and 3 more": the tentacles that keep the iteration open, parked
 * ones or the others. Returns how many. */
static size_t put_open(const struct goals *all, const struct iteration *it, bool parked,
		       struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		struct span name = it->tentacles.v[i];
		enum standing s = tentacle_standing(all, name);

		if (standing_closes(s) || (s == STANDING_PARKED) != parked)
			continue;
		if (count++ >= NAMES_MAX)
			continue;
		buf_putf(out, "%s%.*s (%s", out->len ? ", " : "", SPAN_ARG(name), standing_word(s));
		if (s == STANDING_PARKED && goals_tentacle(all, name)->parked.due_ms) {
			buf_puts(out, " until ");
			buf_put_when(out, goals_tentacle(all, name)->parked.due_ms);
			buf_puts(out, " UTC");
		}
		buf_putc(out, ')');
	}
	if (count > NAMES_MAX)
		buf_putf(out, " and %zu more", count - NAMES_MAX);
	return count;
}

static int check_tentacles(struct turn *t, const struct goal *g)
{
	CLEANUP(buf_release) struct buf open = BUF_INIT, parked = BUF_INIT;
	const struct goals *all = &t->st->goals;
	const struct iteration *it = goal_iteration(g, g->iteration);
	size_t open_count = put_open(all, it, false, &open);
	size_t parked_count = put_open(all, it, true, &parked);

	if (open_count)
		return turn_refuse(t, -SK_EREFUSED,
				   "iteration %llu: not done: %s%s%s: nothing was changed. Try: sk "
				   "tentacle goal next-iter",
				   (unsigned long long)g->iteration, open.p,
				   parked_count ? "; waiting for a quota: " : "",
				   parked_count ? parked.p : "");
	if (parked_count)
		return turn_refuse(t, -SK_EPARKED,
				   "iteration %llu: waiting for a quota: %s: nothing was changed. "
				   "Try: the same again then, or sk tentacle goal eval --decision "
				   "pause",
				   (unsigned long long)g->iteration, parked.p);
	return 0;
}

int goal_eval_check(struct turn *t, const struct goal *g, enum goal_decision decision)
{
	const struct goal_eval ask = { .decision = decision };
	const struct gate *gate = goal_blocking_gate(g);
	int rc = check_status(t, g, &ask);

	if (rc < 0 || decision != DECISION_COMPLETE)
		return rc;
	rc = check_tentacles(t, g);
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
static void open_iteration(struct turn *t, struct goal *next)
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
		open_iteration(t, &next);
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
	rc = goes_on && !(over && !ask->force_over_budget) ? check_tentacles(t, g) : 0;
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
