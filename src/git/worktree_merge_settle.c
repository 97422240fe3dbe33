/*
 * What an interrupted merge left. That we have the lock means that its git is dead too, for it
 * holds the lock while it lives; so what lies about is nobody's work in progress, and lock files of
 * git may go when no other git is at work in that checkout.
 *
 * In the worktree nothing but the merge was going on, so it is put back as a whole, after all that
 * is in it was kept. In the main checkout the user may have changed anything since: there a file is
 * put back only when it is missing, or what git was writing: a beginning of it when git was killed
 * before its index was whole, which its lock file tells.
 */
#include "git/worktree_merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/git_repo.h"
#include "git/worktree_clean.h"
#include "git/worktree_impl.h"
#include "os/fd.h"
#include "os/proc_table.h"

int worktree_merge_begins(struct worktree *w, enum worktree_merging where, const char *was,
			  const char *head, struct err *e)
{
	struct worktree_record *r = &w->record;

	r->merging = where;
	snprintf(r->merge_was, sizeof(r->merge_was), "%s", was);
	snprintf(r->merge_head, sizeof(r->merge_head), "%s", head);
	worktree_step(w, WORKTREE_STEP_BEGIN);
	return worktree_record_write(w, e);
}

int worktree_merge_ends(struct worktree *w, struct err *e)
{
	w->record.merging = MERGING_NOTHING;
	w->record.merge_was[0] = w->record.merge_head[0] = '\0';
	return worktree_record_write(w, e);
}

/* Removes a lock file that a killed git left, when no git is at work in the checkout: 1 when there
 * was one. */
static int remove_lock(const struct worktree *w, const char *checkout, const char *folder,
		       const char *name, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct stat st;
	uint64_t pid = 0;
	int rc;

	buf_putf(&path, "%s/%s.lock", folder, name);
	if (lstat(path.p, &st) < 0)
		return 0;
	rc = proc_find_program_below(checkout, "git", &pid);
	if (rc == 0 && !pid)
		rc = unlink(path.p) < 0 && errno != ENOENT ? -errno : 0;
	if (pid)
		return err_set(e, -SK_EBUSY,
			       "worktree of \"%s\": git (pid %llu) is at work in %s: nothing was "
			       "merged. Try: the same again when it has ended",
			       w->name, (unsigned long long)pid, checkout);
	return rc < 0 ? err_set(e, -SK_EIO,
				"worktree of \"%s\": %s cannot be removed: %s: nothing was merged",
				w->name, path.p, strerror(-rc))
		      : 1;
}

/* 1 when git had not come to the end of writing files. */
static int remove_locks(const struct worktree *w, const char *checkout, const char *git_dir,
			const char *branch, struct err *e)
{
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	int writing = remove_lock(w, checkout, git_dir, "index", e), rc = writing;

	if (rc >= 0)
		rc = remove_lock(w, checkout, git_dir, "HEAD", e);
	buf_putf(&ref, "refs/heads/%s", branch ? branch : "");
	if (rc >= 0 && branch)
		rc = remove_lock(w, checkout, w->common_dir, ref.p, e);
	return rc < 0 ? rc : writing;
}

/* Whether a merge of that commit is half done. */
static bool merging_it(const char *git_dir, const char *commit)
{
	CLEANUP(fd_close) int dir = fd_open_dir(git_dir);
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	return dir >= 0 && fd_read_file_at(dir, "MERGE_HEAD", 4096, &text) == 0 &&
	       text.len >= strlen(commit) && memcmp(text.p, commit, strlen(commit)) == 0;
}

/* All that is in it goes under a name, then it is as it was before the merge. */
static int keep_and_reset(struct worktree *w, int64_t now_ms, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	char kept[OID_BYTES_MAX];
	int rc = worktree_look(w, &f, e);

	if (rc == 0)
		rc = worktree_kept_ref(w, now_ms, &ref, e);
	if (rc == 0)
		rc = worktree_keep(w, &f, ref.p, now_ms, kept, e);
	if (rc == 0)
		rc = worktree_git_writes(w, w->path,
					 GIT_WORDS("reset", "-q", "--hard", w->record.merge_was),
					 &said, e);
	if (rc == 0)
		rc = worktree_git_writes(w, w->path, GIT_WORDS("clean", "-fdq"), &said, e);
	if (rc > 0)
		return err_set(e, -SK_EIO,
			       "worktree of \"%s\": a merge was interrupted and cannot be taken "
			       "back (%s): all of it is kept as %s",
			       w->name, w->path, ref.p);
	return rc;
}

static int settle_worktree(struct worktree *w, int64_t now_ms, bool at_once, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes left = GIT_CHANGES_INIT;
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(mem_free) char *admin = NULL;
	char head[OID_BYTES_MAX];
	bool ours;
	int rc;

	if (worktree_problem(w, &admin) || !admin)
		return 0; /* it is gone, and the merge with it */
	rc = at_once ? 0 : remove_locks(w, w->path, admin, w->branch, e);
	if (rc < 0)
		return rc;
	ours = merging_it(admin, w->record.merge_head);
	if (ours && at_once)
		rc = worktree_git_writes(w, w->path, GIT_WORDS("merge", "--abort"), &said, e);
	if (rc < 0 || (ours && at_once && rc == 0))
		return rc;
	rc = worktree_head(w, w->path, head, e);
	if (rc < 0 || strcmp(head, w->record.merge_was) != 0)
		return rc; /* it came to its end */
	rc = git_changes_read(w->git, w->path, NULL, NULL, &left, e);
	if (rc < 0 || (!left.count && !ours))
		return rc;
	return keep_and_reset(w, now_ms, e);
}

