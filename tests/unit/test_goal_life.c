/*
 * Random commands on a goal, thousands of them: whatever is decided, its record leads a replay to
 * the same goal; what is refused changes nothing; and the promises about ends, gates, budgets and
 * time hold at every step.
 */
#include "test.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/apply.h"
#include "core/goal_budget.h"
#include "core/goal_criteria.h"
#include "core/goal_eval.h"
#include "core/goal_gates.h"
#include "core/goal_init.h"
#include "core/goal_progress.h"
#include "core/goal_resume.h"

#define MAX_ITERATIONS 4
#define MAX_TENTACLES 5

struct world {
	struct state st, again; /* again: replayed */
	struct events batch;
	struct buf why;
	struct turn t;
	uint64_t seed;
	bool forced; /* somebody went over the budget by decision */
};

static const char *const tentacle_names[] = { "a", "b", "c", "d", "e", "f", "g" };

static void world_open(struct world *w, uint64_t seed)
{
	*w = (struct world){ .seed = seed, .batch = EVENTS_INIT };
	state_init(&w->st);
	state_init(&w->again);
	w->t = (struct turn){ .st = &w->st, .batch = &w->batch, .why = &w->why, .now_ms = 1000000 };
}

static void world_close(struct world *w)
{
	state_release(&w->st);
	state_release(&w->again);
	events_release(&w->batch);
	buf_release(&w->why);
}

static const struct goal *goal_of(const struct world *w)
{
	return goals_chosen(&w->st.goals);
}

static struct span tentacle_of(struct world *w)
{
	return span_of(tentacle_names[test_below(&w->seed, ARRAY_LEN(tentacle_names))]);
}

static struct span gate_of(struct world *w)
{
	return test_below(&w->seed, 2) ? SPAN_LIT("review") : SPAN_LIT("lint");
}

/* What an agent or a person does to a tentacle; most of it is refused most of the time. */
static int push_tentacle(struct world *w)
{
	static const enum trigger acts[] = {
		ON_TENTACLE_RESUME, ON_DISPATCHED, ON_AGENT_STARTED,
		ON_AGENT_ENDED,     ON_HANDED_OFF, ON_QUOTA_HIT,
		ON_QUOTA_RELEASED,  ON_OWNER_LOST, ON_TENTACLE_COMPLETE
	};
	struct span name = tentacle_of(w);
	const struct tentacle *was = goals_tentacle(&w->st.goals, name);
	enum trigger on = acts[test_below(&w->seed, ARRAY_LEN(acts))];
	struct tentacle next;

	if (!was) {
		doc_clear(&tentacle_type, &next);
		next.name = name;
		return tentacle_move(&w->t, &next, ON_TENTACLE_CREATED, NULL);
	}
	next = *was;
	if (on == ON_HANDED_OFF)
		next.terminal_status = (uint8_t)test_below(&w->seed, HANDOFF_STATE_COUNT);
	if (on == ON_QUOTA_HIT)
		next.parked.kind = SPAN_LIT("rate_limit");
	return tentacle_move(&w->t, &next, on, NULL);
}

static int evaluate(struct world *w)
{
	struct goal_eval ask = { .decision = test_below(&w->seed, 8) ? DECISION_CONTINUE
								     : DECISION_PAUSE,
				 .notes = SPAN_LIT("why") };
	enum goal_verdict verdict = VERDICT_DONE;
	uint64_t before = goal_of(w)->iteration;
	int rc;

	if (!test_below(&w->seed, 60))
		ask.decision = test_below(&w->seed, 2) ? DECISION_COMPLETE : DECISION_ABANDON;
	ask.force_over_budget = !test_below(&w->seed, 40);
	rc = goal_eval(&w->t, goal_of(w), &ask, NULL, &verdict);
	if (rc == 0 && goal_of(w)->iteration > MAX_ITERATIONS && goal_of(w)->iteration > before)
		w->forced |= ask.force_over_budget;
	if (rc == 0 && verdict == VERDICT_GATED)
		assert_int_equal(goal_of(w)->status, GOAL_AWAITING_GATE);
	if (rc == 0 && verdict == VERDICT_OVER_BUDGET)
		assert_int_equal(goal_of(w)->status, GOAL_NEEDS_HUMAN);
	return rc;
}

