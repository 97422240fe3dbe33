/*
 * apply is what stands between a journal and the state: each legal row is applied once, each
 * illegal event leaves the state as it was, byte for byte, and no stream of well-formed events,
 * however mad, breaks anything.
 */
#include "core_world.h"

/* The document, for "nothing changed". */
static void assert_unchanged(const struct state *st, const struct buf *before)
{
	CLEANUP(buf_release) struct buf after = BUF_INIT;

	encode(st, &after);
	assert_int_equal(after.len, before->len);
	assert_memory_equal(after.p, before->p, after.len);
}

static const struct row three[] = {
	{ .ws = "w", .name = "a" },
	{ .ws = "w", .name = "b", .needs = "a" },
	{ .ws = "w",
	  .name = "c",
	  .needs = "b",
	  .def = "{\"run\":\"true\",\"retries\":2,\"resources\":{\"lock\":1}}" },
};

static const struct resource_spec lock = { SPAN_LIT("lock"), 2 };

/* A world with a task `a` assigned and two more behind it. */
static void begin(struct world *w)
{
	world_init(w);
	w->resources = &lock;
	w->resource_count = 1;
	assert_int_equal(world_submit(w, three, ARRAY_LEN(three), 0), 0);
	world_worker(w, "k", 2, "[]");
	world_schedule(w);
	expect_state(w, "a", TASK_QUEUED);
}

static struct event event_of(const struct world *w, enum event_kind kind)
{
	return (struct event){ .kind = kind,
			       .seq = w->st.last_seq + 1,
			       .at_ms = w->now_ms,
			       .from = NO_STATE,
			       .to = NO_STATE };
}

static void refuse(struct world *w, const struct event *ev, const char *saying)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT;
	char why[200] = "";

	encode(&w->st, &before);
	assert_int_equal(core_apply(&w->st, ev, NULL, why), -SK_ECORRUPT);
	if (!strstr(why, saying))
		fail_msg("said \"%s\", not \"%s\"", why, saying);
	assert_unchanged(&w->st, &before);
	check_counts(&w->st);
}

/* Each state x each row of the life: what does not start here is refused. */
static void rows_from_elsewhere_are_refused(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < task_life.edge_count; i++) {
		const struct edge *row = &task_life.edges[i];
		struct event ev = event_of(&w, row->event);

		ev.task_id = SPAN_LIT("b"); /* pending, with an unmet need */
		ev.workstream_id = SPAN_LIT("w");
		ev.from = row->from;
		ev.to = row->to;
		ev.trigger = (uint8_t)row->on;
		ev.edge = span_of(row->id);
		ev.def = SPAN_LIT("{\"run\":\"true\"}");
		if (row->from == NO_STATE)
			refuse(&w, &ev, "second creation");
		else if (row->from != TASK_PENDING)
			refuse(&w, &ev, "illegal transition");
		else if (row->to == TASK_QUEUED)
			refuse(&w, &ev, "unmet");
	}
	for (size_t i = 0; i < ws_life.edge_count; i++) {
		const struct edge *row = &ws_life.edges[i];
		struct event ev = event_of(&w, row->event);

		ev.workstream_id = SPAN_LIT("w"); /* ready: nothing runs yet */
		ev.from = row->from;
		ev.to = row->to;
		ev.trigger = (uint8_t)row->on;
		ev.edge = span_of(row->id);
		if (row->from != WS_READY)
			refuse(&w, &ev,
			       row->from == NO_STATE ? "second creation" : "illegal transition");
	}
	for (size_t i = 0; i < worker_life.edge_count; i++) {
		const struct edge *row = &worker_life.edges[i];
		struct event ev = event_of(&w, row->event);

		ev.worker_id = SPAN_LIT("k"); /* busy */
		ev.from = row->from;
		ev.to = row->to;
		ev.trigger = (uint8_t)row->on;
		ev.edge = span_of(row->id);
		ev.incarnation = 7;
		if (row->from != WORKER_BUSY)
			refuse(&w, &ev, "illegal transition");
	}
	world_release(&w);
}

static void unknown_subjects_are_refused(void **state)
{
	struct world w;
	struct event ev;

	(void)state;
	begin(&w);
	ev = event_of(&w, EV_TASK_ASSIGNED);
	ev.task_id = SPAN_LIT("nobody");
	refuse(&w, &ev, "event without creation");
	ev = event_of(&w, EV_WS_UPDATED);
	ev.workstream_id = SPAN_LIT("nobody");
	refuse(&w, &ev, "unknown workstream");
	ev = event_of(&w, EV_WS_ARCHIVED);
	ev.workstream_id = SPAN_LIT("nobody");
	refuse(&w, &ev, "unknown workstream");
	ev = event_of(&w, EV_RESOURCE_EXHAUSTED);
	ev.resource_id = SPAN_LIT("nobody");
	refuse(&w, &ev, "unknown resource");
	ev = event_of(&w, EV_WORKER_IDLE);
	ev.worker_id = SPAN_LIT("nobody");
	ev.from = WORKER_BUSY;
	ev.to = WORKER_IDLE;
	ev.trigger = ON_TASK_COMPLETED;
	ev.edge = SPAN_LIT("K4");
	refuse(&w, &ev, "unknown worker");
	world_release(&w);
}

