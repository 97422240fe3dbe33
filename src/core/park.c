/* A provider is known to all that use it: when one tentacle met its limit, the next one need not.
 */
#include "core/park.h"

#include "core/breaker.h"

#define TIMES_MAX 1000 /* by then every pause is at its cap */

static int64_t due_of(const struct turn *t, const struct quota_verdict *v, uint64_t times,
		      uint32_t chance)
{
	unsigned attempt = times < TIMES_MAX ? (unsigned)times + 1 : TIMES_MAX;
	struct quota_due due;

	quota_due(&quota_backoff_parked, v, attempt, t->now_ms, t->now_ms, chance, &due);
	return due.due_ms;
}

int64_t provider_refused(struct turn *t, const struct quota_verdict *v, uint32_t chance,
			 const struct goal_words *words)
{
	struct span id = span_of(quota_provider_word(v->provider));
	const struct provider *was = goals_provider(&t->st->goals, id);
	int64_t due_ms = due_of(t, v, was ? was->failures : 0, chance);

	if (v->provider != QUOTA_BY_UNKNOWN)
		breaker_open(t, id, span_of(quota_kind_word(v->kind)),
			     turn_copy(t, span_of(v->words)), due_ms, words);
	return due_ms;
}

int tentacle_park(struct turn *t, const struct tentacle *which, const struct quota_verdict *v,
		  uint32_t chance, const struct goal_words *words)
{
	struct tentacle next = *which;
	int rc;

	next.parked.kind = span_of(quota_kind_word(v->kind));
	next.parked.provider = span_of(quota_provider_word(v->provider));
	next.parked.hint = turn_copy(t, span_of(v->words));
	if (which->status != TENTACLE_PARKED)
		next.parked.since_ms = t->now_ms;
	next.parked.due_ms = due_of(t, v, next.parked.times, chance);
	next.parked.times++;
	rc = tentacle_move(t, &next, ON_QUOTA_HIT, words);
	if (rc == 0)
		provider_refused(t, v, chance, words);
	return rc;
}