static int resume(struct world *w)
{
	struct goal_resume ask = { .reset_failed = test_below(&w->seed, 2) };
	struct goal_resumed done;

	if (!test_below(&w->seed, 4))
		ask.from_iteration = 1 + test_below(&w->seed, MAX_ITERATIONS + 1);
	return goal_resume(&w->t, goal_of(w), &ask, NULL, &done);
}

static int check(struct world *w)
{
	struct criterion_outcome o = { .id = SPAN_LIT("sc-1"),
				       .command = SPAN_LIT("true"),
				       .exit_code = test_below(&w->seed, 2),
				       .evidence = SPAN_LIT("said"),
				       .normal_digest = SPAN_LIT("0123456789abcdef") };
	const struct criterion fresh = { .command = SPAN_LIT("true") };
	struct span id;

	if (!goal_of(w)->criteria.count)
		return goal_criterion_add(&w->t, goal_of(w), &fresh, NULL, &id);
	if (!goal_criterion_result(&w->t, goal_of(w), &o, NULL))
		return -SK_EREFUSED;
	goal_verify_attempt(&w->t, goal_of(w), 1, &o, 1, NULL);
	if (!test_below(&w->seed, 8))
		goal_escalate(&w->t, goal_of(w), "stall", &o, 1, NULL);
	return 0;
}

static int step(struct world *w)
{
	struct gate_ask ask = { .act = test_below(&w->seed, GATE_ACT_COUNT),
				.id = gate_of(w),
				.reason = SPAN_LIT("because") };
	struct gate_done done;
	struct span name;

	switch (test_below(&w->seed, 8)) {
	case 0:
		return evaluate(w);
	case 1:
		return resume(w);
	case 2:
		return goal_gate_act(&w->t, goal_of(w), &ask, NULL, &done);
	case 3:
		name = tentacle_of(w);
		if (!goals_tentacle(&w->st.goals, name))
			return -SK_ENOTFOUND;
		return goal_link(&w->t, goal_of(w), name, false, NULL);
	case 4:
		return check(w);
	case 5:
		return goal_spend(&w->t, goal_of(w), SPAN_NONE, test_below(&w->seed, 3), 1, NULL);
	default:
		return push_tentacle(w);
	}
}

static char *text_of(const struct state *st)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < st->goals.count; i++)
		doc_encode(&goal_type, &st->goals.v[i], DOC_COMPACT, &text);
	for (size_t i = 0; i < st->goals.tentacle_count; i++)
		doc_encode(&tentacle_type, &st->goals.tentacles[i], DOC_COMPACT, &text);
	return buf_take(&text);
}

/* Folds the turn into the other state, which has to become the same one. */
static void replay(struct world *w)
{
	char why[200] = "", *live, *again;

	for (size_t i = 0; i < w->batch.count; i++)
		assert_int_equal(core_apply(&w->again, &w->batch.v[i], NULL, why), 0);
	live = text_of(&w->st);
	again = text_of(&w->again);
	assert_string_equal(live, again);
	mem_free(&live);
	mem_free(&again);
}

static void promises(const struct world *w, const struct goal *was)
{
	const struct goal *g = goal_of(w);
	bool pauses = g->status != GOAL_ACTIVE;

	if (goal_state_final(was->status))
		assert_int_equal(g->status, was->status);
	if (!w->forced)
		assert_true(g->iteration <= MAX_ITERATIONS);
	assert_true(goal_tentacle_count(g) <= MAX_TENTACLES);
	assert_int_equal(g->active_since_ms == 0, pauses);
	assert_true(goal_active_ms(g, w->t.now_ms) >= goal_active_ms(was, was->updated_ms));
	if (g->status != GOAL_PAUSED)
		assert_true(!g->paused_ms && !g->pause_reason.len);
	if (g->status != GOAL_NEEDS_HUMAN)
		assert_true(!g->needs_human_ms && !g->needs_human_reason.len);
	if (g->status != GOAL_AWAITING_GATE)
		assert_int_equal(g->awaiting_gate_id.len, 0);
	else
		assert_non_null(goal_blocking_gate(g));
	assert_non_null(goal_iteration(g, g->iteration));
	assert_int_equal(goal_iteration(g, g->iteration)->completed_ms == 0,
			 !goal_state_final(g->status));
}

