/*
 * How the last agent of a tentacle ended, in words, and when the next one may begin: facts are kept
 * in the document (struct tentacle_run), so that whoever looks weeks later reads the same.
 */
#ifndef SK_TENTACLE_RUN_H
#define SK_TENTACLE_RUN_H

#include "core/goal.h"

/* Appends "killed by signal 9", "timed out after 8.0s", "ended with code 1: getaddrinfo ENOTFOUND",
 * "was told to end", "ended without a hand-off"; nothing when no agent has ended. */
void tentacle_run_put(const struct tentacle *t, struct buf *out);

/* Appends "network (the service cannot be reached from here) until 2026-11-21 12:00:05 UTC" when it
 * is parked; nothing when it is not, or when only a person releases it: that is trouble. */
void tentacle_put_parked(const struct tentacle *t, struct buf *out);

/*
 * Appends why a person has to decide about it: what it handed off, files outside of its scope, an
 * agent that failed again and again, a quota that does not pass. Returns whether there is anything.
 */
bool tentacle_put_trouble(const struct tentacle *t, struct buf *out);

/* Somebody decided about it: what failed before does not count any more. */
void tentacle_run_forgive(struct tentacle *draft);

/* When its agent may begin again after a failure (UTC): pause_ms, doubled with each failure up to
 * AGENT_PAUSE_MAX_MS, half of it drawn from its name. 0: at once. */
int64_t tentacle_run_again(const struct tentacle *t, int64_t pause_ms);

/* Whether it failed as often as is borne without a person. */
bool tentacle_run_given_up(const struct tentacle *t);

#endif
