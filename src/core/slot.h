/*
 * When scheduled work is due. A slot is a moment at which it should run: every so many minutes from
 * its last run, or an hour of the clock on the wall, every day, every week or every month. Pure
 * arithmetic: now and the zone come in.
 *
 * What happens when clocks are changed:
 *  - An hour that is left out: the moment at which a clock that was not changed would have shown
 *    it, so 02:30 becomes 03:30 on that day. No slot is ever lost.
 *  - An hour that comes twice: the first one is the slot, the second one is none.
 *  - A month that is too short for the day: its last day.
 */
#ifndef SK_SLOT_H
#define SK_SLOT_H

#include "base/buf.h"
#include "base/str.h"

/* word */
#define SLOT_KINDS(X)           \
	X(INTERVAL, "interval") \
	X(DAILY, "daily")       \
	X(WEEKLY, "weekly")     \
	X(MONTHLY, "monthly")

#define X(name, word) SLOT_##name,
enum slot_kind { SLOT_KINDS(X) SLOT_KIND_COUNT };
#undef X

/* By enum slot_kind; by the day of a week, Sunday first. On disk: never changed. */
extern const char *const slot_kind_words[SLOT_KIND_COUNT];
extern const char *const slot_weekday_words[7];

struct slot_plan {
	enum slot_kind kind;
	uint32_t minutes; /* of an interval: 1..SLOT_MINUTES_MAX */
	uint8_t weekday;  /* of a weekly one: 0 = Sunday */
	uint8_t day;      /* of a monthly one: 1..31 */
	uint8_t hour, minute;
};

/* How far the clock on the wall is ahead of UTC at a moment, in milliseconds. */
struct slot_zone {
	void *ctx;
	int64_t (*offset_ms)(void *ctx, int64_t utc_ms);
};

/*
 * The latest slot that is not after now. `last_ms` is when it ran last, 0 for never. Returns
 * whether there is one: an interval has none before its first run and within the interval.
 */
bool slot_latest(const struct slot_plan *plan, const struct slot_zone *zone, int64_t last_ms,
		 int64_t now_ms, int64_t *out_ms);

/* The first slot after now; of an interval, its last run and the interval, at least now. */
int64_t slot_next(const struct slot_plan *plan, const struct slot_zone *zone, int64_t last_ms,
		  int64_t now_ms);

/* word, whether it is due, meaning */
#define SLOT_VERDICTS(X)                                                  \
	X(WAITS, "waiting", false, "its time has not come")               \
	X(NEVER_RAN, "never-run", true, "it has never run")               \
	X(DUE, "due", true, "it has not run since its time came")         \
	X(CLOCK_SET_BACK, "clock-set-back", true,                         \
	  "its last run is in the future: the clock was set back since, " \
	  "so nobody knows when it ran")

#define X(name, word, due, meaning) SLOT_##name,
enum slot_verdict { SLOT_VERDICTS(X) SLOT_VERDICT_COUNT };
#undef X

/* Whether it should run now, and why. */
enum slot_verdict slot_judge(const struct slot_plan *plan, const struct slot_zone *zone,
			     int64_t last_ms, int64_t now_ms);
bool slot_verdict_due(enum slot_verdict verdict);
const char *slot_verdict_word(enum slot_verdict verdict);
const char *slot_verdict_text(enum slot_verdict verdict);

/* "04:30": exactly two digits each, up to 23:59. Returns 0 or -EINVAL; outputs untouched then. */
int slot_decode_time(struct span text, uint8_t *out_hour, uint8_t *out_minute);

/* "sunday": one of slot_weekday_words. Returns 0 or -EINVAL. */
int slot_decode_weekday(struct span text, uint8_t *out);

/*
 * What people type: DAY and TIME with a blank or an @ between them, "sunday 04:30", "31@04:30".
 * Returns 0 or -EINVAL; *plan is untouched then.
 */
int slot_decode_weekly(struct span text, struct slot_plan *plan);
int slot_decode_monthly(struct span text, struct slot_plan *plan);

/* Appends it for people: "every 30 minutes", "daily at 04:00", "every sunday at 04:30", ... */
void slot_put(const struct slot_plan *plan, struct buf *out);

bool slot_plan_same(const struct slot_plan *a, const struct slot_plan *b);

#endif
