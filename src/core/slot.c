/*
 * A slot is found by trying the days around now, from the far side: days are as long as the zone
 * says, and which of two candidates comes first is asked of the moments themselves and never of the
 * dates. The offset before and behind a day is all that is asked of a zone, so an hour that is left
 * out or comes twice is seen without knowing when the clocks are changed.
 */
#include "core/slot.h"

#include <errno.h>

#include "base/limits.h"
#include "base/when.h"

#define MINUTE_MS 60000LL
#define DAY_MS 86400000LL
/* Between the two offsets that are asked for: more than any clock was ever changed by. */
#define AROUND_MS (36 * 3600000LL)
#define DAYS_OF_MONTH_MAX 31

#define X(name, word) word,
const char *const slot_kind_words[SLOT_KIND_COUNT] = { SLOT_KINDS(X) };
#undef X

const char *const slot_weekday_words[7] = { "sunday",   "monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday" };

static int64_t to_wall(const struct slot_zone *zone, int64_t utc_ms)
{
	return utc_ms + zone->offset_ms(zone->ctx, utc_ms);
}

/* The moment at which the clock shows `wall_ms`, as the header promises. */
static int64_t to_utc(const struct slot_zone *zone, int64_t wall_ms)
{
	int64_t utc_ms = wall_ms - zone->offset_ms(zone->ctx, wall_ms - AROUND_MS);
	int64_t changed_ms = wall_ms - zone->offset_ms(zone->ctx, wall_ms + AROUND_MS);

	if (to_wall(zone, utc_ms) != wall_ms && to_wall(zone, changed_ms) == wall_ms)
		return changed_ms;
	return utc_ms;
}

/* Midnight of the day `steps` days, weeks or months from that of `wall_ms`, and the hour in it. */
static int64_t wall_of(const struct slot_plan *plan, int64_t wall_ms, int steps)
{
	int64_t day_ms = wall_ms / DAY_MS * DAY_MS;
	int64_t time_ms = (plan->hour * 60LL + plan->minute) * MINUTE_MS;
	struct when_parts parts;
	int month;

	if (plan->kind == SLOT_DAILY)
		return day_ms + steps * DAY_MS + time_ms;
	if (plan->kind == SLOT_WEEKLY)
		return day_ms +
		       ((int)plan->weekday - (int)when_weekday(day_ms) + steps * 7) * DAY_MS +
		       time_ms;
	when_split(day_ms, &parts);
	month = (int)(parts.year * 12 + parts.month - 1) + steps;
	parts = (struct when_parts){ .year = (unsigned)(month / 12),
				     .month = (unsigned)(month % 12) + 1,
				     .day = plan->day };
	while (when_join(&parts, &day_ms) < 0 && parts.day > 28)
		parts.day--;
	return day_ms + time_ms;
}

static int64_t interval_ms(const struct slot_plan *plan)
{
	INVARIANT(plan->minutes > 0);
	return plan->minutes * MINUTE_MS;
}

bool slot_latest(const struct slot_plan *plan, const struct slot_zone *zone, int64_t last_ms,
		 int64_t now_ms, int64_t *out_ms)
{
	int64_t wall_ms, slot_ms = 0;

	if (plan->kind == SLOT_INTERVAL) {
		if (!last_ms || now_ms - last_ms < interval_ms(plan))
			return false;
		*out_ms = now_ms - (now_ms - last_ms) % interval_ms(plan);
		return true;
	}
	wall_ms = to_wall(zone, now_ms);
	for (int steps = 0; steps >= -2; steps--) {
		slot_ms = to_utc(zone, wall_of(plan, wall_ms, steps));
		if (slot_ms <= now_ms)
			break;
	}
	if (slot_ms > now_ms) /* a clock that says 1970 */
		return false;
	*out_ms = slot_ms;
	return true;
}

int64_t slot_next(const struct slot_plan *plan, const struct slot_zone *zone, int64_t last_ms,
		  int64_t now_ms)
{
	int64_t wall_ms, slot_ms = 0;

	if (plan->kind == SLOT_INTERVAL) {
		slot_ms = last_ms ? last_ms + interval_ms(plan) : now_ms;
		return slot_ms > now_ms ? slot_ms : now_ms;
	}
	wall_ms = to_wall(zone, now_ms);
	for (int steps = -1; steps <= 2; steps++) {
		slot_ms = to_utc(zone, wall_of(plan, wall_ms, steps));
		if (slot_ms > now_ms)
			break;
	}
	return slot_ms;
}

