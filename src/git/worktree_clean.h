/*
 * Looking at a worktree and removing it. The decision is a function of what was found, and the same
 * for a dry run and for the act.
 */
#ifndef SK_WORKTREE_CLEAN_H
#define SK_WORKTREE_CLEAN_H

#include "git/worktree.h"

/* What is in the way of removing it, or true of it. */
enum worktree_facts_flags {
	WT_THERE = 1 << 0,      /* something lies at its path */
	WT_OURS = 1 << 1,       /* that is the linked worktree we made */
	WT_ASIDE = 1 << 2,      /* what is left of it was taken aside */
	WT_REGISTERED = 1 << 3, /* git knows it */
	WT_LOCKED = 1 << 4,     /* by git worktree lock */
	WT_SUBMODULES = 1 << 5, /* it has submodules that are checked out */
	WT_NESTED = 1 << 6,     /* another repository lies in it, untracked */
	WT_OPERATION = 1 << 7,  /* a rebase, a bisection or a series is half done */
	WT_MERGING = 1 << 8,    /* a merge, pick or revert of one commit is half done */
	WT_BRANCH = 1 << 9,     /* the branch sk/<name> is there */
	WT_DETACHED = 1 << 10,  /* no branch is checked out */
	WT_ELSEWHERE = 1 << 11, /* another branch than its own is checked out */
	WT_TOO_LARGE = 1 << 12, /* what would have to be kept is beyond the limits */
};

struct worktree_facts {
	enum worktree_state state;
	unsigned flags;
	const char *problem; /* with WT_THERE without WT_OURS: the end of a sentence; static */
	char *branch;        /* checked out; NULL when detached */
	char head[OID_BYTES_MAX];
	char tip[OID_BYTES_MAX]; /* of its branch */
	char *lock_reason;
	uint64_t staged, changed, unmerged, untracked, ignored,
		hidden;         /* files; one may count twice */
	uint64_t ahead, behind; /* of the base branch, or of the base */
	uint64_t only_here; /* commits that no other branch, tag, remote branch or kept ref has */
	uint64_t user_pid;  /* somebody whose working directory is in it; 0 = nobody */
	struct buf keep;    /* paths to be kept or missed, each with a NUL: all but ignored ones */
	size_t keep_count;
	struct buf ignored_names; /* of the first WORKTREE_IGNORED_SHOWN_MAX, each with a NUL */
	uint64_t keep_bytes;
};

void worktree_facts_release(struct worktree_facts *f);

/* Finds all of it; changes nothing. 0 or negative with the sentence. */
int worktree_look(const struct worktree *w, struct worktree_facts *out, struct err *e);

/* The refs under which earlier ones were kept, each with a NUL. 0 or negative with the sentence. */
int worktree_kept(const struct worktree *w, struct buf *refs, struct err *e);

/* What cleaning up would do. */
enum worktree_action {
	CLEAN_NOTHING, /* there is none */
	CLEAN_REFUSED, /* `why` says why */
	CLEAN_DISCARD, /* remove what was never handed out */
	CLEAN_FINISH,  /* go on removing what is aside */
	CLEAN_FORGET,  /* its folder is gone: git's record and ours */
	CLEAN_REMOVE,  /* the whole */
};

struct worktree_verdict {
	enum worktree_action action;
	const char *why, *try; /* of a refusal: the middle and the end of a sentence */
	uint64_t pid;          /* of a refusal because of a process */
	bool keep;             /* content or commits go into a kept ref first */
	bool branch;           /* its branch is removed: its commits are elsewhere or kept */
	bool confirm;          /* needs a yes: something will be less at hand, or gone */
};

/* Pure: the same facts give the same verdict. */
void worktree_decide(const struct worktree_facts *f, struct worktree_verdict *out);

struct worktree_cleaned {
	struct worktree_verdict verdict;
	char *kept; /* the ref that was made, or NULL */
	char kept_oid[OID_BYTES_MAX];
};

void worktree_cleaned_release(struct worktree_cleaned *c);

/*
 * Does what worktree_decide says of these facts, which were found under the lock. Killed at any
 * moment, the next one goes on. 0; -SK_EREFUSED with the sentence, also when something changed
 * meanwhile; -SK_ECONFIRM when a yes is needed and not given: nothing was done; or another negative
 * code.
 */
int worktree_cleanup(struct worktree *w, const struct worktree_facts *f, bool yes, int64_t now_ms,
		     struct worktree_cleaned *out, struct err *e);

/*
 * Puts the files of f->keep, the index and the commits that are only here into one commit, compares
 * it with the files, and names it <ref>, durably; `out` is its name. Part of worktree_cleanup.
 * -SK_EREFUSED: somebody changed a file meanwhile.
 */
int worktree_keep(const struct worktree *w, const struct worktree_facts *f, const char *ref,
		  int64_t now_ms, char out[OID_BYTES_MAX], struct err *e);

#endif
