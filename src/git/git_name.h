/* Names that git would take for something else, told apart before git sees them. */
#ifndef SK_GIT_NAME_H
#define SK_GIT_NAME_H

#include "base/err.h"
#include "base/str.h"

/*
 * What is wrong with a name for a branch, as the end of a sentence ("is longer than ..."), or NULL.
 * What passes is also accepted by git check-ref-format --branch; beyond that, "refs/..." and "HEAD"
 * are refused, because everybody would misread them.
 */
const char *git_branch_problem(struct span name);

/* The same as a refusal: 0, or -SK_EUSAGE with `"--upload-pack=x" is not a valid branch name`. */
int git_branch_check(struct span name, struct err *e);

/* Whether it is the full name of an object: 40 or 64 lower-case hex digits. */
bool git_is_oid(struct span text);

#endif
