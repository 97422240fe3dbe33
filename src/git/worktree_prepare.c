/*
 * git worktree add is killed like anything else, and then leaves a folder without files, or a
 * locked record without a folder. Nobody was told of such a worktree, so it is removed and made
 * anew; everything else that is in the way belongs to somebody and stays.
 *
 * git does not make what it writes durable (references, the new index), so both file systems are
 * synced before the record says "ready".
 */
#include "git/worktree_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/git_repo.h"
#include "os/fd.h"

static int refuse(const struct worktree *w, const char *problem, const char *try, struct err *e)
{
	return err_set(e, -SK_EREFUSED, "worktree of \"%s\": %s %s: nothing was done. Try: %s",
		       w->name, w->path, problem, try);
}

/* Removes what an interrupted making left: it was never handed out. The branch goes when it still
 * stands where it was begun. */
static int discard(struct worktree *w, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(mem_free) char *admin = worktree_find_admin(w);
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	struct git_call call = { .dir = w->main_root, .writes = true };
	int rc = fd_remove_tree_at(w->folder_fd, WORKTREE_REPO);

	if (rc == 0 && admin)
		rc = fd_remove_tree_at(AT_FDCWD, admin);
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "worktree of \"%s\": what an interrupted attempt left cannot be "
			       "removed: %s (%s)",
			       w->name, strerror(-rc), w->path);
	buf_putf(&ref, "refs/heads/%s", w->branch);
	call.words = GIT_WORDS("update-ref", "-d", ref.p, w->record.base);
	rc = git_run(w->git, &call, &out, e); /* another status: it is not there, or went on */
	return rc < 0 ? rc : 0;
}

/* The commit to begin with. */
static int read_base(struct worktree *w, const char *dir, const char *base, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	CLEANUP(buf_release) struct buf commit = BUF_INIT, shown = BUF_INIT;
	struct git_call call = { .dir = dir };
	int rc = git_repo_read(w->git, dir, &r, e);

	if (rc < 0)
		return rc;
	buf_putf(&commit, "%s^{commit}", base ? base : "HEAD");
	call.words = GIT_WORDS("rev-parse", "-q", "--verify", "--end-of-options", commit.p);
	rc = git_run(w->git, &call, &out, e);
	if (rc < 0)
		return rc;
	if (rc > 0 && !base)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": the repository has no commit yet (%s): nothing "
			       "was done. Try: git commit",
			       w->name, w->main_root);
	buf_put_quoted(&shown, span_of(base), 80);
	if (rc > 0)
		return err_set(e, -SK_EUSAGE,
			       "worktree of \"%s\": %s is no commit here (%s): nothing was done",
			       w->name, shown.p, w->main_root);
	snprintf(w->record.base, sizeof(w->record.base), "%.*s", (int)strcspn(out.out.p, "\n"),
		 out.out.p);
	mem_free(&w->record.base_branch);
	if (!base && r.branch && strcmp(r.branch, w->branch) != 0)
		w->record.base_branch = mem_strdup(r.branch);
	return 0;
}

/* 1 when the branch is there, 0 when not, or negative. */
static int branch_is_there(const struct worktree *w, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	struct git_call call = { .dir = w->main_root };
	int rc;

	buf_putf(&ref, "refs/heads/%s", w->branch);
	call.words = GIT_WORDS("show-ref", "--verify", "-q", ref.p);
	rc = git_run(w->git, &call, &out, e);
	return rc < 0 ? rc : rc == 0;
}

/* A branch that was there began at the commit that it has in common with the base. */
static int base_of_branch(struct worktree *w, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = w->main_root,
				 .words = GIT_WORDS("merge-base", w->record.base, w->branch) };
	int rc = git_run(w->git, &call, &out, e);

	if (rc == 0)
		snprintf(w->record.base, sizeof(w->record.base), "%.*s",
			 (int)strcspn(out.out.p, "\n"), out.out.p);
	return rc < 0 ? rc : 0;
}

static int add(struct worktree *w, bool branch_there, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = w->main_root,
				 .writes = true,
				 .limit_ms = GIT_CHECKOUT_LIMIT_MS };
	const char *problem;
	int rc;

	call.words = branch_there ? GIT_WORDS("worktree", "add", "--", w->path, w->branch)
				  : GIT_WORDS("worktree", "add", "--no-track", "-b", w->branch,
					      "--", w->path, w->record.base);
	rc = git_must(w->git, &call, &out, e);
	if (rc < 0)
		return rc;
	problem = worktree_problem(w, NULL);
	if (problem)
		return err_set(e, -SK_EIO,
			       "worktree of \"%s\": git made it, but %s %s: it was not handed out",
			       w->name, w->path, problem);
	return 0;
}

/* From nothing to a worktree that can be handed out. */
static int make(struct worktree *w, const char *dir, const char *base, int64_t now_ms,
		struct worktree_prepared *out, struct err *e)
{
	int rc = read_base(w, dir, base, e);

	if (rc < 0)
		return rc;
	rc = branch_is_there(w, e);
	out->branch_reused = rc == 1;
	if (rc == 1)
		rc = base_of_branch(w, e);
	if (rc < 0)
		return rc;
	w->record.state = WORKTREE_MAKING;
	w->record.merging = MERGING_NOTHING;
	w->record.created_ms = now_ms;
	worktree_step(w, WORKTREE_STEP_RECORD);
	rc = worktree_record_write(w, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_ADD);
	rc = add(w, out->branch_reused, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_SYNC);
	rc = worktree_sync(w->path, w->common_dir, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_READY);
	w->record.state = WORKTREE_READY;
	return worktree_record_write(w, e);
}

/* One whose folder somebody removed: git's record of it would be in the way. */
static int make_again(struct worktree *w, char *admin, const char *dir, int64_t now_ms,
		      struct worktree_prepared *out, struct err *e)
{
	int rc = admin ? fd_remove_tree_at(AT_FDCWD, admin) : 0;

	if (rc < 0)
		return err_set(e, -SK_EIO, "worktree of \"%s\": %s cannot be removed: %s", w->name,
			       admin, strerror(-rc));
	return make(w, dir, NULL, now_ms, out, e);
}

int worktree_prepare(struct worktree *w, const char *dir, const char *base, int64_t now_ms,
		     struct worktree_prepared *out, struct err *e)
{
	CLEANUP(mem_free) char *admin = NULL;
	const char *problem;
	struct stat st;
	int rc;

	INVARIANT(w->lock.fd >= 0);
	*out = (struct worktree_prepared){ false, false };
	if (fstatat(w->folder_fd, WORKTREE_ASIDE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": its removal was interrupted (%s/" WORKTREE_ASIDE
			       "): nothing was done. Try: sk tentacle worktree %s cleanup",
			       w->name, w->folder, w->name);
	problem = worktree_problem(w, &admin);
	if (w->record.state == WORKTREE_MAKING) {
		rc = discard(w, e);
		return rc < 0 ? rc : make(w, dir, base, now_ms, out, e);
	}
	if (w->record.state == WORKTREE_NONE) {
		if (strcmp(problem ? problem : "", "is gone") != 0)
			return refuse(w, "is there already and was not made by us",
				      "look into it and move it away", e);
		return make(w, dir, base, now_ms, out, e);
	}
	if (problem && strcmp(problem, "is gone") == 0)
		return make_again(w, admin, dir, now_ms, out, e);
	if (problem)
		return refuse(w, problem, "look into it and move it away", e);
	out->reused = true;
	return 0;
}
