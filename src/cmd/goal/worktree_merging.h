/* tentacle worktree NAME merge */
#ifndef SK_CMD_WORKTREE_MERGING_H
#define SK_CMD_WORKTREE_MERGING_H

#include "cmd/cmd.h"

/* Merges the work of the tentacle that the first plain word names, as the options of the row say.
 * The exit code, or a negative code with the sentence. */
int worktree_merging(struct cmd_ctx *c, struct err *e);

#endif
