/*
 * Slots against moments worked out by hand, in zones told by their rules, so that no data base need
 * be there: hours that are left out or come twice, short months, and a clock that was set back.
 */
#include "test.h"

#include <errno.h>
#include <time.h>

#include "base/limits.h"
#include "base/when.h"
#include "core/slot.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define LOS_ANGELES "PST8PDT,M3.2.0,M11.1.0"
#define SAO_PAULO "<-03>3<-02>,M11.1.0/0,M2.3.0/0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define AUCKLAND "NZST-12NZDT,M9.5.0,M4.1.0/3"
#define KATHMANDU "<+0545>-5:45"
#define TOKYO "JST-9"

static int64_t offset(void *ctx, int64_t utc_ms)
{
	time_t seconds = utc_ms / 1000;
	struct tm wall;

	(void)ctx;
	assert_non_null(localtime_r(&seconds, &wall));
	return wall.tm_gmtoff * 1000;
}

static const struct slot_zone local = { NULL, offset };

static void set_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static int64_t at(const char *text)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT;
	int64_t ms;

	if (!text)
		return 0;
	buf_putf(&full, "%s:00.000Z", text);
	assert_int_equal(when_decode((struct span){ full.p, full.len }, &ms), 0);
	return ms;
}

static const char *shown(int64_t ms, char out[WHEN_TEXT_LEN + 1])
{
	when_encode(ms, out);
	out[WHEN_TEXT_LEN] = '\0';
	return out;
}

#define DAILY(h, m)                       \
	{                                 \
		SLOT_DAILY, 0, 0, 0, h, m \
	}
#define WEEKLY(w, h, m)                    \
	{                                  \
		SLOT_WEEKLY, 0, w, 0, h, m \
	}
#define MONTHLY(d, h, m)                    \
	{                                   \
		SLOT_MONTHLY, 0, 0, d, h, m \
	}

static const struct {
	const char *zone;
	struct slot_plan plan;
	const char *now, *latest, *next; /* UTC */
} slots[] = {
	/* Winter and summer of one zone. */
	{ BERLIN, DAILY(4, 0), "2026-11-21T12:00", "2026-11-21T03:00", "2026-11-22T03:00" },
	{ BERLIN, DAILY(4, 0), "2026-07-21T01:59", "2026-07-20T02:00", "2026-07-21T02:00" },
	{ BERLIN, DAILY(4, 0), "2026-07-21T02:00", "2026-07-21T02:00", "2026-07-22T02:00" },
	/* 02:30 is left out on 2026-03-29: a clock that was not changed shows it at 01:30 UTC. */
	{ BERLIN, DAILY(2, 30), "2026-03-29T01:29", "2026-03-28T01:30", "2026-03-29T01:30" },
	{ BERLIN, DAILY(2, 30), "2026-03-29T01:30", "2026-03-29T01:30", "2026-03-30T00:30" },
	{ BERLIN, DAILY(3, 0), "2026-03-29T00:59", "2026-03-28T02:00", "2026-03-29T01:00" },
	/* 02:30 comes twice on 2026-10-25, at 00:30 and 01:30 UTC: the first one counts. */
	{ BERLIN, DAILY(2, 30), "2026-10-25T00:29", "2026-10-24T00:30", "2026-10-25T00:30" },
	{ BERLIN, DAILY(2, 30), "2026-10-25T00:30", "2026-10-25T00:30", "2026-10-26T01:30" },
	{ BERLIN, DAILY(2, 30), "2026-10-25T01:30", "2026-10-25T00:30", "2026-10-26T01:30" },
	{ BERLIN, DAILY(3, 0), "2026-10-25T01:59", "2026-10-24T01:00", "2026-10-25T02:00" },
	/* Other days to change, and half an hour. */
	{ NEW_YORK, DAILY(2, 30), "2026-03-08T08:00", "2026-03-08T07:30", "2026-03-09T06:30" },
	{ NEW_YORK, DAILY(1, 30), "2026-11-01T06:00", "2026-11-01T05:30", "2026-11-02T06:30" },
	{ LORD_HOWE, DAILY(2, 15), "2026-10-03T15:00", "2026-10-02T15:45", "2026-10-03T15:45" },
	{ LORD_HOWE, DAILY(1, 45), "2026-04-04T15:30", "2026-04-04T14:45", "2026-04-05T15:15" },
	/* Midnight itself is left out. */
	{ SAO_PAULO, DAILY(0, 0), "2018-11-04T03:30", "2018-11-04T03:00", "2018-11-05T02:00" },
	/* The hour before midnight is left out, and the slot of that day is on the next one. */
	{ "AAA5BBB,M3.2.0/23,M11.1.0", DAILY(23, 30), "2026-03-09T04:10", "2026-03-08T04:30",
	  "2026-03-09T04:30" },
	{ KATHMANDU, DAILY(0, 0), "2026-06-01T18:14", "2026-05-31T18:15", "2026-06-01T18:15" },
	{ "UTC", DAILY(23, 59), "2026-12-31T23:59", "2026-12-31T23:59", "2027-01-01T23:59" },
	/* Sunday in Auckland is Saturday in UTC. */
	{ AUCKLAND, WEEKLY(0, 4, 30), "2026-11-21T15:29", "2026-11-14T15:30", "2026-11-21T15:30" },
	{ AUCKLAND, WEEKLY(0, 4, 30), "2026-11-21T15:30", "2026-11-21T15:30", "2026-11-28T15:30" },
	{ LOS_ANGELES, WEEKLY(0, 4, 30), "2026-11-22T12:29", "2026-11-15T12:30",
	  "2026-11-22T12:30" },
	{ "UTC", WEEKLY(6, 0, 0), "2026-11-21T00:00", "2026-11-21T00:00", "2026-11-28T00:00" },
	{ "UTC", WEEKLY(1, 0, 0), "2026-11-21T12:00", "2026-11-16T00:00", "2026-11-23T00:00" },
	/* Short months end earlier; a year ends too. */
	{ "UTC", MONTHLY(31, 4, 0), "2026-04-30T04:00", "2026-04-30T04:00", "2026-05-31T04:00" },
	{ "UTC", MONTHLY(31, 4, 0), "2026-04-30T03:59", "2026-03-31T04:00", "2026-04-30T04:00" },
	{ "UTC", MONTHLY(30, 4, 0), "2026-03-01T00:00", "2026-02-28T04:00", "2026-03-30T04:00" },
	{ "UTC", MONTHLY(29, 4, 0), "2028-03-01T00:00", "2028-02-29T04:00", "2028-03-29T04:00" },
	{ "UTC", MONTHLY(1, 0, 0), "2026-12-31T23:59", "2026-12-01T00:00", "2027-01-01T00:00" },
	{ TOKYO, MONTHLY(1, 8, 0), "2026-12-31T22:59", "2026-11-30T23:00", "2026-12-31T23:00" },
	{ BERLIN, MONTHLY(29, 2, 30), "2026-03-29T01:30", "2026-03-29T01:30", "2026-04-29T00:30" },
};

