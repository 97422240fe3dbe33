/*
 * Bringing the work of a worktree back: its branch becomes part of the branch that the main
 * checkout has, as a merge commit, so that the history of both stays.
 *
 * Whatever may go wrong goes wrong in the tentacle's own worktree: there the target is merged into
 * its branch first, and a conflict is seen and taken back there. What is left to do in the main
 * checkout is a fast-forward to a commit whose content is known, which git refuses as a whole when
 * it would touch changes of the user. Nothing is ever forced, stashed or reset there.
 *
 * Hooks of the repository do not run, as in every call of git from here: an agent can write hooks,
 * and a merge may happen at night. What must hold is said by criteria and verifications.
 *
 * Killed at any moment: git itself goes on to its end, with the lock in its hand; the next call
 * waits for it, finds by the record what was begun, and takes it back or sees that it is done. When
 * git is killed as well, what it left half done is restored: in the worktree after everything was
 * kept under refs/sk/kept/<name>/, in the main checkout file by file, where the file is a part of
 * what git was writing.
 */
#ifndef SK_WORKTREE_MERGE_H
#define SK_WORKTREE_MERGE_H

#include "core/scope.h"
#include "git/git_tree.h"
#include "git/worktree.h"

struct worktree_merge_wish {
	bool commit;               /* what is not committed is committed first */
	const struct scope *scope; /* what lies outside is never committed; no entries = all fits */
	const char *into;          /* a branch; NULL = the one the worktree began from */
	const char *about;         /* what the work was, for the messages; may be NULL */
	const char *const *others; /* as for git_changes_read: whose work is in it besides */
};

enum worktree_merge_outcome {
	MERGE_NOTHING, /* nothing was committed on the branch */
	MERGE_THERE,   /* it was in the target already */
	MERGE_DONE,    /* it is now; after a look: it would be */
};

struct worktree_merged {
	enum worktree_merge_outcome outcome;
	char *into;                     /* the branch */
	char tip[OID_BYTES_MAX];        /* of the tentacle's branch, as it is in the target */
	char merge[OID_BYTES_MAX];      /* the merge commit; empty when there is none */
	uint64_t commits;               /* of the branch that the target did not have */
	struct git_changes uncommitted; /* was, or would be, committed first */
	struct git_changes outside;     /* of the scope: committed earlier */
	struct git_changes conflicts;   /* filled with -SK_EREFUSED as well */
};

#define WORKTREE_MERGED_INIT                                                        \
	{                                                                           \
		MERGE_NOTHING, NULL, "", "", 0, GIT_CHANGES_INIT, GIT_CHANGES_INIT, \
			GIT_CHANGES_INIT                                            \
	}

void worktree_merged_release(struct worktree_merged *m);

/*
 * Merges: locked. Returns 0, and everything is durable; or -SK_EREFUSED with the sentence, the
 * target being as it was: there is no worktree, something is half done in one of the checkouts,
 * another branch is checked out, there is uncommitted work and `commit` is not wished, or some of
 * it lies outside of the scope, git does not know who the user is, both changed the same lines
 * (*out names the files), or the user's own changes in the main checkout are in the way. Other
 * codes: git could not be run or failed.
 */
int worktree_merge(struct worktree *w, const struct worktree_merge_wish *wish, int64_t now_ms,
		   struct worktree_merged *out, struct err *e);

/* The same decision without doing anything, from what is committed: a conflict with what would be
 * committed first is not foreseen, nor any with a git older than 2.38. */
int worktree_merge_look(struct worktree *w, const struct worktree_merge_wish *wish,
			struct worktree_merged *out, struct err *e);

/*
 * Merges another commit into the worktree's branch unless it is in it: locked, for work that builds
 * on others' work. Returns 1 when it was done, 0 when nothing had to be; refused as above.
 */
int worktree_bring_up(struct worktree *w, const char *commit, const char *called, int64_t now_ms,
		      struct worktree_merged *out, struct err *e);

/* Takes back, or finds finished, what an interrupted merge left. Locked. */
int worktree_merge_settle(struct worktree *w, int64_t now_ms, struct err *e);

#endif