static void any_commands(void **state)
{
	(void)state;
	for (unsigned round = 0; round < test_rounds(60, 3000); round++) {
		const struct goal_new fresh = { .id = SPAN_LIT(
							"0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11"),
						.title = SPAN_LIT("x"),
						.budget = { .max_iterations = MAX_ITERATIONS,
							    .max_tentacles = MAX_TENTACLES } };
		struct world w;

		world_open(&w, round);
		assert_int_equal(goal_begin(&w.t, &fresh, NULL), 0);
		replay(&w);
		for (int i = 0; i < 400; i++) {
			struct goal was = *goal_of(&w);
			char *before = text_of(&w.st), *after;

			events_reset(&w.batch);
			buf_truncate(&w.why, 0);
			w.t.now_ms += test_below(&w.seed, 100000);
			if (step(&w) < 0) {
				after = text_of(&w.st);
				assert_string_equal(before, after);
				assert_int_equal(w.batch.count, 0);
				mem_free(&after);
			}
			mem_free(&before);
			replay(&w);
			promises(&w, &was);
		}
		world_close(&w);
	}
}

static void money(void **state)
{
	static const struct {
		const char *text;
		uint64_t micros;
		const char *shown;
	} good[] = { { "0", 0, "0.00" },
		     { "2.5", 2500000, "2.50" },
		     { "0.000001", 1, "0.000001" },
		     { "12", 12000000, "12.00" },
		     { "1.230", 1230000, "1.23" } };
	static const char *const bad[] = { "",   ".",   ".5",  "1.", "1.0000001",       "-1",
					   "+1", "1e3", "1,5", "01", "9007199254740991" };
	uint64_t micros;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct buf out = BUF_INIT;

		assert_int_equal(cost_decode(span_of(good[i].text), &micros), 0);
		assert_int_equal(micros, good[i].micros);
		buf_put_cost(&out, micros);
		assert_string_equal(out.p, good[i].shown);
		buf_release(&out);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(cost_decode(span_of(bad[i]), &micros) < 0);
}

/* Nobody has to wait for a moment to see what time does to a budget. */
static void only_active_time_counts(void **state)
{
	const struct goal_new fresh = { .id = SPAN_LIT("0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11"),
					.budget = { .timeout_minutes = 10 } };
	struct goal_eval pause = { .decision = DECISION_PAUSE }, on = { .decision = 0 };
	const struct goal_resume ask = { .reset_failed = false };
	struct goal_resumed done;
	enum goal_verdict verdict;
	struct world w;

	(void)state;
	world_open(&w, 1);
	assert_int_equal(goal_begin(&w.t, &fresh, NULL), 0);
	w.t.now_ms += 9 * 60000;
	assert_int_equal(goal_eval(&w.t, goal_of(&w), &pause, NULL, &verdict), 0);
	w.t.now_ms += 86400000;
	assert_int_equal(goal_resume(&w.t, goal_of(&w), &ask, NULL, &done), 0);
	assert_int_equal(goal_active_ms(goal_of(&w), w.t.now_ms), 9 * 60000);
	w.t.now_ms += 59999;
	assert_int_equal(goal_eval(&w.t, goal_of(&w), &on, NULL, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DONE);
	w.t.now_ms += 1;
	assert_int_equal(goal_eval(&w.t, goal_of(&w), &on, NULL, &verdict), 0);
	assert_int_equal(verdict, VERDICT_OVER_BUDGET);
	world_close(&w);
}

static void a_stall_is_the_same_failure(void **state)
{
	struct criterion_outcome o = { .exit_code = 1, .normal_digest = SPAN_LIT("a") };
	struct stall s = { 0, 0 };

	(void)state;
	stall_note(&s, &o);
	stall_note(&s, &o);
	assert_int_equal(s.count, 2);
	o.exit_code = 2;
	stall_note(&s, &o);
	assert_int_equal(s.count, 1);
	o.normal_digest = SPAN_LIT("b");
	stall_note(&s, &o);
	assert_int_equal(s.count, 1);
	o.exit_code = 0;
	stall_note(&s, &o);
	assert_int_equal(s.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_commands),
		cmocka_unit_test(money),
		cmocka_unit_test(only_active_time_counts),
		cmocka_unit_test(a_stall_is_the_same_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
