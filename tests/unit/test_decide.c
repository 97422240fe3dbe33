/*
 * Every way through the lives by inputs alone: each automatic row happens once for the reason it
 * stands for, and what comes late, twice or for somebody else changes nothing.
 */
#include "core_world.h"

#define RETRYING_DEF "{\"run\":\"x\",\"retries\":2}"
#define CHECKED_DEF                                                                             \
	"{\"run\":\"x\",\"retries\":1,\"before\":[{\"name\":\"b\",\"run\":\"x\"}],\"after\":[{" \
	"\"name\":\"a\",\"run\":\"x\"}]}"

static const struct row one[] = { { .ws = "w", .name = "a" } };

/* One worker with two slots and these tasks assigned to it. */
static void begin(struct world *w, const struct row *rows, size_t count, unsigned flags)
{
	world_init(w);
	assert_int_equal(world_submit(w, rows, count, flags), 0);
	world_worker(w, "k", 2, "[]");
	world_schedule(w);
}

static void end(struct world *w)
{
	world_check(w);
	world_release(w);
}

static void a_task_runs_to_its_end(void **state)
{
	static const char *const rows[] = { "T1", "T2", "T3", "T4", "T10", "W1", "W2",
					    "W3", "W4", "W8", "K1", "K2",  "K3", "K4" };
	struct world w;

	(void)state;
	begin(&w, one, 1, 0);
	assert_int_equal(effects_seen(&w, FX_ASSIGN), 1);
	expect_ws(&w, "w", WS_READY);
	world_started(&w, "a");
	expect_state(&w, "a", TASK_RUNNING);
	expect_ws(&w, "w", WS_EXECUTING);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	expect_state(&w, "a", TASK_COMPLETED);
	expect_ws(&w, "w", WS_COMPLETED);
	assert_int_equal(effects_seen(&w, FX_ARCHIVE), 1);
	world_schedule(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(edges_seen(&w, rows[i], NULL), 1);
	end(&w);
}

/* The report of the end may be the first that is heard of an attempt. */
static void an_end_tells_of_the_start(void **state)
{
	struct world w;

	(void)state;
	begin(&w, one, 1, 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	assert_int_equal(edges_seen(&w, "T3", "a"), 1);
	expect_state(&w, "a", TASK_COMPLETED);
	end(&w);
}

static void needs_are_queued_when_met(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" },
					   { .ws = "w", .name = "b", .needs = "a" } };
	struct world w;

	(void)state;
	begin(&w, rows, 2, 0);
	expect_state(&w, "b", TASK_PENDING);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	expect_state(&w, "b", TASK_QUEUED);
	end(&w);
}

/* 2, 4, 8 seconds; or base * 2^(n-1); at most 300 s. */
static void retries_wait_twice_as_long_each_time(void **state)
{
	static const struct {
		const char *def;
		int64_t delay_ms[4];
	} cases[] = {
		{ "{\"run\":\"x\",\"retries\":4}", { 2000, 4000, 8000, 16000 } },
		{ "{\"run\":\"x\",\"retries\":4,\"backoff_ms\":10000}",
		  { 10000, 20000, 40000, 80000 } },
		{ "{\"run\":\"x\",\"retries\":4,\"backoff_ms\":100000}",
		  { 100000, 200000, 300000, 300000 } },
		{ "{\"run\":\"x\",\"retries\":4,\"backoff_ms\":604800000}",
		  { 300000, 300000, 300000, 300000 } },
		{ "{\"run\":\"x\",\"retries\":4,\"backoff_ms\":1}", { 1, 2, 4, 8 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct row rows[] = { { .ws = "w", .name = "a", .def = cases[i].def } };
		struct world w;

		begin(&w, rows, 1, 0);
		for (unsigned n = 0; n < 4; n++) {
			world_finished(&w, "a", n % 2 ? OUTCOME_SIGNAL : OUTCOME_EXIT, 1);
			expect_state(&w, "a", TASK_RETRYING);
			assert_int_equal(task_of(&w, "a")->retry_count, n + 1);
			assert_int_equal(task_of(&w, "a")->retry_at_ms - w.now_ms,
					 cases[i].delay_ms[n]);
			assert_int_equal(core_deadline(&w.st), task_of(&w, "a")->retry_at_ms);
			world_time(&w, cases[i].delay_ms[n] - 1);
			expect_state(&w, "a", TASK_RETRYING);
			world_time(&w, 1);
			expect_state(&w, "a", TASK_QUEUED);
			world_schedule(&w);
			assert_int_equal(task_of(&w, "a")->attempt, n + 2);
		}
		world_finished(&w, "a", OUTCOME_EXIT, 1);
		expect_state(&w, "a", TASK_FAILED);
		assert_int_equal(edges_seen(&w, "T5", "a"), 4);
		assert_int_equal(edges_seen(&w, "T6", "a"), 1);
		assert_int_equal(edges_seen(&w, "T9", "a"), 4);
		end(&w);
	}
}

/* A thousand retries: the doubling stops at the limit instead of overflowing. */
static void many_retries_stay_at_the_limit(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w", .name = "a", .def = "{\"run\":\"x\",\"retries\":1000}" }
	};
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0);
	for (unsigned n = 0; n < RETRIES_MAX; n++) {
		world_finished(&w, "a", OUTCOME_EXIT, 1);
		assert_true(task_of(&w, "a")->retry_at_ms - w.now_ms <= RETRY_DELAY_MAX_MS);
		world_time(&w, RETRY_DELAY_MAX_MS);
		world_schedule(&w);
	}
	world_finished(&w, "a", OUTCOME_EXIT, 1);
	expect_state(&w, "a", TASK_FAILED);
	end(&w);
}

/* The shortest and the longest delay of 200 tasks that fail once. */
static void jitter_range(const char *def, int64_t *low, int64_t *high)
{
	struct row rows[200];
	char names[200][8];
	struct world w;

	*low = INT64_MAX;
	*high = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct row){ .ws = "w", .name = names[i], .def = def };
	}
	world_init(&w);
	assert_int_equal(world_submit(&w, rows, ARRAY_LEN(rows), 0), 0);
	world_worker(&w, "k", ARRAY_LEN(rows), "[]");
	world_schedule(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t delay;

		world_finished(&w, names[i], OUTCOME_EXIT, 1);
		delay = task_of(&w, names[i])->retry_at_ms - w.now_ms;
		*low = delay < *low ? delay : *low;
		*high = delay > *high ? delay : *high;
	}
	end(&w);
}

