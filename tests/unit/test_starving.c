/*
 * Nobody waits for ever, and nobody waits for an event that need not come: streams of work in which
 * the one that waits was passed by the others again and again.
 */
#include "core_random.h"

static void begin(struct world *w, const struct row *rows, size_t count, uint64_t slots,
		  const char *capabilities)
{
	assert_int_equal(world_submit(w, rows, count, 0), 0);
	world_worker(w, "k", slots, capabilities);
}

static const struct resource_spec ab[] = { { SPAN_LIT("a"), 2 },
					   { SPAN_LIT("b"), 1 },
					   { SPAN_LIT("free"), 0 } };

/* Lets the worker take one task, ends it and expects that it was this one. */
static void expect_next(struct world *w, const char *id)
{
	world_schedule(w);
	if (task_of(w, id)->worker == NO_ID)
		fail_msg("%s was not next", id);
	world_finished(w, id, OUTCOME_EXIT, 0);
}

/* Two by two, each releasing as the next begins: the one that needs all would never find all free.
 */
static void who_needs_much_gets_its_turn(void **state)
{
	struct row rows[41];
	char names[41][8];
	struct world w;
	unsigned done = 0, assigned_at[40] = { 0 };
	bool big_ran = false;

	(void)state;
	rows[0] = (struct row){
		.ws = "big",
		.name = "big",
		.def = "{\"run\":\"x\",\"priority\":-9,\"resources\":{\"a\":2,\"b\":1}}"
	};
	for (size_t i = 1; i < 41; i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu", i);
		rows[i] = (struct row){
			.ws = "small",
			.name = names[i],
			.def = i % 3 ? "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"a\":1}}"
				     : "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"b\":1}}"
		};
	}
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	assert_int_equal(world_submit(&w, rows + 1, 40, 0), 0);
	world_worker(&w, "k", 3, "[]");
	world_schedule(&w);
	assert_int_equal(world_submit(&w, rows, 1, 0), 0);
	while (done < 40 && !big_ran) {
		uint32_t oldest = NO_ID;

		world_time(&w, 15000);
		world_schedule(&w);
		big_ran = task_of(&w, "big")->worker != NO_ID;
		for (uint32_t i = 0; i < 40; i++)
			if (w.st.tasks[i].worker != NO_ID &&
			    (oldest == NO_ID || assigned_at[i] < assigned_at[oldest]))
				oldest = i;
		for (uint32_t i = 0; i < 40; i++)
			if (w.st.tasks[i].worker != NO_ID && !assigned_at[i])
				assigned_at[i] = done + 1;
		if (!big_ran && oldest != NO_ID)
			world_finished(&w, names[oldest + 1], OUTCOME_EXIT, 0);
		done++;
	}
	assert_true(big_ran);
	assert_true(done < 25);
	world_check(&w);
	world_release(&w);
}

/* A hundred tasks that no worker here can do stand in front of one that any can. */
static void unfit_tasks_do_not_stand_in_the_way(void **state)
{
	struct row rows[201];
	char names[201][8];
	struct world w;

	(void)state;
	for (size_t i = 0; i < 201; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){
			.ws = "w",
			.name = names[i],
			.def = i == 200 ? "{\"run\":\"x\",\"priority\":9}"
			       : i % 2  ? "{\"run\":\"x\",\"capabilities\":[\"gpu\"]}"
					: "{\"run\":\"x\",\"capabilities\":[\"arm\",\"big\"]}"
		};
	}
	world_init(&w);
	begin(&w, rows, 201, 2, "[\"cpu\"]");
	expect_next(&w, "t200");
	assert_int_equal(w.st.ws[0].waiting, 200);
	world_worker(&w, "arm", 1, "[\"arm@2\",\"big\"]");
	world_schedule(&w);
	assert_int_equal(worker_of(&w, "arm")->assigned, 1);
	assert_int_equal(w.st.ws[0].assigned, 1);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t seed = 3;

		world_finished(&w, names[random_assigned(&w.st, &seed)], OUTCOME_EXIT, 0);
		world_schedule(&w);
		check_counts(&w.st);
	}
	assert_int_equal(w.st.ws[0].by_state[TASK_COMPLETED], 101);
	assert_int_equal(w.st.ws[0].waiting, 100);
	world_check(&w);
	world_release(&w);
}

