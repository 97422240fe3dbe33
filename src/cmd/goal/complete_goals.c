/*
 * The store is read without its lock and without taking in what people edited: somebody is typing,
 * and waits.
 */
#include "cmd/goal/complete_goals.h"

#include "base/limits.h"
#include "cmd/goal/goals.h"
#include "cmd/view.h"

#define NAMES_MAX 1000 /* offered at once: more helps nobody */

struct offering {
	struct out *out;
	const char *prefix; /* of the name */
	struct span lead;   /* names of a list that stand in front of it */
	unsigned left;
};

static void offer(struct offering *o, struct span name, struct span about)
{
	if (!o->left || !span_starts(name, o->prefix))
		return;
	o->left--;
	out_putf(o->out, "%.*s%.*s\t", SPAN_ARG(o->lead), SPAN_ARG(name));
	out_visible(o->out, about);
	out_puts(o->out, "\n");
}

static void offer_parts(struct offering *o, const struct goal *g, enum arg_kind kind)
{
	const struct gate *gates = g->gates.v;
	const struct criterion *criteria = g->criteria.v;

	for (size_t i = 0; kind == ARG_GATE && i < g->gates.count; i++)
		offer(o, gates[i].id, span_of(gate_words[gates[i].status]));
	for (size_t i = 0; kind == ARG_CRITERION && i < g->criteria.count; i++)
		offer(o, criteria[i].id, span_of(criterion_words[criteria[i].status]));
}

static void offer_all(struct offering *o, const struct goal_store *s, enum arg_kind kind,
		      const char *goal)
{
	const struct goals *all = goal_store_goals(s);
	struct err ignored = ERR_INIT;
	const struct goal *g;

	for (size_t i = 0; kind == ARG_GOAL && i < all->count; i++)
		offer(o, all->v[i].id, all->v[i].title);
	for (size_t i = 0; kind == ARG_TENTACLE && i < all->tentacle_count; i++)
		offer(o, all->tentacles[i].name,
		      span_of(tentacle_state_word(all->tentacles[i].status)));
	if ((kind == ARG_GATE || kind == ARG_CRITERION) &&
	    goal_store_goal(s, goal, &g, &ignored) == 0)
		offer_parts(o, g, kind);
}

void complete_goals(struct cmd_ctx *c, const char *prefix, enum arg_kind kind, const char *goal)
{
	CLEANUP(paths_release) struct paths paths = PATHS_INIT;
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct err ignored = ERR_INIT;
	const char *comma = kind == ARG_TENTACLE ? strrchr(prefix, ',') : NULL;
	size_t lead = comma ? (size_t)(comma - prefix) + 1 : 0;
	struct offering o = { c->out, prefix + lead, { prefix, lead }, NAMES_MAX };

	if (view_find_goal_paths(&paths, &ignored) < 0 ||
	    goal_store_open(&paths, 0, "sk __complete", c->now_ms, &s, &ignored) < 0)
		return;
	offer_all(&o, s, kind, goal);
}
