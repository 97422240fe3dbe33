/* What the files of worktree share. */
#ifndef SK_WORKTREE_IMPL_H
#define SK_WORKTREE_IMPL_H

#include "git/worktree.h"

#define WORKTREE_REPO "repo"           /* the checkout, in its folder */
#define WORKTREE_ASIDE "repo.removing" /* the same on its way out */
#define WORKTREE_RECORD "worktree.json"
#define KEPT_PREFIX "refs/sk/kept/"

/* Tells that a step begins. */
void worktree_step(const struct worktree *w, enum worktree_step step);

/* Reads the record into w->record: 0 (also when there is none), or negative with the sentence. */
int worktree_record_read(struct worktree *w, struct err *e);

/* Makes w->record durable in place of what was written before. */
int worktree_record_write(struct worktree *w, struct err *e);

/* Removes the record and the folder if nothing else is in it. */
int worktree_record_remove(struct worktree *w, struct err *e);

/* The private folder that git has for this path, by looking through all of them; NULL when there is
 * none. The caller's. */
char *worktree_find_admin(const struct worktree *w);

/* syncfs of the file system that holds the folder, and of the one that holds `other`, which may be
 * NULL. 0 or negative with the sentence. */
int worktree_sync(const char *folder, const char *other, struct err *e);

#endif
