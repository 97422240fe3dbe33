/* handoff.md: what sections say, and that what is written is read as it was meant, whatever words
 * an agent puts into it. */
#include "test.h"

#include "core/handoff.h"

static struct handoff_facts facts_of(const char *text, struct arena *arena)
{
	struct handoff_facts facts;

	handoff_read(span_of(text), arena, &facts);
	return facts;
}

static void the_newest_status_counts(void **state)
{
	static const struct {
		const char *text;
		size_t sections;
		uint8_t status;
	} cases[] = {
		{ "", 0, HANDOFF_NONE },
		{ "STATUS: DONE\n", 0, HANDOFF_NONE },
		{ "## [t]\nSTATUS: DONE\n", 1, HANDOFF_DONE },
		{ "## [t]\nSTATUS: done\r\n", 1, HANDOFF_DONE },
		{ "## [t]\n STATUS: DONE\n", 1, HANDOFF_NONE },
		{ "## [t]\nSTATUS: DONE\n## [u]\nmore\n", 2, HANDOFF_DONE },
		{ "## [t]\nSTATUS: DONE\n## [u]\nSTATUS: NONSENSE\n", 2, HANDOFF_DONE },
		{ "## [t]\nSTATUS: DONE\n## [u]\nSTATUS:BLOCKED", 2, HANDOFF_BLOCKED },
		{ "## [t]\nSTATUS: DONE\nSTATUS: TOO_BIG\n", 1, HANDOFF_TOO_BIG },
		{ "## [t]\nSTATUS: none\n", 1, HANDOFF_NONE },
		{ "## [t]\nSTATUS: DONE DONE\n", 1, HANDOFF_NONE },
		{ "x## [t]\nSTATUS: DONE\n", 0, HANDOFF_NONE },
		{ "## [no end\nSTATUS: DONE\n", 1, HANDOFF_DONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct handoff_facts facts = facts_of(cases[i].text, &arena);

		assert_int_equal(facts.sections, cases[i].sections);
		assert_int_equal(facts.status, cases[i].status);
		arena_release(&arena);
	}
}

static void lists_come_from_all_sections(void **state)
{
	struct arena arena = ARENA_INIT;
	struct handoff_facts f =
		facts_of("# Handoff Notes\nChanged: before\n\n## [a]\nChanged: x.c\nBridge: c1\n"
			 "QUOTA_REASON: old\nSTATUS: BLOCKED\n## [b]\nChanged: y.c\nChanged: x.c\n"
			 "Changed:\nSTATUS: BLOCKED\nRETRY_HINT: in 5m\n",
			 &arena);

	(void)state;
	assert_int_equal(f.changed.count, 2);
	assert_true(span_is(f.changed.v[0], "x.c"));
	assert_true(span_is(f.changed.v[1], "y.c"));
	assert_int_equal(f.bridges.count, 1);
	assert_int_equal(f.quota_reason.len, 0); /* of another section */
	assert_true(span_is(f.retry_hint, "in 5m"));
	arena_release(&arena);
}

static struct span words(uint64_t *seed, struct arena *arena, bool one_line)
{
	static const char *const parts[] = { "## [x]",
					     "STATUS: DONE",
					     "Changed: z",
					     "Bridge: q",
					     "QUOTA_REASON:",
					     "RETRY_HINT: r",
					     "a",
					     " ",
					     "- ",
					     "### STATUS",
					     "ä",
					     "#",
					     "STATUS",
					     "]",
					     ":" };
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	buf_puts(&out, one_line ? "w" : "");
	for (unsigned n = test_below(seed, 8); n > 0; n--) {
		buf_puts(&out, parts[test_below(seed, ARRAY_LEN(parts))]);
		if (!one_line && test_below(seed, 2))
			buf_puts(&out, test_below(seed, 4) ? "\n" : "\r\n");
	}
	return arena_copy(arena, (struct span){ out.p, out.len });
}

static void some(uint64_t *seed, struct arena *arena, struct texts *t)
{
	for (unsigned n = test_below(seed, 3); n > 0; n--)
		texts_add(arena, t, words(seed, arena, true));
}

static struct span bare(struct span s)
{
	while (s.len && s.p[s.len - 1] == ' ')
		s.len--;
	return s;
}

static void check_lists(const struct texts *given, const struct texts *read, struct arena *arena)
{
	struct texts expected = { NULL, 0 };

	for (size_t i = 0; i < given->count; i++)
		texts_add(arena, &expected, bare(given->v[i]));
	assert_int_equal(read->count, expected.count);
	for (size_t i = 0; i < expected.count; i++)
		assert_true(span_eq(expected.v[i], read->v[i]));
}

static void what_is_written_is_read(void **state)
{
	size_t tried = 0;

	(void)state;
	for (uint64_t round = 0; round < test_rounds(4000, 400000); round++) {
		struct arena arena = ARENA_INIT;
		struct buf out = BUF_INIT;
		uint64_t seed = round;
		struct span before =
			test_below(&seed, 2) ? SPAN_LIT("# Handoff Notes\n\nx") : SPAN_NONE;
		struct handoff_entry e = { .at_ms = 1795262400000LL };
		struct handoff_facts f;

		e.message = words(&seed, &arena, false);
		e.status = (uint8_t)test_below(&seed, HANDOFF_STATE_COUNT);
		some(&seed, &arena, &e.changed);
		some(&seed, &arena, &e.bridges);
		if (e.status == HANDOFF_BLOCKED)
			e.quota_reason = words(&seed, &arena, true);
		if (test_below(&seed, 2)) {
			e.summary = words(&seed, &arena, false);
			e.output = words(&seed, &arena, false);
			some(&seed, &arena, &e.files_read);
			some(&seed, &arena, &e.blockers);
		}
		if (handoff_problem(&e)) {
			arena_release(&arena);
			continue;
		}
		tried++;
		handoff_encode(&e, before, &out);
		handoff_read((struct span){ out.p, out.len }, &arena, &f);
		assert_int_equal(f.sections, 1);
		assert_int_equal(f.status, e.status);
		check_lists(&e.changed, &f.changed, &arena);
		check_lists(&e.bridges, &f.bridges, &arena);
		if (e.status != HANDOFF_NONE)
			assert_true(span_eq(f.quota_reason, bare(e.quota_reason)));
		assert_true(out.p[out.len - 1] == '\n');
		buf_release(&out);
		arena_release(&arena);
	}
	assert_true(tried > 2000);
}

static void what_cannot_be_written(void **state)
{
	struct span bad[] = { SPAN_LIT("a\nSTATUS: DONE"), SPAN_LIT(""), SPAN_LIT("\xff") };
	struct handoff_entry e = { .message = SPAN_LIT(" \n") };

	(void)state;
	assert_non_null(handoff_problem(&e));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		e = (struct handoff_entry){ .message = SPAN_LIT("a"), .changed = { &bad[i], 1 } };
		assert_non_null(handoff_problem(&e));
	}
	e = (struct handoff_entry){ .message = SPAN_LIT("a"),
				    .quota_reason = SPAN_LIT("x\nSTATUS: DONE") };
	assert_non_null(handoff_problem(&e));
	e.quota_reason = SPAN_LIT("429");
	assert_null(handoff_problem(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_status_counts),
		cmocka_unit_test(lists_come_from_all_sections),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
