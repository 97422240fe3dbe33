/* A tentacle and its worktree, for the commands that make, merge and remove it. */
#ifndef SK_CMD_WORKTREES_H
#define SK_CMD_WORKTREES_H

#include "cmd/goal/goals.h"
#include "core/scope.h"
#include "git/worktree_merge.h"
#include "os/proc.h"

/* What is taken over from the store of goals, which is closed while git works. */
struct work {
	struct cmd_ctx *c;
	const char *name;
	struct git git;
	struct worktree w;
	bool known; /* the store knows the tentacle; its worktree may outlive it */
	struct scope scope;
	char *about;                /* its description */
	char *merged;               /* the commit of its last merge, or empty */
	struct proc_identity owner; /* of the agent that runs; pid 0 = none */
	struct buf other_names;     /* of branches whose commits are not its own, each with a NUL */
	const char **others;        /* the same as a list */
	struct buf needs;           /* names of what it depends on, each with a NUL */
};

#define WORK_INIT(ctx, of)                                                                         \
	{                                                                                          \
		.c = (ctx), .name = (of), .git = GIT_INIT, .w = WORKTREE_INIT, .scope = SCOPE_INIT \
	}

void work_release(struct work *k);

/* The folder git is asked from: the main checkout, unless the store was put somewhere else. */
const char *work_place(const struct work *k);

/* Finds git and reads the tentacle. An unknown one is fine unless it `must` be known. */
int work_read(struct work *k, bool must, struct err *e);

/* worktree_open, and worktree_lock with `lock`. */
int work_open(struct work *k, bool create, bool lock, struct err *e);

/* -SK_EREFUSED while its agent runs; `not_done` is the end of the sentence. */
int work_refuse_running(const struct work *k, const char *not_done, struct err *e);

/*
 * Changes what is recorded of the worktree by `change`, as an event of that kind. Nothing happens
 * for a tentacle that is not known.
 */
int work_record(struct work *k, enum event_kind kind, const struct goal_words *words,
		void (*change)(struct tentacle_worktree *to, struct arena *arena, void *ctx),
		void *ctx, struct err *e);

/*
 * Makes its worktree, or finds it, brings into it what it depends on, and records it. `base` as
 * for worktree_prepare. Refused also when what it depends on is not committed or cannot be
 * brought in.
 */
int work_prepare(struct work *k, const char *base, struct worktree_prepared *out, struct err *e);

/* Files of a merge, as texts of that arena. */
struct texts work_texts(struct arena *arena, const struct git_changes *c);

#endif
