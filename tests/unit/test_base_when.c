/* Time as text against the C library's calendar, day by day, and durations as people write them. */
#include "test.h"

#include <errno.h>
#include <time.h>

#include "base/when.h"

#define DAY_MS 86400000LL

static void assert_when(int64_t ms, const char *expected)
{
	char text[WHEN_TEXT_LEN];
	int64_t back = -1;

	when_encode(ms, text);
	assert_memory_equal(text, expected, WHEN_TEXT_LEN);
	assert_int_equal(when_decode((struct span){ text, WHEN_TEXT_LEN }, &back), 0);
	assert_int_equal(back, ms);
}

static void known_moments(void **state)
{
	(void)state;
	assert_when(0, "1970-01-01T00:00:00.000Z");
	assert_when(951827696789, "2000-02-29T12:34:56.789Z");
	assert_when(1795250580123, "2026-11-21T08:43:00.123Z");
	assert_when(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void times_out_of_range_are_clamped(void **state)
{
	char text[WHEN_TEXT_LEN];

	(void)state;
	when_encode(-1, text);
	assert_memory_equal(text, "1970-01-01T00:00:00.000Z", WHEN_TEXT_LEN);
	when_encode(INT64_MAX, text);
	assert_memory_equal(text, "9999-12-31T23:59:59.999Z", WHEN_TEXT_LEN);
}

static void every_day_agrees_with_the_c_library(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int64_t day = 0; day * DAY_MS <= 253402300799999; day++) {
		int64_t ms = day * DAY_MS + (int64_t)(test_random(&seed) % DAY_MS);
		time_t seconds = (time_t)(ms / 1000);
		char expected[64], text[WHEN_TEXT_LEN];
		struct tm tm;
		int64_t back;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected + 19, sizeof(expected) - 19, ".%03dZ", (int)(ms % 1000));
		when_encode(ms, text);
		if (memcmp(text, expected, WHEN_TEXT_LEN) != 0 ||
		    when_decode((struct span){ text, WHEN_TEXT_LEN }, &back) < 0 || back != ms)
			fail_msg("%s became %.24s", expected, text);
	}
}

static void nothing_but_the_one_form_is_accepted(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-11-21T08:43:00.123",
		"2026-11-21T08:43:00.123z",
		"2026-11-21 08:43:00.123Z",
		"2026-11-21T08:43:00,123Z",
		"2026-11-21T08:43:00.123ZZ",
		"2026-13-21T08:43:00.123Z",
		"2026-00-21T08:43:00.123Z",
		"2026-11-00T08:43:00.123Z",
		"2026-11-31T08:43:00.123Z",
		"2026-02-29T08:43:00.123Z",
		"2100-02-29T08:43:00.123Z",
		"1969-12-31T23:59:59.999Z",
		"2026-11-21T24:00:00.000Z",
		"2026-11-21T08:60:00.000Z",
		"2026-11-21T08:43:60.000Z",
		"2026-11-21T08:43:0a.000Z",
		"+026-11-21T08:43:00.000Z",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t ms = 77;

		if (when_decode(span_of(bad[i]), &ms) != -EINVAL || ms != 77)
			fail_msg("\"%s\" was accepted", bad[i]);
	}
}

static void durations_for_people(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ -5, "0.0s" },          { 0, "0.0s" },         { 440, "0.4s" },
		{ 9999, "9.9s" },        { 10000, "10s" },      { 59999, "59s" },
		{ 60000, "1m 00s" },     { 185000, "3m 05s" },  { 3599999, "59m 59s" },
		{ 3600000, "1h 00m" },   { 7620000, "2h 07m" }, { 86400000, "1d 00h" },
		{ 273600000, "3d 04h" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		buf_put_duration(&b, cases[i].ms);
		assert_string_equal(b.p, cases[i].text);
	}
}

static void a_moment_for_people(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_put_when(&b, 1795250580123);
	assert_string_equal(b.p, "2026-11-21 08:43:00");
}

static void durations_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "0", 0 },         { "90", 90000 },    { "90s", 90000 },
		{ "250ms", 250 },   { "10m", 600000 },  { "2h", 7200000 },
		{ "1d", 86400000 }, { "1m30s", 90000 }, { "1h2m3s4ms", 3723004 },
	};
	static const char *const bad[] = { "",
					   "s",
					   "1x",
					   "-1",
					   "+1",
					   "1.5s",
					   "1 s",
					   " 1s",
					   "1s ",
					   "01s",
					   "1m30",
					   "1S",
					   "10000000001s",
					   "ms",
					   "1mss",
					   "1s1",
					   "99999999999999999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		int64_t ms = -1;

		assert_int_equal(duration_decode(span_of(good[i].text), &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t ms = 77;

		if (duration_decode(span_of(bad[i]), &ms) != -EINVAL || ms != 77)
			fail_msg("\"%s\" was accepted", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_moments),
		cmocka_unit_test(times_out_of_range_are_clamped),
		cmocka_unit_test(every_day_agrees_with_the_c_library),
		cmocka_unit_test(nothing_but_the_one_form_is_accepted),
		cmocka_unit_test(durations_for_people),
		cmocka_unit_test(a_moment_for_people),
		cmocka_unit_test(durations_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
