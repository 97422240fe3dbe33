/*
 * A plan meets what an earlier run left: nothing is done twice, nothing is taken over unasked, and
 * what differs is said in words that name it.
 */
#include "core_world.h"

#define ROW_A                          \
	{                              \
		.ws = "w", .name = "a" \
	}
#define ROW_B                                                                                   \
	{                                                                                       \
		.ws = "w", .name = "b", .needs = "a", .def = "{\"run\":\"make\",\"retries\":1}" \
	}
#define ROW_C                                          \
	{                                              \
		.ws = "w", .name = "c", .needs = "a b" \
	}
#define ROW_B_CHANGED                                             \
	{                                                         \
		.ws = "w", .name = "b", .needs = "a",             \
		.def = "{\"run\":\"make -j2\",\"critical\":true}" \
	}
#define ROW_D                                        \
	{                                            \
		.ws = "w", .name = "d", .needs = "b" \
	}

static const struct row three[] = { ROW_A, ROW_B, ROW_C };

static void begin(struct world *w)
{
	world_init(w);
	assert_int_equal(world_submit(w, three, ARRAY_LEN(three), 0), 0);
	world_worker(w, "k", 4, "[]");
	world_schedule(w);
}

static void end(struct world *w)
{
	world_check(w);
	world_release(w);
}

static void run(struct world *w, const char *id, int exit_code)
{
	world_schedule(w);
	world_finished(w, id, OUTCOME_EXIT, exit_code);
}

/* submit_check alone; the caller releases the report. */
static int check(const struct world *w, const struct row *rows, size_t count, unsigned flags,
		 struct submit_report *report)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;

	submission_of(&s, w, rows, count);
	return submit_check(&w->st, &s, flags, report);
}

static void says(const struct world *w, const char *text)
{
	if (!w->why.p || !strstr(w->why.p, text))
		fail_msg("said \"%s\", not \"%s\"", w->why.p ? w->why.p : "", text);
}

static void a_fresh_plan(void **state)
{
	CLEANUP(submit_report_release) struct submit_report report;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(check(&w, three, 3, 0, &report), 0);
	assert_true(report.fresh);
	assert_false(report.all_completed);
	assert_int_equal(report.created, 3);
	assert_int_equal(report.changes.len, 0);
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	assert_int_equal(w.st.task_count, 3);
	assert_int_equal(events_seen(&w, EV_TASK_UPDATED), 0);
	assert_int_equal(task_of(&w, "c")->needs_count, 2);
	assert_int_equal(task_of(&w, "c")->stage, 3);
	assert_int_equal(task_of(&w, "a")->dependents_count, 2);
	assert_int_equal(ws_of(&w, "w")->run_no, 1);
	end(&w);
}

static void the_same_plan_again_goes_on(void **state)
{
	CLEANUP(submit_report_release) struct submit_report report;
	struct world w;
	size_t events;

	(void)state;
	begin(&w);
	run(&w, "a", 0);
	world_schedule(&w);
	assert_int_equal(check(&w, three, 3, 0, &report), 0);
	assert_false(report.fresh);
	assert_int_equal(report.kept_completed, 1);
	assert_int_equal(report.live, 1);
	assert_int_equal(report.created + report.changed + report.removed + report.retried, 0);
	events = w.batch.count;
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	assert_int_equal(w.batch.count, events); /* nothing to say */
	end(&w);
}

static void what_failed_is_tried_again(void **state)
{
	CLEANUP(submit_report_release) struct submit_report report;
	struct world w;

	(void)state;
	begin(&w);
	run(&w, "a", 0);
	run(&w, "b", 1);
	world_time(&w, 2000);
	run(&w, "b", 1);
	expect_ws(&w, "w", WS_FAILED);
	assert_int_equal(check(&w, three, 3, 0, &report), 0);
	assert_int_equal(report.retried, 1);
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	expect_ws(&w, "w", WS_EXECUTING);
	expect_state(&w, "b", TASK_QUEUED);
	assert_int_equal(task_of(&w, "b")->retry_count, 0);
	assert_int_equal(edges_seen(&w, "O1", "b"), 1);
	run(&w, "b", 0);
	run(&w, "c", 0);
	expect_ws(&w, "w", WS_COMPLETED);
	end(&w);
}

