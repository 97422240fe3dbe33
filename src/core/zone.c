/*
 * Why a table and not the system's zone data: core asks no files, a machine without tzdata must
 * read "resets 3pm (Europe/Berlin)" like any other, and a replay must come out the same. The price
 * is that rare zones are unknown, which is said aloud.
 */
#include "core/zone.h"

#include "base/when.h"

#define MINUTE_MS 60000LL
#define HOUR_MS 3600000LL
#define DAY_MS 86400000LL
#define FIXED_MINUTES_MAX (14 * 60)

enum summer { NEVER, EUROPE, AMERICA, AUSTRALIA, NEW_ZEALAND };

static const struct zone {
	const char *name;
	int minutes; /* in winter */
	enum summer summer;
} zones[] = {
	{ "utc", 0, NEVER },
	{ "gmt", 0, NEVER },
	{ "z", 0, NEVER },
	{ "etc/utc", 0, NEVER },
	{ "etc/gmt", 0, NEVER },
	{ "pst", -480, NEVER },
	{ "pdt", -420, NEVER },
	{ "pt", -480, AMERICA },
	{ "mst", -420, NEVER },
	{ "mdt", -360, NEVER },
	{ "cdt", -300, NEVER },
	{ "est", -300, NEVER },
	{ "edt", -240, NEVER },
	{ "et", -300, AMERICA },
	{ "cet", 60, NEVER },
	{ "cest", 120, NEVER },
	{ "eet", 120, NEVER },
	{ "eest", 180, NEVER },
	{ "jst", 540, NEVER },
	{ "kst", 540, NEVER },
	{ "aest", 600, NEVER },
	{ "aedt", 660, NEVER },
	{ "america/los_angeles", -480, AMERICA },
	{ "us/pacific", -480, AMERICA },
	{ "america/vancouver", -480, AMERICA },
	{ "america/denver", -420, AMERICA },
	{ "us/mountain", -420, AMERICA },
	{ "america/phoenix", -420, NEVER },
	{ "america/edmonton", -420, AMERICA },
	{ "america/chicago", -360, AMERICA },
	{ "us/central", -360, AMERICA },
	{ "america/winnipeg", -360, AMERICA },
	{ "america/mexico_city", -360, NEVER },
	{ "america/new_york", -300, AMERICA },
	{ "us/eastern", -300, AMERICA },
	{ "america/toronto", -300, AMERICA },
	{ "america/detroit", -300, AMERICA },
	{ "america/bogota", -300, NEVER },
	{ "america/lima", -300, NEVER },
	{ "america/halifax", -240, AMERICA },
	{ "america/sao_paulo", -180, NEVER },
	{ "america/argentina/buenos_aires", -180, NEVER },
	{ "america/anchorage", -540, AMERICA },
	{ "pacific/honolulu", -600, NEVER },
	{ "atlantic/reykjavik", 0, NEVER },
	{ "europe/london", 0, EUROPE },
	{ "europe/dublin", 0, EUROPE },
	{ "europe/lisbon", 0, EUROPE },
	{ "europe/berlin", 60, EUROPE },
	{ "europe/paris", 60, EUROPE },
	{ "europe/madrid", 60, EUROPE },
	{ "europe/rome", 60, EUROPE },
	{ "europe/amsterdam", 60, EUROPE },
	{ "europe/brussels", 60, EUROPE },
	{ "europe/luxembourg", 60, EUROPE },
	{ "europe/zurich", 60, EUROPE },
	{ "europe/vienna", 60, EUROPE },
	{ "europe/prague", 60, EUROPE },
	{ "europe/bratislava", 60, EUROPE },
	{ "europe/warsaw", 60, EUROPE },
	{ "europe/budapest", 60, EUROPE },
	{ "europe/ljubljana", 60, EUROPE },
	{ "europe/zagreb", 60, EUROPE },
	{ "europe/belgrade", 60, EUROPE },
	{ "europe/copenhagen", 60, EUROPE },
	{ "europe/oslo", 60, EUROPE },
	{ "europe/stockholm", 60, EUROPE },
	{ "europe/helsinki", 120, EUROPE },
	{ "europe/tallinn", 120, EUROPE },
	{ "europe/riga", 120, EUROPE },
	{ "europe/vilnius", 120, EUROPE },
	{ "europe/athens", 120, EUROPE },
	{ "europe/bucharest", 120, EUROPE },
	{ "europe/sofia", 120, EUROPE },
	{ "europe/kiev", 120, EUROPE },
	{ "europe/kyiv", 120, EUROPE },
	{ "europe/istanbul", 180, NEVER },
	{ "europe/moscow", 180, NEVER },
	{ "africa/johannesburg", 120, NEVER },
	{ "africa/lagos", 60, NEVER },
	{ "africa/nairobi", 180, NEVER },
	{ "asia/dubai", 240, NEVER },
	{ "asia/karachi", 300, NEVER },
	{ "asia/kolkata", 330, NEVER },
	{ "asia/calcutta", 330, NEVER },
	{ "asia/kathmandu", 345, NEVER },
	{ "asia/dhaka", 360, NEVER },
	{ "asia/bangkok", 420, NEVER },
	{ "asia/jakarta", 420, NEVER },
	{ "asia/ho_chi_minh", 420, NEVER },
	{ "asia/saigon", 420, NEVER },
	{ "asia/shanghai", 480, NEVER },
	{ "asia/hong_kong", 480, NEVER },
	{ "asia/taipei", 480, NEVER },
	{ "asia/singapore", 480, NEVER },
	{ "asia/kuala_lumpur", 480, NEVER },
	{ "asia/manila", 480, NEVER },
	{ "australia/perth", 480, NEVER },
	{ "asia/tokyo", 540, NEVER },
	{ "asia/seoul", 540, NEVER },
	{ "australia/adelaide", 570, AUSTRALIA },
	{ "australia/darwin", 570, NEVER },
	{ "australia/brisbane", 600, NEVER },
	{ "australia/sydney", 600, AUSTRALIA },
	{ "australia/melbourne", 600, AUSTRALIA },
	{ "australia/hobart", 600, AUSTRALIA },
	{ "pacific/auckland", 720, NEW_ZEALAND },
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_word(struct span a, const char *word)
{
	if (a.len != strlen(word))
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != word[i])
			return false;
	return true;
}