/* Ids go into documents and file names, and through maps that take 255 bytes. */
static void bad_ids_are_refused(void **state)
{
	static const char *const bad[] = { "", "a\"b", "a\\b", "a\nb", "a b", "\xff" };
	char longest[300];
	struct world w;

	(void)state;
	begin(&w);
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
		struct span id = i < ARRAY_LEN(bad) ? span_of(bad[i])
						    : (struct span){ longest, sizeof(longest) };
		struct event ev = event_of(&w, EV_TASK_CREATED);

		ev.workstream_id = SPAN_LIT("w");
		ev.task_id = id;
		ev.to = TASK_PENDING;
		ev.trigger = ON_TASK_CREATED;
		ev.edge = SPAN_LIT("T1");
		ev.def = SPAN_LIT("{\"run\":\"true\"}");
		refuse(&w, &ev, "task \"");
		ev = event_of(&w, EV_WS_CREATED);
		ev.workstream_id = id;
		ev.to = WS_PLANNED;
		ev.trigger = ON_WORKSTREAM_CREATED;
		ev.edge = SPAN_LIT("W1");
		refuse(&w, &ev, "workstream \"");
		ev = event_of(&w, EV_WORKER_SPAWNED);
		ev.worker_id = id;
		ev.to = WORKER_INITIALIZING;
		ev.trigger = ON_WORKER_SPAWNED;
		ev.edge = SPAN_LIT("K1");
		ev.incarnation = 1;
		refuse(&w, &ev, "worker \"");
		ev = event_of(&w, EV_RESOURCE_LIMIT);
		ev.resource_id = id;
		refuse(&w, &ev, "resource \"");
	}
	world_release(&w);
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
	struct world w;
	struct event ev;

	(void)state;
	begin(&w);
	ev = event_of(&w, EV_RESOURCE_LIMIT);
	ev.resource_id = SPAN_LIT("lock");
	ev.limit = 1ULL << 32;
	refuse(&w, &ev, "limit");
	ev = event_of(&w, EV_WS_UPDATED);
	ev.workstream_id = SPAN_LIT("w");
	ev.max_parallel = 1ULL << 32;
	refuse(&w, &ev, "settings");
	ev.max_parallel = 0;
	ev.max_duration_ms = 1ULL << 60;
	refuse(&w, &ev, "settings");
	ev = event_of(&w, EV_TASK_CREATED);
	ev.workstream_id = SPAN_LIT("w");
	ev.task_id = SPAN_LIT("new");
	ev.to = TASK_PENDING;
	ev.trigger = ON_TASK_CREATED;
	ev.edge = SPAN_LIT("T1");
	ev.def = SPAN_LIT("{\"run\":\"true\",\"timeout_ms\":4294967296}");
	refuse(&w, &ev, "out of range");
	ev.def = SPAN_LIT("{\"run\":\"true\",\"priority\":-2147483649}");
	refuse(&w, &ev, "out of range");
	ev.def = SPAN_LIT("{\"run\":\"true\",\"backoff_ms\":-1}");
	refuse(&w, &ev, "out of range");
	ev.def = SPAN_LIT("{\"run\":\"true\"}");
	ev.needs = SPAN_LIT("[1]");
	refuse(&w, &ev, "needs");
	ev.needs = SPAN_LIT("[\"a\",\"a\"]");
	refuse(&w, &ev, "needs");
	world_release(&w);
}

static void assignments_are_checked(void **state)
{
	struct world w;
	struct event ev;

	(void)state;
	begin(&w);
	ev = event_of(&w, EV_TASK_ASSIGNED);
	ev.task_id = SPAN_LIT("b");
	ev.worker_id = SPAN_LIT("k");
	ev.incarnation = 1;
	ev.attempt = 1;
	refuse(&w, &ev, "wrong state");
	ev.task_id = SPAN_LIT("a");
	refuse(&w, &ev, "wrong state"); /* it has a worker already */
	ev.incarnation = 2;
	refuse(&w, &ev, "unknown worker");
	ev = event_of(&w, EV_TASK_CANCEL_REQUESTED);
	ev.task_id = SPAN_LIT("b");
	refuse(&w, &ev, "no worker");
	ev = event_of(&w, EV_TASK_UPDATED);
	ev.task_id = SPAN_LIT("a");
	ev.def = SPAN_LIT("{\"run\":\"true\"}");
	refuse(&w, &ev, "wrong state");
	ev = event_of(&w, EV_WORKER_CRASHED);
	ev.worker_id = SPAN_LIT("k");
	ev.from = WORKER_BUSY;
	ev.to = WORKER_SHUTDOWN;
	ev.trigger = ON_WORKER_CRASHED;
	ev.edge = SPAN_LIT("K11");
	ev.incarnation = 1;
	refuse(&w, &ev, "still has tasks");
	world_release(&w);
}

