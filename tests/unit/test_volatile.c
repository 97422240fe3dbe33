/*
 * What counts as the same failure, as one table: left what a program printed, right what is
 * compared. The second table is as important: numbers that tell something must stay, or two
 * different failures would be taken for one.
 */
#include "test.h"

#include "base/limits.h"
#include "core/volatile.h"

static const struct {
	const char *line, *normal;
} cases[] = {
	{ "at 2026-11-21T08:43:00.123Z it", "at <time> it" },
	{ "2026-11-21 08:43:00,123 ERROR", "<time> ERROR" },
	{ "2026-11-21 08:43", "<time>" },
	{ "2026-11-21T08:43:00+01:00", "<time>" },
	{ "[2026/11/21 8:43:00]", "[<time>]" },
	{ "on 2026-11-21.", "on <time>." },
	{ "21.11.2026 08:43:00", "<time>" },
	{ "at 08:43:00 x", "at <time> x" },
	{ "(8:43:00.5 PM)", "(<time>)" },
	{ "Sat Nov 21 18:40:51 UTC 2026: x", "<time>: x" },
	{ "Nov 21 18:40:51 host", "<time> host" },
	{ "Fri, Nov 21 2026 18:40:51", "<time>" },
	{ "t=1763721000 x", "t=<time> x" },
	{ "t=1763721000123", "t=<time>" },
	{ "1763721000.25", "<time>" },
	{ "pid 4711 died", "pid <pid> died" },
	{ "pid=4711,", "pid=<pid>," },
	{ "PID: 4711", "PID: <pid>" },
	{ "process 12 exited", "process <pid> exited" },
	{ "Thread #3", "Thread #<pid>" },
	{ "server[4711]: x", "server[<pid>]: x" },
	{ "1 passed in 0.12s", "1 passed in <duration>" },
	{ "took 3.4 seconds", "took <duration>" },
	{ "took 12ms, then 1m30s", "took <duration>, then <duration>" },
	{ "2h 07m left", "<duration> left" },
	{ "(15 msec)", "(<duration>)" },
	{ "0,5 s", "<duration>" },
	{ "at 0x7f3a90 in", "at <address> in" },
	{ "0xDEADBEEF", "<address>" },
	{ "id 0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11.", "id <uuid>." },
	{ "/tmp/pytest-of-a/x.log", "/tmp/<temp>/x.log" },
	{ "open /tmp/tmpk3x9_q2w", "open /tmp/<temp>" },
	{ "in tmp.kLm93Xq1aZ/x", "in <temp>/x" },
	{ "tmpk3x9_q2w: no", "<temp>: no" },
	{ "\x1b[31mred\x1b[0m", "red" },
};

static const char *const kept[] = {
	"line 12: 3 failed, 4 passed",
	"exit 1",
	"x.c:120:7: error: y",
	"429 Too Many Requests",
	"port 8080",
	"version 1.2.3",
	"0x10",
	"deadbeef",
	"3 monkeys",
	"10 things",
	"May be",
	"12 sheep",
	"tmp.c",
	"tmp/x",
	"a[3]x",
	"12345678901",
	"May 99x",
	"",
	"expected 7 but got 8",
	"3 m",
	"2 h",
	"arr[12]x",
	"test[3] FAILED",
	"100%",
	"10:30",
};

static void check(const char *line, const char *normal)
{
	struct buf out = BUF_INIT;

	volatile_line(span_of(line), &out);
	assert_string_equal(out.p ? out.p : "", normal);
	buf_release(&out);
}

static void the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i].line, cases[i].normal);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		check(kept[i], kept[i]);
}

static void twice_is_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i].normal, cases[i].normal);
}

/* However the output is cut into pieces. */
static void pieces_do_not_matter(void **state)
{
	struct output_digest whole;
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < 4000; i++)
		buf_putf(&text, "line %d took %d.%ds at 08:43:%02d\n", i, i % 7, i % 10, i % 60);
	for (int i = 0; i < 3 * VOLATILE_LINE_BYTES_MAX; i++)
		buf_putc(&text, 'x');
	output_digest_init(&whole, 500);
	output_digest_feed(&whole, (struct span){ text.p, text.len });
	output_digest_end(&whole);
	for (unsigned round = 0; round < test_rounds(20, 500); round++) {
		uint64_t seed = round;
		struct output_digest d;
		size_t at = 0;

		output_digest_init(&d, 500);
		while (at < text.len) {
			size_t len = 1 + test_below(&seed, round % 2 ? 9000 : 50);

			len = len < text.len - at ? len : text.len - at;
			output_digest_feed(&d, (struct span){ text.p + at, len });
			at += len;
		}
		output_digest_end(&d);
		assert_int_equal(d.sum, whole.sum);
		assert_int_equal(d.normal_sum, whole.normal_sum);
		assert_int_equal(d.len, text.len);
		assert_int_equal(d.tail.len, 500);
		assert_memory_equal(d.tail.p, text.p + text.len - 500, 500);
		output_digest_release(&d);
	}
	output_digest_release(&whole);
	buf_release(&text);
}

static uint64_t normal_of(const char *text)
{
	struct output_digest d;
	uint64_t sum;

	output_digest_init(&d, 10);
	output_digest_feed(&d, span_of(text));
	output_digest_end(&d);
	sum = d.normal_sum;
	output_digest_release(&d);
	return sum;
}

static void all_of_it_counts(void **state)
{
	(void)state;
	assert_int_equal(normal_of("a\nin 0.1s\n"), normal_of("a\nin 12.9s\n"));
	assert_int_not_equal(normal_of("a\nb\n"), normal_of("a\nc\n"));
	assert_int_not_equal(normal_of("a\nb\n"), normal_of("ab\n"));
	assert_int_not_equal(normal_of(""), normal_of("\n"));
}

static void the_end_begins_with_a_character(void **state)
{
	struct span end = text_end(span_of("aä€"), 4);

	(void)state;
	assert_int_equal(end.len, 3);
	assert_memory_equal(end.p, "€", 3);
	assert_int_equal(text_end(SPAN_NONE, 4).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(all_of_it_counts),
		cmocka_unit_test(the_end_begins_with_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
