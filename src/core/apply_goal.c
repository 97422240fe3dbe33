/*
 * Folding is reading the recorded change over the document. The table decides whether the change of
 * status is a legal one, and status and time are taken from the event itself: a change that tells
 * another status than its row is damage.
 */
#include "core/apply_goal.h"

#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "core/edge.h"

static int illegal(char why[200], const char *what, struct span id)
{
	snprintf(why, 200, "%s \"%.*s\"", what, SPAN_ARG(id));
	return -SK_ECORRUPT;
}

static int illegal_move(char why[200], const struct life *life, const struct event *ev,
			struct span id, const char *is)
{
	const char *from = life->state_word(ev->from), *to = life->state_word(ev->to);

	snprintf(why, 200, "illegal transition %s → %s (%.*s) for %s \"%.*s\", which is %s",
		 from ? from : "(none)", to ? to : "(none)", SPAN_ARG(ev->edge), life->name,
		 SPAN_ARG(id), is);
	return -SK_ECORRUPT;
}

/* Reads ev->set over a copy in *doc. */
static int merge(struct state *st, const struct doc_type *type, const struct event *ev,
		 struct span id, void *doc, char why[200])
{
	struct doc_problem problem = { "", 0 };

	if (!ev->set.len || doc_merge(type, ev->set, DOC_MERGE, &st->text, doc, &problem) == 0)
		return 0;
	snprintf(why, 200, "unusable change of %s \"%.*s\": %.120s", type->name, SPAN_ARG(id),
		 problem.what);
	return -SK_ECORRUPT;
}

static int put_goal(struct state *st, const struct goal *was, struct goal *next, char why[200])
{
	struct goals *all = &st->goals;

	if (was) {
		all->v[was - all->v] = *next;
		return 0;
	}
	if (all->count == GOALS_MAX)
		return illegal(why, "too many goals: goal", next->id);
	mem_grow(&all->v, &all->capacity, all->count + 1, sizeof(*next));
	all->v[all->count++] = *next;
	return 0;
}

int apply_goal(struct state *st, const struct event *ev, char why[200])
{
	struct goal *was = NULL, next;
	uint8_t status;

	for (size_t i = 0; i < st->goals.count; i++)
		if (span_eq(st->goals.v[i].id, ev->goal_id))
			was = &st->goals.v[i];
	if (ev->kind == EV_GOAL_CHOSEN) {
		if (!was)
			return illegal(why, "unknown goal", ev->goal_id);
		st->goals.chosen = was->id;
		return 0;
	}
	if (!id_valid(ev->goal_id) ||
	    (was != NULL) == (ev->kind == EV_GOAL_CREATED || ev->kind == EV_GOAL_IMPORTED))
		return illegal(why, was ? "second creation of goal" : "unknown goal", ev->goal_id);
	if (ev->transition && (!edge_of_event(&goal_life, ev) || (was && was->status != ev->from)))
		return illegal_move(why, &goal_life, ev, ev->goal_id,
				    was ? goal_state_word(was->status) : "new");
	if (was)
		next = *was;
	else
		doc_clear(&goal_type, &next);
	status = ev->transition ? ev->to : next.status;
	if (merge(st, &goal_type, ev, ev->goal_id, &next, why) < 0)
		return -SK_ECORRUPT;
	if (ev->kind != EV_GOAL_IMPORTED && next.status != status)
		return illegal(why, "status that no transition tells for goal", ev->goal_id);
	if (!was)
		next.id = arena_copy(&st->text, ev->goal_id);
	next.updated_ms = ev->at_ms;
	return put_goal(st, was, &next, why);
}

int apply_tentacle(struct state *st, const struct event *ev, char why[200])
{
	struct goals *all = &st->goals;
	struct tentacle *was = goals_tentacle(all, ev->tentacle_id), next;
	uint8_t status;

	if (!id_valid(ev->tentacle_id) || (was != NULL) == (ev->kind == EV_TENTACLE_CREATED))
		return illegal(why, was ? "second creation of tentacle" : "unknown tentacle",
			       ev->tentacle_id);
	if (ev->transition &&
	    (!edge_of_event(&tentacle_life, ev) || (was && was->status != ev->from)))
		return illegal_move(why, &tentacle_life, ev, ev->tentacle_id,
				    was ? tentacle_state_word(was->status) : "new");
	if (ev->kind == EV_TENTACLE_DELETED) {
		goals_drop_tentacle(all, was);
		return 0;
	}
	if (was)
		next = *was;
	else
		doc_clear(&tentacle_type, &next);
	status = ev->transition ? ev->to : next.status;
	if (merge(st, &tentacle_type, ev, ev->tentacle_id, &next, why) < 0)
		return -SK_ECORRUPT;
	if (next.status != status)
		return illegal(why, "status that no transition tells for tentacle",
			       ev->tentacle_id);
	next.updated_ms = ev->at_ms;
	next.changed_seq = ev->seq;
	if (was) {
		next.name = was->name;
		*was = next;
		return 0;
	}
	if (all->tentacle_count == TENTACLES_MAX)
		return illegal(why, "too many tentacles: tentacle", ev->tentacle_id);
	next.name = arena_copy(&st->text, ev->tentacle_id);
	goals_add_tentacle(all, &next);
	return 0;
}

int apply_provider(struct state *st, const struct event *ev, char why[200])
{
	struct goals *all = &st->goals;
	struct provider *was = goals_provider(all, ev->provider_id), next;

	if (!id_valid(ev->provider_id))
		return illegal(why, "not an id: provider", ev->provider_id);
	if (was)
		next = *was;
	else
		doc_clear(&provider_type, &next);
	if (merge(st, &provider_type, ev, ev->provider_id, &next, why) < 0)
		return -SK_ECORRUPT;
	if (was) {
		*was = next;
		return 0;
	}
	if (all->provider_count == GOALS_MAX)
		return illegal(why, "too many providers: provider", ev->provider_id);
	next.id = arena_copy(&st->text, ev->provider_id);
	mem_grow(&all->providers, &all->provider_capacity, all->provider_count + 1, sizeof(next));
	all->providers[all->provider_count++] = next;
	return 0;
}