enum slot_verdict slot_judge(const struct slot_plan *plan, const struct slot_zone *zone,
			     int64_t last_ms, int64_t now_ms)
{
	int64_t slot_ms;

	if (!last_ms)
		return SLOT_NEVER_RAN;
	if (last_ms > now_ms + SLOT_CLOCK_SLACK_MS)
		return SLOT_CLOCK_SET_BACK;
	if (!slot_latest(plan, zone, last_ms, now_ms, &slot_ms))
		return SLOT_WAITS;
	return last_ms < slot_ms ? SLOT_DUE : SLOT_WAITS;
}

#define X(name, word, due, meaning) { word, meaning, due },
static const struct {
	const char *word, *meaning;
	bool due;
} verdicts[] = { SLOT_VERDICTS(X) };
#undef X

bool slot_verdict_due(enum slot_verdict verdict)
{
	return verdicts[verdict].due;
}

const char *slot_verdict_word(enum slot_verdict verdict)
{
	return verdicts[verdict].word;
}

const char *slot_verdict_text(enum slot_verdict verdict)
{
	return verdicts[verdict].meaning;
}

static int two_digits(const char *p, unsigned max, uint8_t *out)
{
	unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');

	if (tens > 9 || ones > 9 || tens * 10 + ones > max)
		return -EINVAL;
	*out = (uint8_t)(tens * 10 + ones);
	return 0;
}

int slot_decode_time(struct span text, uint8_t *out_hour, uint8_t *out_minute)
{
	uint8_t hour, minute;

	if (text.len != 5 || text.p[2] != ':' || two_digits(text.p, 23, &hour) < 0 ||
	    two_digits(text.p + 3, 59, &minute) < 0)
		return -EINVAL;
	*out_hour = hour;
	*out_minute = minute;
	return 0;
}

int slot_decode_weekday(struct span text, uint8_t *out)
{
	for (uint8_t i = 0; i < ARRAY_LEN(slot_weekday_words); i++) {
		if (span_is(text, slot_weekday_words[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The part before the blank or @, when what stands behind it is a time. */
static int split_time(struct span text, struct span *day, struct slot_plan *plan)
{
	size_t at = 0;

	while (at < text.len && text.p[at] != ' ' && text.p[at] != '@')
		at++;
	if (at == text.len)
		return -EINVAL;
	*day = (struct span){ text.p, at };
	return slot_decode_time((struct span){ text.p + at + 1, text.len - at - 1 }, &plan->hour,
				&plan->minute);
}

int slot_decode_weekly(struct span text, struct slot_plan *plan)
{
	struct slot_plan read = { .kind = SLOT_WEEKLY };
	struct span day;

	if (split_time(text, &day, &read) < 0 || slot_decode_weekday(day, &read.weekday) < 0)
		return -EINVAL;
	*plan = read;
	return 0;
}

int slot_decode_monthly(struct span text, struct slot_plan *plan)
{
	struct slot_plan read = { .kind = SLOT_MONTHLY };
	struct span day;
	uint64_t number;

	if (split_time(text, &day, &read) < 0 || span_to_u64(day, DAYS_OF_MONTH_MAX, &number) < 0 ||
	    number == 0)
		return -EINVAL;
	read.day = (uint8_t)number;
	*plan = read;
	return 0;
}

void slot_put(const struct slot_plan *plan, struct buf *out)
{
	switch (plan->kind) {
	case SLOT_INTERVAL:
		if (plan->minutes == 1)
			buf_puts(out, "every minute");
		else if (plan->minutes % 60 == 0 && plan->minutes > 60)
			buf_putf(out, "every %u hours", plan->minutes / 60);
		else if (plan->minutes == 60)
			buf_puts(out, "every hour");
		else
			buf_putf(out, "every %u minutes", plan->minutes);
		return;
	case SLOT_DAILY:
		buf_puts(out, "daily");
		break;
	case SLOT_WEEKLY:
		buf_putf(out, "every %s", slot_weekday_words[plan->weekday]);
		break;
	default:
		buf_putf(out, "monthly on day %u", plan->day);
	}
	buf_putf(out, " at %02u:%02u", plan->hour, plan->minute);
}

bool slot_plan_same(const struct slot_plan *a, const struct slot_plan *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == SLOT_INTERVAL)
		return a->minutes == b->minutes;
	return a->hour == b->hour && a->minute == b->minute &&
	       (a->kind != SLOT_WEEKLY || a->weekday == b->weekday) &&
	       (a->kind != SLOT_MONTHLY || a->day == b->day);
}
