/*
 * The graph that is kept up to date by differences, against one counted anew: unmet needs, marks of
 * blocked tasks, dependents, waivers, also across workstreams and with ten thousand neighbours.
 */
#include "core_random.h"

#define WIDE 10000

static void random_days_keep_the_graph_right(void **state)
{
	unsigned rounds = test_rounds(150, 4000);

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		struct random_plan plan;
		uint64_t seed = 900000 + round;
		struct world w;

		random_begin(&w, &plan, &seed);
		for (unsigned i = 0; i < 200; i++) {
			random_happening(&w, &plan, &seed);
			check_counts(&w.st);
		}
		world_release(&w);
	}
}

static void apply_event(struct world *w, struct event ev)
{
	char why[200] = "";

	ev.seq = w->st.last_seq + 1;
	ev.at_ms = w->now_ms;
	if (core_apply(&w->st, &ev, NULL, why) < 0)
		fail_msg("%s", why);
}

static void create(struct world *w, const char *ws, const char *id, const char *needs)
{
	apply_event(w, (struct event){ .kind = EV_TASK_CREATED,
				       .from = NO_STATE,
				       .to = TASK_PENDING,
				       .trigger = ON_TASK_CREATED,
				       .edge = SPAN_LIT("T1"),
				       .task_id = span_of(id),
				       .workstream_id = span_of(ws),
				       .needs = span_of(needs),
				       .def = SPAN_LIT("{\"run\":\"true\"}") });
}

static void create_ws(struct world *w, const char *ws)
{
	apply_event(w, (struct event){ .kind = EV_WS_CREATED,
				       .from = NO_STATE,
				       .to = WS_PLANNED,
				       .trigger = ON_WORKSTREAM_CREATED,
				       .edge = SPAN_LIT("W1"),
				       .workstream_id = span_of(ws) });
}

static void ready_ws(struct world *w, const char *ws)
{
	apply_event(w, (struct event){ .kind = EV_WS_READY,
				       .from = WS_PLANNED,
				       .to = WS_READY,
				       .trigger = ON_ALL_TASKS_CREATED,
				       .edge = SPAN_LIT("W2"),
				       .workstream_id = span_of(ws) });
}

static void cancel(struct world *w, const char *id, uint64_t waive)
{
	apply_event(w, (struct event){ .kind = EV_TASK_CANCELLED,
				       .from = task_of(w, id)->state,
				       .to = TASK_CANCELLED,
				       .trigger = ON_USER_CANCELLED,
				       .edge = SPAN_LIT("T13"),
				       .task_id = span_of(id),
				       .waive = waive });
}

/* One workstream needs a task of another: the edge counts, changes and goes with either side. */
static void needs_across_workstreams(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	create_ws(&w, "x");
	create_ws(&w, "y");
	create(&w, "x", "base", "[]");
	create(&w, "x", "other", "[]");
	create(&w, "y", "top", "[\"base\"]");
	ready_ws(&w, "x");
	ready_ws(&w, "y");
	assert_int_equal(task_of(&w, "top")->unmet, 1);
	assert_int_equal(task_of(&w, "base")->dependents_count, 1);
	/* the need moves to another task: the first one forgets it */
	apply_event(&w, (struct event){ .kind = EV_TASK_UPDATED,
					.task_id = SPAN_LIT("top"),
					.workstream_id = SPAN_LIT("y"),
					.needs = SPAN_LIT("[\"other\"]"),
					.def = SPAN_LIT("{\"run\":\"true\"}") });
	apply_event(&w, (struct event){ .kind = EV_WS_UPDATED, .workstream_id = SPAN_LIT("y") });
	assert_int_equal(task_of(&w, "base")->dependents_count, 0);
	cancel(&w, "base", 1);
	assert_int_equal(task_of(&w, "top")->unmet, 1);
	cancel(&w, "other", 1);
	assert_int_equal(task_of(&w, "top")->unmet, 0);
	check_counts(&w.st);
	world_release(&w);
}

/* The run that was needed goes to the archive: nobody waits for it any more, and the document can
 * be read back. */
static void archived_needs_are_waived(void **state)
{
	CLEANUP(state_release) struct state again;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct snapshot_place place;
	char what[200] = "";
	struct world w;
	size_t at;

	(void)state;
	world_init(&w);
	create_ws(&w, "x");
	create_ws(&w, "y");
	create(&w, "x", "base", "[]");
	create(&w, "y", "top", "[\"base\"]");
	create(&w, "y", "roof", "[\"top\",\"base\"]");
	ready_ws(&w, "x");
	ready_ws(&w, "y");
	apply_event(&w, (struct event){ .kind = EV_WS_ARCHIVED, .workstream_id = SPAN_LIT("x") });
	assert_int_equal(task_of(&w, "top")->unmet, 0);
	assert_int_equal(task_of(&w, "roof")->unmet, 1);
	check_counts(&w.st);
	encode(&w.st, &text);
	state_init(&again);
	if (state_decode((struct span){ text.p, text.len }, &again, &place, what, &at) < 0)
		fail_msg("%s", what);
	check_counts(&again);
	/* and the other way round: what needed something goes first */
	apply_event(&w, (struct event){ .kind = EV_WS_ARCHIVED, .workstream_id = SPAN_LIT("y") });
	world_release(&w);
}

