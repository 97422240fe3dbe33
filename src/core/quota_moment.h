/* A moment, or a duration, at a place in a text: the parts of quota_time, for its own files. */
#ifndef SK_QUOTA_MOMENT_H
#define SK_QUOTA_MOMENT_H

#include "core/quota_text.h"
#include "core/quota_time.h"

struct cursor {
	struct span low;   /* what is left, in lower case */
	const char *shown; /* the same place as it was written */
};

void cursor_step(struct cursor *c, size_t len);

/* Passes over all of these characters. */
void cursor_skip(struct cursor *c, const char *set);

/* Passes over a word, or a pattern of text_match. Returns whether it stands there. */
bool cursor_word(struct cursor *c, const char *pattern);

/* Up to `digits_max` decimal digits; returns how many there were. */
size_t cursor_number(struct cursor *c, size_t digits_max, uint64_t *out);

/* "1m30s", "3 days 4 hours and 2 minutes", "34.07s"; with `bare`, a number alone is seconds. Passes
 * over it and returns true, or returns false. */
bool cursor_duration(struct cursor *c, bool bare, int64_t *out_ms);

/* "3pm (Europe/Berlin)", "Nov 24th, 2026 3:05 PM", "2026-11-22T00:00:00Z", likewise. */
bool cursor_moment(struct cursor *c, const struct quota_now *now, struct quota_time *out);

#endif