/* Files of the main checkout that git may have been writing. */
struct halves {
	struct buf names;   /* to be put back in the index: each with a NUL */
	struct buf restore; /* to be written again from it */
	int top_fd;
	bool parts; /* git had not come to the end of writing files */
};

static void add_name(struct buf *names, const char *name)
{
	buf_puts(names, name);
	buf_putc(names, '\0');
}

/* Looks at one: 'A' came with the merge, 'D' went, else it changed. What is neither missing nor a
 * beginning of what git was writing is left alone. */
static int look_at(const struct worktree *w, struct halves *h, char kind, const char *name,
		   struct err *e)
{
	CLEANUP(captured_release) struct captured will_be = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf is = BUF_INIT, object = BUF_INIT;
	struct git_call call = { .dir = w->main_root };
	struct stat st;
	bool there = fstatat(h->top_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int rc;

	if (!there && !h->parts && kind != 'D')
		return 0; /* git was at its end, so it was somebody else who removed it */
	if (!there) {
		add_name(&h->names, name);
		if (kind != 'A')
			add_name(&h->restore, name);
		return 0;
	}
	if (kind == 'D' || !S_ISREG(st.st_mode) ||
	    fd_read_file_at(h->top_fd, name, WORKTREE_KEEP_BYTES_MAX, &is) < 0)
		return 0;
	buf_putf(&object, "%s:%s", w->record.merge_head, name);
	call.words = GIT_WORDS("cat-file", "--filters", object.p);
	rc = git_run(w->git, &call, &will_be, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (h->parts ? is.len > will_be.out.len : is.len != will_be.out.len)
		return 0;
	if (is.len && memcmp(is.p, will_be.out.p, is.len) != 0)
		return 0;
	add_name(&h->names, name);
	if (kind != 'A')
		add_name(&h->restore, name);
	else if (unlinkat(h->top_fd, name, 0) < 0 && errno != ENOENT)
		return err_set(e, -SK_EIO, "%s/%s: cannot be removed: %s: nothing was merged",
			       w->main_root, name, strerror(errno));
	return 0;
}

static int put_back(const struct worktree *w, const struct halves *h, struct err *e)
{
	static const char *const literally[] = { "GIT_LITERAL_PATHSPECS=1", NULL };
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_call call = { .dir = w->main_root,
				 .vars = literally,
				 .writes = true,
				 .input = { h->names.p, h->names.len },
				 .limit_ms = GIT_CHECKOUT_LIMIT_MS };
	int rc = 0;

	call.words = GIT_WORDS("reset", "-q", "--pathspec-from-file=-", "--pathspec-file-nul",
			       w->record.merge_was);
	if (h->names.len)
		rc = git_must(w->git, &call, &said, e);
	call.words = GIT_WORDS("checkout-index", "-f", "-u", "-z", "--stdin");
	call.input = (struct span){ h->restore.p, h->restore.len };
	if (rc == 0 && h->restore.len)
		rc = git_must(w->git, &call, &said, e);
	return rc;
}

static int restore_main(const struct worktree *w, bool parts, struct err *e)
{
	CLEANUP(captured_release) struct captured list = CAPTURED_INIT;
	CLEANUP(fd_close) int top_fd = fd_open_dir(w->main_root);
	struct halves h = { BUF_INIT, BUF_INIT, top_fd, parts };
	const struct git_call call = { .dir = w->main_root,
				       .words = GIT_WORDS("diff-tree", "-r", "-z", "--no-renames",
							  "--name-status", w->record.merge_was,
							  w->record.merge_head, "--") };
	int rc = git_run(w->git, &call, &list, e);

	if (rc != 0 || top_fd < 0)
		return rc < 0 ? rc : 0; /* its commit was lost with the power: nothing was begun */
	for (size_t at = 0; rc == 0 && at < list.out.len;) {
		const char *kind = list.out.p + at, *name = kind + strlen(kind) + 1;

		rc = look_at(w, &h, *kind, name, e);
		at += strlen(kind) + 1 + strlen(name) + 1;
	}
	if (rc == 0)
		rc = put_back(w, &h, e);
	buf_release(&h.names);
	buf_release(&h.restore);
	return rc;
}

static int settle_main(const struct worktree *w, struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo repo = GIT_REPO_INIT;
	int rc = git_repo_read(w->git, w->main_root, &repo, e);

	if (rc <= 0 || repo.bare)
		return rc < 0 ? rc : 0;
	rc = remove_locks(w, w->main_root, repo.git_dir, repo.branch, e);
	if (rc < 0 || !repo.head || strcmp(repo.head, w->record.merge_was) != 0)
		return rc < 0 ? rc : worktree_sync(w->main_root, w->common_dir, e); /* done */
	return restore_main(w, rc == 1, e);
}

static int settle(struct worktree *w, int64_t now_ms, bool at_once, struct err *e)
{
	int rc;

	INVARIANT(w->lock.fd >= 0);
	if (w->record.merging == MERGING_NOTHING)
		return 0;
	rc = w->record.merging == MERGING_MAIN ? settle_main(w, e)
					       : settle_worktree(w, now_ms, at_once, e);
	return rc < 0 ? rc : worktree_merge_ends(w, e);
}

int worktree_merge_settle(struct worktree *w, int64_t now_ms, struct err *e)
{
	return settle(w, now_ms, false, e);
}

int worktree_merge_take_back(struct worktree *w, int64_t now_ms, struct err *e)
{
	return settle(w, now_ms, true, e);
}
