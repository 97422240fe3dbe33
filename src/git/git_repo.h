/*
 * What git says about the place where we are. os/paths finds the stores without git; this is for
 * whoever goes on to work with the repository.
 */
#ifndef SK_GIT_REPO_H
#define SK_GIT_REPO_H

#include "git/git.h"

struct git_repo {
	char *top;        /* of this checkout; NULL in a bare repository */
	char *git_dir;    /* of this checkout: of a linked worktree its private one */
	char *common_dir; /* of the repository: refs, objects and settings of all checkouts */
	char *main_root;  /* the main checkout, or the bare repository itself */
	char *branch;     /* NULL when detached; set also when it has no commit yet */
	char *head;       /* object name of the commit, NULL when there is none yet */
	bool linked;      /* this checkout is a linked worktree */
	bool bare;
};

#define GIT_REPO_INIT                                            \
	{                                                        \
		NULL, NULL, NULL, NULL, NULL, NULL, false, false \
	}

void git_repo_release(struct git_repo *r);

/*
 * Reads it for the folder `dir` (NULL = here). Returns 1; 0 when there is no repository around it;
 * or a negative code with the sentence, also when git refuses the repository (of another user).
 */
int git_repo_read(const struct git *g, const char *dir, struct git_repo *out, struct err *e);

/* Whether a checkout begins in this folder (NULL = here), by the look of it: then it is its own
 * top, and git need not be asked where that is. */
bool git_repo_begins(const char *dir);

#endif
