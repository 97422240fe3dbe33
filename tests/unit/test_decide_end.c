/*
 * Ends that nobody planned: what is cancelled, interrupted, lost with its worker or unknown to it,
 * in each state it can be in.
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

static const struct row pair[] = { { .ws = "w", .name = "a", .def = CHECKED_DEF },
				   { .ws = "w", .name = "b", .needs = "a" } };

/* In each state a task can be in, with and without waiving it for those behind. */
static void cancelling(void **state)
{
	static const enum task_state states[] = { TASK_PENDING, TASK_QUEUED, TASK_RUNNING,
						  TASK_VALIDATING, TASK_RETRYING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		for (int waive = 0; waive < 2; waive++) {
			struct world w;
			bool with_worker = states[i] == TASK_QUEUED || states[i] == TASK_RUNNING ||
					   states[i] == TASK_VALIDATING;

			begin(&w, pair, 2, 0);
			if (states[i] == TASK_PENDING) {
				assert_int_equal(world_cancel(&w, "b", waive), 0);
				expect_state(&w, "b", TASK_CANCELLED);
				end(&w);
				continue;
			}
			if (states[i] == TASK_RUNNING)
				world_started(&w, "a");
			if (states[i] == TASK_VALIDATING)
				world_finished(&w, "a", OUTCOME_EXIT, 0);
			if (states[i] == TASK_RETRYING)
				world_finished(&w, "a", OUTCOME_EXIT, 1);
			expect_state(&w, "a", states[i]);
			assert_int_equal(world_cancel(&w, "a", waive), 0);
			if (with_worker) {
				struct input in = report_of(&w, "a", IN_FINISHED);

				expect_state(&w, "a", states[i]); /* until nothing of it lives */
				assert_int_equal(effects_seen(&w, FX_CANCEL), 1);
				assert_int_equal(world_cancel(&w, "a", waive),
						 0); /* once more is once */
				assert_int_equal(effects_seen(&w, FX_CANCEL), 0);
				in.result.outcome = OUTCOME_KILLED;
				in.result.validation = states[i] == TASK_VALIDATING;
				assert_int_equal(world_step(&w, in), 0);
			}
			expect_state(&w, "a", TASK_CANCELLED);
			expect_state(&w, "b", waive ? TASK_QUEUED : TASK_PENDING);
			assert_int_equal(world_cancel(&w, "a", waive), -SK_EREFUSED);
			assert_non_null(strstr(w.why.p, "cancelled"));
			end(&w);
		}
}

/* Success that crossed the wish to end it is success; failure that crossed it is no failure. */
static void cancelling_crosses_the_end(void **state)
{
	struct world w;

	(void)state;
	begin(&w, one, 1, 0);
	world_started(&w, "a");
	assert_int_equal(world_cancel(&w, "a", true), 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	expect_state(&w, "a", TASK_COMPLETED);
	expect_ws(&w, "w", WS_COMPLETED);
	end(&w);
	begin(&w, one, 1, 0);
	world_started(&w, "a");
	assert_int_equal(world_cancel(&w, "a", false), 0);
	world_finished(&w, "a", OUTCOME_SIGNAL, 0);
	expect_state(&w, "a", TASK_CANCELLED);
	end(&w);
	begin(&w, one, 1, 0);
	assert_int_equal(world_cancel(&w, "nobody", false), -SK_ENOTFOUND);
	end(&w);
}

/* The cancelled and waived task comes back while the one behind it waits for its retry: that goes
 * on undisturbed. */
static void a_waived_need_may_come_back(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w", .name = "a" },
		{ .ws = "w", .name = "b", .needs = "a", .def = RETRYING_DEF }
	};
	struct event *ev;
	char why[200];
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, rows, 2, 0), 0);
	assert_int_equal(world_cancel(&w, "a", true), 0);
	world_worker(&w, "k", 2, "[]");
	world_schedule(&w);
	world_finished(&w, "b", OUTCOME_EXIT, 1);
	expect_state(&w, "b", TASK_RETRYING);
	assert_int_equal(world_submit(&w, rows, 2, 0), 0);
	expect_state(&w, "a", TASK_CANCELLED); /* settled: the next run leaves it alone */
	ev = events_add(&w.batch, EV_TASK_RESET, w.now_ms);
	ev->seq = w.st.last_seq + 1;
	ev->from = TASK_CANCELLED;
	ev->to = TASK_PENDING;
	ev->trigger = ON_MANUAL_RETRY;
	ev->edge = SPAN_LIT("O1");
	ev->task_id = SPAN_LIT("a");
	assert_int_equal(core_apply(&w.st, ev, NULL, why), 0);
	assert_int_equal(task_of(&w, "b")->unmet, 1);
	world_time(&w, 2000);
	expect_state(&w, "a", TASK_QUEUED);
	expect_state(&w, "b", TASK_QUEUED);
	world_schedule(&w);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	world_finished(&w, "b", OUTCOME_EXIT, 0);
	expect_ws(&w, "w", WS_COMPLETED);
	end(&w);
}

