/* The limits of an agent: where the kernel lets it write. */
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

#endif
