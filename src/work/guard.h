/*
 * Whether a commit or a push would take along what an agent is just writing. Pure: the hooks gather
 * what is asked here, and docs/hooks.md tells the rules to people.
 *
 * What is guarded is a place, the checkout in which the agent works, and in it the paths of its
 * scope: a commit takes in what lies there half done, a push publishes what was committed there.
 * Whoever works elsewhere takes nothing of it along and is let through.
 */
#ifndef SK_GUARD_H
#define SK_GUARD_H

#include "work/marker.h"

enum guard_act { GUARD_COMMIT, GUARD_PUSH };

/* What is about to happen. */
struct guard_ask {
	enum guard_act act;
	int64_t now_ms;
	struct span repository; /* root of its main checkout; empty: it is in none */
	struct span checkout;   /* the one in which it happens; empty: not known */
	/* What it takes along, relative to the checkout's top, a NUL behind each. Not known: as if
	   it took everything along. */
	bool paths_known;
	struct span paths;
	/* GUARD_PUSH: the local references that are pushed, as git names them, a NUL behind each;
	   not known: as if they were all. */
	bool refs_known;
	struct span refs;
};

/* Who may hold it back. */
struct guard_holder {
	const struct marker_entry *entry;
	int64_t ttl_ms;
	enum marker_owner owner;
	bool asks;          /* what happens was begun by its own process */
	struct span branch; /* checked out where it works, refs/heads/...; empty: not known */
};

/* word, whether it holds back, what it means */
#define GUARD_VERDICTS(X)                                                                 \
	X(ELSEWHERE, "other-repository", false, "it belongs to another repository")       \
	X(GONE, "gone", false, "its process is gone, or its time is over")                \
	X(ITSELF, "itself", false, "it is the agent's own")                               \
	X(OWN_PLACE, "own-worktree", false, "it happens in the agent's own worktree")     \
	X(OTHER_PLACE, "other-checkout", false, "the agent works in another checkout")    \
	X(OTHER_BRANCH, "other-branch", false, "the agent works on another branch")       \
	X(OUTSIDE_SCOPE, "outside-scope", false, "nothing of it is in the agent's scope") \
	X(AT_WORK, "at-work", true, "the agent is at work on it")

#define X(name, word, holds, meaning) GUARD_##name,
enum guard_verdict { GUARD_VERDICTS(X) GUARD_VERDICT_COUNT };
#undef X

const char *guard_verdict_word(enum guard_verdict verdict);
bool guard_holds(enum guard_verdict verdict);

/*
 * The verdict; for AT_WORK *path is the first path in the agent's scope, borrowed from `ask`, or
 * empty when it has no scope or the paths are not known. An entry that names neither repository nor
 * place is everywhere. Whoever has not found out paths and references yet is told AT_WORK where
 * they might decide otherwise.
 */
enum guard_verdict guard_judge(const struct guard_holder *holder, const struct guard_ask *ask,
			       struct span *path);

/* What a marker is worth to the guard. */
enum guard_trust {
	GUARD_TRUSTED,
	GUARD_DOUBTED,  /* its entries count as they stand; said in the log */
	GUARD_TAMPERED, /* entries may be missing: nothing passes */
};

enum guard_trust guard_trust(enum marker_trust trust);

#endif
