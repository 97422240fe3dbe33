/* To-dos in a text of people: what counts as one, and that an edit touches nothing else. */
#include "test.h"

#include "core/todo.h"

static void what_counts_as_a_to_do(void **state)
{
	static const struct {
		const char *line, *text;
		bool done;
		unsigned depth;
	} cases[] = {
		{ "- [ ] a", "a", false, 0 },
		{ "- [x] a b ", "a b", true, 0 },
		{ "* [X] a\r", "a", true, 0 },
		{ "  + [ ]  a", "a", false, 2 },
		{ " \t- [ ] a", "a", false, 4 },
		{ "- [ ]", "", false, 0 },
		{ "-[ ] a", NULL, false, 0 },
		{ "- [] a", NULL, false, 0 },
		{ "- [ ]a", NULL, false, 0 },
		{ "- [y] a", NULL, false, 0 },
		{ "text - [ ] a", NULL, false, 0 },
		{ "- [", NULL, false, 0 },
		{ "", NULL, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct todo_item item;
		bool found = todo_find(span_of(cases[i].line), 0, &item);

		assert_int_equal(found, cases[i].text != NULL);
		if (!found)
			continue;
		assert_true(span_is(item.text, cases[i].text));
		assert_int_equal(item.done, cases[i].done);
		assert_int_equal(item.depth, cases[i].depth);
	}
}

static void check_add(const char *before, const char *after)
{
	struct buf out = BUF_INIT;

	todo_add(span_of(before), SPAN_LIT(" new "), &out);
	assert_string_equal(out.p, after);
	buf_release(&out);
}

static void a_new_one_stands_behind_the_last(void **state)
{
	(void)state;
	check_add("", "# Todo\n\n- [ ] new\n");
	check_add("# Todo\n\n", "# Todo\n\n- [ ] new\n");
	check_add("words", "words\n- [ ] new\n");
	check_add("- [ ] a", "- [ ] a\n- [ ] new\n");
	check_add("- [ ] a\n\n## Notes\n- b\n", "- [ ] a\n- [ ] new\n\n## Notes\n- b\n");
	check_add("- [ ] a\n  more of a\n    deep\n\nend",
		  "- [ ] a\n  more of a\n    deep\n- [ ] new\n\nend");
	check_add("- [ ] a\r\nend\r\n", "- [ ] a\r\n- [ ] new\r\nend\r\n");
	check_add("- [ ] a\n  - [x] below\n", "- [ ] a\n  - [x] below\n- [ ] new\n");
}

static void random_text(uint64_t *seed, struct buf *out)
{
	static const char *const parts[] = { "- [ ] ", "- [x] ", "  ", "\t",  "a", "\n",
					     "\r\n",   "# ",     "* ", "[ ]", "ä", "\n\n" };

	for (unsigned n = test_below(seed, 40); n > 0; n--)
		buf_puts(out, parts[test_below(seed, ARRAY_LEN(parts))]);
}

static void an_edit_touches_one_byte(void **state)
{
	uint64_t seed = 5;
	size_t tried = 0;

	(void)state;
	for (unsigned round = 0; round < test_rounds(3000, 300000); round++) {
		struct buf text = BUF_INIT, out = BUF_INIT, all = BUF_INIT, more = BUF_INIT;
		struct span whole;
		struct todo_item item, again;
		struct todo_count count;
		size_t at = 0;

		random_text(&seed, &text);
		buf_puts(&text, "");
		whole = (struct span){ text.p, text.len };
		count = todo_count(whole);
		for (size_t i = 0; todo_next(whole, &at, &item); i++) {
			buf_truncate(&out, 0);
			todo_mark(whole, &item, !item.done, &out);
			assert_int_equal(out.len, text.len);
			for (size_t k = 0; k < text.len; k++)
				assert_true(out.p[k] == text.p[k] || k == item.mark);
			assert_true(todo_find((struct span){ out.p, out.len }, i, &again));
			assert_int_equal(again.done, !item.done);
			tried++;
		}
		todo_mark_all(whole, &all);
		assert_int_equal(todo_count((struct span){ all.p, all.len }).done, count.total);
		todo_add(whole, SPAN_LIT("q"), &more);
		assert_int_equal(todo_count((struct span){ more.p, more.len }).total,
				 count.total + 1);
		buf_release(&text);
		buf_release(&out);
		buf_release(&all);
		buf_release(&more);
	}
	assert_true(tried > 1000);
}

static void words_that_are_none(void **state)
{
	(void)state;
	assert_null(todo_words_problem(SPAN_LIT("write it")));
	assert_non_null(todo_words_problem(SPAN_LIT("")));
	assert_non_null(todo_words_problem(SPAN_LIT(" \t ")));
	assert_non_null(todo_words_problem(SPAN_LIT("a\nb")));
	assert_non_null(todo_words_problem(SPAN_LIT("a\033b")));
	assert_non_null(todo_words_problem(SPAN_LIT("\xff")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts_as_a_to_do),
		cmocka_unit_test(a_new_one_stands_behind_the_last),
		cmocka_unit_test(an_edit_touches_one_byte),
		cmocka_unit_test(words_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
