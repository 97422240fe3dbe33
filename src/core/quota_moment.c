/*
 * A clock without a date means the next time it shows that hour; a zone that is not known makes the
 * moment unknown, because guessing would be wrong by half a day.
 */
#include "core/quota_moment.h"

#include "base/limits.h"
#include "base/when.h"
#include "core/zone.h"

#define SECOND_MS 1000LL
#define MINUTE_MS 60000LL
#define DAY_MS 86400000LL

void cursor_step(struct cursor *c, size_t len)
{
	c->low = text_from(c->low, len);
	c->shown += len;
}

void cursor_skip(struct cursor *c, const char *set)
{
	while (c->low.len && strchr(set, c->low.p[0]) && c->low.p[0])
		cursor_step(c, 1);
}

bool cursor_word(struct cursor *c, const char *pattern)
{
	size_t len = text_match(c->low, pattern);

	cursor_step(c, len);
	return len > 0;
}

size_t cursor_number(struct cursor *c, size_t digits_max, uint64_t *out)
{
	size_t len = 0;

	*out = 0;
	while (len < c->low.len && len < digits_max && text_digit(c->low.p[len]))
		*out = *out * 10 + (uint64_t)(c->low.p[len++] - '0');
	cursor_step(c, len);
	return len;
}

/* --- durations --- */

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{ "milliseconds", 1 },
	{ "millisecond", 1 },
	{ "msecs", 1 },
	{ "ms", 1 },
	{ "seconds", SECOND_MS },
	{ "second", SECOND_MS },
	{ "secs", SECOND_MS },
	{ "sec", SECOND_MS },
	{ "s", SECOND_MS },
	{ "minutes", MINUTE_MS },
	{ "minute", MINUTE_MS },
	{ "mins", MINUTE_MS },
	{ "min", MINUTE_MS },
	{ "m", MINUTE_MS },
	{ "hours", 60 * MINUTE_MS },
	{ "hour", 60 * MINUTE_MS },
	{ "hrs", 60 * MINUTE_MS },
	{ "hr", 60 * MINUTE_MS },
	{ "h", 60 * MINUTE_MS },
	{ "days", DAY_MS },
	{ "day", DAY_MS },
	{ "d", DAY_MS },
	{ "weeks", 7 * DAY_MS },
	{ "week", 7 * DAY_MS },
	{ "w", 7 * DAY_MS },
};

static const struct unit *unit_at(struct cursor *c)
{
	size_t len = 0;

	while (len < c->low.len && text_letter(c->low.p[len]))
		len++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (span_is((struct span){ c->low.p, len }, units[i].name)) {
			cursor_step(c, len);
			return &units[i];
		}
	return NULL;
}

bool cursor_duration(struct cursor *c, bool bare, int64_t *out_ms)
{
	struct cursor at = *c;
	int64_t total = 0;
	unsigned parts = 0;

	for (;;) {
		const struct unit *u;
		uint64_t whole, part = 0;
		size_t digits = 0;

		if (cursor_number(&at, 9, &whole) == 0 || (at.low.len && text_digit(at.low.p[0])))
			break;
		if (at.low.len > 1 && at.low.p[0] == '.' && text_digit(at.low.p[1])) {
			cursor_step(&at, 1);
			digits = cursor_number(&at, 3, &part);
			cursor_skip(&at, "0123456789");
			for (; digits < 3; digits++)
				part *= 10;
		}
		cursor_skip(&at, " ");
		u = unit_at(&at);
		if (!u && (parts > 0 || !bare))
			break;
		total += (int64_t)whole * (u ? u->ms : SECOND_MS) +
			 (int64_t)part * (u ? u->ms : SECOND_MS) / 1000;
		parts++;
		*c = at;
		cursor_skip(&at, " ,");
		if (cursor_word(&at, "and"))
			cursor_skip(&at, " ");
		if (!u)
			break;
	}
	*out_ms = total > QUOTA_WAIT_MAX_MS ? QUOTA_WAIT_MAX_MS : total;
	return parts > 0;
}

/* --- moments --- */

struct moment {
	struct when_parts wall;
	bool has_year, has_day, has_clock;
	int weekday; /* -1 = none */
	bool tomorrow;
};

static bool month(struct cursor *c, unsigned *out)
{
	static const char *const names[] = { "jan*", "feb*", "mar*", "apr*", "may",  "jun*",
					     "jul*", "aug*", "sep*", "oct*", "nov*", "dec*" };

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (cursor_word(c, names[i])) {
			*out = i + 1;
			cursor_skip(c, ". ");
			return true;
		}
	return false;
}

