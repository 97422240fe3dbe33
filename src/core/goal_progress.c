/*
 * A tentacle's status tells what is true of it, its newest hand-off what its agent thought of the
 * work. While something is going on again, the older hand-off says nothing any more.
 */
#include "core/goal_progress.h"

#include "core/todo.h"

const char *standing_word(enum standing s)
{
	static const char *const words[] = {
#define X(name, word, closes, meaning) word,
		STANDINGS(X)
#undef X
	};

	return words[s];
}

const char *standing_text(enum standing s)
{
	static const char *const texts[] = {
#define X(name, word, closes, meaning) meaning,
		STANDINGS(X)
#undef X
	};

	return texts[s];
}

bool standing_closes(enum standing s)
{
	static const bool close[] = {
#define X(name, word, closes, meaning) closes,
		STANDINGS(X)
#undef X
	};

	return close[s];
}

bool tentacle_divided(const struct goals *all, const struct tentacle *t)
{
	struct todo_count count = todo_count(t->todo);

	if (count.done < count.total)
		return false; /* more came to be done */
	for (size_t i = 0; i < t->children.count; i++)
		if (goals_tentacle(all, t->children.v[i]))
			return true;
	return false;
}

bool tentacle_succeeded(const struct tentacle *t)
{
	if (handoff_needs_triage(t->terminal_status))
		return false;
	return t->status == TENTACLE_COMPLETED ||
	       (t->status == TENTACLE_HANDED_OFF && t->terminal_status != HANDOFF_NONE &&
		!t->outside_scope.count);
}

/* One that nobody works on and that said nothing: by what it depends on. */
static enum standing by_needs(const struct goals *all, const struct tentacle *t)
{
	enum standing s = t->status == TENTACLE_ACTIVE ? STANDING_ACTIVE : STANDING_READY;

	if (tentacle_divided(all, t))
		return STANDING_WAITING;

	for (size_t i = 0; i < t->todo_deps.count; i++) {
		const struct tentacle *need = goals_tentacle(all, t->todo_deps.v[i]);

		if (need && need->status != TENTACLE_PARKED &&
		    handoff_needs_triage(need->terminal_status))
			return STANDING_FAILED_NEEDS;
		if (!need || !tentacle_succeeded(need))
			s = STANDING_WAITING;
	}
	return s;
}

enum standing tentacle_standing(const struct goals *all, struct span name)
{
	const struct tentacle *t = goals_tentacle(all, name);

	if (!t)
		return STANDING_DELETED;
	switch (t->status) {
	case TENTACLE_PARKED:
		return STANDING_PARKED;
	case TENTACLE_LOST:
		return STANDING_LOST;
	case TENTACLE_FAILED:
		return STANDING_FAILED;
	case TENTACLE_STOPPED:
		return STANDING_STOPPED;
	case TENTACLE_RUNNING:
		return STANDING_RUNNING;
	case TENTACLE_DISPATCHED:
		return STANDING_DISPATCHED;
	case TENTACLE_AWAITING_HANDOFF:
		return STANDING_AWAITING_HANDOFF;
	case TENTACLE_HANDED_OFF:
		if (t->terminal_status == HANDOFF_NONE)
			return STANDING_AWAITING_HANDOFF;
		break;
	case TENTACLE_COMPLETED:
		break;
	default:
		return by_needs(all, t);
	}
	if (tentacle_succeeded(t))
		return STANDING_RESOLVED;
	return t->status == TENTACLE_COMPLETED ? STANDING_TRIAGE : STANDING_JUDGE;
}

void goal_progress(const struct goals *all, const struct goal *g, uint64_t iteration,
		   size_t out[STANDING_COUNT])
{
	const struct iteration *it = goal_iteration(g, iteration);

	memset(out, 0, STANDING_COUNT * sizeof(*out));
	for (size_t i = 0; it && i < it->tentacles.count; i++)
		out[tentacle_standing(all, it->tentacles.v[i])]++;
}

/* What stands in front of the @ and behind it; either may be empty. */
static void split_tree(struct span tree, struct span *files, struct span *place)
{
	const char *at = tree.len ? memchr(tree.p, '@', tree.len) : NULL;

	*files = tree;
	*place = SPAN_NONE;
	if (!at)
		return;
	files->len = (size_t)(at - tree.p);
	*place = (struct span){ at + 1, tree.len - files->len - 1 };
}

static bool same_files(struct span a, struct span b)
{
	struct span a_files, a_place, b_files, b_place;

	split_tree(a, &a_files, &a_place);
	split_tree(b, &b_files, &b_place);
	return (a_files.len && span_eq(a_files, b_files)) ||
	       (a_place.len && span_eq(a_place, b_place));
}

bool criterion_outdated(const struct criterion *c, struct span tree)
{
	return c->status != CRITERION_UNVERIFIED && c->tree.len && tree.len &&
	       !same_files(c->tree, tree);
}
