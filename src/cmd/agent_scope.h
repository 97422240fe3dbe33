/* The limits of an agent: where the kernel lets it write, and which files it changed all the same.
 */
#ifndef SK_AGENT_SCOPE_H
#define SK_AGENT_SCOPE_H

#include "core/goal.h"
#include "os/landlock.h"
#include "work/agents.h"

struct agent_place {
	const char *work;  /* absolute: where it works */
	const char *store; /* absolute: the folder of goals */
	const char *root;  /* absolute: the main checkout */
	const char *home;  /* or NULL */
};

/*
 * Builds the cage: below the parts of the scope that can be told without a pattern, or all of
 * `work` when there is no scope; the store, for the hand-off; git's folder; temporary files,
 * unless the repository lies among them; the agent's write_paths. Returns 0; -ENOSYS when the
 * kernel has none; else -errno.
 */
int agent_cage(const struct agent *a, const struct texts *scope, const struct agent_place *place,
	       struct landlock *out);

/* What has been changed before the agent begins, to be told apart from what it changes. */
struct agent_before {
	bool known;       /* there is a repository with a commit */
	char *base;       /* the commit to compare with; owned */
	struct buf names; /* each with a NUL behind it: changed before */
};

#define AGENT_BEFORE_INIT             \
	{                             \
		false, NULL, BUF_INIT \
	}

void agent_before_release(struct agent_before *b);

/* `base` is the commit the worktree began with, or empty: then what is changed now is not the
 * agent's. Where git cannot say, nothing is known, which is no failure. */
void agent_before_read(const char *work, struct span base, struct agent_before *out);

/* Appends each name that lies outside of the scope and is changed since, with a NUL behind it. */
void agent_outside_read(const char *work, const struct texts *scope, const struct agent_before *b,
			struct buf *out);

#endif
