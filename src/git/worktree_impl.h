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

/* A name under KEPT_PREFIX that nobody has: of this moment, with a number behind it if need be. */
int worktree_kept_ref(const struct worktree *w, int64_t now_ms, struct buf *ref, struct err *e);

/* worktree_bring_up.c, worktree_merge_settle.c: the parts of a merge. */

/* A refusal; "nothing was merged" is said. */
int worktree_merge_refuse(const struct worktree *w, const char *problem, const char *where,
			  const char *try, struct err *e);

/* The refusal because of o->conflicts. */
struct worktree_merged;
int worktree_conflict(const struct worktree *w, const char *called, const struct worktree_merged *o,
		      struct err *e);

/* Whether git knows who commits: 0 or refused. */
int worktree_check_identity(const struct worktree *w, struct err *e);

/* Runs git for a change: as somebody, with our lock in its hand, to its end even when we are
 * killed. As git_run. */
int worktree_git_writes(const struct worktree *w, const char *dir, const char *const *words,
			struct captured *out, struct err *e);

/* What git_run returned for such a call when git was killed: there the record stays, and the next
 * call takes back what it left. -SK_EIO with the sentence, or 0 when it came to its end. */
int worktree_git_ended(const struct worktree *w, int status, struct err *e);

/* The commit that is checked out in `dir`. */
int worktree_head(const struct worktree *w, const char *dir, char out[OID_BYTES_MAX],
		  struct err *e);

/* Records durably what is begun, and that nothing is. */
int worktree_merge_begins(struct worktree *w, enum worktree_merging where, const char *was,
			  const char *head, struct err *e);
int worktree_merge_ends(struct worktree *w, struct err *e);

/* worktree_merge_settle for a merge of our own that has ended this moment: nobody else was at work
 * there. */
int worktree_merge_take_back(struct worktree *w, int64_t now_ms, struct err *e);

/* The first few names, for a sentence. */
struct git_changes;
void worktree_put_names(const struct git_changes *c, struct buf *out);

/* syncfs of the file system that holds the folder, and of the one that holds `other`, which may be
 * NULL. 0 or negative with the sentence. */
int worktree_sync(const char *folder, const char *other, struct err *e);

#endif