static void all_is_done(void **state)
{
	CLEANUP(submit_report_release) struct submit_report report;
	struct world w;

	(void)state;
	begin(&w);
	run(&w, "a", 0);
	run(&w, "b", 0);
	run(&w, "c", 0);
	assert_int_equal(check(&w, three, 3, 0, &report), 0);
	assert_true(report.all_completed);
	end(&w);
}

static const struct row changed[] = { ROW_A, ROW_B_CHANGED, ROW_D };

static void changes_are_refused_in_words(void **state)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT;
	CLEANUP(buf_release) struct buf after = BUF_INIT;
	struct world w;

	(void)state;
	begin(&w);
	encode(&w.st, &before);
	assert_int_equal(world_submit(&w, changed, 3, 0), -SK_EREFUSED);
	says(&w, "task b: run \"make\" -> \"make -j2\"");
	says(&w, "task b: retries was 1, is gone");
	says(&w, "task b: critical is new: true");
	says(&w, "task d: is new");
	says(&w, "task c: is gone from the plan");
	encode(&w.st, &after);
	expect_same(&before, &after);
	w.max_parallel = 2;
	w.max_duration_ms = 60000;
	assert_int_equal(world_submit(&w, three, 3, 0), -SK_EREFUSED);
	says(&w, "max_parallel 0 -> 2");
	says(&w, "timeout");
	end(&w);
}

static void needs_that_differ_are_refused(void **state)
{
	static const struct row rows[] = { ROW_A, ROW_B, { .ws = "w", .name = "c", .needs = "a" } };
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(world_submit(&w, rows, 3, 0), -SK_EREFUSED);
	says(&w, "task c: needs differ");
	end(&w);
}

static void accepted_changes_are_taken_over(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	run(&w, "a", 0);
	assert_int_equal(world_submit(&w, changed, 3, SUBMIT_ACCEPT_CHANGES), 0);
	assert_true(span_is(task_of(&w, "b")->def, changed[1].def));
	assert_true(task_of(&w, "b")->flags & TASK_CRITICAL);
	expect_state(&w, "c", TASK_CANCELLED);
	assert_true(task_of(&w, "c")->flags & TASK_DROPPED);
	expect_state(&w, "d", TASK_PENDING);
	assert_int_equal(world_submit(&w, changed, 3, 0), 0); /* now it is what is recorded */
	run(&w, "b", 0);
	run(&w, "d", 0);
	expect_ws(&w, "w", WS_COMPLETED);
	/* what was dropped comes back and runs */
	static const struct row with_c[] = { ROW_A, ROW_B_CHANGED, ROW_D, ROW_C };
	assert_int_equal(world_submit(&w, with_c, 4, 0), -SK_EREFUSED);
	assert_int_equal(world_submit(&w, with_c, 4, SUBMIT_ACCEPT_CHANGES), 0);
	expect_state(&w, "c", TASK_QUEUED);
	run(&w, "c", 0);
	expect_ws(&w, "w", WS_COMPLETED);
	assert_int_equal(world_submit(&w, with_c, 4, 0), 0);
	end(&w);
}

/* A new definition of something that is done is taken note of, once; it is not run again. */
static void changes_of_completed_tasks_are_accepted_once(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a", .def = "{\"run\":\"other\"}" },
					   ROW_B,
					   ROW_C };
	struct world w;

	(void)state;
	begin(&w);
	run(&w, "a", 0);
	assert_int_equal(world_submit(&w, rows, 3, 0), -SK_EREFUSED);
	assert_int_equal(world_submit(&w, rows, 3, SUBMIT_ACCEPT_CHANGES), 0);
	expect_state(&w, "a", TASK_COMPLETED);
	assert_int_equal(world_submit(&w, rows, 3, 0), 0);
	end(&w);
}

/* Dropping something in each state: nobody waits for it, and when it comes back it is run, unless
 * it was done. */
