/*
 * The two mistakes are not alike. To hold back what would have done no harm teaches people to turn
 * the guard off, and then it is off when it matters; so place, branch and scope are asked before it
 * holds. To let through what cannot be told would make the guard a matter of luck: what is not
 * known counts as harm.
 */
#include "work/guard.h"

#include "core/scope.h"

#define BRANCHES "refs/heads/"

#define X(name, word, holds, meaning) { word, holds },
static const struct {
	const char *word;
	bool holds;
} verdicts[] = { GUARD_VERDICTS(X) };
#undef X

const char *guard_verdict_word(enum guard_verdict verdict)
{
	return verdicts[verdict].word;
}

bool guard_holds(enum guard_verdict verdict)
{
	return verdicts[verdict].holds;
}

enum guard_trust guard_trust(enum marker_trust trust)
{
	if (trust == MARKER_BROKEN)
		return GUARD_TAMPERED;
	/* An unsigned entry can only hold back more; the old signature does not cover the entries.
	 */
	return trust == MARKER_UNSIGNED || trust == MARKER_OLD ? GUARD_DOUBTED : GUARD_TRUSTED;
}

/* Where it works. */
static struct span place_of(const struct marker_entry *t)
{
	return t->worktree.len ? t->worktree : t->git_root;
}

/* The next of several texts with a NUL behind each; empty at the end. */
static struct span next_of(struct span list, size_t *at)
{
	struct span one;

	if (*at >= list.len)
		return SPAN_NONE;
	one = (struct span){ list.p + *at, strnlen(list.p + *at, list.len - *at) };
	*at += one.len + 1;
	return one;
}

/* A branch is told apart by its name; what else is pushed (a tag, HEAD, a commit by its name) may
 * be the agent's. */
static bool other_branches(const struct guard_holder *h, const struct guard_ask *ask)
{
	struct span ref;
	size_t at = 0;

	if (!ask->refs_known || !h->branch.len)
		return false;
	while ((ref = next_of(ask->refs, &at)).len) {
		/* Two checkouts never have one branch. */
		bool other_head = span_is(ref, "HEAD") && ask->checkout.len &&
				  !span_eq(ask->checkout, place_of(h->entry));

		if (!other_head && (!span_starts(ref, BRANCHES) || span_eq(ref, h->branch)))
			return false;
	}
	return true;
}

/* Whether it takes along nothing that the agent may be writing. An entry of a scope that cannot be
 * understood makes it everything. */
static bool outside_scope(const struct marker_entry *t, const struct guard_ask *ask,
			  struct span *path)
{
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;
	struct span one;
	size_t at = 0;

	if (!t->scope.count || !ask->paths_known)
		return false;
	for (size_t i = 0; i < t->scope.count; i++)
		if (scope_add(&scope, t->scope.v[i]))
			return false;
	while ((one = next_of(ask->paths, &at)).len)
		if (scope_has(&scope, one)) {
			*path = one;
			return false;
		}
	return true;
}

enum guard_verdict guard_judge(const struct guard_holder *h, const struct guard_ask *ask,
			       struct span *path)
{
	const struct marker_entry *t = h->entry;
	const struct marker_asker here = { .now_ms = ask->now_ms, .git_root = ask->repository };
	struct span place = place_of(t);

	*path = SPAN_NONE;
	if (t->git_root.len && !span_eq(t->git_root, ask->repository))
		return GUARD_ELSEWHERE;
	if (!marker_entry_counts(t, h->owner, h->ttl_ms, &here))
		return GUARD_GONE;
	if (h->asks && !t->by_dispatcher)
		return GUARD_ITSELF;
	if (t->worktree.len && span_eq(ask->checkout, t->worktree))
		return GUARD_OWN_PLACE;
	if (ask->act == GUARD_COMMIT && place.len && ask->checkout.len &&
	    !span_eq(ask->checkout, place))
		return GUARD_OTHER_PLACE;
	if (ask->act == GUARD_PUSH && other_branches(h, ask))
		return GUARD_OTHER_BRANCH;
	return outside_scope(t, ask, path) ? GUARD_OUTSIDE_SCOPE : GUARD_AT_WORK;
}
