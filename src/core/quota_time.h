/*
 * "Come back when?" as agents and services say it: "retry-after: 30", "try again in 1m30s", "resets
 * 3pm (Europe/Berlin)", "try again at Nov 24th, 2026 3:05 PM", "limit reached|1763740800",
 * "2026-11-22T00:00:00Z".
 */
#ifndef SK_QUOTA_TIME_H
#define SK_QUOTA_TIME_H

#include "base/str.h"

#define QUOTA_ZONE_BYTES_MAX 40

/* When the text was written, and how far the clocks on the walls there were from UTC then. */
struct quota_now {
	int64_t ms;
	int local_minutes; /* east of UTC: for "3pm" without a zone */
};

enum quota_time_form {
	QUOTA_TIME_NONE,
	QUOTA_TIME_AFTER,   /* a duration from when the text was written */
	QUOTA_TIME_AT,      /* a moment */
	QUOTA_TIME_NO_ZONE, /* a moment in a zone that is not known: at_ms is 0 */
};

struct quota_time {
	enum quota_time_form form;
	int64_t after_ms;
	int64_t at_ms; /* UTC */
	/* The zone a moment was given in, as it was written: "Europe/Berlin", "UTC", "+02:00";
	   "local" when none stood there, "epoch" for a number of seconds. */
	char zone[QUOTA_ZONE_BYTES_MAX];
};

/* Reads the first such statement in a line (any case). Returns whether there is one. */
bool quota_time_find(struct span line, const struct quota_now *now, struct quota_time *out);

/* Reads a value that is known to be a time: seconds when it is a bare small number, an epoch when
 * it is a large one, else a duration or a moment. */
bool quota_time_value(struct span text, const struct quota_now *now, struct quota_time *out);

#endif
