/*
 * What a working tree is at this moment: a short text that is the same for the same files, for
 * evidence ("the tests passed on this") and for seeing that somebody changed something; and which
 * files differ from where the work began.
 */
#ifndef SK_GIT_TREE_H
#define SK_GIT_TREE_H

#include "core/scope.h"
#include "git/git.h"

#define GIT_TREE_HASH_BYTES_MAX 96 /* with its NUL */

/*
 * Outside of a repository "none". With nothing changed the name of the commit; else that name, a
 * plus and 16 hex digits, a digest of what is staged and of the bytes of every changed and
 * untracked file, without ignored ones and without .octogent and .state. Instead of a commit that
 * is not there yet "unborn". Of files beyond GIT_TREE_BYTES_MAX together size and time count
 * instead of bytes, so touching one of those changes the digest too. The inside of a submodule
 * counts by its commit and by whether it is dirty. Changes nothing. Returns 0, or a negative code
 * with the sentence.
 */
int git_tree_hash(const struct git *g, const char *dir, char out[GIT_TREE_HASH_BYTES_MAX],
		  struct err *e);

/* Paths relative to the top of the checkout, sorted, each once. */
struct git_changes {
	struct buf names; /* each with a NUL behind it */
	size_t count;
};

#define GIT_CHANGES_INIT    \
	{                   \
		BUF_INIT, 0 \
	}

void git_changes_release(struct git_changes *c);

/*
 * Every file that is different from where this checkout's history left that of `base` (a commit or
 * branch; NULL = what is committed does not count): committed, staged, changed and untracked,
 * without ignored ones. A rename is two. Merging base into the branch does not make base's changes
 * ours. Neither does merging what is in the history of one of `others` (commits or branches, NULL
 * at the end; the first GIT_OTHERS_MAX; may be NULL; one that is not there is passed over): then
 * what is committed counts only as far as a commit of none of them changed it, or a merge brought
 * something that none of its parents had. With a list that is empty no merge counts, nor what it
 * brought. Returns 0, or negative: -SK_EUSAGE when there is no such commit.
 */
int git_changes_read(const struct git *g, const char *dir, const char *base,
		     const char *const *others, struct git_changes *out, struct err *e);

/* The next name at *at, which begins with 0; empty behind the last. */
struct span git_changes_next(const struct git_changes *c, size_t *at);

/* Those that lie outside of the scope, as another list. */
void git_changes_outside(const struct git_changes *c, const struct scope *scope,
			 struct git_changes *out);

#endif
