/* Borrowed text: what is a name, what is a number, and that nothing a terminal could act on leaves
 * unescaped. */
#include "test.h"

#include <errno.h>
#include <jansson.h>

#include "base/limits.h"
#include "base/str.h"

static void spans_compare_like_words(void **state)
{
	(void)state;
	assert_true(span_eq(SPAN_NONE, SPAN_LIT("")));
	assert_true(span_is(SPAN_NONE, ""));
	assert_false(span_is(SPAN_NONE, "a"));
	assert_true(span_is(SPAN_LIT("unit"), "unit"));
	assert_false(span_is(SPAN_LIT("unit"), "units"));
	assert_true(span_starts(SPAN_LIT("units"), "unit"));
	assert_false(span_starts(SPAN_LIT("uni"), "unit"));
	assert_true(span_starts(SPAN_NONE, ""));
	assert_int_equal(span_compare(SPAN_LIT("a"), SPAN_LIT("a")), 0);
	assert_true(span_compare(SPAN_LIT("a"), SPAN_LIT("b")) < 0);
	assert_true(span_compare(SPAN_LIT("a"), SPAN_LIT("aa")) < 0);
	assert_true(span_compare(SPAN_LIT("b"), SPAN_LIT("aa")) > 0);
	assert_true(span_compare(SPAN_LIT("\xff"), SPAN_LIT("a")) > 0);
	assert_int_equal(span_compare(SPAN_NONE, SPAN_NONE), 0);
}

static void a_copy_is_terminated(void **state)
{
	char *text = span_dup((struct span){ "abcdef", 3 });

	(void)state;
	assert_string_equal(text, "abc");
	mem_free(&text);
	text = span_dup(SPAN_NONE);
	assert_string_equal(text, "");
	mem_free(&text);
}

static void numbers_are_whole_or_refused(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "7", 9, 0, 7 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "184467440737095516150", UINT64_MAX, -ERANGE, 0 },
		{ "10", 9, -ERANGE, 0 },
		{ "", 9, -EINVAL, 0 },
		{ "00", 9, -EINVAL, 0 },
		{ "01", 9, -EINVAL, 0 },
		{ "-1", 9, -EINVAL, 0 },
		{ "+1", 9, -EINVAL, 0 },
		{ " 1", 9, -EINVAL, 0 },
		{ "1 ", 9, -EINVAL, 0 },
		{ "1a", 9, -EINVAL, 0 },
		{ "0x1", 9, -EINVAL, 0 },
		{ "\xb1", 9, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t value = 77;

		assert_int_equal(span_to_u64(span_of(cases[i].text), cases[i].max, &value),
				 cases[i].rc);
		assert_int_equal(value, cases[i].rc ? 77 : cases[i].value);
	}
}

static void names(void **state)
{
	static const char *const good[] = { "a",    "0",          "build", "Build-2.1_x", "a.b",
					    "conx", "goal.jsonx", "lock",  "a.locked" };
	static const char *const bad[] = { "",    "-a",  ".a",  "_a",        "a.",     "a b",
					   "a/b", "..",  "a\n", "\xc3\xa9",  "con",    "CON",
					   "Nul", "aux", "prn", "goal.json", "x.lock", "a:b" };
	char longest[NAME_BYTES_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (name_problem(span_of(good[i])))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (!name_problem(span_of(bad[i])))
			fail_msg("\"%s\" was accepted", bad[i]);
	memset(longest, 'a', sizeof(longest));
	assert_null(name_problem((struct span){ longest, NAME_BYTES_MAX }));
	assert_non_null(name_problem((struct span){ longest, NAME_BYTES_MAX + 1 }));
}

/* The slow definition: what a code point's one and only encoding is. */
static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void every_code_point_has_one_encoding(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x200000; c++) {
		bool valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
		char text[4];
		size_t len = encode(c, text);

		if (utf8_len(text, len) != (valid ? len : 0))
			fail_msg("U+%04X was judged wrongly", c);
		for (size_t cut = 0; cut < len; cut++)
			if (utf8_len(text, cut) != 0)
				fail_msg("U+%04X cut to %zu bytes was accepted", c, cut);
	}
}

/* Every sequence of two bytes, and every third and fourth byte behind each valid beginning of
 * three. */
static void overlong_and_broken_sequences_are_refused(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (unsigned first = 0x80; first < 0x100; first++) {
		for (unsigned second = 0; second < 0x100; second++) {
			char text[] = { (char)first, (char)second, '\x80', '\x80' };

			accepted += utf8_len(text, 2) == 2;
			accepted += utf8_len(text, 3) == 3;
			accepted += utf8_len(text, 4) == 4;
		}
	}
	/* 30 * 64 two-byte forms; 16 * 64 - 32 overlong - 32 surrogates; 5 * 64 - 16 overlong - 48
	 * beyond. */
	assert_int_equal(accepted, 30 * 64 + 16 * 64 - 32 - 32 + 5 * 64 - 16 - 48);
}

static void assert_quoted(struct span text, size_t max, const char *expected)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_put_quoted(&b, text, max);
	assert_string_equal(b.p, expected);
}

