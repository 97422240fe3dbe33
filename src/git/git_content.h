/*
 * What the files of a working tree are at this moment, whoever has staged or committed them: for
 * evidence ("the tests passed on this"), which `git add` and a commit of exactly these files must
 * not outdate. Whether anything at all was changed is asked of git_tree.h.
 */
#ifndef SK_GIT_CONTENT_H
#define SK_GIT_CONTENT_H

#include "git/git.h"

#define GIT_CONTENT_BYTES_MAX 32 /* with its NUL */

/*
 * Outside of a repository, and in one without files, "none"; else "files:" and 16 hex digits, a
 * digest of the path, mode and content of every tracked and untracked file, without ignored ones
 * and without .octogent and .state. Content is what git would store. Of changed files beyond
 * GIT_TREE_BYTES_MAX together, and of changed submodules, size and time count instead, so
 * committing those changes the digest once. Writes nothing. Returns 0, or
 * a negative code with the sentence.
 */
int git_content_hash(const struct git *g, const char *dir, char out[GIT_CONTENT_BYTES_MAX],
		     struct err *e);

#endif
