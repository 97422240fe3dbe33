/* The two readers of files, one value at a time: what a plain scalar is, where a value stands, and
 * inputs cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan_json.h"
#include "plan/plan_text.h"
#include "plan/plan_yaml.h"

static void plain_scalars(void **state)
{
	static const struct {
		const char *text;
		enum node_kind kind;
	} cases[] = {
		{ "", NODE_NULL },           { "~", NODE_NULL },      { "null", NODE_NULL },
		{ "true", NODE_BOOL },       { "false", NODE_BOOL },  { "0", NODE_NUMBER },
		{ "-1", NODE_NUMBER },       { "1.10", NODE_NUMBER }, { "1e3", NODE_NUMBER },
		{ "-0.5E-3", NODE_NUMBER },  { "make", NODE_TEXT },   { "1.2.3", NODE_TEXT },
		{ "10m", NODE_TEXT },        { "512M", NODE_TEXT },   { ".5", NODE_TEXT },
		{ "1.", NODE_TEXT },         { "-", NODE_TEXT },      { "nope", NODE_TEXT },
		{ "yesterday", NODE_TEXT },  { "0x", NODE_TEXT },     { "1:a", NODE_TEXT },
		{ "2026-11", NODE_TEXT },    { "a_1", NODE_TEXT },    { "-O2", NODE_TEXT },
		{ "2026-11-2x", NODE_TEXT }, { "c11", NODE_TEXT },    { "1e", NODE_TEXT },
		{ "+", NODE_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum node_kind kind;
		const char *problem = yaml_scalar_problem(span_of(cases[i].text), &kind);

		if (problem || kind != cases[i].kind)
			fail_msg("\"%s\": %s", cases[i].text, problem ? problem : "wrong kind");
	}
}

static void scalars_that_readers_disagree_about(void **state)
{
	static const char *const words[] = {
		"yes",
		"Yes",
		"YES",
		"no",
		"No",
		"NO",
		"on",
		"ON",
		"off",
		"Off",
		"y",
		"Y",
		"n",
		"N",
		"True",
		"TRUE",
		"False",
		"FALSE",
		"Null",
		"NULL",
		"<<",
		"=",
		"010",
		"-010",
		"+010",
		"00",
		"0x1F",
		"0X1f",
		"-0x1",
		"0o17",
		"0b11",
		"1_000",
		"1_0.5",
		"1:30",
		"-1:30",
		"12:30:45",
		"1:30.5",
		".inf",
		"-.Inf",
		"+.INF",
		".nan",
		".NaN",
		"2026-11-21",
		"2026-1-2",
		"2026-11-21T10:00:00Z",
		"2026-11-21 10:00:00",
		"0_1",
		"09",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		enum node_kind kind;

		if (!yaml_scalar_problem(span_of(words[i]), &kind))
			fail_msg("\"%s\" was accepted", words[i]);
	}
}

struct reader {
	struct problems problems;
	const struct source *source;
	struct node_tree tree;
	int rc;
};

static void reader_release(struct reader *r)
{
	problems_release(&r->problems);
	node_tree_release(&r->tree);
}

static void read_text(struct reader *r, struct span text,
		      int (*read)(struct problems *, const struct source *, struct span,
				  struct node_tree *))
{
	*r = (struct reader){ .rc = 0 };
	r->source = problems_source(&r->problems, SPAN_LIT("x"));
	r->rc = text_check(&r->problems, r->source, text);
	if (r->rc == 0)
		r->rc = read(&r->problems, r->source, text, &r->tree);
}

static void expect_at(const struct node *n, unsigned line, unsigned column)
{
	assert_non_null(n);
	assert_int_equal(n->line, line);
	assert_int_equal(n->column, column);
}

static void places_count_characters_from_one(void **state)
{
	CLEANUP(reader_release) struct reader y, j;
	const struct node *n;

	(void)state;
	read_text(&y, SPAN_LIT("a: [\"\xc3\xa4\xc3\xa4\", x]\nlong:\n  - b: |\n      text\n"),
		  yaml_read);
	assert_int_equal(y.rc, 0);
	n = node_member(y.tree.root, "a");
	expect_at(n, 1, 4);
	expect_at(n->child->next, 1, 11);
	n = node_member(y.tree.root, "long");
	assert_int_equal(n->key_line, 2);
	assert_int_equal(n->key_column, 1);
	expect_at(node_member(n->child, "b"), 3, 8);
	assert_true(span_is(node_text(node_member(n->child, "b")), "text\n"));

	read_text(&j, SPAN_LIT("{\"\xc3\xa4\": [1,\n  \"\\u00e4\\n\"], \"k\": {}}"), json_read);
	assert_int_equal(j.rc, 0);
	n = node_member(j.tree.root, "\xc3\xa4");
	expect_at(n, 1, 7);
	expect_at(n->child->next, 2, 3);
	assert_true(span_is(node_text(n->child->next), "\xc3\xa4\n"));
	n = node_member(j.tree.root, "k");
	assert_int_equal(n->key_line, 2);
	assert_int_equal(n->key_column, 16);
	expect_at(n, 2, 21);
}

/* Cut at every byte, and every byte replaced: never a crash, and a refusal always has its problem.
 */