/* A changed definition must not change what is held: the task still has to give it back. */
static void a_validating_task_keeps_its_definition(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w",
		  .name = "v",
		  .def = "{\"run\":\"true\",\"resources\":{\"lock\":1},\"after\":[{\"name\":\"r\","
			 "\"run\":\"true\"}]}" },
	};
	struct world w;
	struct event ev;

	(void)state;
	world_init(&w);
	w.resources = &lock;
	w.resource_count = 1;
	assert_int_equal(world_submit(&w, rows, 1, 0), 0);
	world_worker(&w, "k", 1, "[]");
	world_schedule(&w);
	world_finished(&w, "v", OUTCOME_EXIT, 0);
	world_lost(&w, "k", IN_WORKER_LOST);
	expect_state(&w, "v", TASK_VALIDATING);
	ev = event_of(&w, EV_TASK_UPDATED);
	ev.task_id = SPAN_LIT("v");
	ev.def = SPAN_LIT("{\"run\":\"true\"}");
	refuse(&w, &ev, "wrong state");
	world_check(&w);
	world_release(&w);
}

static void archiving_gives_back_what_was_held(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w",
		  .name = "v",
		  .def = "{\"run\":\"true\",\"resources\":{\"lock\":1},\"after\":[{\"name\":\"r\","
			 "\"run\":\"true\"}]}" },
	};
	struct world w;

	(void)state;
	world_init(&w);
	w.resources = &lock;
	w.resource_count = 1;
	assert_int_equal(world_submit(&w, rows, 1, 0), 0);
	world_worker(&w, "k", 1, "[]");
	world_schedule(&w);
	world_finished(&w, "v", OUTCOME_EXIT, 0);
	world_lost(&w, "k", IN_WORKER_LOST);
	assert_int_equal(w.st.resources[0].held, 1);
	assert_int_equal(world_submit(&w, rows, 1, SUBMIT_NEW_RUN), 0);
	assert_int_equal(w.st.resources[0].held, 0);
	world_check(&w);
	world_release(&w);
}

static void a_new_limit_counts_at_once(void **state)
{
	static const struct row rows[] = {
		{ .ws = "w",
		  .name = "all",
		  .def = "{\"run\":\"true\",\"resources\":{\"lock\":0}}" },
	};
	struct world w;
	struct event ev;
	char why[200];

	(void)state;
	world_init(&w);
	w.resources = &lock;
	w.resource_count = 1;
	assert_int_equal(world_submit(&w, rows, 1, 0), 0);
	world_worker(&w, "k", 1, "[]");
	world_schedule(&w);
	assert_int_equal(w.st.resources[0].held, 2);
	ev = event_of(&w, EV_RESOURCE_LIMIT);
	ev.resource_id = SPAN_LIT("lock");
	ev.limit = 7;
	assert_int_equal(core_apply(&w.st, &ev, NULL, why), 0);
	assert_int_equal(w.st.resources[0].held, 7);
	ev.limit = 0;
	ev.seq++;
	assert_int_equal(core_apply(&w.st, &ev, NULL, why), 0);
	check_counts(&w.st);
	world_finished(&w, "all", OUTCOME_EXIT, 0);
	assert_int_equal(w.st.resources[0].held, 0);
	world_release(&w);
}

/* A need that is no string, or unknown, must not pass as "none". */
static void needs_are_resolved_or_refused(void **state)
{
	struct world w;
	struct event ev;
	char why[200];

	(void)state;
	begin(&w);
	ev = event_of(&w, EV_TASK_CREATED);
	ev.workstream_id = SPAN_LIT("w");
	ev.task_id = SPAN_LIT("new");
	ev.to = TASK_PENDING;
	ev.trigger = ON_TASK_CREATED;
	ev.edge = SPAN_LIT("T1");
	ev.def = SPAN_LIT("{\"run\":\"true\"}");
	ev.needs = SPAN_LIT("[\"nobody\"]");
	assert_int_equal(core_apply(&w.st, &ev, NULL, why), 0);
	ev = event_of(&w, EV_WS_UPDATED);
	ev.workstream_id = SPAN_LIT("w");
	ev.max_parallel = 3;
	refuse(&w, &ev, "needs unknown task \"nobody\"");
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_from_elsewhere_are_refused),
		cmocka_unit_test(unknown_subjects_are_refused),
		cmocka_unit_test(bad_ids_are_refused),
		cmocka_unit_test(numbers_that_do_not_fit_are_refused),
		cmocka_unit_test(assignments_are_checked),
		cmocka_unit_test(a_validating_task_keeps_its_definition),
		cmocka_unit_test(archiving_gives_back_what_was_held),
		cmocka_unit_test(a_new_limit_counts_at_once),
		cmocka_unit_test(needs_are_resolved_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