static void test_slots(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		char found[WHEN_TEXT_LEN + 1], wanted[WHEN_TEXT_LEN + 1];
		int64_t now_ms = at(slots[i].now), slot_ms;

		set_zone(slots[i].zone);
		assert_true(slot_latest(&slots[i].plan, &local, 0, now_ms, &slot_ms));
		if (slot_ms != at(slots[i].latest))
			fail_msg("row %zu, %s at %s: latest is %s, not %s", i, slots[i].zone,
				 slots[i].now, shown(slot_ms, found),
				 shown(at(slots[i].latest), wanted));
		slot_ms = slot_next(&slots[i].plan, &local, 0, now_ms);
		if (slot_ms != at(slots[i].next))
			fail_msg("row %zu, %s at %s: next is %s, not %s", i, slots[i].zone,
				 slots[i].now, shown(slot_ms, found),
				 shown(at(slots[i].next), wanted));
	}
}

/* Samoa went over the date line and left out a Friday: its slot is that of a clock that stayed. */
static int64_t samoa(void *ctx, int64_t utc_ms)
{
	(void)ctx;
	return utc_ms < at("2011-12-30T10:00") ? -10 * 3600000LL : 14 * 3600000LL;
}

static void test_a_day_left_out(void **unused)
{
	static const struct slot_zone zone = { NULL, samoa };
	static const struct slot_plan plan = DAILY(4, 0);
	static const char *const expected[] = { "2011-12-28T14:00", "2011-12-29T14:00",
						"2011-12-30T14:00", "2011-12-31T14:00" };
	int64_t slot_ms = at("2011-12-28T13:59");

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		slot_ms = slot_next(&plan, &zone, 0, slot_ms);
		assert_true(slot_ms == at(expected[i]));
	}
}

/* A year of slots, twice a clock is changed: what is next becomes the latest, and nothing is
 * between the two. */