static void quoted_text_cannot_act(void **state)
{
	(void)state;
	assert_quoted(SPAN_NONE, 10, "\"\"");
	assert_quoted(SPAN_LIT("plain"), 10, "\"plain\"");
	assert_quoted(SPAN_LIT("a\"b\\c"), 10, "\"a\\\"b\\\\c\"");
	assert_quoted(SPAN_LIT("\033[2J\n\0"), 20, "\"\\x1b[2J\\x0a\\x00\"");
	assert_quoted(SPAN_LIT("\xe2\x80\xae"
			       "evil"),
		      20, "\"\\u202eevil\"");
	assert_quoted(SPAN_LIT("\xc2\x9b"), 20, "\"\\u009b\"");
	assert_quoted(SPAN_LIT("\xff\xc3"), 20, "\"\\xff\\xc3\"");
	assert_quoted(SPAN_LIT("gr\xc3\xbc\xc3\x9f"), 20, "\"gr\xc3\xbc\xc3\x9f\"");
}

static void a_cut_does_not_split_a_character(void **state)
{
	(void)state;
	assert_quoted(SPAN_LIT("abcdef"), 3, "\"abc...\"");
	assert_quoted(SPAN_LIT("abc"), 3, "\"abc\"");
	assert_quoted(SPAN_LIT("a\xc3\xbcx"), 2, "\"a...\"");
	assert_quoted(SPAN_LIT("a\xc3\xbcx"), 3, "\"a\xc3\xbc...\"");
	assert_quoted(SPAN_LIT("\xf0\x9f\x92\xa9x"), 3, "\"...\"");
	assert_quoted(SPAN_LIT("\xff\xff\xff\xff"), 2, "\"\\xff\\xff...\"");
	assert_quoted(SPAN_LIT("abc"), 0, "\"...\"");
}

static void visible_text_holds_no_control_byte(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint64_t seed = 11;

	(void)state;
	buf_put_visible(&b, SPAN_LIT("a\tb\033]0;x\007\x7f\xc2\x85\xef\xbb\xbf\xfe"));
	assert_string_equal(b.p, "a b^[]0;x^G^?U+0085U+FEFF\\xfe");
	for (unsigned round = 0; round < 20000; round++) {
		char text[32];

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)test_random(&seed);
		buf_truncate(&b, 0);
		buf_put_visible(&b, (struct span){ text, sizeof(text) });
		for (size_t i = 0, len; i < b.len; i += len) {
			len = utf8_len(b.p + i, b.len - i);
			assert_int_not_equal(len, 0);
			assert_false(len == 1 && ((unsigned char)b.p[i] < 0x20 || b.p[i] == 0x7f));
		}
	}
}

/* Whatever bytes go in, a JSON library reads the string back; what was valid UTF-8 comes back as it
 * was. */
static void json_strings_are_read_back_by_a_json_library(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		char text[24];
		size_t len = test_below(&seed, sizeof(text));
		bool valid = true;
		json_error_t error;
		json_t *value;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(test_below(&seed, 4) ? 1 + test_below(&seed, 127)
							      : test_random(&seed));
		for (size_t i = 0, step; i < len && valid; i += step)
			valid = (step = utf8_len(text + i, len - i)) > 0;
		buf_put_json(&b, (struct span){ text, len });
		value = json_loadb(b.p, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (!value)
			fail_msg("round %u: %s: %s", round, error.text, b.p);
		if (valid) {
			assert_int_equal(json_string_length(value), len);
			assert_memory_equal(json_string_value(value), text, len);
		} else {
			assert_non_null(memmem(json_string_value(value), json_string_length(value),
					       "\xef\xbf\xbd", 3));
		}
		json_decref(value);
	}
}

static unsigned slow_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned best, other;

	if (alen == 0 || blen == 0)
		return (unsigned)(alen + blen);
	best = slow_distance(a + 1, alen - 1, b + 1, blen - 1) + (*a != *b);
	other = slow_distance(a + 1, alen - 1, b, blen) + 1;
	best = other < best ? other : best;
	other = slow_distance(a, alen, b + 1, blen - 1) + 1;
	return other < best ? other : best;
}

static void distance_of_words(void **state)
{
	uint64_t seed = 9;
	char longest[66];

	(void)state;
	assert_int_equal(word_distance(SPAN_LIT("needs"), SPAN_LIT("need"), 3), 1);
	assert_int_equal(word_distance(SPAN_LIT("kitten"), SPAN_LIT("sitting"), 9), 3);
	assert_int_equal(word_distance(SPAN_LIT("kitten"), SPAN_LIT("sitting"), 2), 3);
	assert_int_equal(word_distance(SPAN_NONE, SPAN_NONE, 2), 0);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(word_distance((struct span){ longest, 65 }, SPAN_LIT("a"), 2), 3);
	assert_int_equal(
		word_distance((struct span){ longest, 64 }, (struct span){ longest, 64 }, 2), 0);
	for (unsigned round = 0; round < 2000; round++) {
		char a[5], b[5];
		size_t alen = test_below(&seed, 6), blen = test_below(&seed, 6);

		for (size_t i = 0; i < 5; i++) {
			a[i] = (char)('a' + test_below(&seed, 3));
			b[i] = (char)('a' + test_below(&seed, 3));
		}
		assert_int_equal(
			word_distance((struct span){ a, alen }, (struct span){ b, blen }, 9),
			slow_distance(a, alen, b, blen));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_compare_like_words),
		cmocka_unit_test(a_copy_is_terminated),
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(names),
		cmocka_unit_test(every_code_point_has_one_encoding),
		cmocka_unit_test(overlong_and_broken_sequences_are_refused),
		cmocka_unit_test(quoted_text_cannot_act),
		cmocka_unit_test(a_cut_does_not_split_a_character),
		cmocka_unit_test(visible_text_holds_no_control_byte),
		cmocka_unit_test(json_strings_are_read_back_by_a_json_library),
		cmocka_unit_test(distance_of_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
