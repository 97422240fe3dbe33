/*
 * The sessions of agents that are at work in a repository: one small file each in
 * .octogent/sessions/, which says which process it is. It is a view and never truth: what is lost
 * is seen again with the session's next event, and a process that is gone takes its session with
 * it.
 */
#ifndef SK_SESSIONS_H
#define SK_SESSIONS_H

#include "base/str.h"
#include "os/proc.h"

#define SESSIONS_FOLDER "sessions"

/* `octogent` is a descriptor of the folder .octogent. All return 0 or more, or -errno. */

/* Says that the session is there, in this process, now. */
int sessions_seen(int octogent, struct span session, const struct proc_identity *who);

/* Forgets it; that it is not known is fine. */
int sessions_gone(int octogent, struct span session);

/*
 * How many others are at work: their process lives and is another one than `mine`, and there was an
 * event of them within SESSION_FRESH_MS. Those whose process is gone are forgotten on the way.
 */
int sessions_others(int octogent, const struct proc_identity *mine, int64_t now_ms);

#endif
