/*
 * The snapshot must be the state: read back and written again it is the same bytes, whatever
 * happened before. A document that was cut, bent or says two things at once is refused, because a
 * state made of it would be refused much later.
 */
#include "core_random.h"

static int decode(struct span text, struct state *st, char what[200])
{
	struct snapshot_place place;
	size_t at;

	return state_decode(text, st, &place, what, &at);
}

/* Encode, decode, encode. */
static void check_round_trip(const struct state *st)
{
	CLEANUP(state_release) struct state again;
	CLEANUP(buf_release) struct buf a = BUF_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct snapshot_place place;
	char what[200] = "";
	size_t at;

	state_init(&again);
	encode(st, &a);
	if (state_decode((struct span){ a.p, a.len }, &again, &place, what, &at) < 0)
		fail_msg("%s at %zu of %s", what, at, a.p);
	assert_int_equal(place.segment, 3);
	assert_int_equal(place.offset, 4711);
	assert_int_equal(place.sum, 0xfeed);
	assert_int_equal(again.last_seq, st->last_seq);
	assert_int_equal(again.last_at_ms, st->last_at_ms);
	encode(&again, &b);
	expect_same(&a, &b);
	check_counts(&again);
}

static void random_states_come_back(void **state)
{
	unsigned rounds = test_rounds(150, 5000);

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		struct random_plan plan;
		uint64_t seed = round;
		struct world w;

		random_begin(&w, &plan, &seed);
		for (unsigned i = 0; i < 150; i++) {
			random_happening(&w, &plan, &seed);
			if (i % 10 == 0)
				check_round_trip(&w.st);
		}
		world_check(&w);
		world_release(&w);
	}
}

/* A state read from its document goes on exactly as the one that was never interrupted. */
static void both_go_on_alike(void **state)
{
	unsigned rounds = test_rounds(100, 3000);

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		CLEANUP(buf_release) struct buf other = BUF_INIT;
		struct random_plan plan;
		uint64_t seed = 5000 + round;
		struct world w, v;
		size_t before;
		char what[200] = "", why[200] = "";

		random_begin(&w, &plan, &seed);
		for (unsigned i = 0; i < 60; i++)
			random_happening(&w, &plan, &seed);
		encode(&w.st, &text);
		world_init(&v);
		assert_int_equal(decode((struct span){ text.p, text.len }, &v.st, what), 0);
		before = w.batch.count;
		for (unsigned i = 0; i < 100; i++)
			random_happening(&w, &plan, &seed);
		for (size_t i = before; i < w.batch.count; i++)
			if (core_apply(&v.st, &w.batch.v[i], NULL, why) < 0)
				fail_msg("round %u: %s", round, why);
		check_counts(&v.st);
		encode(&w.st, &text);
		encode(&v.st, &other);
		expect_same(&text, &other);
		world_release(&w);
		world_release(&v);
	}
}

static const struct row small[] = {
	{ .ws = "w", .name = "a", .def = "{\"run\":\"true\",\"resources\":{\"disk\":1}}" },
	{ .ws = "w", .name = "b", .needs = "a" },
	{ .ws = "w", .name = "c", .needs = "b" },
};

static void small_state(struct world *w)
{
	world_init(w);
	w->resources = random_resources;
	w->resource_count = 1;
	assert_int_equal(world_submit(w, small, ARRAY_LEN(small), 0), 0);
	world_worker(w, "k", 2, "[]");
	world_schedule(w);
	world_started(w, "a");
}

/* The document with `from` replaced by `to`; `from` must be in it. */
static void bend(const struct buf *text, const char *from, const char *to, struct buf *out)
{
	const char *at = strstr(text->p, from);

	if (!at)
		fail_msg("%s is not in %s", from, text->p);
	buf_truncate(out, 0);
	buf_put(out, text->p, (size_t)(at - text->p));
	buf_puts(out, to);
	buf_puts(out, at + strlen(from));
}

