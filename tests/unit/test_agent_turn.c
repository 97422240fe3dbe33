/*
 * Orders of agents and breakers of providers, as decisions: an order is carried out once, a limit
 * parks without costing an attempt, one tentacle tries for all, and time lets go of one at a time.
 */
#include "core_world.h"

#include "base/limits.h"
#include "core/agent_turn.h"
#include "core/agent_usage.h"
#include "core/breaker.h"
#include "core/goal_init.h"

#define NOW WORLD_START_MS

struct desk {
	struct world w;
	struct turn t;
};

static const struct goal_words nobody = { .reason = { "test", 4 } };

static void begin(struct desk *d)
{
	world_init(&d->w);
	d->t = (struct turn){ .st = &d->w.st,
			      .batch = &d->w.batch,
			      .fx = &d->w.fx,
			      .now_ms = NOW,
			      .why = &d->w.why };
}

static void add(struct desk *d, const char *name)
{
	struct tentacle fresh;

	doc_clear(&tentacle_type, &fresh);
	fresh.name = span_of(name);
	assert_int_equal(tentacle_move(&d->t, &fresh, ON_TENTACLE_CREATED, &nobody), 0);
}

static const struct tentacle *get(struct desk *d, const char *name)
{
	return goals_tentacle(&d->w.st.goals, span_of(name));
}

static int order(struct desk *d, const char *name, const char *nonce, bool *again)
{
	struct agent_order o = { .name = span_of(name),
				 .agent = SPAN_LIT("a"),
				 .provider = SPAN_LIT("p"),
				 .max_parallel = 2,
				 .who = { .pid = 7, .pid_start = 1, .nonce = span_of(nonce) } };

	return agent_ordered(&d->t, &o, &nobody, again);
}

static int start(struct desk *d, const char *name, const char *nonce)
{
	struct tentacle_owner self = { .pid = 8, .pid_start = 2, .nonce = span_of(nonce) };

	return agent_started(&d->t, span_of(name), &self, SPAN_LIT("task"), NULL, &nobody);
}

static enum agent_outcome end_with(struct desk *d, const char *name, const char *nonce,
				   enum quota_kind kind, int64_t due_ms)
{
	struct quota_verdict v = { .kind = kind,
				   .retryable = kind == QUOTA_RATE_LIMIT || kind == QUOTA_NETWORK,
				   .words = "429" };
	struct agent_end e = { .nonce = span_of(nonce),
			       .exit_code = kind == QUOTA_NONE ? 0 : 1,
			       .limit = &v,
			       .due_ms = due_ms,
			       .provider = SPAN_LIT("p"),
			       .tokens = 10,
			       .micros = 3 };

	return agent_ended(&d->t, span_of(name), &e, &nobody);
}

static void test_an_order_is_carried_out_once(void **state)
{
	struct desk d;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_false(again);
	assert_int_equal(order(&d, "x", "n2", &again), 0);
	assert_true(again); /* nobody has begun: it is the same one */
	assert_true(span_is(get(&d, "x")->owner.nonce, "n1"));
	assert_int_equal(start(&d, "x", "n2"), -SK_EREFUSED);
	assert_int_equal(start(&d, "x", "n1"), 0);
	assert_int_equal(start(&d, "x", "n1"), -SK_EREFUSED);
	assert_int_equal(order(&d, "x", "n3", &again), -SK_EBUSY);
	assert_int_equal(get(&d, "x")->attempts, 1);
	assert_int_equal(end_with(&d, "x", "n0", QUOTA_NONE, 0), AGENT_SUPERSEDED);
	assert_int_equal(get(&d, "x")->status, TENTACLE_RUNNING);
	assert_int_equal(end_with(&d, "x", "n1", QUOTA_NONE, 0), AGENT_NO_HANDOFF);
	assert_int_equal(get(&d, "x")->status, TENTACLE_AWAITING_HANDOFF);
	assert_int_equal(get(&d, "x")->spent_tokens, 10);
	assert_int_equal(start(&d, "x", "n1"), -SK_EREFUSED);
	world_release(&d.w);
}

static void test_a_lost_one_starts_again_for_the_same_order(void **state)
{
	struct desk d;
	struct tentacle lost;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_int_equal(start(&d, "x", "n1"), 0);
	lost = *get(&d, "x");
	assert_int_equal(tentacle_move(&d.t, &lost, ON_OWNER_LOST, &nobody), 0);
	assert_int_equal(start(&d, "x", "n1"), 0);
	assert_int_equal(get(&d, "x")->attempts, 2);
	world_release(&d.w);
}

