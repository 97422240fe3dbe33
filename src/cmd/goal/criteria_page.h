/* Criteria on pages, and whether what proved them still stands. */
#ifndef SK_CRITERIA_PAGE_H
#define SK_CRITERIA_PAGE_H

#include "cmd/goal/goals.h"

/*
 * What the repository is at this moment, owned, as evidence keeps it: the digest of its files
 * (git/git_content.h), an @, and the place in its history with what differs there
 * (git/git_tree.h). Either tells that nothing has changed; the second is found faster. With `g`
 * only as much is asked as it takes to judge the evidence of that goal. NULL when git is not there
 * or the place is no repository. Starts git.
 */
char *goal_tree_now(const struct cmd_ctx *c, const char *root, const struct goal *g);

/* The same, but only where the goal that the command is about has evidence that can be outdated;
 * else NULL. Opens and closes the store. */
char *goal_tree_for_evidence(struct cmd_ctx *c);

/* Whether any criterion of the goal has such evidence. */
bool goal_has_evidence(const struct goal *g);

/* Names on stderr the verified criteria whose evidence is of another state of the repository. */
void warn_of_outdated(const struct out *out, const struct goal *g, struct span tree);

/* One line each: name, state, whether outdated, description. `tree` may be empty. */
void criteria_put_table(struct out *out, const struct goal *g, struct span tree);

/* The member "success_criteria" of a document, each with "outdated". */
void criteria_json(struct json *j, const struct goal *g, struct span tree);

#endif
