/* Which files a tentacle changed outside of its scope, as far as git and its hand-offs tell. */
#ifndef SK_CMD_SCOPE_LOOK_H
#define SK_CMD_SCOPE_LOOK_H

#include "base/err.h"
#include "core/tentacle_work.h"

/* What the checkout around `dir` is at this moment, for work that begins there. Outside of a
 * repository, without a commit, and with more than AGENT_BEFORE_MAX changed files the commit is
 * empty: nobody will be able to tell whose changes are whose. */
void scope_begin(const char *dir, struct arena *arena, struct tentacle_begin *out);

/*
 * Adds the files outside of its scope to *outside: those that its hand-offs name, and those that
 * differ in its worktree from where it began, less what came from the main checkout and from what
 * it depends on; or, when it works in the main checkout (`root`), those that were changed there
 * since it began, less what lies in the scope of others that work there. Once its worktree is
 * merged, what was recorded stays. A tentacle without a scope may change everything. Returns
 * whether git could be asked; what it says against it is in *e.
 */
bool scope_look(const struct goals *all, const struct tentacle *t, const char *root,
		struct arena *arena, struct texts *outside, struct err *e);

#endif
