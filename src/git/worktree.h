/*
 * A tentacle's own checkout of the repository: a linked worktree on a branch of its own, at
 * <copilot>/session-state/worktrees/<repository>/<name>/repo. Beside it lies worktree.json, the
 * record of how it was made, and while it is being removed repo.removing in its place, so that a
 * kill at any moment is found and finished by the next call.
 *
 * Making and removing are serial for a repository: git itself lets two of them run into each other.
 *
 * Nothing that somebody worked on is ever removed before it can be found again: what is not
 * committed, staged, untracked or committed only here goes into a commit under
 * refs/sk/kept/<name>/<time>, which is read back and compared byte by byte with the files before
 * the first of them goes. Ignored files are not kept: they are listed, and cleaning up needs a yes
 * when there are any.
 */
#ifndef SK_WORKTREE_H
#define SK_WORKTREE_H

#include "git/git.h"
#include "os/lock.h"

#define OID_BYTES_MAX 65 /* with its NUL */

enum worktree_state {
	WORKTREE_NONE,   /* no record: there is none, or it is not ours */
	WORKTREE_MAKING, /* begun and never handed out: whatever is there is a part of a checkout */
	WORKTREE_READY,  /* handed out */
};

/* Where a merge was begun that nobody saw the end of. */
enum worktree_merging { MERGING_NOTHING, MERGING_WORKTREE, MERGING_MAIN };

/* What worktree.json tells. */
struct worktree_record {
	enum worktree_state state;
	char base[OID_BYTES_MAX]; /* the commit it began with */
	char *base_branch;        /* what was checked out in the main checkout then, or NULL */
	int64_t created_ms;
	enum worktree_merging merging;
	char merge_was[OID_BYTES_MAX];  /* what was checked out there before */
	char merge_head[OID_BYTES_MAX]; /* what is merged in, or forwarded to */
};

/* At which step of the work it is: told before each, and a kill there is survived. */
enum worktree_step {
	WORKTREE_STEP_RECORD,  /* write down that it begins */
	WORKTREE_STEP_ADD,     /* git worktree add */
	WORKTREE_STEP_SYNC,    /* make git's part durable */
	WORKTREE_STEP_READY,   /* write down that it is done */
	WORKTREE_STEP_KEEP,    /* put the content into the object store */
	WORKTREE_STEP_VERIFY,  /* read it back */
	WORKTREE_STEP_REF,     /* give it its name */
	WORKTREE_STEP_ASIDE,   /* take the folder out of the way */
	WORKTREE_STEP_FORGET,  /* git's own record of it */
	WORKTREE_STEP_BRANCH,  /* its branch */
	WORKTREE_STEP_DELETE,  /* the files */
	WORKTREE_STEP_DONE,    /* our record */
	WORKTREE_STEP_COMMIT,  /* what is uncommitted, before a merge */
	WORKTREE_STEP_BEGIN,   /* write down what is merged */
	WORKTREE_STEP_MERGE,   /* in the worktree */
	WORKTREE_STEP_FORWARD, /* the main checkout */
	WORKTREE_STEP_MERGED,  /* write down that nothing is going on any more */
	WORKTREE_STEP_COUNT
};

struct worktree {
	const struct git *git; /* borrowed */
	char *name, *branch;
	char *main_root, *common_dir;
	char *folder, *path; /* absolute, without links; path is folder/repo */
	int folder_fd;       /* -1 when there is no folder */
	struct lock lock;
	struct worktree_record record;
	int64_t patience_ms;                              /* for the lock; 0 = WORKTREE_LOCK_MS */
	void (*step)(void *ctx, enum worktree_step step); /* may be NULL */
	void *ctx;
};

#define WORKTREE_INIT                                                                   \
	{                                                                               \
		.folder_fd = -1, .lock = LOCK_INIT, .record = {.state = WORKTREE_NONE } \
	}

void worktree_close(struct worktree *w);

/*
 * Finds the worktree of the tentacle `name` for the repository around `dir`, whichever of its
 * checkouts that is; `copilot` is home_find's answer. With `create` the folder for it is made.
 * Reads the record. Returns 0; -SK_EUSAGE for a name that is none, -SK_EREFUSED outside of a
 * repository, -SK_ECORRUPT when the record cannot be read, or another negative code with the
 * sentence.
 */
int worktree_open(struct worktree *w, const struct git *g, const char *dir, const char *copilot,
		  const char *name, bool create, struct err *e);

/*
 * Takes the repository's lock for making and removing worktrees, waiting for others for its
 * patience, and reads the record again. -SK_EBUSY names the holder. Until worktree_close.
 */
int worktree_lock(struct worktree *w, const char *command, struct err *e);

struct worktree_prepared {
	bool reused;        /* it was there, and is sound */
	bool branch_reused; /* the branch was there, from an earlier time */
};

/*
 * Makes it, or finds that it is there: locked, with `create`. When it returns 0 it is sound, on its
 * branch when it was made now, and durable. `base` is the commit to begin with, NULL = what is
 * checked out around `dir`. Refused: a folder that is not ours, a worktree of ours that is not
 * sound or half removed, a branch that is checked out elsewhere, a repository without a commit.
 */
int worktree_prepare(struct worktree *w, const char *dir, const char *base, int64_t now_ms,
		     struct worktree_prepared *out, struct err *e);

/*
 * Whether what lies at its path is a linked worktree of this repository that points there and back.
 * Returns NULL or what is wrong with it, as the end of a sentence. With *admin, git's private
 * folder for it goes there when it is known, also when the path itself is gone.
 */
const char *worktree_problem(const struct worktree *w, char **admin);

#endif
