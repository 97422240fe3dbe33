/*
 * Times as services write them, against moments worked out by hand; zones against the days on which
 * their clocks are changed.
 */
#include "test.h"

#include "base/when.h"
#include "base/limits.h"
#include "core/quota_time.h"
#include "core/zone.h"

static int64_t at(const char *text)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT;
	int64_t ms;

	buf_putf(&full, "%s:00.000Z", text);
	assert_int_equal(when_decode((struct span){ full.p, full.len }, &ms), 0);
	return ms;
}

static void test_zone_offset(void **unused)
{
	static const struct {
		const char *zone, *utc;
		int minutes;
	} rows[] = {
		{ "Europe/Berlin", "2026-11-21T12:00", 60 },
		{ "europe/berlin", "2026-07-01T12:00", 120 },
		{ "Europe/Berlin", "2026-03-29T00:59", 60 },
		{ "Europe/Berlin", "2026-03-29T01:00", 120 },
		{ "Europe/Berlin", "2026-10-25T00:59", 120 },
		{ "Europe/Berlin", "2026-10-25T01:00", 60 },
		{ "Europe/London", "2026-06-01T00:00", 60 },
		{ "America/New_York", "2026-03-08T06:59", -300 },
		{ "America/New_York", "2026-03-08T07:00", -240 },
		{ "America/New_York", "2026-11-01T05:59", -240 },
		{ "America/New_York", "2026-11-01T06:00", -300 },
		{ "America/Los_Angeles", "2026-12-31T23:00", -480 },
		{ "America/Phoenix", "2026-07-01T00:00", -420 },
		{ "Australia/Sydney", "2026-01-01T00:00", 660 },
		{ "Australia/Sydney", "2026-04-04T15:59", 660 },
		{ "Australia/Sydney", "2026-04-04T16:00", 600 },
		{ "Australia/Sydney", "2026-10-03T16:00", 660 },
		{ "Pacific/Auckland", "2026-09-26T13:59", 720 },
		{ "Pacific/Auckland", "2026-09-26T14:00", 780 },
		{ "Asia/Kolkata", "2026-07-01T00:00", 330 },
		{ "UTC", "2026-07-01T00:00", 0 },
		{ "PST", "2026-07-01T00:00", -480 },
		{ "+02:00", "2026-07-01T00:00", 120 },
		{ "-0530", "2026-07-01T00:00", -330 },
		{ "UTC+2", "2026-07-01T00:00", 120 },
		{ "GMT-11", "2026-07-01T00:00", -660 },
	};
	static const char *const unknown[] = { "",          "Mars/Olympus", "Europe/Berlin2",
					       "+",         "+25:00",       "+1:2",
					       "+02:00:00", "IST",          "2" };
	int minutes;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(zone_offset(span_of(rows[i].zone), at(rows[i].utc), &minutes));
		if (minutes != rows[i].minutes)
			fail_msg("%s at %s: %d", rows[i].zone, rows[i].utc, minutes);
	}
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_false(zone_offset(span_of(unknown[i]), 0, &minutes));
}

/* For every quarter of an hour of a year: from UTC to the wall and back is where it began, but for
 * the second of two equal hours. */
static void test_zone_round(void **unused)
{
	static const char *const names[] = { "Europe/Berlin",    "America/New_York",
					     "Australia/Sydney", "Pacific/Auckland",
					     "Asia/Kolkata",     "+03:00" };

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		unsigned twice = 0;

		for (int64_t ms = at("2026-01-01T00:00"); ms < at("2027-01-01T00:00");
		     ms += 900000) {
			int64_t back;
			int minutes;

			assert_true(zone_offset(span_of(names[i]), ms, &minutes));
			assert_true(zone_to_utc(span_of(names[i]), ms + minutes * 60000LL, &back));
			if (back != ms) {
				assert_int_equal(back, ms - 3600000);
				twice++;
			}
		}
		assert_int_equal(twice, i < 4 ? 4 : 0);
	}
}

