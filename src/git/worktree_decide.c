/*
 * What may be removed is decided here and nowhere else, from facts alone, so that a dry run cannot
 * promise something else than the act does. The order of the refusals is the order in which a
 * person would have to do something about them.
 */
#include "git/worktree_clean.h"

struct refusal {
	unsigned flag;
	const char *why, *try;
};

static const struct refusal refusals[] = {
	{ WT_LOCKED, "is locked", "git worktree unlock" },
	{ WT_OPERATION, "has a rebase, a bisection or a series of picks half done",
	  "git status there, and finish or abort it" },
	{ WT_SUBMODULES, "has submodules checked out, whose commits may be nowhere else",
	  "git submodule deinit --all there" },
	{ WT_NESTED, "has another repository in it, which cannot be kept", "move that one away" },
	{ WT_TOO_LARGE, "has more to be kept than the object store is good for",
	  "commit or move away what is large" },
};

static void refuse(struct worktree_verdict *out, const char *why, const char *try)
{
	*out = (struct worktree_verdict){ .action = CLEAN_REFUSED, .why = why, .try = try };
}

/* Whether something is in it that would be lost with it. */
static bool has_work(const struct worktree_facts *f)
{
	return f->staged || f->changed || f->unmerged || f->untracked || f->hidden ||
	       (f->flags & WT_MERGING);
}

static void decide_removal(const struct worktree_facts *f, struct worktree_verdict *out)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (f->flags & refusals[i].flag) {
			refuse(out, refusals[i].why, refusals[i].try);
			return;
		}
	if (f->user_pid) {
		refuse(out, "is somebody's working directory", "leave it, or end that process");
		out->pid = f->user_pid;
		return;
	}
	out->action = CLEAN_REMOVE;
	out->keep = has_work(f) || f->only_here;
	out->branch = f->flags & WT_BRANCH;
	out->confirm = out->keep || f->ignored;
}

void worktree_decide(const struct worktree_facts *f, struct worktree_verdict *out)
{
	*out = (struct worktree_verdict){ .action = CLEAN_NOTHING };
	if (f->state == WORKTREE_NONE) {
		if (f->flags & WT_THERE)
			refuse(out, "was not made by us", "look into it and move it away");
	} else if (f->state == WORKTREE_MAKING) {
		out->action = CLEAN_DISCARD;
	} else if (f->flags & WT_ASIDE) {
		out->action = CLEAN_FINISH;
		out->branch = (f->flags & WT_BRANCH) && !f->only_here;
		if (f->flags & WT_THERE)
			refuse(out, "is there again although it was being removed",
			       "look into it and move it away");
	} else if (!(f->flags & WT_THERE)) {
		out->action = CLEAN_FORGET;
		out->branch = (f->flags & WT_BRANCH) && !f->only_here;
		if (f->flags & WT_LOCKED)
			refuse(out, "is gone, but locked, as if it were on a disk that is away",
			       "git worktree unlock");
	} else if (!(f->flags & WT_OURS)) {
		refuse(out, f->problem, "look into it and move it away");
	} else {
		decide_removal(f, out);
	}
}