static void waivers_come_one_at_a_time(void **state)
{
	static const struct row rows[] = { { .ws = "w", .name = "a" },
					   { .ws = "w", .name = "b" },
					   { .ws = "w", .name = "c", .needs = "a b" } };
	struct event ev = { .kind = EV_DEPENDENCY_WAIVED,
			    .task_id = SPAN_LIT("c"),
			    .needs = SPAN_LIT("[\"a\"]") };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, rows, ARRAY_LEN(rows), 0), 0);
	apply_event(&w, ev);
	assert_int_equal(task_of(&w, "c")->unmet, 1);
	apply_event(&w, ev); /* once more: nothing left to waive */
	assert_int_equal(task_of(&w, "c")->unmet, 1);
	ev.needs = SPAN_LIT("[\"c\",\"nobody\",\"b\"]"); /* what is no need of it is passed over */
	apply_event(&w, ev);
	assert_int_equal(task_of(&w, "c")->unmet, 0);
	check_counts(&w.st);
	world_schedule(&w);
	expect_state(&w, "c", TASK_QUEUED);
	world_release(&w);
}

/* WIDE tasks around one: all in front of it, or all behind it. */
static void wide_plan(struct submission *s, bool fan_in)
{
	char name[16];

	memset(s, 0, sizeof(*s));
	s->ws = mem_zalloc(sizeof(*s->ws));
	s->ws[0] = (struct ws_spec){ .name = SPAN_LIT("wide"), .def = SPAN_LIT("{}") };
	s->tasks = mem_zalloc((WIDE + 1) * sizeof(*s->tasks));
	s->needs = mem_alloc(WIDE * sizeof(*s->needs));
	s->ws_count = 1;
	s->task_count = WIDE + 1;
	for (uint32_t i = 0; i <= WIDE; i++) {
		int len = snprintf(name, sizeof(name), "t%u", i);

		s->tasks[i] =
			(struct task_spec){ .name = arena_copy(&s->text,
							       (struct span){ name, (size_t)len }),
					    .def = SPAN_LIT("{\"run\":\"true\"}"),
					    .selected = true,
					    .needs_at = s->needs_count };
		if (fan_in && i < WIDE)
			continue;
		for (uint32_t k = 0; fan_in && k < WIDE; k++)
			s->needs[s->needs_count++] = k;
		if (!fan_in && i > 0)
			s->needs[s->needs_count++] = 0;
		s->tasks[i].needs_count = s->needs_count - s->tasks[i].needs_at;
	}
}

static void fail_all_and_again(struct world *w)
{
	for (uint32_t i = 0; i < w->st.task_count; i++) {
		struct task *t = &w->st.tasks[i];
		struct input in = { .kind = IN_FINISHED,
				    .task_id = t->id,
				    .attempt = t->attempt,
				    .incarnation = 1,
				    .worker_id = SPAN_LIT("k"),
				    .result = { .outcome = OUTCOME_EXIT, .exit_code = 1 } };

		if (t->worker != NO_ID)
			assert_int_equal(world_step(w, in), 0);
	}
}

static void ten_thousand_in_front_and_behind(void **state)
{
	(void)state;
	for (int fan_in = 0; fan_in < 2; fan_in++) {
		CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
		struct world w;

		world_init(&w);
		wide_plan(&s, fan_in);
		for (int run = 0; run < 2; run++) {
			assert_int_equal(world_step(&w, (struct input){ .kind = IN_SUBMIT,
									.submission = &s }),
					 0);
			if (run == 0)
				world_worker(&w, "k", SLOTS_MAX, "[]");
			for (int i = 0; i < 12; i++) {
				world_schedule(&w);
				fail_all_and_again(&w);
				w.batch.count = 0;
			}
			assert_int_equal(w.st.ws[0].by_state[TASK_FAILED], fan_in ? WIDE : 1);
			assert_int_equal(w.st.ws[0].blocked, fan_in ? 1 : WIDE);
			expect_ws(&w, "wide", WS_FAILED);
			check_counts(&w.st);
		}
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_days_keep_the_graph_right),
		cmocka_unit_test(needs_across_workstreams),
		cmocka_unit_test(archived_needs_are_waived),
		cmocka_unit_test(waivers_come_one_at_a_time),
		cmocka_unit_test(ten_thousand_in_front_and_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