static void jitter_spreads_by_half(void **state)
{
	int64_t low, high;

	(void)state;
	jitter_range("{\"run\":\"x\",\"retries\":1,\"backoff_ms\":10000,\"jitter\":true}", &low,
		     &high);
	assert_in_range(low, 5000, 6000);
	assert_in_range(high, 14000, 15000);
}

/* The limit holds with the spread, and the spread is still one. */
static void jitter_keeps_the_limit(void **state)
{
	int64_t low, high;

	(void)state;
	jitter_range("{\"run\":\"x\",\"retries\":1,\"backoff_ms\":300000,\"jitter\":true}", &low,
		     &high);
	assert_in_range(low, RETRY_DELAY_MAX_MS / 2, RETRY_DELAY_MAX_MS / 2 + 5000);
	assert_in_range(high, RETRY_DELAY_MAX_MS - 5000, RETRY_DELAY_MAX_MS);
}

static void time_limits(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w", .name = "a", .def = "{\"run\":\"x\",\"retries\":1}" }
	};
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0);
	world_finished(&w, "a", OUTCOME_TIMEOUT, 0);
	expect_state(&w, "a", TASK_RETRYING);
	world_time(&w, 2000);
	world_schedule(&w);
	world_finished(&w, "a", OUTCOME_TIMEOUT, 0);
	expect_state(&w, "a", TASK_FAILED);
	assert_int_equal(edges_seen(&w, "T7", "a"), 1);
	assert_int_equal(edges_seen(&w, "T8", "a"), 1);
	assert_int_equal(events_seen(&w, EV_TASK_TIMEOUT), 2);
	assert_true(span_starts(task_of(&w, "a")->error, "timed out after"));
	end(&w);
}

