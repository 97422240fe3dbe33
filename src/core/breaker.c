/*
 * Nobody counts failures up to a threshold: a provider that says "come back at three" has said it
 * for everybody who has the same key. A moment that lies before the one that is known already does
 * not shorten it.
 */
#include "core/breaker.h"

#include "base/err.h"
#include "base/when.h"

const char *breaker_word(enum breaker_state s)
{
#define X(name, word) word,
	static const char *const words[] = { BREAKER_STATES(X) };
#undef X

	return words[s];
}

enum breaker_state breaker_state(const struct provider *p, int64_t now_ms)
{
	if (!p || !p->failures)
		return BREAKER_CLOSED;
	return p->open_until_ms == 0 || now_ms < p->open_until_ms ? BREAKER_OPEN
								  : BREAKER_HALF_OPEN;
}

const struct tentacle *breaker_probing(const struct goals *all, const struct provider *p)
{
	const struct tentacle *probe = p->probe.len ? goals_tentacle(all, p->probe) : NULL;

	if (!probe || (probe->status != TENTACLE_RUNNING && probe->status != TENTACLE_DISPATCHED))
		return NULL;
	return probe;
}

int breaker_admit(struct turn *t, struct span provider, struct span tentacle)
{
	const struct provider *p = goals_provider(&t->st->goals, provider);
	CLEANUP(buf_release) struct buf until = BUF_INIT;
	const struct tentacle *probe;

	switch (breaker_state(p, t->now_ms)) {
	case BREAKER_OPEN:
		if (!p->open_until_ms)
			return turn_refuse(t, -SK_EHUMAN,
					   "provider \"%.*s\" takes no work (%.*s) until a person "
					   "has seen to it: nothing was started. Try: sk breaker "
					   "reset %.*s",
					   SPAN_ARG(provider), SPAN_ARG(p->kind),
					   SPAN_ARG(provider));
		buf_put_when(&until, p->open_until_ms);
		return turn_refuse(t, -SK_EPARKED,
				   "provider \"%.*s\" takes no work (%.*s) before %s UTC: nothing "
				   "was started. Try: the same again then; sk breaker list",
				   SPAN_ARG(provider), SPAN_ARG(p->kind), until.p);
	case BREAKER_HALF_OPEN:
		probe = breaker_probing(&t->st->goals, p);
		if (!probe || span_eq(probe->name, tentacle))
			return 0;
		return turn_refuse(t, -SK_EPARKED,
				   "provider \"%.*s\": tentacle \"%.*s\" tries whether it takes "
				   "work again: nothing was started. Try: the same again when that "
				   "one has ended",
				   SPAN_ARG(provider), SPAN_ARG(probe->name));
	default:
		return 0;
	}
}

void breaker_try(struct turn *t, struct span provider, struct span tentacle,
		 const struct goal_words *words)
{
	const struct provider *p = goals_provider(&t->st->goals, provider);
	struct provider next;

	if (breaker_state(p, t->now_ms) != BREAKER_HALF_OPEN)
		return;
	next = *p;
	next.probe = tentacle;
	next.changed_ms = t->now_ms;
	provider_record(t, &next, words);
}

void breaker_open(struct turn *t, struct span provider, struct span kind, struct span reason,
		  int64_t until_ms, const struct goal_words *words)
{
	const struct provider *p = goals_provider(&t->st->goals, provider);
	bool longer = p && p->failures && (!p->open_until_ms || p->open_until_ms > until_ms) &&
		      until_ms && breaker_state(p, t->now_ms) == BREAKER_OPEN;
	struct provider next;

	if (p)
		next = *p;
	else
		doc_clear(&provider_type, &next);
	next.id = provider;
	next.failures++;
	if (!longer) {
		next.open_until_ms = until_ms;
		next.kind = kind;
		next.reason = reason;
	}
	next.probe = SPAN_NONE;
	next.changed_ms = t->now_ms;
	provider_record(t, &next, words);
}

void breaker_close(struct turn *t, struct span provider, const struct goal_words *words)
{
	const struct provider *p = goals_provider(&t->st->goals, provider);
	struct provider next;

	if (!p || !p->failures)
		return;
	next = *p;
	next.failures = 0;
	next.open_until_ms = 0;
	next.kind = next.reason = next.probe = SPAN_NONE;
	next.changed_ms = t->now_ms;
	provider_record(t, &next, words);
}