static void test_slots_follow_each_other(void **unused)
{
	static const char *const zones[] = { BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO, "UTC" };
	static const struct slot_plan plans[] = { DAILY(2, 30), DAILY(0, 0), DAILY(23, 59),
						  WEEKLY(0, 2, 15), MONTHLY(31, 1, 45) };

	(void)unused;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
		set_zone(zones[z]);
		for (size_t p = 0; p < ARRAY_LEN(plans); p++) {
			int64_t end_ms = at("2027-01-05T00:00"), slot_ms = at("2025-12-01T00:00");

			while (slot_ms < end_ms) {
				int64_t next_ms = slot_next(&plans[p], &local, 0, slot_ms), latest;

				assert_true(next_ms > slot_ms);
				assert_true(slot_latest(&plans[p], &local, 0, next_ms, &latest));
				assert_true(latest == next_ms);
				assert_true(
					slot_latest(&plans[p], &local, 0, next_ms - 1, &latest));
				assert_true(latest <= slot_ms);
				slot_ms = next_ms;
			}
		}
	}
}

static const struct slot_plan half_hour = { SLOT_INTERVAL, 30, 0, 0, 0, 0 };
static const struct slot_plan nightly = DAILY(4, 0);

static void test_verdicts(void **unused)
{
	static const struct {
		const struct slot_plan *plan;
		const char *last, *now;
		enum slot_verdict verdict;
	} rows[] = {
		{ &nightly, NULL, "2026-11-21T12:00", SLOT_NEVER_RAN },
		{ &nightly, "2026-11-21T03:59", "2026-11-21T04:00", SLOT_DUE },
		{ &nightly, "2026-11-21T04:00", "2026-11-21T04:00", SLOT_WAITS },
		{ &nightly, "2026-11-21T04:00", "2026-11-22T03:59", SLOT_WAITS },
		{ &nightly, "2026-11-21T04:00", "2026-11-22T04:00", SLOT_DUE },
		{ &nightly, "2020-01-01T00:00", "2026-11-22T01:00", SLOT_DUE },
		/* The clock was set back: by less than it may be wrong, and by more. */
		{ &nightly, "2026-11-21T04:05", "2026-11-21T04:00", SLOT_WAITS },
		{ &nightly, "2026-11-21T04:06", "2026-11-21T04:00", SLOT_CLOCK_SET_BACK },
		{ &nightly, "2096-01-01T00:00", "2026-11-21T03:00", SLOT_CLOCK_SET_BACK },
		{ &half_hour, NULL, "2026-11-21T12:00", SLOT_NEVER_RAN },
		{ &half_hour, "2026-11-21T12:00", "2026-11-21T12:29", SLOT_WAITS },
		{ &half_hour, "2026-11-21T12:00", "2026-11-21T12:30", SLOT_DUE },
		{ &half_hour, "2026-11-21T12:00", "2026-11-21T12:00", SLOT_WAITS },
		{ &half_hour, "2026-11-22T12:00", "2026-11-21T12:00", SLOT_CLOCK_SET_BACK },
		/* An empty battery: there is no earlier month. */
		{ &nightly, "2026-11-21T04:00", "1970-01-01T00:10", SLOT_CLOCK_SET_BACK },
		{ &nightly, "1970-01-01T00:01", "1970-01-01T00:02", SLOT_WAITS },
	};

	(void)unused;
	set_zone("UTC");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum slot_verdict verdict =
			slot_judge(rows[i].plan, &local, at(rows[i].last), at(rows[i].now));

		if (verdict != rows[i].verdict)
			fail_msg("row %zu: %s, not %s", i, slot_verdict_word(verdict),
				 slot_verdict_word(rows[i].verdict));
		assert_int_equal(slot_verdict_due(verdict), verdict != SLOT_WAITS);
	}
}

static void test_interval(void **unused)
{
	int64_t last_ms = at("2026-11-21T12:00"), slot_ms;

	(void)unused;
	assert_false(slot_latest(&half_hour, &local, last_ms, last_ms + 1799999, &slot_ms));
	assert_true(slot_latest(&half_hour, &local, last_ms, last_ms + 1800000, &slot_ms));
	assert_true(slot_ms == last_ms + 1800000);
	assert_true(slot_latest(&half_hour, &local, last_ms, last_ms + 6000000, &slot_ms));
	assert_true(slot_ms == last_ms + 5400000);
	assert_true(slot_next(&half_hour, &local, last_ms, last_ms) == last_ms + 1800000);
	assert_true(slot_next(&half_hour, &local, last_ms, last_ms + 9000000) == last_ms + 9000000);
	assert_true(slot_next(&half_hour, &local, 0, last_ms) == last_ms);
}