static void an_interrupt_leaves_the_rest_for_the_next_run(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" },
					   { .ws = "w", .name = "b" },
					   { .ws = "w", .name = "c" },
					   { .ws = "w", .name = "d", .needs = "a" } };
	struct world w;

	(void)state;
	begin(&w, rows, 4, 0);
	world_started(&w, "a");
	assert_int_equal(world_step(&w, (struct input){ .kind = IN_INTERRUPT }), 0);
	assert_int_equal(effects_seen(&w, FX_CANCEL), 2);
	assert_int_equal(world_step(&w, (struct input){ .kind = IN_INTERRUPT }), 0);
	assert_int_equal(effects_seen(&w, FX_CANCEL), 0);
	world_finished(&w, "a", OUTCOME_KILLED, 0);
	world_finished(&w, "b", OUTCOME_KILLED, 0);
	expect_state(&w, "a", TASK_CANCELLED);
	expect_state(&w, "b", TASK_CANCELLED);
	expect_state(&w, "c", TASK_QUEUED);
	expect_state(&w, "d", TASK_PENDING);
	expect_ws(&w, "w", WS_EXECUTING);
	assert_int_equal(world_submit(&w, rows, 4, 0), 0);
	expect_state(&w, "a", TASK_QUEUED);
	expect_state(&w, "b", TASK_QUEUED);
	end(&w);
}

/* A lost worker costs no retry; after REASSIGN_MAX of them the task fails. */
static void a_worker_is_lost_in_each_state(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a", .def = CHECKED_DEF } };
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0); /* assigned, never started: for nothing */
	world_lost(&w, "k", IN_WORKER_LOST);
	assert_int_equal(edges_seen(&w, "T20", "a"), 1);
	assert_int_equal(edges_seen(&w, "K11", "k"), 1);
	assert_int_equal(task_of(&w, "a")->reassign_count, 0);
	for (unsigned i = 0; i <= REASSIGN_MAX; i++) {
		world_time(&w, 0);
		world_worker(&w, "k", 2, "[]");
		world_schedule(&w);
		world_started(&w, "a");
		world_lost(&w, "k", IN_WORKER_LOST);
		expect_state(&w, "a", i < REASSIGN_MAX ? TASK_RETRYING : TASK_FAILED);
	}
	assert_int_equal(edges_seen(&w, "T15", "a"), REASSIGN_MAX);
	assert_int_equal(edges_seen(&w, "T16", "a"), 1);
	assert_int_equal(task_of(&w, "a")->retry_count, 0);
	end(&w);

	begin(&w, rows, 1, 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	world_lost(&w, "k", IN_WORKER_LOST);
	expect_state(&w, "a", TASK_VALIDATING); /* its rules run again elsewhere */
	world_worker(&w, "l", 1, "[]");
	world_schedule(&w);
	assert_int_equal(effects_seen(&w, FX_VALIDATE), 1);
	assert_int_equal(task_of(&w, "a")->attempt, 1);
	world_validated(&w, "a", 0);
	expect_state(&w, "a", TASK_COMPLETED);
	end(&w);

	for (int validating = 0; validating < 2; validating++) {
		begin(&w, rows, 1, 0);
		world_started(&w, "a");
		if (validating)
			world_finished(&w, "a", OUTCOME_EXIT, 0);
		assert_int_equal(world_cancel(&w, "a", false), 0);
		world_lost(&w, "k", IN_WORKER_LOST);
		expect_state(&w, "a", TASK_CANCELLED);
		end(&w);
	}
}