static void mangle(const char *text, int (*read)(struct problems *, const struct source *,
						 struct span, struct node_tree *))
{
	static const char bytes[] = { '"', '{', '\0', '\xff', ':', '&', '\t', '\n' };
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at++) {
		CLEANUP(reader_release) struct reader cut;
		char *copy = mem_strdup(text);

		read_text(&cut, (struct span){ copy, at }, read);
		assert_int_equal(cut.rc<0, cut.problems.count> 0);
		for (size_t b = 0; b < sizeof(bytes); b++) {
			CLEANUP(reader_release) struct reader r;

			copy[at] = bytes[b];
			read_text(&r, (struct span){ copy, len }, read);
			assert_int_equal(r.rc<0, r.problems.count> 0);
		}
		mem_free(&copy);
	}
}

static void mangled_files(void **state)
{
	(void)state;
	mangle("# plan\nworkstream: w\ntasks:\n  a: {run: make, needs: [b, 'c'], env: {X: "
	       "\"y\\u00e4\"}}\n"
	       "  b:\n    run: |\n      two\n      lines\n    timeout: 1h\n",
	       yaml_read);
	mangle("{\"workstream\": \"w\", \"tasks\": {\"a\": {\"run\": [\"x\", \"\\u00e4\"], "
	       "\"retries\": -1.5e3,\n"
	       "\"critical\": true, \"env\": null}}}",
	       json_read);
}

static void maps_are_bounded(void **state)
{
	CLEANUP(buf_release) struct buf yaml = BUF_INIT, json = BUF_INIT;
	CLEANUP(reader_release) struct reader y, j, t;

	(void)state;
	buf_puts(&yaml, "a:\n");
	buf_puts(&json, "{\"a\":{");
	for (int i = 0; i <= PLAN_FIELD_KEYS_MAX; i++) {
		buf_putf(&yaml, "  k%d: 1\n", i);
		buf_putf(&json, "%s\"k%d\":1", i ? "," : "", i);
	}
	buf_puts(&json, "}}");
	read_text(&y, (struct span){ yaml.p, yaml.len }, yaml_read);
	assert_int_equal(y.rc, -SK_EUSAGE);
	assert_true(
		span_is(y.problems.v[0].text, "more than 10000 keys in one object. Try: fewer"));
	read_text(&j, (struct span){ json.p, json.len }, json_read);
	assert_int_equal(j.rc, -SK_EUSAGE);
	assert_true(
		span_is(j.problems.v[0].text, "more than 10000 keys in one object. Try: fewer"));
	buf_truncate(&json, 0);
	buf_puts(&json, "{\"tasks\":{");
	for (int i = 0; i <= PLAN_FIELD_KEYS_MAX; i++)
		buf_putf(&json, "%s\"k%d\":1", i ? "," : "", i);
	buf_puts(&json, "}}");
	read_text(&t, (struct span){ json.p, json.len }, json_read);
	assert_int_equal(t.rc, 0);
	assert_int_equal(t.tree.root->child->len, PLAN_FIELD_KEYS_MAX + 1);
}

static void a_million_brackets(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(reader_release) struct reader y, j;

	(void)state;
	for (int i = 0; i < 1000000; i++)
		buf_putc(&text, '[');
	read_text(&y, (struct span){ text.p, text.len }, yaml_read);
	assert_true(span_starts(y.problems.v[0].text, "nesting deeper than 64"));
	assert_int_equal(y.problems.v[0].place.column, 65);
	read_text(&j, (struct span){ text.p, text.len }, json_read);
	assert_true(span_starts(j.problems.v[0].text, "nesting deeper than 64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars),
		cmocka_unit_test(scalars_that_readers_disagree_about),
		cmocka_unit_test(places_count_characters_from_one),
		cmocka_unit_test(mangled_files),
		cmocka_unit_test(maps_are_bounded),
		cmocka_unit_test(a_million_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
