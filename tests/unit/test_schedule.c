/*
 * Who starts next: order, fairness and limits by small cases; that nobody waits for ever by long
 * streams of work, because starving is a thing that only ever happens to the one who waits.
 */
#include "core_random.h"

#include "core/schedule.h"

static void begin(struct world *w, const struct row *rows, size_t count, uint64_t slots,
		  const char *capabilities)
{
	assert_int_equal(world_submit(w, rows, count, 0), 0);
	world_worker(w, "k", slots, capabilities);
}

/* Lets the worker take one task, ends it and expects that it was this one. */
static void expect_next(struct world *w, const char *id)
{
	world_schedule(w);
	if (task_of(w, id)->worker == NO_ID)
		fail_msg("%s was not next", id);
	world_finished(w, id, OUTCOME_EXIT, 0);
}

static void priority_then_path_then_age(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w", .name = "late", .def = "{\"run\":\"x\",\"priority\":1}" },
		{ .ws = "w", .name = "short", .def = "{\"run\":\"x\",\"estimate_ms\":10}" },
		{ .ws = "w", .name = "long", .def = "{\"run\":\"x\",\"estimate_ms\":20}" },
		{ .ws = "w",
		  .name = "first",
		  .def = "{\"run\":\"x\",\"priority\":-1,\"estimate_ms\":1}" },
		{ .ws = "w", .name = "path", .def = "{\"run\":\"x\",\"estimate_ms\":5}" },
		{ .ws = "w",
		  .name = "tail",
		  .needs = "path",
		  .def = "{\"run\":\"x\",\"estimate_ms\":50}" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	begin(&w, rows, ARRAY_LEN(rows), 1, "[]");
	expect_next(&w, "first");
	expect_next(&w, "path"); /* 5 + 50 behind it */
	expect_next(&w, "tail");
	expect_next(&w, "long");
	expect_next(&w, "short");
	expect_next(&w, "late");
	world_check(&w);
	world_release(&w);
}

static void waiting_counts_as_priority(void **state)
{
	static const struct row old[] = {
		{ .ws = "a", .name = "old", .def = "{\"run\":\"x\",\"priority\":2}" }
	};
	static const struct row new[] = {
		{ .ws = "a", .name = "old", .def = "{\"run\":\"x\",\"priority\":2}" },
		{ .ws = "a", .name = "new", .def = "{\"run\":\"x\",\"priority\":0}" }
	};
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, old, 1, 0), 0);
	world_time(&w, 180000);
	assert_int_equal(world_submit(&w, new, 2, SUBMIT_ACCEPT_CHANGES), 0);
	world_worker(&w, "k", 1, "[]");
	expect_next(&w, "old");
	expect_next(&w, "new");
	world_release(&w);
}

static void workstreams_take_turns(void **state)
{
	struct row rows[60];
	char names[60][8];
	struct world w;
	unsigned done[2] = { 0 };

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){ .ws = i < 50 ? "many" : "few", .name = names[i] };
	}
	world_init(&w);
	begin(&w, rows, 60, 4, "[]");
	for (unsigned i = 0; i < 20; i++) {
		uint64_t seed = i;
		uint32_t task;

		world_schedule(&w);
		assert_int_equal(w.st.ws[0].assigned, 2);
		assert_int_equal(w.st.ws[1].assigned, 2);
		task = random_assigned(&w.st, &seed);
		done[w.st.tasks[task].ws]++;
		world_finished(&w, names[task], OUTCOME_EXIT, 0);
		if (done[1] == 8)
			break;
	}
	world_check(&w);
	world_release(&w);
}

static void max_parallel_holds(void **state)
{
	struct row rows[10];
	char names[10][8];
	struct world w;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){ .ws = i < 8 ? "x" : "y", .name = names[i] };
	}
	world_init(&w);
	w.max_parallel = 3;
	begin(&w, rows, 10, 16, "[]");
	w.st.workers[0].ahead = 16;
	world_schedule(&w);
	assert_int_equal(ws_of(&w, "x")->assigned, 3);
	assert_int_equal(ws_of(&w, "y")->assigned, 2);
	world_release(&w);
}

static const struct resource_spec ab[] = { { SPAN_LIT("a"), 2 },
					   { SPAN_LIT("b"), 1 },
					   { SPAN_LIT("free"), 0 } };

