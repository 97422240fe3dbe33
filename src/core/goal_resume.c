/*
 * Everything is checked before the first change, so a refusal in the middle cannot leave half of
 * the tentacles reset. A goal that waited for a gate when it was paused waits for it again: pausing
 * must not be a way around an approval.
 */
#include "core/goal_resume.h"

#include "base/err.h"
#include "core/goal_budget.h"
#include "core/goal_enter.h"
#include "core/goal_progress.h"
#include "core/tentacle_run.h"

static bool at_beginning(const struct tentacle *t)
{
	return t->status == TENTACLE_IDLE && t->terminal_status == HANDOFF_NONE;
}

bool tentacle_resettable(const struct goals *all, struct span name)
{
	const struct tentacle *t = goals_tentacle(all, name);

	switch (tentacle_standing(all, name)) {
	case STANDING_PARKED:
	case STANDING_LOST:
	case STANDING_FAILED:
	case STANDING_STOPPED:
	case STANDING_AWAITING_HANDOFF:
		return true;
	case STANDING_TRIAGE:
	case STANDING_JUDGE:
		return handoff_resettable(t->terminal_status) ||
		       !handoff_needs_triage(t->terminal_status);
	default:
		return false;
	}
}

/* Which tentacles are to be reset. */
static void collect(struct turn *t, const struct goal *g, const struct goal_resume *ask,
		    struct texts *out)
{
	const struct iteration *all = g->iterations.v;

	for (size_t i = 0; i < g->iterations.count; i++) {
		bool whole = ask->from_iteration && all[i].number >= ask->from_iteration;

		if (!whole && !(ask->reset_failed && all[i].number == g->iteration))
			continue;
		for (size_t k = 0; k < all[i].tentacles.count; k++) {
			struct span name = all[i].tentacles.v[k];
			const struct tentacle *it = goals_tentacle(&t->st->goals, name);

			if (it && !at_beginning(it) &&
			    (whole || tentacle_resettable(&t->st->goals, name)))
				texts_add(goal_arena(t), out, name);
		}
	}
}

static int check_running(struct turn *t, const struct texts *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (goals_tentacle(&t->st->goals, names->v[i])->status == TENTACLE_RUNNING)
			return turn_refuse(t, -SK_EREFUSED,
					   "tentacle \"%.*s\": its agent runs, so it cannot be put "
					   "back: nothing was changed. Try: end the agent first, "
					   "see sk tentacle status",
					   SPAN_ARG(names->v[i]));
	return 0;
}

static int check(struct turn *t, const struct goal *g, const struct goal_resume *ask)
{
	const struct gate *gate = goal_blocking_gate(g);

	if (goal_state_final(g->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is %s, which is its end: nothing was changed. "
				   "Try: sk tentacle goal init --title TEXT to start again",
				   SPAN_ARG(g->title), goal_state_word(g->status));
	if (ask->from_iteration > g->iteration)
		return turn_refuse(
			t, -SK_EUSAGE,
			"--from-iteration %llu: this goal has iterations 1..%llu: nothing "
			"was changed",
			(unsigned long long)ask->from_iteration, (unsigned long long)g->iteration);
	if (g->status == GOAL_AWAITING_GATE && gate)
		return turn_refuse(t, -SK_EGATE,
				   "goal \"%.*s\" waits for gate \"%.*s\" (%s): nothing was "
				   "changed. Try: sk tentacle goal gate approve %.*s --reason TEXT",
				   SPAN_ARG(g->title), SPAN_ARG(gate->id), gate_words[gate->status],
				   SPAN_ARG(gate->id));
	return 0;
}

int goal_reset_tentacle(struct turn *t, struct span name, const struct goal_words *words)
{
	const struct tentacle *was = goals_tentacle(&t->st->goals, name);
	struct tentacle next = *was;

	if (at_beginning(was))
		return 0;
	next.terminal_status = HANDOFF_NONE;
	next.completed_ms = next.handed_off_ms = next.ended_ms = 0;
	next.outside_scope = (struct texts){ NULL, 0 };
	tentacle_run_forgive(&next);
	doc_clear(&parked_type, &next.parked);
	next.owner = (struct tentacle_owner){ .pid = 0 };
	next.task_id = SPAN_NONE;
	if (was->status == TENTACLE_IDLE) {
		tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
		return 0;
	}
	return tentacle_move(t, &next, ON_TENTACLE_RESET, words);
}

static void rewind_to(struct turn *t, struct span id, uint64_t number,
		      const struct goal_words *words)
{
	struct goal next = *goals_find(&t->st->goals, id);
	struct iteration *all = doc_list_own(&iteration_type, goal_arena(t), &next.iterations);

	next.iteration = number;
	for (size_t i = 0; i < next.iterations.count; i++) {
		if (all[i].number < number)
			continue;
		all[i].completed_ms = 0;
		all[i].decision = SPAN_NONE;
		if (all[i].number > number)
			all[i].started_ms = 0;
	}
	goal_record(t, &next, EV_GOAL_REWOUND, words);
}

/* Somebody decided that it goes on: agents that failed may try again. */
static void forgive(struct turn *t, struct span id, const struct goal_words *words)
{
	const struct goal *g = goals_find(&t->st->goals, id);
	const struct iteration *it = goal_iteration(g, g->iteration);

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		const struct tentacle *one = goals_tentacle(&t->st->goals, it->tentacles.v[i]);
		struct tentacle next;

		if (!one || (!one->run.failures && !one->run.losses))
			continue;
		next = *one;
		tentacle_run_forgive(&next);
		tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
	}
}