static void weekday(struct cursor *c, struct moment *m)
{
	static const char *const names[][2] = { { "sun", "sunday" },    { "mon", "monday" },
						{ "tue*", "tuesday" },  { "wed", "wednesday" },
						{ "thu*", "thursday" }, { "fri", "friday" },
						{ "sat", "saturday" } };

	m->weekday = -1;
	for (int i = 0; i < 7; i++)
		if (cursor_word(c, names[i][0]) || cursor_word(c, names[i][1])) {
			m->weekday = i;
			cursor_skip(c, ", ");
			if (cursor_word(c, "at"))
				cursor_skip(c, " ");
			return;
		}
}

/* "3pm", "3:30 p.m.", "15:00:10". A number alone is none. */
static bool clock(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	uint64_t hour, minute = 0, second = 0;
	bool colon = false, half = false;

	if (cursor_number(&at, 2, &hour) == 0)
		return false;
	if (at.low.len > 2 && at.low.p[0] == ':' && text_digit(at.low.p[1])) {
		cursor_step(&at, 1);
		colon = cursor_number(&at, 2, &minute) == 2;
		if (colon && at.low.len > 2 && at.low.p[0] == ':' && text_digit(at.low.p[1])) {
			cursor_step(&at, 1);
			cursor_number(&at, 2, &second);
			if (at.low.len > 1 && at.low.p[0] == '.' && text_digit(at.low.p[1]))
				cursor_skip(&at, ".0123456789");
		}
	}
	if (at.low.len && text_digit(at.low.p[0]))
		return false;
	cursor_skip(&at, " ");
	if (cursor_word(&at, "am") || cursor_word(&at, "a.m.") || cursor_word(&at, "a.m")) {
		half = hour >= 1 && hour <= 12;
		hour = hour == 12 ? 0 : hour;
	} else if (cursor_word(&at, "pm") || cursor_word(&at, "p.m.") || cursor_word(&at, "p.m")) {
		half = hour >= 1 && hour <= 12;
		hour = hour == 12 ? 12 : hour + 12;
	}
	if ((!colon && !half) || hour > 23 || minute > 59 || second > 59)
		return false;
	m->wall.hour = (unsigned)hour;
	m->wall.minute = (unsigned)minute;
	m->wall.second = (unsigned)second;
	m->has_clock = true;
	*c = at;
	return true;
}

static void year(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	uint64_t v;

	cursor_skip(&at, ", ");
	if (cursor_number(&at, 4, &v) != 4 || v < 1970 || (at.low.len && text_alnum(at.low.p[0])) ||
	    (at.low.len && at.low.p[0] == ':'))
		return;
	m->wall.year = (unsigned)v;
	m->has_year = true;
	*c = at;
}

static bool day(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	uint64_t v;

	if (cursor_number(&at, 2, &v) == 0 || v < 1 || v > 31)
		return false;
	if (at.low.len > 1 && (memcmp(at.low.p, "st", 2) == 0 || memcmp(at.low.p, "nd", 2) == 0 ||
			       memcmp(at.low.p, "rd", 2) == 0 || memcmp(at.low.p, "th", 2) == 0))
		cursor_step(&at, 2);
	if (at.low.len && text_alnum(at.low.p[0]))
		return false;
	m->wall.day = (unsigned)v;
	*c = at;
	return true;
}

/* "2026-11-22", "Nov 24th, 2026", "24 Nov 2026". */
static bool date(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	uint64_t y, mon, d;

	if (cursor_number(&at, 4, &y) == 4 && at.low.len && at.low.p[0] == '-') {
		cursor_step(&at, 1);
		if (cursor_number(&at, 2, &mon) != 2 || at.low.len == 0 || at.low.p[0] != '-')
			return false;
		cursor_step(&at, 1);
		if (cursor_number(&at, 2, &d) != 2)
			return false;
		m->wall.year = (unsigned)y;
		m->wall.month = (unsigned)mon;
		m->wall.day = (unsigned)d;
		m->has_year = true;
		cursor_skip(&at, "t ");
	} else {
		at = *c;
		if (month(&at, &m->wall.month)) {
			if (!day(&at, m))
				return false;
		} else if (day(&at, m)) {
			cursor_skip(&at, " -");
			if (!month(&at, &m->wall.month))
				return false;
		} else {
			return false;
		}
		year(&at, m);
		cursor_skip(&at, ", ");
		if (cursor_word(&at, "at"))
			cursor_skip(&at, " ");
	}
	m->has_day = true;
	*c = at;
	return true;
}

