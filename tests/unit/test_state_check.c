/*
 * The rules that hold in every state: a state that came about by the core's own events keeps them,
 * and each of them is missed when it is broken on purpose. Beside it what the comparison of two
 * states tells.
 */
#include "core_world.h"

#include "core/state_check.h"
#include "core/state_diff.h"

struct told {
	unsigned count;
	enum state_rule rule;
	char id[64], what[200];
};

static void tell(void *ctx, enum state_rule rule, struct span id, const char *what)
{
	struct told *t = ctx;

	if (t->count++)
		return;
	t->rule = rule;
	snprintf(t->id, sizeof(t->id), "%.*s", SPAN_ARG(id));
	snprintf(t->what, sizeof(t->what), "%s", what);
}

static void expect_kept(const struct world *w)
{
	struct told t = { .count = 0 };

	state_check(&w->st, tell, &t);
	if (t.count)
		fail_msg("%s: %s %s", state_rule_word(t.rule), t.id, t.what);
}

static void expect_broken(const struct world *w, enum state_rule rule, const char *id,
			  const char *what)
{
	struct told t = { .count = 0 };

	state_check(&w->st, tell, &t);
	assert_true(t.count > 0);
	assert_string_equal(state_rule_word(t.rule), state_rule_word(rule));
	assert_string_equal(t.id, id);
	if (!strstr(t.what, what))
		fail_msg("expected \"%s\" in: %s", what, t.what);
}

/* a holds a resource and runs, b waits for a, c waits for its next try. */
static void begin(struct world *w)
{
	static const struct resource_spec lock = { { "lock", 4 }, 1 };
	static const struct row rows[] = {
		{ .ws = "w", .name = "a", .def = "{\"run\":\"true\",\"resources\":{\"lock\":1}}" },
		{ .ws = "w", .name = "b", .needs = "a" },
		{ .ws = "w", .name = "c", .def = "{\"run\":\"true\",\"retries\":3}" },
	};

	world_init(w);
	w->resources = &lock;
	w->resource_count = 1;
	assert_int_equal(world_submit(w, rows, 3, 0), 0);
	world_worker(w, "local", 4, "[]");
	world_schedule(w);
	world_started(w, "a");
	world_started(w, "c");
	world_finished(w, "c", OUTCOME_EXIT, 1);
	expect_state(w, "c", TASK_RETRYING);
	expect_kept(w);
}

static struct task *at(struct world *w, const char *id)
{
	return &w->st.tasks[state_task(&w->st, span_of(id))];
}

static void broken_tasks_are_found(void **state)
{
	struct world w;
	uint32_t worker;

	(void)state;
	begin(&w);
	worker = at(&w, "a")->worker;
	at(&w, "a")->worker = NO_ID;
	expect_broken(&w, RULE_TASKS, "a", "is running without a worker");
	at(&w, "a")->worker = worker;
	at(&w, "b")->worker = worker;
	expect_broken(&w, RULE_TASKS, "b", "although it is not at work");
	at(&w, "b")->worker = NO_ID;
	at(&w, "b")->state = TASK_QUEUED;
	expect_broken(&w, RULE_TASKS, "b", "a dependency is not satisfied");
	at(&w, "b")->state = TASK_PENDING;
	at(&w, "c")->retry_at_ms = 0;
	expect_broken(&w, RULE_TASKS, "c", "but not when");
	at(&w, "c")->retry_at_ms = WORLD_START_MS + 1;
	at(&w, "a")->started_ms = 1;
	expect_broken(&w, RULE_TASKS, "a", "before it was created");
	world_release(&w);
}

static void broken_counts_are_found(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	w.st.resources[0].held = 0;
	expect_broken(&w, RULE_RESOURCES, "lock", "as much as its holders take");
	w.st.resources[0].held = 1;
	w.st.ws[0].by_state[TASK_FAILED]++;
	expect_broken(&w, RULE_WORKSTREAMS, "w", "counts its tasks wrongly");
	w.st.ws[0].by_state[TASK_FAILED]--;
	w.st.ws[0].state = WS_COMPLETED;
	expect_broken(&w, RULE_WORKSTREAMS, "w", "not all of its tasks are");
	w.st.ws[0].state = WS_EXECUTING;
	w.st.workers[0].state = WORKER_SHUTDOWN;
	expect_broken(&w, RULE_WORKERS, "local", "tasks are assigned to it");
	w.st.workers[0].state = WORKER_BUSY;
	expect_kept(&w);
	world_release(&w);
}

