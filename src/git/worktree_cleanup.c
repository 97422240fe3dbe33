/*
 * Removing in an order in which a kill at any point loses nothing:
 *
 * (1) What somebody made is under a durable name before the folder is taken aside.
 * (2) It is taken aside in one durable move before anything in it is deleted: that is the mark that
 *     the rest may go. Nothing new can get between what is deleted, and whatever lies at the path
 *     later is seen to be new.
 * (3) The record goes last: as long as it is there, the next cleaning up finishes this one.
 *
 * Between the look and the move somebody may have gone on working, so the tree is looked at again
 * just before.
 */
#include "git/worktree_clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "git/git_tree.h"
#include "git/worktree_impl.h"
#include "os/fd.h"
#include "os/proc_table.h"

#define KEPT_TRIES_MAX 100

void worktree_cleaned_release(struct worktree_cleaned *c)
{
	mem_free(&c->kept);
	*c = (struct worktree_cleaned){ .verdict = { .action = CLEAN_NOTHING } };
}

static int failed(const struct worktree *w, const char *what, int rc, struct err *e)
{
	return err_set(e, -SK_EIO,
		       "worktree of \"%s\": %s cannot be removed: %s: the rest stays. Try: again",
		       w->name, what, strerror(-rc));
}

/* refs/sk/kept/<name>/20261121T084300123Z, or with a number behind it when that is there: a killed
 * attempt of the same instant. */
int worktree_kept_ref(const struct worktree *w, int64_t now_ms, struct buf *ref, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = w->main_root };
	struct when_parts t;
	size_t len;
	int rc = 0;

	when_split(now_ms, &t);
	buf_putf(ref, KEPT_PREFIX "%s/%04u%02u%02uT%02u%02u%02u%03uZ", w->name, t.year, t.month,
		 t.day, t.hour, t.minute, t.second, t.ms);
	len = ref->len;
	for (unsigned i = 2; rc == 0 && i < KEPT_TRIES_MAX; i++) {
		call.words = GIT_WORDS("show-ref", "--verify", "-q", ref->p);
		rc = git_run(w->git, &call, &out, e);
		if (rc != 0)
			break;
		buf_truncate(ref, len);
		buf_putf(ref, "-%u", i);
	}
	return rc < 0 ? rc : 0;
}

/* Whether the tree is what it was when the facts were found, and nobody is in it. */
static int same_still(const struct worktree *w, const char *before, struct err *e)
{
	char now[GIT_TREE_HASH_BYTES_MAX];
	uint64_t pid = 0;
	int rc = git_tree_hash(w->git, w->path, now, e);

	if (rc < 0)
		return rc;
	if (strcmp(before, now) != 0)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": it changed while it was being cleaned up (%s): "
			       "nothing was removed. Try: again when nobody works in it",
			       w->name, w->path);
	rc = proc_find_cwd_below(w->path, &pid);
	if (rc == 0 && pid)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": it is the working directory of pid %llu (%s): "
			       "nothing was removed. Try: leave it, or end that process",
			       w->name, (unsigned long long)pid, w->path);
	return 0;
}

/* Removes the branch, if it still stands where it was seen. */
static int remove_branch(const struct worktree *w, const char *tip, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	struct git_call call = { .dir = w->main_root, .writes = true };
	int rc;

	if (!tip[0])
		return 0;
	buf_putf(&ref, "refs/heads/%s", w->branch);
	call.words = GIT_WORDS("update-ref", "-d", ref.p, tip);
	rc = git_run(w->git, &call, &out, e);
	return rc < 0 ? rc : 0; /* it went on, so it stays: another may have been made of it */
}

/* From "the content is safe and the folder is aside" to "there is none". */
static int finish(struct worktree *w, const char *tip, struct err *e)
{
	CLEANUP(mem_free) char *admin = worktree_find_admin(w);
	int rc;

	worktree_step(w, WORKTREE_STEP_FORGET);
	rc = admin ? fd_remove_tree_at(AT_FDCWD, admin) : 0;
	if (rc < 0)
		return failed(w, admin, rc, e);
	worktree_step(w, WORKTREE_STEP_BRANCH);
	rc = remove_branch(w, tip, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_DELETE);
	rc = fd_remove_tree_at(w->folder_fd, WORKTREE_ASIDE);
	if (rc < 0)
		return failed(w, WORKTREE_ASIDE, rc, e);
	rc = worktree_sync(w->common_dir, w->folder, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_DONE);
	return worktree_record_remove(w, e);
}

