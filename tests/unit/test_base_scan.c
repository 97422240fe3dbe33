/*
 * The scanner against a JSON library: over documents that are generated and then damaged, both must
 * give the same verdict, and where both accept, the same values. Places and sentences are checked
 * by hand-made documents.
 */
#include "test.h"

#include <errno.h>
#include <jansson.h>

#include "base/limits.h"
#include "base/scan.h"

/* --- generated documents --- */

static void put_blank(struct buf *b, uint64_t *seed)
{
	static const char *const blanks[] = { "", "", "", " ", "\n", "\t\r\n ", "  " };

	buf_puts(b, blanks[test_below(seed, ARRAY_LEN(blanks))]);
}

static void put_string(struct buf *b, uint64_t *seed)
{
	static const char *const pieces[] = {
		"a",
		"key",
		"0",
		"plain text that is longer than eight bytes",
		"\\n",
		"\\\"",
		"\\\\",
		"\\/",
		"\\b",
		"\\f",
		"\\r",
		"\\t",
		"\\u0041",
		"\\u00e9",
		"\\u20AC",
		"\\ud83d\\ude00",
		"\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\x7f",
		" ",
		"/",
		"{[]}",
		"'",
	};
	unsigned count = test_below(seed, 5);

	buf_putc(b, '"');
	while (count--)
		buf_puts(b, pieces[test_below(seed, ARRAY_LEN(pieces))]);
	buf_putc(b, '"');
}

static void put_value(struct buf *b, uint64_t *seed, unsigned depth)
{
	static const char *const scalars[] = { "true",    "false",       "null",
					       "0",       "-0",          "1",
					       "-17",     "12345678901", "1.5",
					       "-0.25",   "1e3",         "1E-2",
					       "2.5e+10", "0e0",         "9007199254740993" };
	unsigned kind = test_below(seed, depth ? 10 : 6), count = test_below(seed, 4);

	put_blank(b, seed);
	if (kind < 3) {
		buf_puts(b, scalars[test_below(seed, ARRAY_LEN(scalars))]);
	} else if (kind < 6) {
		put_string(b, seed);
	} else {
		bool object = kind < 8;

		buf_putc(b, object ? '{' : '[');
		for (unsigned i = 0; i < count; i++) {
			if (i)
				buf_putc(b, ',');
			if (object) {
				/* Distinct keys: the library keeps the last of two equal ones, the
				 * scanner shows both. */
				buf_putf(b, "\"%u", i);
				put_blank(b, seed);
				buf_puts(b, "\":");
			}
			put_value(b, seed, depth - 1);
			put_blank(b, seed);
		}
		put_blank(b, seed);
		buf_putc(b, object ? '}' : ']');
	}
	put_blank(b, seed);
}

/* Blanks inside of a generated key are raw control characters when they are newlines or tabs: a
 * wanted mistake. */
static void damage(struct buf *b, uint64_t *seed)
{
	static const char bytes[] =
		"{}[]\",:\\/u0123456789eE+-.tfn \n\t\x01\x1f\x7f\x80\xbf\xc0\xc3\xe2\xed\xf4\xff";
	unsigned count = test_below(seed, 4);

	while (count-- && b->len) {
		size_t at = test_below(seed, (unsigned)b->len);
		char byte = bytes[test_below(seed, sizeof(bytes))]; /* the last one is NUL */

		switch (test_below(seed, 4)) {
		case 0:
			b->p[at] = byte;
			break;
		case 1:
			memmove(b->p + at, b->p + at + 1, b->len - at);
			b->len--;
			break;
		case 2:
			buf_putc(b, 0);
			memmove(b->p + at + 1, b->p + at, b->len - at - 1);
			b->p[at] = byte;
			break;
		default:
			buf_truncate(b, at);
		}
	}
}

/* --- the same document, twice --- */

static void compare_value(struct scan *s, json_t *value);

static void compare_string(struct scan_text text, const char *expected, size_t len)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	scan_unescape(&b, text);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.p, expected, len);
	assert_int_equal(text.escaped, text.raw.len && memchr(text.raw.p, '\\', text.raw.len));
}

/* The span has no end mark of its own. */
static void compare_number(struct span number, double expected)
{
	char text[JSON_NUMBER_BYTES_MAX + 1];

	memcpy(text, number.p, number.len);
	text[number.len] = '\0';
	assert_true(strtod(text, NULL) == expected);
}