static void resources_are_taken_together_or_not_at_all(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w",
		  .name = "first",
		  .def = "{\"run\":\"x\",\"priority\":-2,\"resources\":{\"b\":1}}" },
		{ .ws = "w",
		  .name = "both",
		  .def = "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"a\":0,\"b\":1}}" },
		{ .ws = "w", .name = "one", .def = "{\"run\":\"x\",\"resources\":{\"a\":1}}" },
		{ .ws = "w", .name = "none", .def = "{\"run\":\"x\",\"resources\":{\"free\":7}}" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	w.resources = ab;
	w.resource_count = ARRAY_LEN(ab);
	begin(&w, rows, ARRAY_LEN(rows), 8, "[]");
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "first")->worker, NO_ID);
	assert_int_equal(task_of(&w, "both")->worker, NO_ID);
	assert_int_not_equal(task_of(&w, "one")->worker, NO_ID);
	assert_int_not_equal(task_of(&w, "none")->worker, NO_ID);
	assert_int_equal(w.st.resources[0].held, 1);
	world_finished(&w, "first", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_equal(task_of(&w, "both")->worker, NO_ID); /* needs all of a */
	world_finished(&w, "one", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "both")->worker, NO_ID);
	assert_int_equal(w.st.resources[0].held, 2);
	world_finished(&w, "both", OUTCOME_EXIT, 0);
	assert_int_equal(w.st.resources[0].held + w.st.resources[1].held, 0);
	world_check(&w);
	world_release(&w);
}

static void waiters_are_woken_most_urgent_first(void **state)
{
	struct row rows[8];
	char names[8][8], defs[8][64];
	static const int priority[8] = { 3, 7, 1, 5, 0, 6, 2, 4 };
	struct world w;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", priority[i]);
		snprintf(defs[i], sizeof(defs[i]),
			 "{\"run\":\"x\",\"priority\":%d,\"resources\":{\"b\":1}}", priority[i]);
		rows[i] = (struct row){ .ws = i % 2 ? "x" : "y", .name = names[i], .def = defs[i] };
	}
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	begin(&w, rows, 8, 8, "[]");
	world_schedule(&w);
	for (int i = 0; i < 8; i++) {
		uint64_t seed = 1;
		uint32_t task = random_assigned(&w.st, &seed);

		assert_int_equal(w.st.ws[0].assigned + w.st.ws[1].assigned, 1);
		if (i > 0) /* the first was chosen between workstreams, the rest between waiters */
			assert_int_equal(w.st.tasks[task].priority, i);
		world_finished(&w, names[task], OUTCOME_EXIT, 0);
		world_schedule(&w);
	}
	world_check(&w);
	world_release(&w);
}

static void exhaustion_is_announced_once(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w",
		  .name = "holds",
		  .def = "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"b\":1}}" },
		{ .ws = "w", .name = "waits", .def = "{\"run\":\"x\",\"resources\":{\"b\":1}}" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	begin(&w, rows, 2, 4, "[]");
	world_schedule(&w);
	assert_int_equal(core_deadline(&w.st), w.now_ms + 60000);
	world_time(&w, 59999);
	assert_int_equal(events_seen(&w, EV_RESOURCE_EXHAUSTED), 0);
	world_time(&w, 1);
	world_time(&w, 60000);
	assert_int_equal(events_seen(&w, EV_RESOURCE_EXHAUSTED), 1);
	world_finished(&w, "holds", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_equal(events_seen(&w, EV_RESOURCE_AVAILABLE), 1);
	world_check(&w);
	world_release(&w);
}

static void capabilities_and_versions(void **state)
{
	static const struct span offer = SPAN_LIT("[\"gpu@2.10.1\",\"cpu\",\"odd@\"]");

	(void)state;
	assert_true(capability_covers(offer, SPAN_LIT("cpu")));
	assert_true(capability_covers(offer, SPAN_LIT("gpu")));
	assert_true(capability_covers(offer, SPAN_LIT("gpu>=2.9")));
	assert_true(capability_covers(offer, SPAN_LIT("gpu>=2.10.1")));
	assert_true(capability_covers(offer, SPAN_LIT("gpu>=2")));
	assert_false(capability_covers(offer, SPAN_LIT("gpu>=2.10.2")));
	assert_false(capability_covers(offer, SPAN_LIT("gpu>=10")));
	assert_false(capability_covers(offer, SPAN_LIT("cpu>=1")));
	assert_false(capability_covers(offer, SPAN_LIT("gp")));
	assert_false(capability_covers(offer, SPAN_LIT("tpu")));
	assert_false(capability_covers(SPAN_NONE, SPAN_LIT("cpu")));
	assert_false(capability_covers(SPAN_LIT("[1]"), SPAN_LIT("cpu")));
	assert_int_equal(version_compare(SPAN_LIT("1.2"), SPAN_LIT("1.2.0")), 0);
	assert_int_equal(version_compare(SPAN_LIT("1.10"), SPAN_LIT("1.9")), 1);
	assert_int_equal(version_compare(SPAN_LIT(""), SPAN_LIT("0.0.1")), -1);
	assert_int_equal(version_compare(SPAN_LIT("99999999999999999999"), SPAN_LIT("1")), 1);
	assert_true(span_is(
		capability_missing(
			offer, SPAN_LIT("{\"run\":\"x\",\"capabilities\":[\"cpu\",\"tpu>=1\"]}")),
		"tpu>=1"));
	assert_int_equal(
		capability_missing(offer, SPAN_LIT("{\"run\":\"x\",\"capabilities\":[\"cpu\"]}"))
			.len,
		0);
}

/* What is assigned beyond the slots only waits: it must not keep a resource from others meanwhile.
 */
static void nothing_held_ahead_of_need(void **state)
{
	struct row rows[12];
	char names[12][8];
	struct world w;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){ .ws = i % 2 ? "x" : "y",
					.name = names[i],
					.def = i % 2 ? "{\"run\":\"x\",\"resources\":{\"free\":1}}"
						     : NULL };
	}
	world_init(&w);
	w.resources = ab;
	w.resource_count = 3;
	begin(&w, rows, 12, 2, "[]");
	w.st.workers[0].ahead = 8;
	for (unsigned i = 0; i < 12; i++) {
		uint64_t seed = i;

		world_schedule(&w);
		assert_true(w.st.resources[2].holder_count <= 2);
		world_finished(&w, names[random_assigned(&w.st, &seed)], OUTCOME_EXIT, 0);
	}
	expect_ws(&w, "x", WS_COMPLETED);
	expect_ws(&w, "y", WS_COMPLETED);
	world_release(&w);
}