static void test_no_more_than_allowed_at_once(void **state)
{
	struct desk d;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	add(&d, "y");
	add(&d, "z");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_int_equal(order(&d, "y", "n2", &again), 0);
	assert_int_equal(order(&d, "z", "n3", &again), -SK_EBUSY);
	agent_not_ordered(&d.t, SPAN_LIT("x"), &nobody);
	assert_int_equal(get(&d, "x")->status, TENTACLE_IDLE);
	assert_int_equal(order(&d, "z", "n3", &again), 0);
	world_release(&d.w);
}

static void test_a_limit_parks_and_opens_the_breaker(void **state)
{
	const struct provider *p;
	struct desk d;
	int64_t next;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	add(&d, "y");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_int_equal(start(&d, "x", "n1"), 0);
	assert_int_equal(end_with(&d, "x", "n1", QUOTA_RATE_LIMIT, NOW + 1000), AGENT_PARKED);
	assert_int_equal(get(&d, "x")->attempts, 0);
	assert_int_equal(get(&d, "x")->parked.times, 1);
	p = goals_provider(&d.w.st.goals, SPAN_LIT("p"));
	assert_int_equal(breaker_state(p, NOW + 999), BREAKER_OPEN);
	assert_int_equal(breaker_state(p, NOW + 1000), BREAKER_HALF_OPEN);
	assert_int_equal(order(&d, "y", "n2", &again), -SK_EPARKED);
	assert_null(agent_due(&d.w.st.goals, NOW + 999, &next));
	assert_int_equal(next, NOW + 1000);
	d.t.now_ms = NOW + 1000;
	assert_ptr_equal(agent_due(&d.w.st.goals, d.t.now_ms, &next), get(&d, "x"));
	/* Somebody else tries first: the parked one waits for what comes of it. */
	assert_int_equal(order(&d, "y", "n2", &again), 0);
	assert_null(agent_due(&d.w.st.goals, d.t.now_ms, &next));
	assert_int_equal(start(&d, "y", "n2"), 0);
	assert_int_equal(end_with(&d, "y", "n2", QUOTA_NONE, 0), AGENT_NO_HANDOFF);
	p = goals_provider(&d.w.st.goals, SPAN_LIT("p"));
	assert_int_equal(breaker_state(p, d.t.now_ms), BREAKER_CLOSED);
	assert_ptr_equal(agent_due(&d.w.st.goals, d.t.now_ms, &next), get(&d, "x"));
	assert_int_equal(agent_released(&d.t, SPAN_LIT("x"), &nobody), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_IDLE);
	assert_int_equal(get(&d, "x")->parked.times, 1);
	world_release(&d.w);
}

static void test_what_waiting_does_not_help_waits_for_a_person(void **state)
{
	struct desk d;
	int64_t next;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	add(&d, "y");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_int_equal(start(&d, "x", "n1"), 0);
	assert_int_equal(end_with(&d, "x", "n1", QUOTA_BILLING, 0), AGENT_NEEDS_HUMAN);
	assert_true(get(&d, "x")->parked.held);
	assert_null(agent_due(&d.w.st.goals, INT64_MAX, &next));
	assert_int_equal(next, 0);
	d.t.now_ms = NOW + 1000000000LL;
	assert_int_equal(order(&d, "y", "n2", &again), -SK_EHUMAN);
	breaker_close(&d.t, SPAN_LIT("p"), &nobody);
	assert_int_equal(order(&d, "y", "n2", &again), 0);
	world_release(&d.w);
}

/* Each time it is parked and no attempt is used up; once in AGENT_OFFLINE_TIMES_MAX a person is
 * asked, and what that person releases is tried on. */
static void test_without_a_network_a_person_is_asked_at_last(void **state)
{
	struct desk d;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	for (unsigned i = 1; i <= AGENT_OFFLINE_TIMES_MAX + 1; i++) {
		bool last = i == AGENT_OFFLINE_TIMES_MAX;

		breaker_close(&d.t, SPAN_LIT("p"), &nobody);
		assert_int_equal(order(&d, "x", "n1", &again), 0);
		assert_int_equal(start(&d, "x", "n1"), 0);
		assert_int_equal(end_with(&d, "x", "n1", QUOTA_NETWORK, NOW + 5000),
				 last ? AGENT_NEEDS_HUMAN : AGENT_PARKED);
		assert_true(span_is(get(&d, "x")->parked.kind, "network"));
		assert_int_equal(get(&d, "x")->parked.held, last);
		assert_int_equal(get(&d, "x")->parked.due_ms, last ? 0 : NOW + 5000);
		assert_int_equal(get(&d, "x")->attempts, 0);
		assert_int_equal(get(&d, "x")->run.failures, 0);
		assert_int_equal(agent_released(&d.t, SPAN_LIT("x"), &nobody), 0);
	}
	world_release(&d.w);
}

