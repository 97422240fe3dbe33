/* A place in the past as a person types it: a record's number, or a time. */
#ifndef SK_MOMENT_H
#define SK_MOMENT_H

#include "base/err.h"
#include "base/str.h"

/*
 * "2026-11-21T08:43:00Z" (UTC, also with a blank for the T, without the Z, or with milliseconds;
 * without them all of that second is meant), or a duration as "10m", which is that long before now.
 * Returns 0 or -EINVAL.
 */
int moment_decode(struct span text, int64_t now_ms, int64_t *out_ms);

/* The same for an option, with the refusal: -SK_EUSAGE. */
int moment_option(const char *command, const char *option, const char *text, int64_t now_ms,
		  int64_t *out_ms, struct err *e);

#endif
