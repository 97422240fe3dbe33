/* The journal is the only place that remembers who decided and why; the documents show what came of
 * it. */
#include "cmd/goal/goal_story.h"

#include <errno.h>

#include "store/search.h"

struct teller {
	const struct goal *g;
	struct texts names; /* of its tentacles */
	int (*fn)(void *ctx, const struct event *ev);
	void *ctx;
};

static int tell(void *ctx, const struct event *ev)
{
	struct teller *t = ctx;

	if (!span_eq(ev->goal_id, t->g->id) &&
	    !(ev->tentacle_id.len && texts_have(&t->names, ev->tentacle_id)))
		return 0;
	return t->fn(t->ctx, ev);
}

int goal_story(const struct goal_store *s, const struct goal *g,
	       int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *e)
{
	CLEANUP(search_release) struct search words = SEARCH_INIT;
	struct teller t = { .g = g, .fn = fn, .ctx = ctx };
	struct arena arena = ARENA_INIT;
	const struct iteration *all = g->iterations.v;
	bool fits = search_add(&words, g->id);
	int rc;

	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < all[i].tentacles.count; k++)
			texts_add(&arena, &t.names, all[i].tentacles.v[k]);
	for (size_t i = 0; fits && i < t.names.count; i++)
		fits = search_add(&words, t.names.v[i]);
	if (!fits) { /* too many names to look for: every line is read */
		search_release(&words);
		words = (struct search)SEARCH_INIT;
	}
	rc = store_search(goal_store_vfs(s), 1, &words, tell, &t, e);
	arena_release(&arena);
	return rc == -ENOENT ? 0 : rc;
}

static const char *state_of(const struct event *ev, unsigned state)
{
	const char *word = event_rows[ev->kind].type == EVENT_TYPE_GOAL
				   ? goal_state_word(state)
				   : tentacle_state_word(state);

	return word;
}

void goal_story_put(const struct event *ev, struct buf *out)
{
	for (const char *p = event_rows[ev->kind].word; *p; p++)
		buf_putc(out, *p == '_' ? ' ' : *p);
	if (ev->tentacle_id.len) {
		buf_putc(out, ' ');
		buf_put_visible(out, ev->tentacle_id);
	}
	if (ev->name.len) {
		buf_putc(out, ' ');
		buf_put_visible(out, ev->name);
	}
	if (ev->attempt)
		buf_putf(out, " %llu", (unsigned long long)ev->attempt);
	if (ev->transition && ev->from != ev->to && state_of(ev, ev->from))
		buf_putf(out, " (%s to %s)", state_of(ev, ev->from), state_of(ev, ev->to));
	if (ev->operator_name.len) {
		buf_puts(out, " by ");
		buf_put_visible(out, ev->operator_name);
	}
	if (ev->reason.len) {
		buf_puts(out, ": ");
		buf_put_visible(out, ev->reason);
	}
}