static void compare_object(struct scan *s, json_t *value)
{
	struct scan_text key;
	size_t count = 0;

	scan_object(s);
	while (scan_key(s, &key)) {
		CLEANUP(buf_release) struct buf name = BUF_INIT;

		scan_unescape(&name, key);
		compare_value(s, json_object_getn(value, name.p, name.len));
		count++;
	}
	assert_int_equal(count, json_object_size(value));
}

static void compare_value(struct scan *s, json_t *value)
{
	struct scan_text text;
	struct span number;
	size_t count = 0;
	bool truth;

	assert_non_null(value);
	switch (scan_peek(s)) {
	case '{':
		compare_object(s, value);
		break;
	case '[':
		assert_true(json_is_array(value));
		scan_array(s);
		while (scan_item(s))
			compare_value(s, json_array_get(value, count++));
		assert_int_equal(count, json_array_size(value));
		break;
	case '"':
		assert_true(json_is_string(value));
		scan_string(s, &text);
		compare_string(text, json_string_value(value), json_string_length(value));
		break;
	case '0':
		scan_number(s, &number);
		assert_true(json_is_number(value));
		compare_number(number, json_number_value(value));
		break;
	case 't':
	case 'f':
		scan_bool(s, &truth);
		assert_int_equal(truth, json_is_true(value));
		break;
	default:
		scan_null(s);
		assert_true(json_is_null(value));
	}
}

/* jansson forgets the first of two equal keys, so only its strict form can be compared value by
 * value. */
static bool has_twin_keys(struct span text)
{
	json_error_t error;
	json_t *value = json_loadb(
		text.p, text.len,
		JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);

	json_decref(value);
	return !value;
}

/* Our limits, which the library does not have; and its own limit on the size of a number. */
static bool limits_decide(const struct scan *s, const json_error_t *error)
{
	if (s->error && (strstr(s->error, "longer than") || strstr(s->error, "deeper than")))
		return true;
	return json_error_code(error) == json_error_numeric_overflow;
}

static bool check_document(struct span text)
{
	struct scan s;
	json_error_t error = { 0 };
	json_t *value =
		json_loadb(text.p, text.len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	bool accepted;

	scan_init(&s, text);
	scan_skip(&s, NULL);
	accepted = scan_end(&s) == 0;
	assert_int_equal(accepted, s.error == NULL);
	/* The library takes a NUL behind the document for its end. */
	if (text.len && memchr(text.p, 0, text.len)) {
		assert_false(accepted);
		json_decref(value);
		return false;
	}
	if (s.error)
		assert_true(s.error_at <= text.len);
	if (accepted != (value != NULL) && !limits_decide(&s, &error))
		fail_msg("the scanner says %s, the library %s: <%.*s>", accepted ? "yes" : s.error,
			 value ? "yes" : error.text, SPAN_ARG(text));
	if (accepted && value && !has_twin_keys(text)) {
		scan_init(&s, text);
		compare_value(&s, value);
		assert_int_equal(scan_end(&s), 0);
	}
	json_decref(value);
	return accepted;
}

static void verdicts_agree_with_a_json_library(void **state)
{
	unsigned rounds = test_rounds(150000, 3000000), accepted = 0;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		uint64_t seed = round;
		char *exact;

		put_value(&b, &seed, 1 + test_below(&seed, 5));
		damage(&b, &seed);
		/* Exactly as many bytes as the text has, so that a sanitizer sees a read behind its
		 * end. */
		exact = mem_alloc(b.len);
		if (b.len)
			memcpy(exact, b.p, b.len);
		accepted += check_document((struct span){ exact, b.len });
		mem_free(&exact);
	}
	/* Neither side of the comparison may be rare. */
	assert_true(accepted > rounds / 10);
	assert_true(accepted < rounds - rounds / 10);
}

/* An empty span may have no address; no arithmetic may be done on it. */
static void nothing_at_all_is_refused(void **state)
{
	struct scan s;

	(void)state;
	scan_init(&s, SPAN_NONE);
	assert_int_equal(scan_peek(&s), 0);
	scan_skip(&s, NULL);
	assert_int_equal(scan_end(&s), -EINVAL);
	assert_string_equal(s.error, "unexpected end");
	assert_int_equal(s.error_at, 0);
}