static int keep_content(struct worktree *w, const struct worktree_facts *f, int64_t now_ms,
			struct worktree_cleaned *out, struct err *e)
{
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	int rc = worktree_kept_ref(w, now_ms, &ref, e);

	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_KEEP);
	rc = worktree_keep(w, f, ref.p, now_ms, out->kept_oid, e);
	if (rc < 0)
		return rc;
	out->kept = buf_take(&ref);
	return 0;
}

static int take_aside(struct worktree *w, struct err *e)
{
	worktree_step(w, WORKTREE_STEP_ASIDE);
	if (renameat(w->folder_fd, WORKTREE_REPO, w->folder_fd, WORKTREE_ASIDE) < 0)
		return failed(w, w->path, -errno, e);
	return fsync(w->folder_fd) < 0 ? failed(w, w->path, -errno, e) : 0;
}

static int remove_all(struct worktree *w, const struct worktree_facts *f, int64_t now_ms,
		      struct worktree_cleaned *out, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts now = { .state = WORKTREE_NONE };
	char before[GIT_TREE_HASH_BYTES_MAX];
	int rc = git_tree_hash(w->git, w->path, before, e);

	/* What was seen is looked at again from here on: a file that came before counts as well. */
	if (rc == 0)
		rc = worktree_look(w, &now, e);
	if (rc == 0 && (now.keep.len != f->keep.len || strcmp(now.head, f->head) != 0 ||
			(now.keep.len && memcmp(now.keep.p, f->keep.p, f->keep.len) != 0)))
		rc = err_set(e, -SK_EREFUSED,
			     "worktree of \"%s\": it changed since it was looked at (%s): nothing "
			     "was removed. Try: again",
			     w->name, w->path);
	if (rc == 0 && out->verdict.keep)
		rc = keep_content(w, f, now_ms, out, e);
	if (rc == 0)
		rc = same_still(w, before, e);
	if (rc == 0)
		rc = take_aside(w, e);
	return rc < 0 ? rc : finish(w, out->verdict.branch ? f->tip : "", e);
}

/* What an interrupted making left. */
static int discard(struct worktree *w, struct err *e)
{
	CLEANUP(mem_free) char *admin = worktree_find_admin(w);
	int rc = fd_remove_tree_at(w->folder_fd, WORKTREE_REPO);

	if (rc < 0)
		return failed(w, w->path, rc, e);
	rc = admin ? fd_remove_tree_at(AT_FDCWD, admin) : 0;
	if (rc == 0)
		rc = remove_branch(w, w->record.base, e);
	return rc < 0 ? rc : worktree_record_remove(w, e);
}

static int refuse(const struct worktree *w, const struct worktree_verdict *v, struct err *e)
{
	CLEANUP(buf_release) struct buf who = BUF_INIT;

	if (v->pid)
		buf_putf(&who, " (pid %llu)", (unsigned long long)v->pid);
	return err_set(e, -SK_EREFUSED, "worktree of \"%s\": %s %s%s: nothing was removed. Try: %s",
		       w->name, w->path, v->why, who.len ? who.p : "", v->try);
}

int worktree_cleanup(struct worktree *w, const struct worktree_facts *f, bool yes, int64_t now_ms,
		     struct worktree_cleaned *out, struct err *e)
{
	struct worktree_verdict *v = &out->verdict;

	INVARIANT(w->lock.fd >= 0);
	*out = (struct worktree_cleaned){ .kept = NULL };
	worktree_decide(f, v);
	if (v->action == CLEAN_NOTHING)
		return 0;
	if (v->action == CLEAN_REFUSED)
		return refuse(w, v, e);
	if (v->confirm && !yes)
		return err_set(e, -SK_ECONFIRM,
			       "worktree of \"%s\": it has work or ignored files in it (%s): "
			       "nothing was removed. Try: --dry-run, then --yes",
			       w->name, w->path);
	if (v->action == CLEAN_DISCARD)
		return discard(w, e);
	if (v->action == CLEAN_REMOVE)
		return remove_all(w, f, now_ms, out, e);
	return finish(w, v->branch ? f->tip : "", e);
}