/* The status: on with it, or to the gate it waited for before. */
static int go_on(struct turn *t, struct span id, const struct goal_words *words,
		 struct goal_resumed *out)
{
	const struct goal *g = goals_find(&t->st->goals, id);
	const struct gate *gate = goal_blocking_gate(g);
	struct goal next = *g;

	if (g->status == GOAL_ACTIVE)
		return 0;
	out->moved = true;
	out->gated = gate && (gate->status == GATE_REJECTED ||
			      span_is(g->previous_status, goal_state_word(GOAL_AWAITING_GATE)));
	goal_enter(&next, out->gated ? GOAL_AWAITING_GATE : GOAL_ACTIVE, t->now_ms);
	if (out->gated) {
		next.awaiting_gate_id = gate->id;
		next.awaiting_gate_reason = gate->reason.len ? gate->reason : gate->description;
		return goal_move(t, &next, ON_GATE_BLOCKS, words);
	}
	next.resumed_ms = t->now_ms;
	return goal_move(t, &next, ON_GOAL_RESUME, words);
}

int goal_resume(struct turn *t, const struct goal *g, const struct goal_resume *ask,
		const struct goal_words *words, struct goal_resumed *out)
{
	struct span id = turn_copy(t, g->id);
	struct texts names = { NULL, 0 };
	int rc = check(t, g, ask);

	*out = (struct goal_resumed){ .was = g->status };
	collect(t, g, ask, &names);
	if (rc == 0)
		rc = check_running(t, &names);
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = goal_reset_tentacle(t, names.v[i], words);
	if (rc < 0)
		return rc;
	out->resets = names;
	if (out->was == GOAL_NEEDS_HUMAN)
		forgive(t, id, words);
	out->rewound = ask->from_iteration != 0;
	if (out->rewound)
		rewind_to(t, id, ask->from_iteration, words);
	return go_on(t, id, words, out);
}

/* Whether it may get this tentacle. */
static int check_link(struct turn *t, const struct goal *g, const struct tentacle *who, bool force)
{
	const struct goal *other =
		who->goal_id.len ? goals_find(&t->st->goals, who->goal_id) : NULL;
	const struct iteration *all = g->iterations.v;
	uint64_t most = g->budget.max_tentacles;
	bool known = false;

	if (goal_state_final(g->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle "
				   "goal init --title TEXT to start again",
				   SPAN_ARG(g->title), goal_state_word(g->status));
	if (other && !span_eq(other->id, g->id) && !goal_state_final(other->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "tentacle \"%.*s\" belongs to goal \"%.*s\" (%.8s), which is "
				   "%s: nothing was changed. Try: sk tentacle goal status --goal "
				   "%.8s",
				   SPAN_ARG(who->name), SPAN_ARG(other->title), other->id.p,
				   goal_state_word(other->status), other->id.p);
	for (size_t i = 0; i < g->iterations.count; i++)
		known |= texts_have(&all[i].tentacles, who->name);
	if (most && !known && !force && goal_tentacle_count(g) >= most)
		return turn_refuse(t, -SK_EBUDGET,
				   "goal \"%.*s\" has its %llu tentacle%s: nothing was changed. "
				   "Try: sk tentacle goal budget --max-tentacles %llu, or "
				   "--force-over-budget",
				   SPAN_ARG(g->title), (unsigned long long)most,
				   most == 1 ? "" : "s", (unsigned long long)most + 1);
	return 0;
}

int goal_link(struct turn *t, const struct goal *g, struct span tentacle, bool force_over_budget,
	      const struct goal_words *words)
{
	const struct tentacle *who = goals_tentacle(&t->st->goals, tentacle);
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	struct goal next = *g;
	struct tentacle t_next;
	struct iteration *all;
	int rc;

	INVARIANT(who);
	rc = check_link(t, g, who, force_over_budget);
	if (rc < 0)
		return rc;
	named.name = tentacle;
	t_next = *who;
	t_next.goal_id = turn_copy(t, g->id);
	t_next.goal_name = turn_copy(t, g->title);
	t_next.iteration = g->iteration;
	all = doc_list_own(&iteration_type, goal_arena(t), &next.iterations);
	for (size_t i = 0; i < next.iterations.count; i++)
		if (all[i].number == g->iteration)
			texts_add(goal_arena(t), &all[i].tentacles, tentacle);
	goal_record(t, &next, EV_GOAL_LINKED, &named);
	tentacle_record(t, &t_next, EV_TENTACLE_UPDATED, &named);
	return 0;
}
