/* What an agent in a worktree has to be able to write of git's: enough to commit, too little to
 * change hooks, settings and other people's branches. */
#ifndef SK_WORKTREE_CAGE_H
#define SK_WORKTREE_CAGE_H

#include "git/worktree.h"
#include "os/landlock.h"

/*
 * Opens the cage for the worktree, which must be sound: its files, git's private folder for it, the
 * objects, the branches sk/... and their log. What is missing of those folders is made. In it git
 * add, commit, reset, rebase and checkout of its own branch work; git config, push to other
 * branches of the same repository, stash, tag and gc do not. Returns 0; -SK_EREFUSED when it is not
 * sound; -SK_EIO with the sentence.
 */
int worktree_cage(const struct worktree *w, struct landlock *cage, struct err *e);

/* The part of it that is about git alone, for a cage with other files open: git's private folder
 * of a linked worktree, and of the common one what is needed to commit. */
int worktree_cage_git(const char *common_dir, const char *admin, struct landlock *cage,
		      struct err *e);

#endif
