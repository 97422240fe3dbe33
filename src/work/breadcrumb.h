/*
 * The breadcrumb: a small file beside goal.json that tells the next session what was going on. It
 * is a view and never truth: it is written behind the commit that paused the goal, and whoever
 * finds none, or one that makes no sense, asks the store.
 */
#ifndef SK_BREADCRUMB_H
#define SK_BREADCRUMB_H

#include "base/arena.h"
#include "base/err.h"
#include "os/proc.h"
#include "os/vfs.h"

#define BREADCRUMB_FILE "goal-resume-breadcrumb.json"
#define BREADCRUMB_PENDING "goal-pause-pending.json"
#define BREADCRUMB_RESUME "sk tentacle goal resume"

struct breadcrumb {
	struct span goal_id, goal_title, previous_status, session;
	struct span pause_reason; /* session_end:<reason>, compaction, quota:<kind> */
	int64_t paused_ms;
	int64_t due_ms;            /* when it makes sense to go on; 0 = at any time */
	struct proc_identity host; /* the agent's process; pid 0 = not known */
	uint64_t iteration, max_iterations, tentacle_count, max_tentacles;
};

/* Replaces it durably. Returns 0 or a negative code with *e filled. */
int breadcrumb_write(const struct vfs *vfs, const struct breadcrumb *b, struct err *e);

/* Returns whether there is one that makes sense; its texts are copied into `arena`. */
bool breadcrumb_read(const struct vfs *vfs, struct arena *arena, struct breadcrumb *out);

/* Whether there is any file of that name: costs one system call. */
bool breadcrumb_is_there(const struct vfs *vfs);

/* Removes it; that there is none is fine. Returns 0 or -errno. */
int breadcrumb_remove(const struct vfs *vfs);

/*
 * A pause that could not be recorded, because somebody held the store for longer than the host of
 * an ending session waits: the breadcrumb under another name, durable when this returns 0. Whoever
 * opens the store next records the pause and gives it its own name.
 */
int breadcrumb_pend(const struct vfs *vfs, const struct breadcrumb *b, struct err *e);
bool breadcrumb_pending(const struct vfs *vfs, struct arena *arena, struct breadcrumb *out);

/* The pause is recorded: it becomes the breadcrumb, durably. Or it came to nothing, and is removed;
 * that there is none any more is fine. Both return 0 or -errno. */
int breadcrumb_pending_done(const struct vfs *vfs);
int breadcrumb_pending_drop(const struct vfs *vfs);

#endif