/* Found by the simulator: an accepted change gives a task that waits in line a dependency. */
static void a_new_dependency_takes_a_task_out_of_the_line(void **state)
{
	static const struct row before[] = { { .ws = "w", .name = "x" },
					     { .ws = "w", .name = "y" } };
	static const struct row after[] = { { .ws = "w", .name = "x" },
					    { .ws = "w", .name = "y", .needs = "x" } };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, before, 2, 0), 0);
	expect_state(&w, "y", TASK_QUEUED);
	assert_int_equal(world_submit(&w, after, 2, SUBMIT_ACCEPT_CHANGES), 0);
	expect_state(&w, "y", TASK_PENDING);
	expect_state(&w, "x", TASK_QUEUED);
	expect_kept(&w);
	world_worker(&w, "local", 2, "[]");
	world_schedule(&w);
	world_started(&w, "x");
	world_finished(&w, "x", OUTCOME_EXIT, 0);
	expect_state(&w, "y", TASK_QUEUED);
	expect_kept(&w);
	world_release(&w);
}

/* The same for one that waits for its next try. */
static void a_new_dependency_holds_a_retry_back(void **state)
{
	static const struct row before[] = {
		{ .ws = "w", .name = "x" },
		{ .ws = "w", .name = "y", .def = "{\"run\":\"true\",\"retries\":3}" }
	};
	static const struct row after[] = {
		{ .ws = "w", .name = "x" },
		{ .ws = "w", .name = "y", .needs = "x", .def = "{\"run\":\"true\",\"retries\":3}" }
	};
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_submit(&w, before, 2, 0), 0);
	world_worker(&w, "local", 2, "[]");
	world_schedule(&w);
	world_started(&w, "y");
	world_finished(&w, "y", OUTCOME_EXIT, 1);
	expect_state(&w, "y", TASK_RETRYING);
	assert_int_equal(world_submit(&w, after, 2, SUBMIT_ACCEPT_CHANGES), 0);
	world_time(&w, 600000);
	expect_kept(&w);
	world_started(&w, "x");
	world_finished(&w, "x", OUTCOME_EXIT, 0);
	world_time(&w, 600000);
	expect_state(&w, "y", TASK_QUEUED);
	expect_kept(&w);
	world_release(&w);
}

struct seen {
	unsigned count, born, gone;
	bool state_of_c;
};

static int see(void *ctx, const struct state_change *c)
{
	struct seen *s = ctx;

	s->count++;
	s->born += c->born;
	s->gone += c->gone;
	s->state_of_c |= c->part == PART_TASK && span_is(c->id, "c") &&
			 span_is(c->member, "state") && span_is(c->from, "\"retrying\"") &&
			 span_is(c->to, "\"queued\"");
	return 0;
}

static void what_differs_is_told(void **state)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT;
	struct snapshot_place place;
	struct seen seen = { .count = 0 };
	struct state then, nothing;
	struct world w;
	char what[200];
	size_t where;

	(void)state;
	begin(&w);
	encode(&w.st, &document);
	state_init(&then);
	state_init(&nothing);
	assert_int_equal(state_decode((struct span){ document.p, document.len }, &then, &place,
				      what, &where),
			 0);
	state_diff(&then, &w.st, see, &seen);
	assert_int_equal(seen.count, 0);
	world_time(&w, 600000);
	state_diff(&then, &w.st, see, &seen);
	assert_true(seen.state_of_c);
	assert_int_equal(seen.born + seen.gone, 0);
	state_diff(&nothing, &w.st, see, &seen);
	assert_true(seen.born > 10);
	state_diff(&w.st, &nothing, see, &seen);
	assert_int_equal(seen.gone, seen.born);
	state_release(&then);
	state_release(&nothing);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_tasks_are_found),
		cmocka_unit_test(broken_counts_are_found),
		cmocka_unit_test(a_new_dependency_takes_a_task_out_of_the_line),
		cmocka_unit_test(a_new_dependency_holds_a_retry_back),
		cmocka_unit_test(what_differs_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