static void tasks_are_dropped_in_each_state(void **state)
{
	static const enum task_state states[] = { TASK_PENDING,  TASK_QUEUED,    TASK_RUNNING,
						  TASK_RETRYING, TASK_COMPLETED, TASK_FAILED,
						  TASK_CANCELLED };
	static const struct row with[] = { { .ws = "w", .name = "first" },
					   { .ws = "w",
					     .name = "x",
					     .needs = "first",
					     .def = "{\"run\":\"x\",\"retries\":1}" },
					   { .ws = "w", .name = "last" } };
	static const struct row without[] = { { .ws = "w", .name = "first" },
					      { .ws = "w", .name = "last" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct world w;
		bool live = states[i] == TASK_RUNNING;

		world_init(&w);
		assert_int_equal(world_submit(&w, with, 3, 0), 0);
		world_worker(&w, "k", 3, "[]");
		if (states[i] != TASK_PENDING)
			run(&w, "first", 0);
		if (live || states[i] == TASK_RETRYING || states[i] == TASK_COMPLETED ||
		    states[i] == TASK_FAILED || states[i] == TASK_CANCELLED) {
			world_schedule(&w);
			world_started(&w, "x");
		}
		if (states[i] == TASK_RETRYING || states[i] == TASK_COMPLETED ||
		    states[i] == TASK_FAILED)
			world_finished(&w, "x", OUTCOME_EXIT, states[i] != TASK_COMPLETED);
		if (states[i] == TASK_CANCELLED) {
			assert_int_equal(world_cancel(&w, "x", false), 0);
			world_finished(&w, "x", OUTCOME_KILLED, 0);
		}
		if (states[i] == TASK_FAILED) {
			world_time(&w, 2000);
			run(&w, "x", 1);
		}
		expect_state(&w, "x", states[i]);
		assert_int_equal(world_submit(&w, without, 2, SUBMIT_ACCEPT_CHANGES), 0);
		if (live)
			world_finished(&w, "x", OUTCOME_KILLED, 0);
		expect_state(&w, "x",
			     states[i] == TASK_COMPLETED ? TASK_COMPLETED : TASK_CANCELLED);
		assert_int_equal(world_submit(&w, without, 2, 0), 0);
		if (task_of(&w, "first")->state != TASK_COMPLETED)
			run(&w, "first", 0);
		if (task_of(&w, "last")->state != TASK_COMPLETED)
			run(&w, "last", 0);
		expect_ws(&w, "w", WS_COMPLETED);
		assert_int_equal(world_submit(&w, with, 3, SUBMIT_ACCEPT_CHANGES), 0);
		if (states[i] != TASK_COMPLETED)
			run(&w, "x", 0);
		expect_ws(&w, "w", WS_COMPLETED);
		assert_int_equal(world_submit(&w, with, 3, 0), 0);
		end(&w);
	}
}

static void a_new_run_begins_anew(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(world_submit(&w, three, 3, SUBMIT_NEW_RUN), -SK_EREFUSED);
	says(&w, "still at work");
	run(&w, "a", 0);
	run(&w, "b", 1);
	assert_int_equal(world_submit(&w, changed, 3, SUBMIT_NEW_RUN), 0);
	assert_int_equal(ws_of(&w, "w")->run_no, 2);
	assert_int_equal(events_seen(&w, EV_WS_ARCHIVED), 1);
	expect_state(&w, "a", TASK_QUEUED);
	assert_int_equal(task_of(&w, "a")->attempt, 0);
	assert_int_equal(state_task(&w.st, SPAN_LIT("c")), NO_ID);
	run(&w, "a", 0);
	run(&w, "b", 0);
	run(&w, "d", 0);
	expect_ws(&w, "w", WS_COMPLETED);
	end(&w);
}

static void two_workstreams_use_the_same_names(void **state)
{
	static const struct row rows[] = {
		{ .ws = "x", .name = "build" },
		{ .ws = "y", .name = "build" },
		{ .ws = "x", .name = "test", .needs = "build" },
		{ .ws = "y", .name = "test", .needs = "build" },
	};
	static const struct row later[] = { { .ws = "z", .name = "build" } };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, rows, 4, 0), 0);
	assert_int_equal(world_submit(&w, later, 1, 0), 0);
	assert_true(span_is(task_of(&w, "y.test")->name, "test"));
	assert_int_equal(task_of(&w, "z.build")->ws, state_ws(&w.st, SPAN_LIT("z")));
	world_worker(&w, "k", 8, "[]");
	run(&w, "y.build", 0);
	expect_state(&w, "y.test", TASK_QUEUED);
	expect_state(&w, "test", TASK_PENDING);
	assert_int_equal(world_submit(&w, rows, 4, 0), 0); /* found again under these ids */
	run(&w, "y.test", 0);
	run(&w, "build", 0);
	run(&w, "test", 0);
	assert_int_equal(world_submit(&w, rows, 2, SUBMIT_NEW_RUN), 0); /* ids are given anew */
	expect_state(&w, "build", TASK_QUEUED);
	end(&w);
}

