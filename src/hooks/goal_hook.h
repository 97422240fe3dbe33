/* What rules about goals share: their store, who acts, whose session it is. */
#ifndef SK_GOAL_HOOK_H
#define SK_GOAL_HOOK_H

#include "hooks/hook.h"
#include "os/fd.h"
#include "work/breadcrumb.h"
#include "work/goal_store.h"

/* Opens the store as goal_store_open does, under the name of the event. -ENOENT without a sentence
 * when there is none. *out is closed by goal_hook_close, which fits CLEANUP. */
int goal_hook_open(const struct hook *h, unsigned flags, struct goal_store **out, struct err *e);
void goal_hook_close(struct goal_store **s);

/* "agent <name>", and the event as the reason. */
struct goal_words goal_hook_words(const struct hook *h);

/*
 * The tentacle in whose worktree the event happened, or NULL. Its session is an agent's that was
 * sent out, and not the one that leads the goal. Borrowed from the store.
 */
const struct tentacle *goal_hook_tentacle(const struct hook *h, const struct goal_store *s);

/* Reads the breadcrumb of the place without opening the store. Its texts lie in `arena`. */
bool goal_hook_breadcrumb(const struct hook *h, struct arena *arena, struct breadcrumb *out);

/* Writes one for a goal that stops now, as it was before. */
int goal_hook_leave(const struct hook *h, const struct goal_store *s, const struct goal *g,
		    struct span previous_status, struct span reason, int64_t due_ms, struct err *e);

/* The same for a pause that cannot be recorded now: whoever opens the store next does it. */
int goal_hook_pend(const struct hook *h, const struct goal_store *s, const struct goal *g,
		   struct span reason, struct err *e);

/* Takes such a pause back when it was left by the session of this event. */
void goal_hook_unpend(const struct hook *h, bool agent_process);

/* A descriptor of the goals' folder, to be closed; -ENOENT or another -errno. It is not made. */
int goal_hook_folder(const struct hook *h);

/* Whether a folder is `root` or lies below it. */
bool goal_hook_lies_in(struct span folder, struct span root);

/* Whether both are the same process. */
bool goal_hook_same_process(const struct proc_identity *a, const struct proc_identity *b);

#endif