static void workers_end_and_come_back(void **state)
{
	struct world w;
	struct input in = { .kind = IN_WORKER_LOST, .worker_id = SPAN_LIT("k"), .incarnation = 7 };

	(void)state;
	begin(&w, one, 1, 0);
	assert_int_equal(world_step(&w, in), 0); /* of another incarnation */
	assert_int_equal(worker_of(&w, "k")->state, WORKER_BUSY);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	world_schedule(&w);
	assert_int_equal(worker_of(&w, "k")->state, WORKER_IDLE);
	world_lost(&w, "k", IN_WORKER_SHUTDOWN);
	assert_int_equal(edges_seen(&w, "K9", "k"), 1);
	world_lost(&w, "k", IN_WORKER_SHUTDOWN); /* once is enough */
	assert_int_equal(edges_seen(&w, "K9", "k"), 1);
	in = (struct input){ .kind = IN_WORKER_REGISTERED,
			     .worker_id = SPAN_LIT("k"),
			     .incarnation = 1,
			     .slots = 1 };
	assert_int_equal(world_step(&w, in), -SK_EREFUSED); /* the old one cannot come back */
	in.kind = IN_WORKER_SPAWNED;
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(worker_of(&w, "k")->incarnation, 2);
	in.kind = IN_WORKER_REGISTERED;
	assert_int_equal(world_step(&w, in), -SK_EREFUSED);
	in.incarnation = 2;
	in.slots = SLOTS_MAX + 1;
	assert_int_equal(world_step(&w, in), -SK_EREFUSED);
	in.slots = 1;
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(world_step(&w, in), 0); /* a new connection of the same */
	assert_int_equal(edges_seen(&w, "K2", "k"), 2);
	world_lost(&w, "k", IN_WORKER_LOST);
	in.kind = IN_WORKER_SPAWNED;
	assert_int_equal(world_step(&w, in), 0);
	world_lost(&w, "k", IN_WORKER_SHUTDOWN); /* before it ever registered */
	assert_int_equal(edges_seen(&w, "K12", "k"), 1);
	end(&w);

	begin(&w, one, 1, 0);
	world_lost(&w, "k", IN_WORKER_SHUTDOWN);
	assert_int_equal(edges_seen(&w, "K10", "k"), 1);
	end(&w);
}

static void a_worker_that_knows_nothing_of_it(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a", .def = CHECKED_DEF } };
	struct input in;
	struct world w;

	(void)state;
	begin(&w, rows, 1, 0);
	in = report_of(&w, "a", IN_UNKNOWN_TO_WORKER);
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(effects_seen(&w, FX_ASSIGN), 1); /* never arrived: the same again */
	expect_state(&w, "a", TASK_QUEUED);
	world_started(&w, "a");
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(edges_seen(&w, "T15", "a"), 1);
	assert_int_equal(world_step(&w, in), 0); /* nobody has it now */
	world_time(&w, 0);
	world_schedule(&w);
	assert_int_equal(world_step(&w, in), 0); /* of an attempt that is over */
	assert_int_equal(effects_seen(&w, FX_ASSIGN), 0);
	world_finished(&w, "a", OUTCOME_EXIT, 0);
	in = report_of(&w, "a", IN_UNKNOWN_TO_WORKER);
	assert_int_equal(world_step(&w, in), 0);
	assert_int_equal(effects_seen(&w, FX_VALIDATE), 1);
	assert_int_equal(world_cancel(&w, "a", false), 0);
	assert_int_equal(world_step(&w, in), 0);
	expect_state(&w, "a", TASK_CANCELLED);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cancelling),
		cmocka_unit_test(cancelling_crosses_the_end),
		cmocka_unit_test(a_waived_need_may_come_back),
		cmocka_unit_test(an_interrupt_leaves_the_rest_for_the_next_run),
		cmocka_unit_test(a_worker_is_lost_in_each_state),
		cmocka_unit_test(workers_end_and_come_back),
		cmocka_unit_test(a_worker_that_knows_nothing_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
