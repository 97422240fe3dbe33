/*
 * The state as commands see it: read without any lock and without changing anything, beside an
 * orchestrator that may be writing, or long after one died.
 */
#ifndef SK_VIEW_H
#define SK_VIEW_H

#include "base/err.h"
#include "core/state.h"
#include "os/lock.h"
#include "os/paths.h"
#include "os/vfs.h"
#include "store/store.h"

#define ORCHESTRATOR_LOCK "orchestrator.lock"

struct view {
	int dir;        /* the state folder */
	struct vfs vfs; /* on it */
	struct state st;
	struct store *store;
	struct store_report report;
	bool alive; /* an orchestrator holds the lock */
	bool died;  /* the last one ended without saying so: killed, crashed or out of power */
	bool lent;  /* it is an orchestrator's own, in a copy of it: only to be looked at */
	struct lock_holder holder; /* with alive */
};

/* paths_find with the option and SK_STATE_DIR. Returns 0 or a negative code with *e filled. */
int view_find_paths(const char *option, struct paths *out, struct err *e);

/* paths_find_goals with SK_GOALS_DIR. Likewise. */
int view_find_goal_paths(struct paths *out, struct err *e);

/* Turns a failure of os/paths into *e and the code that decides the exit: refused, usage, or
 * input/output. */
int view_paths_problem(int code, const struct buf *why, struct err *e);

/* Reads the state. *out is NULL with 0 when there is none yet; the caller frees it. */
int view_open(const struct paths *paths, int64_t now_ms, struct view **out, struct err *e);
void view_free(struct view *v);

/* Reads again into a fresh view: for commands that follow. *v is replaced; on failure it stays. */
int view_reopen(const struct paths *paths, int64_t now_ms, struct view **v, struct err *e);

/*
 * Finds what a person typed: an id, WORKSTREAM/NAME, or a name that only one task has. Fills *out.
 * -SK_ENOTFOUND names the nearest ids.
 */
int view_task(const struct view *v, const char *typed, uint32_t *out, struct err *e);
int view_workstream(const struct view *v, const char *typed, uint32_t *out, struct err *e);
int view_worker(const struct view *v, const char *typed, uint32_t *out, struct err *e);
int view_resource(const struct view *v, const char *typed, uint32_t *out, struct err *e);

enum worker_life { WORKER_ENDED, WORKER_ALIVE, WORKER_GONE, WORKER_UNKNOWN };

/* What became of its process, whatever is recorded. */
enum worker_life view_worker_life(const struct worker *w);

/* Whether an orchestrator lives that begins nothing until it is released. */
bool view_paused(const struct view *v);

/* "no state yet": what every command that needs one says. Returns -SK_ENOTFOUND. */
int view_missing(const struct paths *paths, struct err *e);

#endif