/* "+2", "-07", "+05:30", "+0530", after an optional "utc" or "gmt". */
static bool fixed_offset(struct span name, int *out)
{
	struct span rest = name;
	int values[2] = { 0, 0 }, sign, digits = 0, part = 0;

	if (rest.len > 3 && (same_word((struct span){ rest.p, 3 }, "utc") ||
			     same_word((struct span){ rest.p, 3 }, "gmt")))
		rest = (struct span){ rest.p + 3, rest.len - 3 };
	if (rest.len < 2 || rest.len > 6 || (rest.p[0] != '+' && rest.p[0] != '-'))
		return false;
	sign = rest.p[0] == '-' ? -1 : 1;
	for (size_t i = 1; i < rest.len; i++) {
		if (rest.p[i] == ':' && part == 0 && digits > 0) {
			part = 1;
			digits = 0;
			continue;
		}
		if (rest.p[i] < '0' || rest.p[i] > '9')
			return false;
		if (digits == 2 && part == 0) {
			part = 1;
			digits = 0;
		}
		values[part] = values[part] * 10 + (rest.p[i] - '0');
		digits++;
	}
	if ((part == 1 && digits != 2) || values[1] > 59 ||
	    values[0] * 60 + values[1] > FIXED_MINUTES_MAX)
		return false;
	*out = sign * (values[0] * 60 + values[1]);
	return true;
}

/* Midnight of the n-th Sunday of a month (n from 1), or of the last one (n = 0: a week before the
 * first one of the next month). */
static int64_t sunday(unsigned year, unsigned month, unsigned n)
{
	struct when_parts first = { year, n ? month : month + 1, 1, 0, 0, 0, 0 };
	int64_t ms;
	int rc = when_join(&first, &ms);

	INVARIANT(rc == 0);
	ms += (7 - when_weekday(ms)) % 7 * DAY_MS;
	return ms + ((int64_t)n - 1) * 7 * DAY_MS;
}

/* Whether summer time is kept at a moment. South of the equator summer goes over the new year. */
static bool is_summer(const struct zone *z, int64_t utc_ms)
{
	int64_t winter_ms = z->minutes * MINUTE_MS;
	struct when_parts now;
	int64_t from, to;

	when_split(utc_ms + winter_ms, &now);
	if (now.year >= 9999)
		return false;
	switch (z->summer) {
	case EUROPE:
		from = sunday(now.year, 3, 0) + HOUR_MS;
		to = sunday(now.year, 10, 0) + HOUR_MS;
		return utc_ms >= from && utc_ms < to;
	case AMERICA:
		from = sunday(now.year, 3, 2) + 2 * HOUR_MS - winter_ms;
		to = sunday(now.year, 11, 1) + HOUR_MS - winter_ms;
		return utc_ms >= from && utc_ms < to;
	case AUSTRALIA:
	case NEW_ZEALAND:
		from = (z->summer == AUSTRALIA ? sunday(now.year, 10, 1) : sunday(now.year, 9, 0)) +
		       2 * HOUR_MS - winter_ms;
		to = sunday(now.year, 4, 1) + 2 * HOUR_MS - winter_ms;
		return utc_ms >= from || utc_ms < to;
	case NEVER:
		break;
	}
	return false;
}

static const struct zone *zone_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (same_word(name, zones[i].name))
			return &zones[i];
	return NULL;
}

bool zone_offset(struct span name, int64_t utc_ms, int *out_minutes)
{
	const struct zone *z = zone_find(name);

	if (!z)
		return fixed_offset(name, out_minutes);
	*out_minutes = z->minutes + (is_summer(z, utc_ms) ? 60 : 0);
	return true;
}

bool zone_to_utc(struct span name, int64_t wall_ms, int64_t *out_utc_ms)
{
	const struct zone *z = zone_find(name);
	int minutes;

	if (!z) {
		if (!fixed_offset(name, &minutes))
			return false;
		*out_utc_ms = wall_ms - minutes * MINUTE_MS;
		return true;
	}
	/* As summer time first: of an hour that happens twice that is the first one. */
	*out_utc_ms = wall_ms - (z->minutes + 60) * MINUTE_MS;
	if (!is_summer(z, *out_utc_ms))
		*out_utc_ms = wall_ms - z->minutes * MINUTE_MS;
	return true;
}