static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *from, *to, *saying;
	} cases[] = {
		{ "\"state\":\"running\"", "\"state\":\"pending\"", "contradict" },
		{ "\"assigned_worker\":\"k\"", "\"assigned_worker\":\"z\"", "unknown worker" },
		{ ",\"assigned_worker\":\"k\"", "", "contradict" },
		{ "\"state\":\"busy\"", "\"state\":\"shutdown\"", "contradict" },
		{ "\"state\":\"running\"", "\"state\":\"dancing\"", "unknown" },
		{ "\"dependencies\":[\"a\"]", "\"dependencies\":[\"z\"]", "unknown task" },
		{ "\"dependencies\":[\"a\"]", "\"dependencies\":[\"a\",\"a\"]", "repeated" },
		{ "\"dependencies\":[\"a\"]", "\"dependencies\":{}", "unreadable" },
		{ "\"b\":{", "\"a\":{", "second" },
		{ "\"b\":{", "\"b\\u0062\":{", "unusable" },
		{ "\"disk\":{", "\"dusk\":{", "unknown resource" },
		{ "\"workstream_id\":\"w\"", "\"workstream_id\":\"v\"", "unknown workstream" },
		{ "\"attempt\":1", "\"attempt\":4294967296", "" },
		{ "\"attempt\":1", "\"attempt\":-1", "" },
		{ "\"attempt\":1", "\"fatal\":true", "fatal" },
		{ "\"attempt\":1", "\"waives\":true", "waives" },
		{ "\"incarnation\":1", "\"incarnation\":4294967296", "" },
		{ "\"max_concurrent_tasks\":2", "\"max_concurrent_tasks\":70000", "" },
		{ "\"max_holders\":1", "\"max_holders\":4294967296", "" },
		{ "\"sum\":\"", "\"sum\":\"x", "hex" },
		{ "\"created_at\":\"2", "\"created_at\":\"x", "time" },
		{ "\"def\":{\"run\":\"true\"}", "\"def\":[]", "definition" },
		{ "}}\n", "}", "" },
		{ "}}\n", "}}}\n", "" },
	};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(buf_release) struct buf bent = BUF_INIT;
	struct world w;

	(void)state;
	small_state(&w);
	encode(&w.st, &text);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(state_release) struct state st;
		char what[200] = "";

		state_init(&st);
		bend(&text, cases[i].from, cases[i].to, &bent);
		if (decode((struct span){ bent.p, bent.len }, &st, what) == 0)
			fail_msg("%s was taken", cases[i].to);
		if (!what[0] || !strstr(what, cases[i].saying))
			fail_msg("%s: said \"%s\"", cases[i].to, what);
	}
	world_release(&w);
}

/* The times of a document are mostly of one minute, which is not read anew each time. */
static void times_of_one_minute(void **state)
{
	static const struct {
		const char *seconds; /* and what follows them */
		int64_t ms;          /* in the minute, or -1 when it is no time */
	} cases[] = { { "00.000Z", 0 },  { "07.010Z", 7010 }, { "59.999Z", 59999 },
		      { "60.000Z", -1 }, { "5x.000Z", -1 },   { "59,999Z", -1 },
		      { "59.99/Z", -1 }, { "59.999z", -1 },   { "/9.999Z", -1 } };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct world w;
	char *task, *when;

	(void)state;
	small_state(&w);
	encode(&w.st, &text);
	task = strstr(text.p, "\"b\":{");
	assert_non_null(task);
	when = strstr(task, "\"created_at\":\"");
	assert_non_null(when);
	when += strlen("\"created_at\":\"") + strlen("2026-11-21T08:43:");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(state_release) struct state st;
		char what[200] = "";
		int rc;

		state_init(&st);
		memcpy(when, cases[i].seconds, strlen(cases[i].seconds));
		rc = decode((struct span){ text.p, text.len }, &st, what);
		assert_int_equal(rc == 0, cases[i].ms >= 0);
		if (rc == 0)
			assert_int_equal(st.tasks[state_task(&st, SPAN_LIT("b"))].created_ms %
						 60000,
					 cases[i].ms);
	}
	world_release(&w);
}

/* Every prefix, and every byte changed in turn: refused, or a state whose counts are right. */
static void damage_is_refused_or_harmless(void **state)
{
	static const char bytes[] = { '\0', '"', '0', '9', '}', ',', 'x', (char)0xff };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct world w;

	(void)state;
	small_state(&w);
	encode(&w.st, &text);
	for (size_t len = 0; len + 1 < text.len; len++) {
		CLEANUP(state_release) struct state st;
		char what[200] = "";

		state_init(&st);
		assert_true(decode((struct span){ text.p, len }, &st, what) < 0);
		assert_true(what[0] != '\0');
	}
	for (size_t at = 0; at < text.len; at++)
		for (size_t k = 0; k < sizeof(bytes); k++) {
			CLEANUP(state_release) struct state st;
			char what[200] = "", was = text.p[at];

			state_init(&st);
			text.p[at] = bytes[k];
			if (decode((struct span){ text.p, text.len }, &st, what) == 0)
				check_counts(&st);
			text.p[at] = was;
		}
	world_release(&w);
}

static void members_may_come_in_any_order_and_unknown_ones_too(void **state)
{
	static const char text[] = "{\"from_the_future\":[1,{}],\"last_seq\":9,\"workstreams\":{"
				   "\"w\":{\"def\":{},\"state\":\"ready\",\"new\":1}},"
				   "\"workers\":{},\"resources\":{},\"tasks\":{\"a\":{\"def\":{"
				   "\"run\":\"x\"},\"seq\":4,\"created_at\":"
				   "\"2026-01-01T00:00:00.000Z\",\"state\":\"completed\","
				   "\"workstream_id\":\"w\",\"new\":null}},"
				   "\"journal\":{\"sum\":\"00000000000000ff\",\"segment\":1}}";
	CLEANUP(state_release) struct state st;
	char what[200] = "";

	(void)state;
	state_init(&st);
	if (decode(SPAN_LIT(text), &st, what) < 0)
		fail_msg("%s", what);
	assert_int_equal(st.last_seq, 9);
	assert_int_equal(st.tasks[0].state, TASK_COMPLETED);
	assert_int_equal(st.tasks[0].last_seq, 4);
	check_counts(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_states_come_back),
		cmocka_unit_test(both_go_on_alike),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(times_of_one_minute),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(members_may_come_in_any_order_and_unknown_ones_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
