/* A tentacle's worktree for people and programs. */
#ifndef SK_CMD_WORKTREE_PAGE_H
#define SK_CMD_WORKTREE_PAGE_H

#include "cmd/cmd.h"
#include "git/git_tree.h"
#include "git/worktree_clean.h"

struct worktree_page {
	const struct worktree *w;
	const struct worktree_facts *facts;
	const struct worktree_verdict *verdict;
	const struct git_changes *outside; /* changed files outside of the tentacle's scope */
	const struct buf *kept;            /* refs, each with a NUL */
};

/* What is there. */
void worktree_print_status(struct cmd_ctx *c, const struct worktree_page *p);

/* What cleaning up would do, for a dry run. */
void worktree_print_plan(struct cmd_ctx *c, const struct worktree_page *p);

/* What it did. */
void worktree_print_cleaned(struct cmd_ctx *c, const struct worktree_page *p,
			    const struct worktree_cleaned *done);

/* The members that a prepared one has. */
void worktree_print_prepared(struct cmd_ctx *c, const struct worktree *w,
			     const struct worktree_prepared *p);

#endif
