/*
 * What commands that change state files by hand share: who does it, the store's lock, and the line
 * in the diary that is written whether they acted, were refused or failed.
 */
#ifndef SK_HAND_H
#define SK_HAND_H

#include "cmd/task/diary.h"
#include "cmd/who.h"
#include "os/lock.h"
#include "os/vfs.h"
#include "store/restore.h"

/* Rows of every such command's option table. */
#define HAND_OPTIONS CHANGE_OPTIONS("done")

struct hand {
	struct cmd_ctx *c;
	const char *undone; /* "nothing was restored": the end of refusals */
	int dir;            /* the state folder */
	struct vfs vfs;     /* on it */
	struct lock lock;
	char operator_name[WHO_BYTES];
	struct span reason;
	bool dry, confirmed;     /* --dry-run, --yes */
	bool beside;             /* an orchestrator is at work: nothing is done, only looked */
	struct buf did;          /* for the diary: what was done, or would be */
	uint64_t first_seq, seq; /* the records it made, 0 = none */
	int64_t at_ms;           /* their time */
};

/*
 * Opens the state folder, calls `act`, writes the diary's line and closes. Returns what `act` did:
 * an exit code, or a negative code with *e. When the act was done and the line could not be
 * written, that is the failure. On a state that is lent (CMD_ASIDE) whoever asked writes the line.
 */
int hand_run(struct cmd_ctx *c, const char *undone, int (*act)(struct hand *h, struct err *e),
	     struct err *e);

/* Becomes the one writer until hand_run returns. -SK_EBUSY names who is and what to type. */
int hand_lock(struct hand *h, struct err *e);

/* Refuses while a worker lives that was started from this store: -SK_EBUSY names it. */
int hand_no_workers(struct hand *h, struct err *e);

struct restore_by hand_by(const struct hand *h);

#endif