static void test_a_conversation_that_is_too_long_stops_nobody_else(void **state)
{
	struct desk d;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	add(&d, "y");
	assert_int_equal(order(&d, "x", "n1", &again), 0);
	assert_int_equal(start(&d, "x", "n1"), 0);
	assert_int_equal(end_with(&d, "x", "n1", QUOTA_CONTEXT_LIMIT, 0), AGENT_NEEDS_HUMAN);
	assert_int_equal(order(&d, "y", "n2", &again), 0);
	world_release(&d.w);
}

static void test_an_earlier_moment_does_not_shorten_a_pause(void **state)
{
	const struct provider *p;
	struct desk d;

	(void)state;
	begin(&d);
	breaker_open(&d.t, SPAN_LIT("p"), SPAN_LIT("daily_quota"), SPAN_NONE, NOW + 9000, &nobody);
	breaker_open(&d.t, SPAN_LIT("p"), SPAN_LIT("rate_limit"), SPAN_NONE, NOW + 1000, &nobody);
	p = goals_provider(&d.w.st.goals, SPAN_LIT("p"));
	assert_int_equal(p->open_until_ms, NOW + 9000);
	assert_true(span_is(p->kind, "daily_quota"));
	assert_int_equal(p->failures, 2);
	world_release(&d.w);
}

static void test_dependencies_come_first(void **state)
{
	struct span needs[1] = { SPAN_LIT("x") };
	struct tentacle y;
	struct desk d;
	bool again;

	(void)state;
	begin(&d);
	add(&d, "x");
	add(&d, "y");
	y = *get(&d, "y");
	y.todo_deps = (struct texts){ needs, 1 };
	tentacle_record(&d.t, &y, EV_TENTACLE_UPDATED, &nobody);
	assert_int_equal(order(&d, "y", "n1", &again), -SK_EREFUSED);
	y = *get(&d, "x");
	assert_int_equal(tentacle_move(&d.t, &y, ON_TENTACLE_COMPLETE, &nobody), 0);
	assert_int_equal(order(&d, "y", "n1", &again), 0);
	assert_int_equal(order(&d, "x", "n2", &again), -SK_EREFUSED);
	world_release(&d.w);
}

static void check_usage(const char *text, uint64_t tokens, uint64_t micros)
{
	struct agent_usage u;

	agent_usage_read(span_of(text), &u);
	assert_int_equal(u.tokens, tokens);
	assert_int_equal(u.micros, micros);
}

static void test_usage(void **state)
{
	(void)state;
	check_usage("", 0, 0);
	check_usage("words\n{\"type\":\"result\",\"total_cost_usd\":0.0123,\"usage\":{"
		    "\"input_tokens\":4,\"output_tokens\":5,\"cache_creation_input_tokens\":1,"
		    "\"cache_read_input_tokens\":900}}\n",
		    10, 12300);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1,\"usage\":{\"input_tokens\":1}}\n"
		    "{\"type\":\"result\",\"total_cost_usd\":2.5,\"usage\":{\"input_tokens\":3}}",
		    3, 2500000);
	check_usage("{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":10,"
		    "\"cached_input_tokens\":8,\"output_tokens\":1}}\n"
		    "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":2,"
		    "\"output_tokens\":1}}\n",
		    6, 0);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1.5e-5}", 0, 15);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1e300}", 0, INTEGER_MAX);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1e-300}", 0, 0);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":0.1234567890123456789012345}", 0,
		    123456);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":9999.999999999999}", 0, 9999999999);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":12345.6789012345678}", 0, 12345678901);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":0.00000000000012e12}", 0, 120000);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1}\n{\"type\":\"turn.compl", 0,
		    1000000);
	check_usage("{\"type\":\"result\",\"total_cost_usd\":1}\n{\"total_cost_usd\":1.", 0,
		    1000000);
	/* What is quoted, cut or of another shape says nothing. */
	check_usage("{\"type\":\"user\",\"text\":\"{\\\"type\\\":\\\"result\\\"}\","
		    "\"usage\":{\"input_tokens\":5}}",
		    0, 0);
	check_usage("{\"type\":\"result\",\"usage\":{\"input_tokens\":5}", 0, 0);
	check_usage("{\"type\":\"result\",\"usage\":[5],\"total_cost_usd\":\"7\"}", 0, 0);
	check_usage("{\"type\":\"result\",\"usage\":{\"input_tokens\":-5}}", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_order_is_carried_out_once),
		cmocka_unit_test(test_a_lost_one_starts_again_for_the_same_order),
		cmocka_unit_test(test_no_more_than_allowed_at_once),
		cmocka_unit_test(test_a_limit_parks_and_opens_the_breaker),
		cmocka_unit_test(test_what_waiting_does_not_help_waits_for_a_person),
		cmocka_unit_test(test_without_a_network_a_person_is_asked_at_last),
		cmocka_unit_test(test_a_conversation_that_is_too_long_stops_nobody_else),
		cmocka_unit_test(test_an_earlier_moment_does_not_shorten_a_pause),
		cmocka_unit_test(test_dependencies_come_first),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