/* No zone, however odd its clock, takes a slot behind now or loses one for longer than its period.
 */
static void test_any_clock(void **unused)
{
	static const struct slot_plan plans[] = { DAILY(2, 30), WEEKLY(3, 12, 0),
						  MONTHLY(31, 23, 59) };
	static const int64_t longest_ms[] = { 2 * 86400000LL, 8 * 86400000LL, 33 * 86400000LL };
	uint64_t seed = 21;

	(void)unused;
	set_zone(BERLIN);
	for (unsigned round = 0; round < test_rounds(20000, 1000000); round++) {
		int64_t now_ms = (int64_t)(test_random(&seed) % 4000000000ULL) * 1000;
		size_t p = test_below(&seed, ARRAY_LEN(plans));
		int64_t slot_ms;

		if (now_ms < longest_ms[2])
			continue;
		assert_true(slot_latest(&plans[p], &local, 0, now_ms, &slot_ms));
		assert_true(slot_ms <= now_ms && now_ms - slot_ms <= longest_ms[p]);
		slot_ms = slot_next(&plans[p], &local, 0, now_ms);
		assert_true(slot_ms > now_ms && slot_ms - now_ms <= longest_ms[p]);
	}
}

static void test_words(void **unused)
{
	static const char *const bad_times[] = { "",      "4:00",   "24:00", "12:60",
						 "04:0",  "04:000", "-1:00", "+4:00",
						 "04.00", "0400",   " 4:00" };
	static const char *const bad_weeks[] = { "sunday",    "sunday 4:30",   "Sunday 04:30",
						 "sun 04:30", "sunday  04:30", " 04:30",
						 "@04:30" };
	static const char *const bad_months[] = { "0 04:30",  "32 04:30", "-1 04:30", "1e1 04:30",
						  "01 04:30", "31",       "31@",      "x@04:30" };
	struct slot_plan plan = { SLOT_INTERVAL, 7, 0, 0, 0, 0 }, untouched = plan;
	uint8_t hour = 99, minute = 99;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(bad_times); i++)
		assert_int_equal(slot_decode_time(span_of(bad_times[i]), &hour, &minute), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(bad_weeks); i++)
		assert_int_equal(slot_decode_weekly(span_of(bad_weeks[i]), &plan), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(bad_months); i++)
		assert_int_equal(slot_decode_monthly(span_of(bad_months[i]), &plan), -EINVAL);
	assert_true(hour == 99 && minute == 99 && slot_plan_same(&plan, &untouched));
	assert_int_equal(slot_decode_time(SPAN_LIT("23:59"), &hour, &minute), 0);
	assert_true(hour == 23 && minute == 59);
	assert_int_equal(slot_decode_weekly(SPAN_LIT("saturday@00:05"), &plan), 0);
	assert_true(plan.kind == SLOT_WEEKLY && plan.weekday == 6 && plan.minute == 5);
	assert_int_equal(slot_decode_monthly(SPAN_LIT("31 04:30"), &plan), 0);
	assert_true(plan.kind == SLOT_MONTHLY && plan.day == 31 && plan.hour == 4);
}

static void test_put(void **unused)
{
	static const struct {
		struct slot_plan plan;
		const char *text;
	} rows[] = {
		{ { SLOT_INTERVAL, 1, 0, 0, 0, 0 }, "every minute" },
		{ { SLOT_INTERVAL, 30, 0, 0, 0, 0 }, "every 30 minutes" },
		{ { SLOT_INTERVAL, 60, 0, 0, 0, 0 }, "every hour" },
		{ { SLOT_INTERVAL, 120, 0, 0, 0, 0 }, "every 2 hours" },
		{ { SLOT_INTERVAL, 90, 0, 0, 0, 0 }, "every 90 minutes" },
		{ DAILY(4, 0), "daily at 04:00" },
		{ WEEKLY(0, 4, 30), "every sunday at 04:30" },
		{ MONTHLY(31, 0, 5), "monthly on day 31 at 00:05" },
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		slot_put(&rows[i].plan, &text);
		assert_string_equal(text.p, rows[i].text);
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			assert_int_equal(slot_plan_same(&rows[i].plan, &rows[k].plan), i == k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_a_day_left_out),
		cmocka_unit_test(test_slots_follow_each_other),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_any_clock),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
