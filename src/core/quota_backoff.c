/*
 * The jitter of a growing pause is half of it: enough that a hundred agents spread over the pause.
 * That of a named time comes on top and is small, because many wait for the same stroke of the hour
 * and the first ones through are served.
 */
#include "core/quota_backoff.h"

#define MINUTE_MS 60000LL
#define HINT_JITTER_MAX_MS 30000LL /* after the stroke of the hour */
#define HINT_JITTER_PART 20        /* of a short wait: a twentieth */

const struct quota_backoff quota_backoff_request = {
	.base_ms = 1000,
	.factor_permille = 1600,
	.cap_ms = MINUTE_MS,
	.attempts_max = 5,
	.budget_ms = 5 * MINUTE_MS,
};

const struct quota_backoff quota_backoff_parked = {
	.base_ms = MINUTE_MS,
	.factor_permille = 2000,
	.cap_ms = 60 * MINUTE_MS,
};

#define X(name, word, meaning) { word, meaning },
static const struct {
	const char *word, *meaning;
} dues[] = { QUOTA_DUES(X) };
#undef X

const char *quota_due_word(enum quota_due_source source)
{
	return dues[source].word;
}

const char *quota_due_text(enum quota_due_source source)
{
	return dues[source].meaning;
}

/* A part of `ms`, evenly drawn from nothing to all of it. */
static int64_t part_of(int64_t ms, uint32_t chance)
{
	return (int64_t)((uint64_t)ms * chance / UINT32_MAX);
}

/* An allowance for long does not come back within a minute. */
static int64_t first_pause(const struct quota_backoff *policy, enum quota_kind kind)
{
	int64_t ms = policy->base_ms;

	if (kind == QUOTA_NETWORK)
		ms /= 12;
	else if (kind == QUOTA_MONTHLY_QUOTA || kind == QUOTA_DAILY_QUOTA)
		ms *= 60;
	else if (kind == QUOTA_QUOTA_EXCEEDED || kind == QUOTA_TOKEN_QUOTA)
		ms *= 15;
	return ms < policy->cap_ms ? ms : policy->cap_ms;
}

static int64_t growing_pause(const struct quota_backoff *policy, enum quota_kind kind,
			     unsigned attempt, uint32_t chance)
{
	int64_t ms = first_pause(policy, kind), cap_ms = policy->cap_ms;

	if (kind == QUOTA_NETWORK)
		cap_ms /= 12;
	while (attempt-- > 1 && ms < cap_ms)
		ms = ms * policy->factor_permille / 1000;
	if (ms > cap_ms)
		ms = cap_ms;
	return ms / 2 + part_of(ms - ms / 2, chance);
}

static void stop(struct quota_due *out, enum quota_due_source why)
{
	*out = (struct quota_due){ .source = why };
}

void quota_due(const struct quota_backoff *policy, const struct quota_verdict *v, unsigned attempt,
	       int64_t first_ms, int64_t now_ms, uint32_t chance, struct quota_due *out)
{
	struct quota_due due = { .source = QUOTA_DUE_EXPONENTIAL };

	INVARIANT(attempt >= 1);
	INVARIANT(v->kind != QUOTA_NONE);
	if (!v->retryable) {
		stop(out, QUOTA_DUE_NEEDS_HUMAN);
		return;
	}
	if (policy->attempts_max && attempt >= policy->attempts_max) {
		stop(out, QUOTA_DUE_ATTEMPTS);
		return;
	}
	if (v->retry_at_ms > 0) {
		int64_t wait_ms = v->retry_at_ms > now_ms ? v->retry_at_ms - now_ms : 0;
		int64_t spread_ms = wait_ms / HINT_JITTER_PART;

		if (spread_ms > HINT_JITTER_MAX_MS)
			spread_ms = HINT_JITTER_MAX_MS;
		if (wait_ms > QUOTA_WAIT_MAX_MS)
			wait_ms = QUOTA_WAIT_MAX_MS;
		due.source = QUOTA_DUE_SERVER_HINT;
		due.delay_ms = wait_ms + part_of(spread_ms, chance);
	} else {
		due.delay_ms = growing_pause(policy, v->kind, attempt, chance);
		if (policy->budget_ms && now_ms - first_ms + due.delay_ms > policy->budget_ms) {
			stop(out, QUOTA_DUE_BUDGET);
			return;
		}
	}
	due.due_ms = now_ms + due.delay_ms;
	*out = due;
}
