/* When work that a quota stopped is to be tried again. */
#ifndef SK_PARK_H
#define SK_PARK_H

#include "core/quota_backoff.h"
#include "core/tentacle_handoff.h"

/* Holds the texts of `park`. */
struct park_judgement {
	struct quota_verdict verdict;
	struct quota_due due;
	struct quota_park park;
};

/*
 * Judges a hand-off: by `reason` when it is not empty (a word of core/quota.h, or words for the
 * classifier; what tells no kind counts as an allowance that is used up), else by `text`. `hint`
 * tells when to come back, if it is a time. Returns whether a quota stopped the work; then
 * out->park is filled, with texts in *out and in `hint`.
 */
bool park_judge(const struct tentacle *t, struct span text, struct span reason, struct span hint,
		int64_t now_ms, struct park_judgement *out);

/* Whether anything is known by these words: a kind of limit, a moment or a duration. */
bool park_reason_known(struct span reason, int64_t now_ms);
bool park_hint_known(struct span hint, int64_t now_ms);

#endif