static void drained_and_disconnected_workers_get_nothing(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" } };
	struct world w;

	(void)state;
	world_init(&w);
	begin(&w, rows, 1, 2, "[]");
	w.st.draining = true;
	world_schedule(&w);
	assert_int_equal(w.st.ws[0].assigned, 0);
	w.st.draining = false;
	w.st.workers[0].connected = false;
	world_schedule(&w);
	assert_int_equal(w.st.ws[0].assigned, 0);
	w.st.workers[0].connected = true;
	world_schedule(&w);
	assert_int_equal(w.st.ws[0].assigned, 1);
	world_release(&w);
}

static void check_limits(const struct world *w)
{
	for (size_t i = 0; i < w->st.resource_count; i++)
		assert_true(!w->st.resources[i].limit ||
			    w->st.resources[i].held <= w->st.resources[i].limit);
	for (size_t i = 0; i < w->st.ws_count; i++)
		assert_true(!w->st.ws[i].max_parallel ||
			    w->st.ws[i].assigned <= w->st.ws[i].max_parallel);
	check_counts(&w->st);
}

/* Any plan ends when nothing fails: no deadlock, nobody forgotten in a line. */
static void every_plan_comes_to_its_end(void **state)
{
	unsigned rounds = test_rounds(200, 5000);

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t seed = 31 * round;
		struct random_plan plan;
		struct world w;
		unsigned steps = 0;

		random_plan(&plan, &seed, false);
		world_init(&w);
		w.resources = random_resources;
		w.resource_count = ARRAY_LEN(random_resources);
		w.max_parallel = test_below(&seed, 4);
		assert_int_equal(world_submit(&w, plan.rows, plan.count, 0), 0);
		world_worker(&w, "k1", 1 + test_below(&seed, 3), "[\"gpu@3\"]");
		world_worker(&w, "k2", 1 + test_below(&seed, 3), "[]");
		while (ws_live(&w.st.ws[0]) || (w.st.ws_count > 1 && ws_live(&w.st.ws[1]))) {
			uint32_t task;

			assert_true(++steps < 400);
			w.st.workers[0].ahead = test_below(&seed, 4);
			world_time(&w, test_below(&seed, 30000));
			world_schedule(&w);
			check_limits(&w);
			task = random_assigned(&w.st, &seed);
			if (task == NO_ID)
				fail_msg("round %u: everybody waits", round);
			{
				struct input in = {
					.kind = IN_FINISHED,
					.task_id = w.st.tasks[task].id,
					.attempt = w.st.tasks[task].attempt,
					.worker_id = w.st.workers[w.st.tasks[task].worker].id,
					.incarnation = 1
				};

				in.result.validation = w.st.tasks[task].state == TASK_VALIDATING;
				assert_int_equal(world_step(&w, in), 0);
			}
		}
		for (size_t i = 0; i < w.st.ws_count; i++)
			assert_int_equal(w.st.ws[i].state, WS_COMPLETED);
		world_check(&w);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(priority_then_path_then_age),
		cmocka_unit_test(waiting_counts_as_priority),
		cmocka_unit_test(workstreams_take_turns),
		cmocka_unit_test(max_parallel_holds),
		cmocka_unit_test(resources_are_taken_together_or_not_at_all),
		cmocka_unit_test(waiters_are_woken_most_urgent_first),
		cmocka_unit_test(exhaustion_is_announced_once),
		cmocka_unit_test(capabilities_and_versions),
		cmocka_unit_test(nothing_held_ahead_of_need),
		cmocka_unit_test(drained_and_disconnected_workers_get_nothing),
		cmocka_unit_test(every_plan_comes_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
