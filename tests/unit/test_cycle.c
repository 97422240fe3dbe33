/*
 * Tasks that wait for each other: noticed when the graph is made, halted until nobody waits for
 * itself any more. After each step the state must be the one that replaying gives.
 */
#include "core_world.h"

#include "core/cycle.h"

static int act(struct world *w, struct act a)
{
	a.operator_name = SPAN_LIT("anna");
	return world_step(w, (struct input){ .kind = IN_ACT, .act = &a });
}

static struct act resume(const char *ws)
{
	return (struct act){ .kind = ACT_WS_RESUME, .workstream_id = span_of(ws) };
}

static const struct row knot[] = {
	{ .ws = "k", .name = "a", .needs = "b" },
	{ .ws = "k", .name = "b", .needs = "c" },
	{ .ws = "k", .name = "c", .needs = "a" },
	{ .ws = "k", .name = "x", .needs = "y free" },
	{ .ws = "k", .name = "y", .needs = "x" },
	{ .ws = "k", .name = "free" },
	{ .ws = "k", .name = "behind", .needs = "a" },
};

static void begin(struct world *w)
{
	world_init(w);
	assert_int_equal(world_submit(w, knot, ARRAY_LEN(knot), 0), 0);
	world_worker(w, "w", 8, "[]");
	world_schedule(w);
}

static const struct event *cycle_event(const struct world *w, unsigned number)
{
	for (size_t i = 0; i < w->batch.count; i++)
		if (w->batch.v[i].kind == EV_CYCLE_DETECTED && number-- == 0)
			return &w->batch.v[i];
	fail_msg("no such cycle");
	return NULL;
}

static void each_circle_is_one_record(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(events_seen(&w, EV_CYCLE_DETECTED), 2);
	assert_true(span_is(cycle_event(&w, 0)->tasks, "[\"a\",\"b\",\"c\"]"));
	assert_true(span_is(cycle_event(&w, 1)->tasks, "[\"x\",\"y\"]"));
	assert_true(ws_of(&w, "k")->flags & WSF_HALTED);
	assert_int_equal(events_seen(&w, EV_TASK_ASSIGNED), 0);
	expect_state(&w, "free", TASK_PENDING);
	world_check(&w);
	world_release(&w);
}

static void plans_without_one_are_not_halted(void **state)
{
	static const struct row chain[] = { { .ws = "k", .name = "a" },
					    { .ws = "k", .name = "b", .needs = "a" } };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, chain, ARRAY_LEN(chain), 0), 0);
	assert_int_equal(events_seen(&w, EV_CYCLE_DETECTED), 0);
	assert_int_equal(ws_cycles(&w.st, 0, NULL, NULL), 0);
	expect_state(&w, "a", TASK_QUEUED);
	world_check(&w);
	world_release(&w);
}

static void it_goes_on_when_the_last_circle_is_broken(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(act(&w, resume("k")), -SK_EREFUSED);
	assert_int_equal(act(&w, (struct act){ .kind = ACT_DEPENDENCY_REMOVE,
					       .task_id = SPAN_LIT("c"),
					       .need_id = SPAN_LIT("a") }),
			 0);
	assert_int_equal(ws_cycles(&w.st, 0, NULL, NULL), 1);
	assert_int_equal(act(&w, resume("k")), -SK_EREFUSED);
	assert_non_null(strstr(w.why.p, "sk dep remove --from x --to y"));
	assert_int_equal(act(&w, (struct act){ .kind = ACT_TASK_CANCEL, .task_id = SPAN_LIT("x") }),
			 0);
	assert_int_equal(ws_cycles(&w.st, 0, NULL, NULL), 0);
	assert_true(ws_of(&w, "k")->flags & WSF_HALTED);
	expect_state(&w, "c", TASK_PENDING);
	assert_int_equal(act(&w, resume("k")), 0);
	assert_int_equal(edges_seen(&w, "WO4", "k"), 1);
	assert_false(ws_of(&w, "k")->flags & WSF_HALTED);
	expect_state(&w, "c", TASK_QUEUED);
	expect_state(&w, "y", TASK_QUEUED);
	expect_state(&w, "free", TASK_QUEUED);
	expect_state(&w, "b", TASK_PENDING);
	world_check(&w);
	world_release(&w);
}

static void the_same_plan_again_says_nothing_new(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(world_submit(&w, knot, ARRAY_LEN(knot), 0), 0);
	assert_int_equal(events_seen(&w, EV_CYCLE_DETECTED), 2);
	assert_true(ws_of(&w, "k")->flags & WSF_HALTED);
	world_check(&w);
	world_release(&w);
}

static void a_mended_plan_goes_on(void **state)
{
	static const struct row mended[] = {
		{ .ws = "k", .name = "a", .needs = "b" },
		{ .ws = "k", .name = "b", .needs = "c" },
		{ .ws = "k", .name = "c" },
		{ .ws = "k", .name = "x", .needs = "free" },
		{ .ws = "k", .name = "y", .needs = "x" },
		{ .ws = "k", .name = "free" },
		{ .ws = "k", .name = "behind", .needs = "a" },
	};
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(world_submit(&w, mended, ARRAY_LEN(mended), SUBMIT_ACCEPT_CHANGES), 0);
	assert_false(ws_of(&w, "k")->flags & WSF_HALTED);
	assert_int_equal(edges_seen(&w, "WO4", "k"), 1);
	expect_state(&w, "c", TASK_QUEUED);
	world_check(&w);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_circle_is_one_record),
		cmocka_unit_test(plans_without_one_are_not_halted),
		cmocka_unit_test(it_goes_on_when_the_last_circle_is_broken),
		cmocka_unit_test(the_same_plan_again_says_nothing_new),
		cmocka_unit_test(a_mended_plan_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