static void every_prefix_of_a_document_is_refused(void **state)
{
	static const char text[] =
		"{\"a\":[1,-2.5e3,true,null],\"b\\n\":{\"c\":\"\\ud83d\\ude00 \xe2\x82\xac\"}}";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_false(check_document((struct span){ text, len }));
	assert_true(check_document((struct span){ text, sizeof(text) - 1 }));
}

/* --- by hand --- */

static void refusals_say_what_and_where(void **state)
{
	static const struct {
		const char *text, *error;
		size_t at;
	} cases[] = {
		{ "", "unexpected end", 0 },
		{ " ", "unexpected end", 1 },
		{ "{\"a\":1,}", "unexpected \",\" before \"}\"", 7 },
		{ "[1,]", "unexpected \",\" before \"]\"", 3 },
		{ "[1 2]", "expected \",\" or \"]\"", 3 },
		{ "{\"a\" 1}", "expected \":\"", 5 },
		{ "{a:1}", "expected a key in double quotes", 1 },
		{ "{'a':1}", "expected a key in double quotes", 1 },
		{ "[1", "unexpected end", 2 },
		{ "1 x", "text after the end of the document", 2 },
		{ "{} {}", "text after the end of the document", 3 },
		{ "[tru]", "expected true or false", 1 },
		{ "[nul]", "expected null", 1 },
		{ "NaN", "expected a value", 0 },
		{ "[01]", "malformed number", 2 },
		{ "1.", "expected a digit", 2 },
		{ "1e+", "expected a digit", 3 },
		{ "-", "expected a number", 0 },
		{ "+1", "expected a value", 0 },
		{ "0x10", "malformed number", 1 },
		{ "\"a", "unexpected end inside a string", 2 },
		{ "\"\\x\"", "invalid escape", 1 },
		{ "\"\\u12g4\"", "invalid escape", 1 },
		{ "\"\\u0000\"", "control character U+0000 not allowed", 1 },
		{ "\"\\ud800\"", "unpaired surrogate", 1 },
		{ "\"\\udc00\"", "unpaired surrogate", 1 },
		{ "\"\\ud800\\u0041\"", "unpaired surrogate", 1 },
		{ "\"a\nb\"", "control character inside a string", 2 },
		{ "\"\xc0\x80\"", "invalid UTF-8", 1 },
		{ "\"\xed\xa0\x80\"", "invalid UTF-8", 1 },
		{ "/* */1", "expected a value", 0 },
		{ "\xef\xbb\xbf{}", "expected a value", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scan s;

		scan_init(&s, span_of(cases[i].text));
		scan_skip(&s, NULL);
		assert_int_equal(scan_end(&s), -EINVAL);
		if (strcmp(s.error, cases[i].error) != 0 || s.error_at != cases[i].at)
			fail_msg("<%s>: \"%s\" at %zu", cases[i].text, s.error, s.error_at);
	}
}

static void nesting_up_to_its_limit(void **state)
{
	(void)state;
	for (unsigned depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		for (unsigned kinds = 0; kinds < 3; kinds++) {
			CLEANUP(buf_release) struct buf b = BUF_INIT;
			struct scan s;

			for (unsigned i = 0; i < depth; i++)
				buf_puts(&b, kinds == 0 || (kinds == 2 && i % 2) ? "[" : "{\"a\":");
			buf_puts(&b, "1");
			for (unsigned i = depth; i-- > 0;)
				buf_puts(&b, kinds == 0 || (kinds == 2 && i % 2) ? "]" : "}");
			scan_init(&s, (struct span){ b.p, b.len });
			scan_skip(&s, NULL);
			assert_int_equal(scan_end(&s), depth <= JSON_DEPTH_MAX ? 0 : -EINVAL);
			if (s.error)
				assert_string_equal(s.error, "nesting deeper than 64");
		}
	}
}

static void integers_within_their_limits(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
		bool ok;
	} cases[] = {
		{ "0", 0, true },
		{ "-0", 0, true },
		{ "9007199254740991", 9007199254740991, true },
		{ "-9007199254740991", -9007199254740991, true },
		{ "9007199254740992", 0, false },
		{ "1.0", 0, false },
		{ "1e2", 0, false },
		{ "\"1\"", 0, false },
		{ "true", 0, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t value = 77;
		uint64_t positive = 77;
		struct scan s;

		scan_init(&s, span_of(cases[i].text));
		scan_i64(&s, &value);
		assert_int_equal(scan_end(&s), cases[i].ok ? 0 : -EINVAL);
		assert_int_equal(value, cases[i].ok ? cases[i].value : 77);
		scan_init(&s, span_of(cases[i].text));
		scan_u64(&s, INTEGER_MAX, &positive);
		assert_int_equal(scan_end(&s),
				 cases[i].ok && cases[i].text[0] != '-' ? 0 : -EINVAL);
		if (s.error)
			assert_int_equal(positive, 77);
	}
}

static void long_numbers_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct span number = SPAN_NONE;
	struct scan s;

	(void)state;
	for (int i = 0; i < JSON_NUMBER_BYTES_MAX; i++)
		buf_putc(&b, '1');
	scan_init(&s, (struct span){ b.p, b.len });
	scan_number(&s, &number);
	assert_int_equal(scan_end(&s), 0);
	assert_int_equal(number.len, JSON_NUMBER_BYTES_MAX);
	buf_putc(&b, '1');
	scan_init(&s, (struct span){ b.p, b.len });
	number = SPAN_NONE;
	scan_number(&s, &number);
	assert_int_equal(scan_end(&s), -EINVAL);
	assert_int_equal(s.error_at, 0);
	assert_null(number.p);
}

