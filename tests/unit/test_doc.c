/*
 * Documents: whatever is changed in a draft is in the difference, and reading the difference over
 * the old value gives the draft. Tried with random goals, and with what people write into files.
 */
#include "test.h"

#include "base/limits.h"
#include "core/goal.h"

struct world {
	struct arena arena;
	uint64_t seed;
};

static struct span word(struct world *w)
{
	static const char *const words[] = { "a", "b\n\"c\"", "ä€", "d\\e", "" };

	return arena_copy(&w->arena, span_of(words[test_below(&w->seed, ARRAY_LEN(words))]));
}

static void change_lists(struct world *w, struct goal *g)
{
	struct iteration *it;
	struct gate *gate;
	struct evaluation *ev;

	switch (test_below(&w->seed, 6)) {
	case 0:
		it = doc_list_add(&iteration_type, &w->arena, &g->iterations);
		it->number = g->iterations.count;
		break;
	case 1:
		if (!g->iterations.count)
			break;
		it = doc_list_own(&iteration_type, &w->arena, &g->iterations);
		it += test_below(&w->seed, (unsigned)g->iterations.count);
		texts_add(&w->arena, &it->tentacles, word(w));
		it->completed_ms = 86400000LL * test_below(&w->seed, 9);
		break;
	case 2:
		gate = doc_list_add(&gate_type, &w->arena, &g->gates);
		gate->id = word(w);
		gate->status = (uint8_t)test_below(&w->seed, GATE_STATE_COUNT);
		gate->rest = test_below(&w->seed, 2) ? SPAN_LIT("\"z\":null") : SPAN_NONE;
		break;
	case 3:
		if (g->gates.count)
			doc_list_remove(&gate_type, &w->arena, &g->gates,
					test_below(&w->seed, (unsigned)g->gates.count));
		break;
	default:
		ev = doc_list_add(&evaluation_type, &w->arena, &g->eval_history);
		ev->notes = word(w);
		ev->iteration = test_below(&w->seed, 5);
	}
}

static void change(struct world *w, struct goal *g)
{
	switch (test_below(&w->seed, 6)) {
	case 0:
		g->title = word(w);
		break;
	case 1:
		g->budget.max_iterations = test_below(&w->seed, 3);
		g->budget.rest = test_below(&w->seed, 2) ? SPAN_LIT("\"y\":{\"a\":1}") : SPAN_NONE;
		break;
	case 2:
		g->status = (uint8_t)test_below(&w->seed, GOAL_STATE_COUNT);
		g->paused_ms = 1000LL * test_below(&w->seed, 3);
		break;
	case 3:
		g->rest = test_below(&w->seed, 2) ? SPAN_LIT("\"x\":[1,2]") : SPAN_NONE;
		break;
	default:
		change_lists(w, g);
	}
}

static void assert_same(const struct goal *a, const struct goal *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	doc_encode(&goal_type, a, DOC_COMPACT, &x);
	doc_encode(&goal_type, b, DOC_COMPACT, &y);
	assert_string_equal(x.p, y.p);
	buf_release(&x);
	buf_release(&y);
}

/* What the state keeps of a draft: histories are cut. */
static void cut(struct goal *g)
{
	size_t extra;

	if (g->eval_history.count <= GOAL_HISTORY_KEPT)
		return;
	extra = g->eval_history.count - GOAL_HISTORY_KEPT;
	g->eval_history.v = (struct evaluation *)g->eval_history.v + extra;
	g->eval_history.count = GOAL_HISTORY_KEPT;
}

static void a_difference_leads_from_one_to_the_other(void **state)
{
	(void)state;
	for (unsigned round = 0; round < test_rounds(20, 2000); round++) {
		struct world w = { ARENA_INIT, round };
		struct goal now;

		doc_clear(&goal_type, &now);
		for (int step = 0; step < 300; step++) {
			struct goal draft = now, folded = now;
			struct doc_problem problem = { "", 0 };
			struct buf diff = BUF_INIT;
			bool differs;

			for (unsigned n = 1 + test_below(&w.seed, 3); n > 0; n--)
				change(&w, &draft);
			differs = doc_diff(&goal_type, &now, &draft, &diff);
			assert_int_equal(differs, diff.len > 0);
			if (differs)
				assert_int_equal(doc_merge(&goal_type,
							   (struct span){ diff.p, diff.len },
							   DOC_MERGE, &w.arena, &folded, &problem),
						 0);
			cut(&draft);
			assert_same(&draft, &folded);
			now = folded;
			buf_release(&diff);
		}
		arena_release(&w.arena);
	}
}

static int read_file(const char *text, struct goal *g, struct arena *arena,
		     struct doc_problem *problem)
{
	return doc_merge(&goal_type, span_of(text), DOC_FILE, arena, g, problem);
}