static void test_find(void **unused)
{
	/* 12:00 UTC on a Saturday in November; 13:00 on the walls. */
	const struct quota_now now = { at("2026-11-21T12:00"), 60 };
	static const struct {
		const char *line, *utc, *zone;
	} rows[] = {
		{ "resets 3pm", "2026-11-21T14:00", "local" },
		{ "resets 1pm", "2026-11-22T12:00", "local" },
		{ "Resets 3:30 PM UTC", "2026-11-21T15:30", "UTC" },
		{ "resets at 12am", "2026-11-21T23:00", "local" },
		{ "resets at midnight UTC", "2026-11-22T00:00", "UTC" },
		{ "resets noon (America/New_York)", "2026-11-21T17:00", "America/New_York" },
		{ "resets tomorrow at 9am (Europe/Berlin)", "2026-11-22T08:00", "Europe/Berlin" },
		{ "resets Monday at 9am", "2026-11-23T08:00", "local" },
		{ "resets Sat 11:00 UTC", "2026-11-28T11:00", "UTC" },
		{ "try again at Nov 24th, 2026 3:05 PM PST", "2026-11-24T23:05", "PST" },
		{ "try again after 24 Nov 2026 15:05", "2026-11-24T14:05", "local" },
		{ "resets Jan 3 at 10am (UTC)", "2027-01-03T10:00", "UTC" },
		{ "reset at 2026-11-22T01:02:03.5+02:00", "2026-11-21T23:02", "+02:00" },
		{ "anthropic-ratelimit-requests-reset: 2026-11-21T12:01:00Z", "2026-11-21T12:01",
		  "Z" },
		{ "limit reached|1795273200", "2026-11-21T15:00", "epoch" },
		{ "x-ratelimit-reset: 1795273200", "2026-11-21T15:00", "epoch" },
		{ "resetsAt 1795273200000", "2026-11-21T15:00", "epoch" },
		{ "Retry-After: Sat, 21 Nov 2026 13:00:00 GMT", "2026-11-21T13:00", "GMT" },
		{ "retry-after: 120", "2026-11-21T12:02", "" },
		{ "retry after 2 minutes", "2026-11-21T12:02", "" },
		{ "x-ratelimit-reset-requests: 6m0s", "2026-11-21T12:06", "" },
		{ "try again in 1d 2h and 3 minutes", "2026-11-22T14:03", "" },
		{ "Please wait for 90 seconds, thank you", "2026-11-21T12:01", "" },
		{ "it will be reset in 60000ms", "2026-11-21T12:01", "" },
	};
	static const char *const none[] = {
		"",
		"try again",
		"resets the counter 5 times",
		"resets 25pm",
		"resets 3",
		"reset at 2026-13-40",
		"retry 3 of 5",
		"at 3pm we meet",
		"1795273200",
		"resets in five minutes",
		"wait",
	};
	struct quota_time t;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms;

		if (!quota_time_find(span_of(rows[i].line), &now, &t))
			fail_msg("nothing in: %s", rows[i].line);
		ms = t.form == QUOTA_TIME_AT ? t.at_ms : now.ms + t.after_ms;
		if (ms / 60000 * 60000 != at(rows[i].utc) || strcmp(t.zone, rows[i].zone) != 0)
			fail_msg("%s -> %lld in \"%s\"", rows[i].line,
				 (long long)(ms - at(rows[i].utc)), t.zone);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (quota_time_find(span_of(none[i]), &now, &t))
			fail_msg("something in: %s", none[i]);
	assert_true(quota_time_find(span_of("resets 3pm (Asia/Atlantis)"), &now, &t));
	assert_int_equal(t.form, QUOTA_TIME_NO_ZONE);
	assert_true(quota_time_find(span_of("retry after 99999999 days"), &now, &t));
	assert_int_equal(t.after_ms, QUOTA_WAIT_MAX_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone_offset),
		cmocka_unit_test(test_zone_round),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