static void rules_before_and_after(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a", .def = CHECKED_DEF } };
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0);
	world_finished(&w, "a", OUTCOME_PRECHECK, 0);
	expect_state(&w, "a", TASK_RETRYING);
	world_time(&w, 2000);
	world_schedule(&w);
	world_finished(&w, "a", OUTCOME_PRECHECK, 0);
	expect_state(&w, "a", TASK_FAILED);
	assert_int_equal(edges_seen(&w, "T18", "a"), 1);
	assert_int_equal(edges_seen(&w, "T19", "a"), 1);
	assert_int_equal(edges_seen(&w, "T3", "a"), 0);
	end(&w);

	begin(&w, rows, 1, 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	expect_state(&w, "a", TASK_VALIDATING);
	assert_int_equal(effects_seen(&w, FX_VALIDATE), 1);
	world_finished(&w, "a", OUTCOME_EXIT, 0); /* the command's end again */
	expect_state(&w, "a", TASK_VALIDATING);
	world_validated(&w, "a", 3);
	expect_state(&w, "a", TASK_FAILED); /* no retry, though one is left */
	assert_int_equal(edges_seen(&w, "T11", "a"), 1);
	assert_int_equal(events_seen(&w, EV_VALIDATION_FAILED), 1);
	end(&w);

	begin(&w, rows, 1, 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	world_validated(&w, "a", 0);
	expect_state(&w, "a", TASK_COMPLETED);
	end(&w);
}

static void late_and_foreign_reports_change_nothing(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a", .def = RETRYING_DEF } };
	struct input in;
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0);
	in = report_of(&w, "a", IN_FINISHED);
	in.attempt = 2;
	assert_int_equal(world_step(&w, in), 0);
	in = report_of(&w, "a", IN_FINISHED);
	in.incarnation = 9;
	assert_int_equal(world_step(&w, in), 0);
	in = report_of(&w, "a", IN_STARTED);
	in.worker_id = SPAN_LIT("somebody");
	assert_int_equal(world_step(&w, in), 0);
	in.task_id = SPAN_LIT("nothing");
	assert_int_equal(world_step(&w, in), 0);
	expect_state(&w, "a", TASK_QUEUED);
	assert_int_equal(events_seen(&w, EV_STALE_RESULT_IGNORED), 4);
	in = report_of(&w, "a", IN_FINISHED);
	in.result.exit_code = 1;
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(world_step(&w, in), 0); /* twice */
	assert_int_equal(edges_seen(&w, "T5", "a"), 1);
	assert_int_equal(events_seen(&w, EV_STALE_RESULT_IGNORED), 5);
	end(&w);
}

static void strange_numbers_of_workers_are_kept_in_range(void **state)
{
	struct input in;
	struct world w;

	(void)state;
	begin(&w, one, 1, 0);
	in = report_of(&w, "a", IN_FINISHED);
	in.result = (struct result){ .outcome = OUTCOME_SIGNAL,
				     .signal = 1u << 20,
				     .exit_code = 1LL << 40,
				     .duration_ms = 1ULL << 50,
				     .cpu_ms = 1ULL << 50,
				     .peak_kb = 1ULL << 50 };
	assert_int_equal(world_step(&w, in), 0);
	expect_state(&w, "a", TASK_FAILED);
	end(&w);
}

/* A critical failure, or any with fail-fast, ends the workstream; with keep-going none does. */
static void failures_and_their_policies(void **state)
{
	static const struct {
		unsigned flags;
		bool critical, fails;
	} cases[] = {
		{ 0, false, false },
		{ 0, true, true },
		{ SUBMIT_KEEP_GOING, true, false },
		{ SUBMIT_FAIL_FAST, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct row rows[] = {
			{ .ws = "w",
			  .name = "a",
			  .def = cases[i].critical ? "{\"run\":\"x\",\"critical\":true}" : NULL },
			{ .ws = "w", .name = "b" },
			{ .ws = "w", .name = "c", .def = RETRYING_DEF },
			{ .ws = "w", .name = "d", .needs = "a" },
		};
		struct world w;

		begin(&w, rows, ARRAY_LEN(rows), cases[i].flags);
		world_started(&w, "b");
		world_finished(&w, "a", OUTCOME_EXIT, 1);
		expect_state(&w, "a", TASK_FAILED);
		expect_ws(&w, "w", cases[i].fails ? WS_FAILED : WS_EXECUTING);
		assert_int_equal(edges_seen(&w, "W5", "w"), cases[i].fails);
		expect_state(&w, "c", cases[i].fails ? TASK_CANCELLED : TASK_QUEUED);
		expect_state(&w, "d", cases[i].fails ? TASK_CANCELLED : TASK_PENDING);
		if (cases[i].fails) {
			assert_int_equal(effects_seen(&w, FX_CANCEL), 1);
			assert_int_equal(effects_seen(&w, FX_ARCHIVE), 1);
			world_finished(&w, "b", OUTCOME_KILLED, 0);
			expect_state(&w, "b", TASK_CANCELLED);
			end(&w);
			continue;
		}
		world_finished(&w, "b", OUTCOME_EXIT, 0);
		world_schedule(&w);
		world_finished(&w, "c", OUTCOME_EXIT, 0);
		expect_ws(&w, "w", WS_FAILED); /* d can never run */
		assert_int_equal(edges_seen(&w, "W7", "w"), 1);
		expect_state(&w, "d", TASK_PENDING);
		end(&w);
	}
}

static void exhaustion_waits_for_retries(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w", .name = "a" },
		{ .ws = "w", .name = "b", .def = "{\"run\":\"x\",\"retries\":1}" }
	};
	struct world w;

	(void)state;
	begin(&w, rows, 2, 0);
	world_finished(&w, "a", OUTCOME_EXIT, 1);
	world_finished(&w, "b", OUTCOME_EXIT, 1);
	expect_ws(&w, "w", WS_EXECUTING);
	world_time(&w, 2000);
	expect_ws(&w, "w", WS_EXECUTING);
	world_schedule(&w);
	world_finished(&w, "b", OUTCOME_EXIT, 1);
	expect_ws(&w, "w", WS_FAILED);
	end(&w);
}