static void what_people_may_not_write_is_named(void **state)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{ "[]", "expected an object, found an array" },
		{ "{\"status\":\"ACTIVE\",\"iteration\":1}", "status: \"ACTIVE\" unknown; one of "
							     "active, paused, awaiting-gate, "
							     "needs-human, completed, abandoned" },
		{ "{\"status\":null,\"iteration\":1}", "status: expected a string, found null" },
		{ "{\"status\":\"active\",\"iteration\":-1}",
		  "iteration: expected an integer from 1 to 1000000, found -1" },
		{ "{\"status\":\"active\",\"iteration\":1.5}",
		  "iteration: expected an integer from 1 to 1000000, found 1.5" },
		{ "{\"status\":\"active\",\"iteration\":\"3\"}",
		  "iteration: expected an integer from 1 to 1000000, found a string" },
		{ "{\"status\":\"active\"}", "\"iteration\" is missing" },
		{ "{\"status\":\"active\",\"iteration\":1,\"gates\":[{\"id\":\"a\"},"
		  "{\"id\":\"b\",\"approved_at\":\"2024-02-30T00:00:00Z\"}]}",
		  "gates[1].approved_at: not an ISO-8601 time with zone: "
		  "\"2024-02-30T00:00:00Z\"" },
		{ "{\"status\":\"active\",\"status\":\"paused\",\"iteration\":1}",
		  "status: appears twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct doc_problem problem = { "", 0 };
		struct arena arena = ARENA_INIT;
		struct goal g;

		doc_clear(&goal_type, &g);
		assert_true(read_file(cases[i].text, &g, &arena, &problem) < 0);
		assert_string_equal(problem.what, cases[i].what);
		arena_release(&arena);
	}
}

static void a_file_changes_only_what_is_peoples(void **state)
{
	struct doc_problem problem = { "", 0 };
	struct arena arena = ARENA_INIT;
	struct goal g;

	(void)state;
	doc_clear(&goal_type, &g);
	g.id = SPAN_LIT("abc");
	g.created_ms = 5;
	g.description = SPAN_LIT("old");
	assert_int_equal(read_file("{\"goal_id\":\"zzz\",\"created_at\":\"x\",\"title\":\"t\","
				   "\"status\":\"paused\",\"iteration\":2,\"theirs\":{\"a\":[1]},"
				   "\"tentacles\":[\"view\"],\"sum\":\"0\"}",
				   &g, &arena, &problem),
			 0);
	assert_true(span_is(g.id, "abc"));
	assert_int_equal(g.created_ms, 5);
	assert_int_equal(g.description.len, 0);
	assert_true(span_is(g.title, "t"));
	assert_int_equal(g.iteration, 2);
	assert_true(span_is(g.rest, "\"theirs\":{\"a\":[1]}"));
	arena_release(&arena);
}

struct inner {
	bool on;
	uint64_t n;
	struct span rest;
};

struct outer {
	struct doc_list list;
	struct span rest;
};

/* A file keeps what nobody knows at every place, and tells a switch that is on where none is said.
 */
static void test_inner_rest(void **unused)
{
	static const struct doc_member inner_members[] = {
		{ "on", DOC_BOOL, DOC_TRUE, offsetof(struct inner, on), 0, 0, NULL, NULL, 0 },
		{ "n", DOC_U64, 0, offsetof(struct inner, n), 9, 1, NULL, NULL, 0 },
		{ "", DOC_REST, 0, offsetof(struct inner, rest), 40, 0, NULL, NULL, 0 },
	};
	static const struct doc_type inner = { "inner", sizeof(struct inner), inner_members, 3,
					       NULL };
	static const struct doc_member outer_members[] = {
		{ "list", DOC_LIST, 0, offsetof(struct outer, list), 9, 0, &inner, NULL, 0 },
		{ "", DOC_REST, 0, offsetof(struct outer, rest), 40, 0, NULL, NULL, 0 },
	};
	static const struct doc_type outer = { "outer", sizeof(struct outer), outer_members, 2,
					       NULL };
	static const char text[] = "{\"list\":[{\"x\": [1, {\"on\": 0}]}, {\"on\":false,\"n\":2},"
				   "{\"n\":3,\"y\":null}],\"z\":\"a b\"}";
	struct arena arena = ARENA_INIT;
	struct outer doc = { { NULL, 0 }, SPAN_NONE };
	struct doc_problem problem;
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	(void)unused;
	assert_int_equal(doc_merge(&outer, SPAN_LIT(text), DOC_IMPORT, &arena, &doc, &problem), 0);
	doc_encode(&outer, &doc, DOC_COMPACT, &out);
	assert_string_equal(out.p, "{\"list\":[{\"on\":true,\"x\":[1,{\"on\":0}]},"
				   "{\"on\":false,\"n\":2},{\"on\":true,\"n\":3,\"y\":null}],"
				   "\"z\":\"a b\"}");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner_rest),
		cmocka_unit_test(a_difference_leads_from_one_to_the_other),
		cmocka_unit_test(what_people_may_not_write_is_named),
		cmocka_unit_test(a_file_changes_only_what_is_peoples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
