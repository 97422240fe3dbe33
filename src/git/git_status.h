/*
 * What git status says about a working tree, as values: each file once, with what happened to it in
 * the index and on the disk. A rename is told as one file that went and one that came.
 */
#ifndef SK_GIT_STATUS_H
#define SK_GIT_STATUS_H

#include "git/git.h"

enum git_status_flags {
	GIT_STATUS_IGNORED = 1 << 0, /* ignored files as well: folders that are ignored whole are
					one entry */
};

struct git_status {
	struct buf text;      /* as printed; the spans below lie in it */
	struct span head;     /* object name; empty when there is no commit yet */
	struct span branch;   /* empty when detached */
	struct span upstream; /* empty when there is none */
	bool compared;        /* with the upstream, which exists */
	uint64_t ahead, behind;
	size_t entries_at; /* where they begin in the text */
};

#define GIT_STATUS_INIT                                                   \
	{                                                                 \
		BUF_INIT, SPAN_NONE, SPAN_NONE, SPAN_NONE, false, 0, 0, 0 \
	}

struct git_status_entry {
	char kind;        /* '1' changed, 'u' unmerged, '?' untracked, '!' ignored */
	char index, disk; /* '.' or M T A D ...: as in git-status(1), for kinds 1 and u */
	bool submodule;
	struct span path; /* relative to the top; of an untracked repository it ends with a slash */
};

void git_status_release(struct git_status *s);

/*
 * Asks for the whole working tree around `dir`, without .octogent and .state at its top. Returns 0;
 * -SK_EWORK outside of a repository, or another negative code with the sentence.
 */
int git_status_read(const struct git *g, const char *dir, unsigned flags, struct git_status *out,
		    struct err *e);

/* Reads what git printed: takes the text. 0, or -EINVAL: it is not that. For the test; the function
 * above does it. */
int git_status_decode(struct buf *text, struct git_status *out);

/* The entry at *at, which begins with 0 and is moved on; false behind the last. */
bool git_status_next(const struct git_status *s, size_t *at, struct git_status_entry *out);

#endif