/* Names may hold dots, so even a qualified id can be taken: said, not crashed into. */
static void ids_that_collide_are_refused(void **state)
{
	static const struct row first[] = { { .ws = "a", .name = "b.c" },
					    { .ws = "q", .name = "c" } };
	static const struct row second[] = { { .ws = "m", .name = "a.b.c" } };
	static const struct row third[] = { { .ws = "a.b", .name = "c" } };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, first, 2, 0), 0);
	assert_int_equal(world_submit(&w, second, 1, 0), 0);
	assert_int_equal(world_submit(&w, third, 1, 0), -SK_EREFUSED);
	says(&w, "a.b.c");
	end(&w);
}

static void limits_are_refused_before_anything_happens(void **state)
{
	struct resource_spec many[RESOURCES_MAX + 1];
	char names[RESOURCES_MAX + 1][8];
	struct world w;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i < ARRAY_LEN(many); i++) {
		snprintf(names[i], sizeof(names[i]), "r%u", i);
		many[i] = (struct resource_spec){ span_of(names[i]), 1 };
	}
	w.resources = many;
	w.resource_count = RESOURCES_MAX;
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	w.resources = many + 1;
	assert_int_equal(world_submit(&w, three, 3, 0), -SK_EREFUSED);
	says(&w, "resources");
	end(&w);
}

static void tasks_left_out_are_held(void **state)
{
	static const struct row only_b[] = {
		{ .ws = "w", .name = "a", .left_out = true },
		ROW_B,
		{ .ws = "w", .name = "c", .needs = "a b", .left_out = true }
	};
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, only_b, 3, 0), 0);
	assert_true(task_of(&w, "a")->flags & TASK_HELD);
	world_worker(&w, "k", 4, "[]");
	world_schedule(&w);
	assert_int_equal(events_seen(&w, EV_DEPENDENCY_WAIVED), 1);
	assert_int_equal(effects_seen(&w, FX_ASSIGN), 1); /* b goes on without a */
	world_finished(&w, "b", OUTCOME_EXIT, 0);
	world_schedule(&w);
	expect_state(&w, "a", TASK_PENDING);
	expect_state(&w, "c", TASK_PENDING);
	expect_ws(&w, "w", WS_EXECUTING);
	assert_false(ws_live(ws_of(&w, "w")));
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	run(&w, "a", 0);
	run(&w, "c", 0);
	expect_ws(&w, "w", WS_COMPLETED);
	end(&w);
}

static void policies_change_without_a_refusal(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(world_submit(&w, three, 3, SUBMIT_KEEP_GOING), 0);
	assert_true(ws_of(&w, "w")->flags & WSF_KEEP_GOING);
	assert_int_equal(world_submit(&w, three, 3, 0), 0);
	assert_false(ws_of(&w, "w")->flags & WSF_KEEP_GOING);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_plan),
		cmocka_unit_test(the_same_plan_again_goes_on),
		cmocka_unit_test(what_failed_is_tried_again),
		cmocka_unit_test(all_is_done),
		cmocka_unit_test(changes_are_refused_in_words),
		cmocka_unit_test(needs_that_differ_are_refused),
		cmocka_unit_test(accepted_changes_are_taken_over),
		cmocka_unit_test(changes_of_completed_tasks_are_accepted_once),
		cmocka_unit_test(tasks_are_dropped_in_each_state),
		cmocka_unit_test(a_new_run_begins_anew),
		cmocka_unit_test(two_workstreams_use_the_same_names),
		cmocka_unit_test(ids_that_collide_are_refused),
		cmocka_unit_test(limits_are_refused_before_anything_happens),
		cmocka_unit_test(tasks_left_out_are_held),
		cmocka_unit_test(policies_change_without_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