static void the_first_error_sticks_and_ends_loops(void **state)
{
	struct scan_text key, text = { SPAN_LIT("before"), true };
	struct span number = SPAN_LIT("7");
	struct scan s;
	uint64_t v = 0;

	(void)state;
	scan_init(&s, SPAN_LIT("{\"a\":\"x\",\"b\":2}"));
	scan_object(&s);
	while (scan_key(&s, &key))
		scan_u64(&s, 10, &v);
	assert_string_equal(s.error, "expected a number");
	assert_int_equal(s.error_at, 5);
	scan_fail(&s, "something later");
	scan_object(&s);
	scan_null(&s);
	assert_int_equal(scan_peek(&s), 0);
	assert_false(scan_item(&s));
	assert_int_equal(scan_end(&s), -EINVAL);
	assert_string_equal(s.error, "expected a number");
	assert_int_equal(v, 0);
	scan_number(&s, &number); /* what was not read is empty, not what lay there */
	assert_int_equal(number.len, 0);
	scan_init(&s, SPAN_LIT("\"cut"));
	scan_string(&s, &text);
	assert_int_equal(text.raw.len, 0);
	assert_false(text.escaped);
}

static void a_skipped_value_is_shown_whole(void **state)
{
	struct span value = SPAN_NONE;
	struct scan_text key;
	struct scan s;

	(void)state;
	scan_init(&s, SPAN_LIT("{ \"a\" : [1, {\"b\": \"]\"}] , \"c\":2}"));
	scan_object(&s);
	assert_true(scan_key(&s, &key));
	scan_skip(&s, &value);
	assert_true(span_is(value, "[1, {\"b\": \"]\"}]"));
	assert_true(scan_key(&s, &key));
	assert_true(span_is(key.raw, "c"));
	scan_skip(&s, &value);
	assert_true(span_is(value, "2"));
	assert_false(scan_key(&s, &key));
	assert_int_equal(scan_end(&s), 0);
}

static void places_count_lines_and_bytes(void **state)
{
	static const struct {
		size_t offset;
		unsigned line, column;
	} cases[] = {
		{ 0, 1, 1 }, { 2, 1, 3 }, { 3, 2, 1 }, { 4, 3, 1 }, { 6, 3, 3 }, { 99, 3, 3 }
	};
	unsigned line, column;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scan_place(SPAN_LIT("ab\n\ncd"), cases[i].offset, &line, &column);
		assert_int_equal(line, cases[i].line);
		assert_int_equal(column, cases[i].column);
	}
	scan_place(SPAN_NONE, 5, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_agree_with_a_json_library),
		cmocka_unit_test(nothing_at_all_is_refused),
		cmocka_unit_test(every_prefix_of_a_document_is_refused),
		cmocka_unit_test(refusals_say_what_and_where),
		cmocka_unit_test(nesting_up_to_its_limit),
		cmocka_unit_test(integers_within_their_limits),
		cmocka_unit_test(long_numbers_are_refused),
		cmocka_unit_test(the_first_error_sticks_and_ends_loops),
		cmocka_unit_test(a_skipped_value_is_shown_whole),
		cmocka_unit_test(places_count_lines_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
