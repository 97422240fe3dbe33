/* UTC text <-> milliseconds since 1970, and durations for people. Pure arithmetic: no clock is
 * asked here. */
#ifndef SK_WHEN_H
#define SK_WHEN_H

#include "base/buf.h"
#include "base/str.h"

#define WHEN_TEXT_LEN 24 /* 2026-11-21T08:43:00.123Z */

/* Writes exactly WHEN_TEXT_LEN bytes, no NUL. `ms` is clamped to years 1970..9999. */
void when_encode(int64_t ms, char out[WHEN_TEXT_LEN]);

/* Accepts exactly the form above. Returns 0 or -EINVAL. */
int when_decode(struct span text, int64_t *out_ms);

/* A moment taken apart, as UTC or as the clock on somebody's wall. */
struct when_parts {
	unsigned year, month, day, hour, minute, second, ms;
};

/* `ms` is clamped to years 1970..9999. */
void when_split(int64_t ms, struct when_parts *out);

/* Returns 0, or -EINVAL when there is no such day or hour. A second of 60 is none. */
int when_join(const struct when_parts *parts, int64_t *out_ms);

/* 0 = Sunday. */
unsigned when_weekday(int64_t ms);

/*
 * Accepts any ISO-8601 time with seconds and a zone: "2026-11-21T08:43:00.123456+01:00", "Z" or a
 * blank for the T as well. What is finer than a millisecond is cut off. Returns 0 or -EINVAL.
 */
int when_decode_iso(struct span text, int64_t *out_ms);

/* Appends "2026-11-21 08:43:00" (UTC), for people. */
void buf_put_when(struct buf *b, int64_t ms);

/* Appends a duration as people say it: 0.4s, 12s, 3m 05s, 2h 07m, 3d 04h. */
void buf_put_duration(struct buf *b, int64_t ms);

/*
 * "90", "90s", "10m", "2h", "1d", "250ms", "1m30s" -> milliseconds; a bare number counts seconds.
 * Returns 0 or -EINVAL.
 */
int duration_decode(struct span text, int64_t *out_ms);

#endif