static bool moment(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;

	*m = (struct moment){ .weekday = -1 };
	weekday(&at, m);
	if (cursor_word(&at, "tomorrow")) {
		m->tomorrow = true;
		cursor_skip(&at, ", ");
		if (cursor_word(&at, "at"))
			cursor_skip(&at, " ");
	} else {
		date(&at, m);
	}
	if (cursor_word(&at, "midnight")) {
		m->has_clock = true;
	} else if (cursor_word(&at, "noon")) {
		m->has_clock = true;
		m->wall.hour = 12;
	} else {
		clock(&at, m);
	}
	if (!m->has_clock && !m->has_day && !m->tomorrow && m->weekday < 0)
		return false;
	*c = at;
	return true;
}

/* --- zones --- */

static bool upper_word(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 'A' || p[i] > 'Z')
			return false;
	return len >= 3 && len <= 5;
}

/* What stands behind a moment: a zone that is known, one that is not, or none (then local). */
static bool zone(struct cursor *c, int64_t now_ms, struct span *out)
{
	struct cursor at = *c;
	size_t len = 0;
	int minutes;

	cursor_skip(&at, " ([");
	while (len < at.low.len && (text_alnum(at.low.p[len]) || strchr("/_+:-", at.low.p[len])) &&
	       at.low.p[len])
		len++;
	while (len && strchr(":-", at.low.p[len - 1]))
		len--;
	*out = (struct span){ at.shown, len };
	if (len == 0 || len >= QUOTA_ZONE_BYTES_MAX) {
		*out = SPAN_NONE;
		return true;
	}
	if (zone_offset(*out, now_ms, &minutes))
		return true;
	if (memchr(out->p, '/', len) || upper_word(out->p, len))
		return false;
	*out = SPAN_NONE;
	return true;
}

static int64_t wall_to_utc(struct span in, const struct quota_now *now, int64_t wall_ms)
{
	int64_t utc_ms;

	if (!in.len || !zone_to_utc(in, wall_ms, &utc_ms))
		utc_ms = wall_ms - now->local_minutes * MINUTE_MS;
	return utc_ms;
}

/* Returns the moment, or 0 when there is no such day. */
static int64_t resolve(struct moment *m, struct span in, const struct quota_now *now)
{
	int minutes = now->local_minutes;
	struct when_parts today;
	int64_t wall_ms, utc_ms;

	if (in.len)
		zone_offset(in, now->ms, &minutes);
	when_split(now->ms + minutes * MINUTE_MS, &today);
	if (!m->has_year)
		m->wall.year = today.year;
	if (!m->has_day) {
		m->wall.month = today.month;
		m->wall.day = today.day;
	}
	if (when_join(&m->wall, &wall_ms) < 0)
		return 0;
	if (m->tomorrow)
		wall_ms += DAY_MS;
	else if (!m->has_day && m->weekday >= 0)
		wall_ms += (7 + m->weekday - (int)when_weekday(wall_ms)) % 7 * DAY_MS;
	utc_ms = wall_to_utc(in, now, wall_ms);
	if (!m->has_day && utc_ms <= now->ms)
		utc_ms = wall_to_utc(in, now, wall_ms + (m->weekday >= 0 ? 7 : 1) * DAY_MS);
	if (m->has_day && !m->has_year && utc_ms < now->ms - DAY_MS) {
		m->wall.year++;
		if (when_join(&m->wall, &wall_ms) < 0)
			return 0;
		utc_ms = wall_to_utc(in, now, wall_ms);
	}
	return utc_ms;
}

bool cursor_moment(struct cursor *c, const struct quota_now *now, struct quota_time *out)
{
	struct quota_time t = { .form = QUOTA_TIME_AT };
	struct moment m;
	struct span in;

	if (!moment(c, &m))
		return false;
	if (!zone(c, now->ms, &in))
		t.form = QUOTA_TIME_NO_ZONE;
	else
		t.at_ms = resolve(&m, in, now);
	if (t.form == QUOTA_TIME_AT && t.at_ms <= 0)
		return false;
	if (in.len)
		memcpy(t.zone, in.p, in.len);
	else
		memcpy(t.zone, "local", sizeof("local"));
	*out = t;
	return true;
}
