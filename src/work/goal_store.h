/*
 * The store of goals, `.octogent/`: the same journal as that of tasks, with no orchestrator. A
 * command opens it, sees what people changed in the files, decides one turn, commits and goes.
 *
 *	goal_store_open(&where, GOALS_WRITE, "sk tentacle goal eval", now_ms, &s, e)
 *	goal_store_goal(s, option, &goal, e)
 *	rc = goal_eval(goal_store_turn(s), goal, ...)             a decision of core/goal_*.h
 *	rc < 0 ? goal_store_refused(s, rc, e) : goal_store_commit(s, e)
 *	goal_store_close(s)
 *
 * Files: goal.json (the chosen goal), goals/<id>.json (the others), tentacles/<name>/meta.json,
 * todo.md and handoff.md follow each commit, and may be changed by people and agents: what they
 * changed is recorded as an event of its own when the store is opened, or refused with the place
 * and left alone. One unusable file stops only who asks for the thing it is about.
 */
#ifndef SK_GOAL_STORE_H
#define SK_GOAL_STORE_H

#include "base/err.h"
#include "core/goal_turn.h"
#include "core/state.h"
#include "os/paths.h"
#include "os/vfs.h"

#define GOALS_LOCK_NAME "goal.json.lock"
#define GOAL_FILE "goal.json"
#define TENTACLES_DIR "tentacles"
#define RETRY_QUEUE_FILE "retry-queue.json"

enum goal_store_flags {
	GOALS_WRITE = 1 << 0,  /* takes the lock, waiting for it; else nothing is written */
	GOALS_CREATE = 1 << 1, /* with GOALS_WRITE: makes the store where there is none */
	/* Both only for goal_mend.h: what the files say of a journal that is not there does not
	   count; files that say more than the journal are put aside. */
	GOALS_FROM_FILES = 1 << 2,
	GOALS_FROM_JOURNAL = 1 << 3,
	GOALS_HURRY = 1 << 4, /* with GOALS_WRITE: waits for HOOK_LOCK_PATIENCE_MS only */
	/*
	 * Of tentacles only those are looked at that goal_store_tentacle is asked for, what they
	 * wait for, and the family that their end may end: for a command that decides or tells
	 * nothing about others. Without it all are, which costs a look at the names of their files.
	 */
	GOALS_NAMED = 1 << 5,
	GOALS_GONE = 1 << 6, /* a tentacle whose folder somebody removed is no problem */
};

struct goal_store;

/*
 * Opens what is there. `command` is for people who find the lock taken. Returns 0; -ENOENT (no
 * sentence) when there is neither a store nor a goal.json to begin one from; -SK_EBUSY with the
 * holder's name after GOALS_LOCK_PATIENCE_MS (a pause that the end of a session could not record is
 * recorded now: work/breadcrumb.h); -SK_ECORRUPT, -SK_EREFUSED, -SK_EIO as store_open. A
 * goal.json without a store is taken over as it is, unless it says that it contains records of a
 * journal that is gone: that is -SK_ECORRUPT, as is a journal that ends before what a file
 * contains.
 */
int goal_store_open(const struct paths *where, unsigned flags, const char *command, int64_t now_ms,
		    struct goal_store **out, struct err *e);

/* The same on a disk of the caller's, which must outlive it, without a lock: for tests that cut the
 * power. */
int goal_store_open_on(const struct vfs *vfs, unsigned flags, int64_t now_ms,
		       struct goal_store **out, struct err *e);

/* What it makes durable is added to *out from now on, and what opening it did at once. *out must
 * outlive it; NULL ends that. */
void goal_store_count(struct goal_store *s, struct event_range *out);

/* Accepts NULL. What was decided and not committed is forgotten. */
void goal_store_close(struct goal_store *s);

/* Borrowed. Replaced by each commit: hold no pointers into it across one. */
const struct state *goal_store_state(const struct goal_store *s);
const struct goals *goal_store_goals(const struct goal_store *s);

/* The folder itself and its disk, for files beside the documents. */
const struct vfs *goal_store_vfs(const struct goal_store *s);
const char *goal_store_dir(const struct goal_store *s);  /* absolute */
const char *goal_store_root(const struct goal_store *s); /* absolute: the main checkout */

/*
 * The goal with this id (a beginning of 4 characters does), or the chosen one for NULL. Borrowed.
 * -SK_ENOTFOUND; -SK_EUSAGE with the place when its file is unusable.
 */
int goal_store_goal(const struct goal_store *s, const char *id, const struct goal **out,
		    struct err *e);

/*
 * Likewise a tentacle by name; not found names the nearest. Its files are read if they were not
 * yet, and what somebody changed in them is recorded before anything is decided about it: with
 * GOALS_WRITE and nothing decided yet in a turn of its own, so it may fail as goal_store_commit.
 */
int goal_store_tentacle(struct goal_store *s, const char *name, const struct tentacle **out,
			struct err *e);

/* What is wrong with the files that were looked at, one sentence each, for commands that show
 * everything. */
struct goal_file_problem {
	char *path;    /* below the folder */
	char *subject; /* goal id or tentacle name */
	char *text;
	bool known; /* there is a good version to write in its place */
	bool tentacle,
		stale; /* stale: it was changed from a version that is no longer the newest */
	bool gone;     /* the folder of a tentacle that somebody removed; repair makes it again */
};
size_t goal_store_problems(const struct goal_store *s, const struct goal_file_problem **out);

/* What was found since this was asked last and is no problem of anything, yet somebody should hear
 * of it: a sentence a line. Appends to *out; with GOALS_WRITE only, so that each is told once. */
void goal_store_notices(struct goal_store *s, struct buf *out);

/* The turn to decide in. */
struct turn *goal_store_turn(struct goal_store *s);

/* Fills *e from what the decision said, and returns rc. */
int goal_store_refused(struct goal_store *s, int rc, struct err *e);

/*
 * Makes the turn durable, then brings the files up to date. When it returns 0 the turn survives
 * anything; a file that could not be written is reported in *e with -SK_EIO although the turn is
 * safe, and is written by the next command. Without anything decided it does nothing but bring
 * files up to date. A new turn is begun.
 */
int goal_store_commit(struct goal_store *s, struct err *e);

/* The name under which goal_store_repair puts a file aside. */
#define GOAL_ASIDE_BYTES 512
void goal_store_aside(const struct goal_store *s, const char *path, char out[GOAL_ASIDE_BYTES]);

/*
 * Puts an unusable or stale file aside as <name>.refused-<time> and writes the last good version.
 * With `tentacle` that of a tentacle. Returns how many files were put aside. Call it in the place
 * of a decision; commit follows.
 */
int goal_store_repair(struct goal_store *s, const char *subject, struct err *e);

#endif