/* Others are assigned ahead all the time, so the slots are never seen free; still its turn comes.
 */
static void who_needs_a_free_slot_gets_one(void **state)
{
	struct row rows[101];
	char names[101][8];
	struct world w;
	unsigned done = 0;

	(void)state;
	for (size_t i = 0; i < 101; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){ .ws = i == 100 ? "x" : "y",
					.name = names[i],
					.def = i == 100 ? "{\"run\":\"x\",\"resources\":{\"b\":1}}"
							: NULL };
	}
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	assert_int_equal(world_submit(&w, rows, 100, 0), 0);
	world_worker(&w, "k", 2, "[]");
	w.st.workers[0].ahead = 4;
	world_schedule(&w);
	assert_int_equal(w.st.ws[0].assigned, 6);
	assert_int_equal(world_submit(&w, rows + 100, 1, 0), 0);
	while (task_of(&w, "t100")->worker == NO_ID && done < 100) {
		uint64_t seed = done++;

		world_finished(&w, names[random_assigned(&w.st, &seed)], OUTCOME_EXIT, 0);
		world_schedule(&w);
	}
	assert_true(done <= 6);
	world_release(&w);
}

/* An endless supply of work without resources must not keep a waiter from what was freed. */
static void waiters_are_seen_while_others_fill_the_slots(void **state)
{
	struct row rows[102];
	char names[102][8];
	struct world w;

	(void)state;
	for (size_t i = 0; i < 102; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){
			.ws = "w",
			.name = names[i],
			.def = i < 2 ? "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"b\":1}}"
				     : NULL
		};
	}
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	begin(&w, rows, 102, 2, "[]");
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "t0")->worker, NO_ID);
	assert_int_equal(task_of(&w, "t1")->worker, NO_ID);
	world_finished(&w, "t0", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "t1")->worker, NO_ID);
	world_release(&w);
}

/* The most urgent waiter's workstream is full, that of the next is not: it does not wait for any
 * further event. */
static void a_full_workstream_does_not_stand_in_the_way(void **state)
{
	static const struct row full[] = {
		{ .ws = "full", .name = "f0" },
		{ .ws = "full",
		  .name = "f1",
		  .def = "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"b\":1}}" },
		{ .ws = "full",
		  .name = "f2",
		  .def = "{\"run\":\"x\",\"priority\":-1,\"resources\":{\"b\":1}}" },
	};
	static const struct row free_one[] = {
		{ .ws = "free",
		  .name = "o1",
		  .def = "{\"run\":\"x\",\"priority\":-9,\"resources\":{\"b\":1}}" },
		{ .ws = "free", .name = "o2", .def = "{\"run\":\"x\",\"resources\":{\"b\":1}}" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	w.resources = ab;
	w.resource_count = 2;
	assert_int_equal(world_submit(&w, free_one, 2, 0), 0);
	world_worker(&w, "k", 8, "[]");
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "o1")->worker, NO_ID);
	w.max_parallel = 1;
	assert_int_equal(world_submit(&w, full, 3, 0), 0);
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "f0")->worker, NO_ID);
	assert_int_equal(w.st.resources[1].waiters.count, 3);
	world_finished(&w, "o1", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_not_equal(task_of(&w, "o2")->worker, NO_ID);
	world_check(&w);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_needs_much_gets_its_turn),
		cmocka_unit_test(unfit_tasks_do_not_stand_in_the_way),
		cmocka_unit_test(who_needs_a_free_slot_gets_one),
		cmocka_unit_test(waiters_are_seen_while_others_fill_the_slots),
		cmocka_unit_test(a_full_workstream_does_not_stand_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
