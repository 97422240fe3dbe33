/*
 * Releasing a tentacle does not make its provider take work, and a breaker that is closed does not
 * bring back what was parked: whoever will not wait needs both commands, in that order, and nobody
 * remembers that at night.
 */
#include "cmd/goal/goal_blocked.h"

#include "base/when.h"
#include "core/breaker.h"

#define ADVISED_MAX 5

bool provider_is_open(const struct provider *p, int64_t now_ms)
{
	return breaker_state(p, now_ms) == BREAKER_OPEN;
}

bool provider_put_blocked(const struct goals *all, const struct provider *p, int64_t now_ms,
			  struct buf *out)
{
	const struct tentacle *probe;

	switch (breaker_state(p, now_ms)) {
	case BREAKER_OPEN:
		buf_putf(out, "takes no work (%.*s) ", SPAN_ARG(p->kind));
		if (!p->open_until_ms) {
			buf_puts(out, "until a person has seen to it");
			return true;
		}
		buf_puts(out, "before ");
		buf_put_when(out, p->open_until_ms);
		buf_puts(out, " UTC");
		return true;
	case BREAKER_HALF_OPEN:
		probe = breaker_probing(all, p);
		if (probe)
			buf_putf(out, "%.*s tries whether it takes work again",
				 SPAN_ARG(probe->name));
		else
			buf_puts(out, "the next one tries whether it takes work again");
		return true;
	default:
		return false;
	}
}

static void put_reset(const struct provider *p, int64_t now_ms, struct buf *out)
{
	if (provider_is_open(p, now_ms))
		buf_putf(out, "sk breaker reset %.*s\n", SPAN_ARG(p->id));
}

void parked_put_release(const struct goals *all, const struct tentacle *t, int64_t now_ms,
			struct buf *out)
{
	put_reset(goals_provider(all, t->parked.provider), now_ms, out);
	buf_putf(out, "sk retry-queue release %.*s\n", SPAN_ARG(t->name));
}

/* Whether one of those that are parked was turned away by it. */
static bool turned_away(const struct goals *all, const struct texts *names,
			const struct provider *p)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct tentacle *t = goals_tentacle(all, names->v[i]);

		if (t && t->status == TENTACLE_PARKED && span_eq(t->parked.provider, p->id))
			return true;
	}
	return false;
}

void parked_put_choices(const struct goals *all, const struct texts *names, int64_t now_ms,
			struct buf *out)
{
	size_t parked = 0;

	for (size_t i = 0; i < all->provider_count; i++)
		if (turned_away(all, names, &all->providers[i]))
			put_reset(&all->providers[i], now_ms, out);
	for (size_t i = 0; i < names->count && parked < ADVISED_MAX; i++) {
		const struct tentacle *t = goals_tentacle(all, names->v[i]);

		if (!t || t->status != TENTACLE_PARKED)
			continue;
		parked++;
		buf_putf(out, "sk retry-queue release %.*s\nsk retry-queue hold %.*s\n",
			 SPAN_ARG(t->name), SPAN_ARG(t->name));
	}
}
