/*
 * Civil-date arithmetic of our own (days from 1970 by the usual era formula), because timegm and
 * strftime ask the locale and the time zone, and the journal writes two of these a microsecond.
 */
#include "base/when.h"

#include <errno.h>

#define DAY_MS 86400000LL
#define WHEN_MS_MAX 253402300799999LL /* 9999-12-31T23:59:59.999Z */

static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, unsigned *y, unsigned *m, unsigned *d)
{
	int64_t era;
	unsigned doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (unsigned)(yoe + era * 400) + (*m <= 2);
}

/* Two digits; the division is a multiplication of what is known to be below 100. */
static void put_two(char *out, unsigned v)
{
	unsigned tens = v * 103 >> 10;

	out[0] = (char)('0' + tens);
	out[1] = (char)('0' + v - tens * 10);
}

void when_split(int64_t ms, struct when_parts *out)
{
	unsigned rest;

	if (ms < 0)
		ms = 0;
	if (ms > WHEN_MS_MAX)
		ms = WHEN_MS_MAX;
	civil_from_days(ms / DAY_MS, &out->year, &out->month, &out->day);
	rest = (unsigned)(ms % DAY_MS);
	out->hour = rest / 3600000;
	out->minute = rest / 60000 % 60;
	out->second = rest / 1000 % 60;
	out->ms = rest % 1000;
}

unsigned when_weekday(int64_t ms)
{
	return (unsigned)((ms / DAY_MS + 4) % 7); /* 1970 began on a Thursday */
}

void when_encode(int64_t ms, char out[WHEN_TEXT_LEN])
{
	struct when_parts t;

	when_split(ms, &t);
	memcpy(out, "0000-00-00T00:00:00.000Z", WHEN_TEXT_LEN);
	put_two(out, t.year / 100);
	put_two(out + 2, t.year % 100);
	put_two(out + 5, t.month);
	put_two(out + 8, t.day);
	put_two(out + 11, t.hour);
	put_two(out + 14, t.minute);
	put_two(out + 17, t.second);
	out[20] = (char)('0' + t.ms / 100);
	put_two(out + 21, t.ms % 100);
}

static int get_digits(const char *p, int count, unsigned *out)
{
	*out = 0;
	while (count--) {
		unsigned digit = (unsigned)(*p++ - '0');

		if (digit > 9)
			return -EINVAL;
		*out = *out * 10 + digit;
	}
	return 0;
}

static unsigned days_in_month(unsigned y, unsigned m)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
		return 29;
	return days[m - 1];
}

int when_join(const struct when_parts *t, int64_t *out_ms)
{
	if (t->year < 1970 || t->year > 9999 || t->month < 1 || t->month > 12 || t->day < 1 ||
	    t->day > days_in_month(t->year, t->month) || t->hour > 23 || t->minute > 59 ||
	    t->second > 59 || t->ms > 999)
		return -EINVAL;
	*out_ms = days_from_civil(t->year, t->month, t->day) * DAY_MS +
		  ((t->hour * 60LL + t->minute) * 60 + t->second) * 1000 + t->ms;
	return 0;
}

int when_decode(struct span text, int64_t *out_ms)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	struct when_parts t;

	if (text.len != WHEN_TEXT_LEN)
		return -EINVAL;
	for (size_t i = 0; i < WHEN_TEXT_LEN; i++)
		if (form[i] != 'd' && text.p[i] != form[i])
			return -EINVAL;
	if (get_digits(text.p, 4, &t.year) < 0 || get_digits(text.p + 5, 2, &t.month) < 0 ||
	    get_digits(text.p + 8, 2, &t.day) < 0 || get_digits(text.p + 11, 2, &t.hour) < 0 ||
	    get_digits(text.p + 14, 2, &t.minute) < 0 ||
	    get_digits(text.p + 17, 2, &t.second) < 0 || get_digits(text.p + 20, 3, &t.ms) < 0)
		return -EINVAL;
	return when_join(&t, out_ms);
}

/* "Z", "+01:00", "-0530" -> minutes east of Greenwich. */
static int zone_decode(struct span zone, int *out_minutes)
{
	bool colon = zone.len == 6 && zone.p[3] == ':';
	unsigned h, m;

	*out_minutes = 0;
	if (zone.len == 1)
		return zone.p[0] == 'Z' || zone.p[0] == 'z' ? 0 : -EINVAL;
	if ((zone.len != 5 && !colon) || (zone.p[0] != '+' && zone.p[0] != '-') ||
	    get_digits(zone.p + 1, 2, &h) < 0 || get_digits(zone.p + (colon ? 4 : 3), 2, &m) < 0 ||
	    h > 14 || m > 59)
		return -EINVAL;
	*out_minutes = (int)(h * 60 + m) * (zone.p[0] == '-' ? -1 : 1);
	return 0;
}

int when_decode_iso(struct span text, int64_t *out_ms)
{
	char exact[WHEN_TEXT_LEN + 1] = "0000-00-00T00:00:00.000Z";
	size_t at = 19, digits = 0;
	int minutes;
	int64_t ms;

	if (text.len < 20 || (text.p[10] != 'T' && text.p[10] != 't' && text.p[10] != ' '))
		return -EINVAL;
	memcpy(exact, text.p, 10);
	memcpy(exact + 11, text.p + 11, 8);
	if (text.p[at] == '.') {
		at++;
		for (; at < text.len && text.p[at] >= '0' && text.p[at] <= '9'; at++, digits++)
			if (digits < 3)
				exact[20 + digits] = text.p[at];
		if (digits == 0 || digits > 9)
			return -EINVAL;
	}
	if (zone_decode((struct span){ text.p + at, text.len - at }, &minutes) < 0 ||
	    when_decode((struct span){ exact, WHEN_TEXT_LEN }, &ms) < 0 || ms < minutes * 60000LL)
		return -EINVAL;
	*out_ms = ms - minutes * 60000LL;
	return 0;
}

void buf_put_when(struct buf *b, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	when_encode(ms, text);
	text[10] = ' ';
	buf_put(b, text, 19);
}

void buf_put_duration(struct buf *b, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		ms = s = 0;
	if (ms < 10000)
		buf_putf(b, "%d.%ds", (int)s, (int)(ms % 1000 / 100));
	else if (s < 60)
		buf_putf(b, "%ds", (int)s);
	else if (s < 3600)
		buf_putf(b, "%dm %02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		buf_putf(b, "%dh %02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		buf_putf(b, "%dd %02dh", (int)(s / 86400), (int)(s / 3600 % 24));
}

int duration_decode(struct span text, int64_t *out_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", DAY_MS }
	};
	int64_t total = 0;
	size_t at = 0;

	if (text.len == 0 || text.len > 32)
		return -EINVAL;
	while (at < text.len) {
		struct span number = { text.p + at, 0 }, unit;
		uint64_t v;
		size_t u;

		while (at < text.len && text.p[at] >= '0' && text.p[at] <= '9')
			at++, number.len++;
		if (span_to_u64(number, 1000000000, &v) < 0)
			return -EINVAL;
		unit = (struct span){ text.p + at, 0 };
		while (at < text.len && text.p[at] >= 'a' && text.p[at] <= 'z')
			at++, unit.len++;
		if (unit.len == 0 && number.len == text.len) {
			*out_ms = (int64_t)v * 1000;
			return 0;
		}
		for (u = 0; u < ARRAY_LEN(units) && !span_is(unit, units[u].unit); u++)
			;
		if (u == ARRAY_LEN(units))
			return -EINVAL;
		total += (int64_t)v * units[u].ms;
	}
	*out_ms = total;
	return 0;
}
