/*
 * The guard as hooks use it: the marker, who of those in it holds back what is about to happen, and
 * the sentence that says so. work/guard.h decides.
 */
#ifndef SK_GUARDING_H
#define SK_GUARDING_H

#include "hooks/hook.h"
#include "work/guard.h"

/* The one that holds back. Borrows from the marker and from what was asked. */
struct guarding {
	const struct marker_entry *entry;
	enum marker_owner owner;
	int64_t since_ms; /* 0: nobody knows */
	struct span path;
};

/*
 * Opens the marker for judging. Returns 1; 0 when there is nobody in it, no place for it, or the
 * disk fails, which is written to the log and, as a sentence, to *said; -SK_EWORK with the refusal
 * when it was changed by others or makes no sense, so that agents may be missing. With 1 the caller
 * closes *m.
 */
int guarding_open(struct hook *h, enum guard_act act, bool person, struct marker *m,
		  struct buf *said, struct err *e);

/* Appends refs/heads/... of what is checked out in a place; nothing when that cannot be told. */
typedef void guarding_branch(void *ctx, struct span place, struct buf *out);

/* Whether somebody in the marker holds it back: the first one who does is in *out. `branch` is
 * asked when references are known and an entry does not tell its branch; it may be NULL. */
bool guarding_held(const struct marker *m, const struct guard_ask *ask, guarding_branch *branch,
		   void *ctx, struct guarding *out);

/* The refusal, as one sentence, with the ways past it for a person at git, or without for an agent.
 */
void guarding_say(const struct guarding *g, const struct guard_ask *ask, bool person,
		  struct buf *out);

#endif