static void a_workstream_runs_out_of_time(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" },
					   { .ws = "w", .name = "b", .needs = "a" } };
	struct world w;

	(void)state;
	world_init(&w);
	w.max_duration_ms = 7200000;
	assert_int_equal(world_submit(&w, rows, 2, 0), 0);
	world_worker(&w, "k", 1, "[]");
	world_schedule(&w);
	assert_int_equal(core_deadline(&w.st), INT64_MAX); /* its time begins with its first task */
	w.now_ms += 1000;
	world_started(&w, "a");
	assert_int_equal(core_deadline(&w.st), w.now_ms + 7200000);
	world_time(&w, 7199999);
	expect_ws(&w, "w", WS_EXECUTING);
	world_time(&w, 1);
	expect_ws(&w, "w", WS_FAILED);
	assert_int_equal(edges_seen(&w, "W6", "w"), 1);
	assert_int_equal(events_seen(&w, EV_WS_TIMEOUT), 1);
	expect_state(&w, "b", TASK_CANCELLED);
	assert_int_equal(effects_seen(&w, FX_CANCEL), 1);
	world_finished(&w, "a", OUTCOME_KILLED, 0);
	expect_state(&w, "a", TASK_CANCELLED);
	assert_int_equal(core_deadline(&w.st), INT64_MAX);
	end(&w);
}

static void time_never_runs_backwards_in_the_record(void **state)
{
	struct world w;

	(void)state;
	begin(&w, one, 1, 0);
	w.now_ms -= 3600000;
	world_started(&w, "a");
	for (size_t i = 1; i < w.batch.count; i++) {
		assert_true(w.batch.v[i].at_ms >= w.batch.v[i - 1].at_ms);
		assert_int_equal(w.batch.v[i].seq, w.batch.v[i - 1].seq + 1);
		assert_true(w.batch.v[i].caused_by < w.batch.v[i].seq);
	}
	end(&w);
}

static void the_orchestrator_comes_and_goes(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (uint64_t i = 1; i <= 2; i++) {
		assert_int_equal(world_step(&w, (struct input){ .kind = IN_ORCHESTRATOR_STARTED,
								.pid = 40 + i }),
				 0);
		assert_int_equal(w.st.epoch, i);
		assert_int_equal(w.st.orchestrator_pid, 40 + i);
		assert_true(w.st.orchestrator_running);
	}
	assert_int_equal(world_step(&w, (struct input){ .kind = IN_ORCHESTRATOR_STOPPED }), 0);
	assert_false(w.st.orchestrator_running);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_runs_to_its_end),
		cmocka_unit_test(an_end_tells_of_the_start),
		cmocka_unit_test(needs_are_queued_when_met),
		cmocka_unit_test(retries_wait_twice_as_long_each_time),
		cmocka_unit_test(many_retries_stay_at_the_limit),
		cmocka_unit_test(jitter_spreads_by_half),
		cmocka_unit_test(jitter_keeps_the_limit),
		cmocka_unit_test(time_limits),
		cmocka_unit_test(rules_before_and_after),
		cmocka_unit_test(late_and_foreign_reports_change_nothing),
		cmocka_unit_test(strange_numbers_of_workers_are_kept_in_range),
		cmocka_unit_test(failures_and_their_policies),
		cmocka_unit_test(exhaustion_waits_for_retries),
		cmocka_unit_test(a_workstream_runs_out_of_time),
		cmocka_unit_test(time_never_runs_backwards_in_the_record),
		cmocka_unit_test(the_orchestrator_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
