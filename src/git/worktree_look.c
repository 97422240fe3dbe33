/*
 * All facts about one worktree. Files that git was told not to look at (assume-unchanged,
 * skip-worktree) are asked for separately, because to git status they are clean whatever is in
 * them, and a removal would take them along.
 */
#include "git/worktree_clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/git_status.h"
#include "git/worktree_impl.h"
#include "os/fd.h"
#include "os/proc_table.h"

#define LOCK_REASON_BYTES_MAX 4096

void worktree_facts_release(struct worktree_facts *f)
{
	mem_free(&f->branch);
	mem_free(&f->lock_reason);
	buf_release(&f->keep);
	buf_release(&f->ignored_names);
	*f = (struct worktree_facts){ .state = WORKTREE_NONE };
}

static void add_name(struct buf *names, struct span name)
{
	buf_put(names, name.p, name.len);
	buf_putc(names, '\0');
}

/* Notes a file that would have to be kept, and how much that is. */
static void add_kept(struct worktree_facts *f, int top_fd, struct span name)
{
	struct stat st;

	add_name(&f->keep, name);
	f->keep_count++;
	if (fstatat(top_fd, f->keep.p + f->keep.len - name.len - 1, &st, AT_SYMLINK_NOFOLLOW) == 0)
		f->keep_bytes += (uint64_t)st.st_size;
	if (f->keep_bytes > WORKTREE_KEEP_BYTES_MAX || f->keep_count > WORKTREE_KEEP_FILES_MAX)
		f->flags |= WT_TOO_LARGE;
}

static void count_entry(struct worktree_facts *f, const struct git_status_entry *entry, int top_fd)
{
	if (entry->kind == '!') {
		if (f->ignored++ < WORKTREE_IGNORED_SHOWN_MAX)
			add_name(&f->ignored_names, entry->path);
		return;
	}
	if (entry->kind == '?' && entry->path.p[entry->path.len - 1] == '/') {
		f->flags |= WT_NESTED;
		f->untracked++;
		return;
	}
	f->untracked += entry->kind == '?';
	f->unmerged += entry->kind == 'u';
	f->staged += entry->kind == '1' && entry->index != '.';
	f->changed += entry->kind == '1' && entry->disk != '.';
	if (entry->submodule)
		f->flags |= WT_SUBMODULES;
	add_kept(f, top_fd, entry->path);
}

static int look_status(const struct worktree *w, struct worktree_facts *f, struct err *e)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	CLEANUP(fd_close) int top_fd = fd_open_dir(w->path);
	struct git_status_entry entry;
	size_t at = 0;
	int rc = git_status_read(w->git, w->path, GIT_STATUS_IGNORED, &s, e);

	if (rc < 0)
		return rc;
	snprintf(f->head, sizeof(f->head), "%.*s", SPAN_ARG(s.head));
	if (s.branch.len)
		f->branch = span_dup(s.branch);
	else
		f->flags |= WT_DETACHED;
	if (f->branch && strcmp(f->branch, w->branch) != 0)
		f->flags |= WT_ELSEWHERE;
	while (git_status_next(&s, &at, &entry))
		count_entry(f, &entry, top_fd);
	return 0;
}

/* "H 100644 <oid> 0\t<path>": a file in the index, with the letter that tells whether git looks at
 * it. */
static void count_index_line(struct worktree_facts *f, struct span line, int top_fd)
{
	const char *tab = memchr(line.p, '\t', line.len);
	CLEANUP(mem_free) char *path = NULL;
	CLEANUP(buf_release) struct buf inner = BUF_INIT;
	struct stat st;

	if (!tab || line.len < 3)
		return;
	path = span_dup((struct span){ tab + 1, line.len - (size_t)(tab + 1 - line.p) });
	if (memcmp(line.p + 2, "160000", 6) == 0) {
		buf_putf(&inner, "%s/.git", path);
		if (fstatat(top_fd, inner.p, &st, AT_SYMLINK_NOFOLLOW) == 0)
			f->flags |= WT_SUBMODULES;
		return;
	}
	if (line.p[0] != 'S' && !(line.p[0] >= 'a' && line.p[0] <= 'z'))
		return;
	if (fstatat(top_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* not checked out: nothing to lose */
	f->hidden++;
	add_kept(f, top_fd, span_of(path));
}

static int look_index(const struct worktree *w, struct worktree_facts *f, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(fd_close) int top_fd = fd_open_dir(w->path);
	struct git_call call = { .dir = w->path,
				 .words = GIT_WORDS("ls-files", "-z", "-v", "-s"),
				 .output_bytes_max = WORKTREE_LIST_BYTES_MAX };
	int rc = git_must(w->git, &call, &out, e);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < out.out.len;) {
		struct span line = span_of(out.out.p + at);

		count_index_line(f, line, top_fd);
		at += line.len + 1;
	}
	return 0;
}

static bool has(const char *admin, const char *name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct stat st;

	buf_putf(&path, "%s/%s", admin, name);
	return lstat(path.p, &st) == 0;
}

/* What git's private folder tells without git. */
static void look_admin(struct worktree_facts *f, const char *admin)
{
	CLEANUP(fd_close) int dir = fd_open_dir(admin);
	CLEANUP(buf_release) struct buf reason = BUF_INIT;

	f->flags |= WT_REGISTERED;
	if (has(admin, "locked")) {
		f->flags |= WT_LOCKED;
		if (dir >= 0 &&
		    fd_read_file_at(dir, "locked", LOCK_REASON_BYTES_MAX, &reason) == 0 &&
		    reason.len) {
			if (reason.p[reason.len - 1] == '\n')
				buf_truncate(&reason, reason.len - 1);
			f->lock_reason = buf_take(&reason);
		}
	}
	if (has(admin, "modules"))
		f->flags |= WT_SUBMODULES;
	if (has(admin, "rebase-merge") || has(admin, "rebase-apply") || has(admin, "BISECT_LOG") ||
	    has(admin, "sequencer"))
		f->flags |= WT_OPERATION;
	if (has(admin, "MERGE_HEAD") || has(admin, "CHERRY_PICK_HEAD") || has(admin, "REVERT_HEAD"))
		f->flags |= WT_MERGING;
}

static int look_branch(const struct worktree *w, struct worktree_facts *f, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	struct git_call call = { .dir = w->main_root };
	int rc;

	buf_putf(&ref, "refs/heads/%s", w->branch);
	call.words = GIT_WORDS("rev-parse", "-q", "--verify", ref.p);
	rc = git_run(w->git, &call, &out, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	f->flags |= WT_BRANCH;
	snprintf(f->tip, sizeof(f->tip), "%.*s", (int)strcspn(out.out.p, "\n"), out.out.p);
	return 0;
}

/* Two numbers of a line, as rev-list --count prints them. */
static int count_commits(const struct worktree *w, const char *const *words, uint64_t *first,
			 uint64_t *second, struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	int rc = git_line(w->git, w->main_root, words, &line, e);
	struct span left, right;
	size_t tab;

	if (rc < 0)
		return rc;
	tab = strcspn(line.p, "\t");
	left = (struct span){ line.p, tab };
	right = tab < line.len ? span_of(line.p + tab + 1) : SPAN_NONE;
	if (span_to_u64(left, INTEGER_MAX, first) < 0 ||
	    (second && span_to_u64(right, INTEGER_MAX, second) < 0))
		return err_set(e, -SK_EIO, "git rev-list: printed no number (in %s)", w->main_root);
	return 0;
}

/* Commits that would be reachable from nothing: asked from the main checkout, whose HEAD does not
 * count either. */
static int look_commits(const struct worktree *w, struct worktree_facts *f, struct err *e)
{
	CLEANUP(buf_release) struct buf exclude = BUF_INIT, range = BUF_INIT, ref = BUF_INIT;
	const char *head = f->head[0] ? f->head : f->tip, *tip = f->tip[0] ? f->tip : head;
	const char *base = w->record.base;
	int rc;

	if (!head[0])
		return 0;
	buf_putf(&exclude, "--exclude=%s", w->branch);
	rc = count_commits(w,
			   GIT_WORDS("rev-list", "--count", head, tip, "--not", exclude.p,
				     "--branches", "--tags", "--remotes", "--glob=" KEPT_PREFIX "*",
				     "--"),
			   &f->only_here, NULL, e);
	if (rc < 0)
		return rc;
	if (w->record.base_branch) {
		CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
		struct git_call call = { .dir = w->main_root };

		buf_putf(&ref, "refs/heads/%s", w->record.base_branch);
		call.words = GIT_WORDS("show-ref", "--verify", "-q", ref.p);
		rc = git_run(w->git, &call, &out, e);
		if (rc < 0)
			return rc;
		base = rc == 0 ? ref.p : base;
	}
	buf_putf(&range, "%s...%s", base, head);
	return count_commits(w, GIT_WORDS("rev-list", "--left-right", "--count", range.p, "--"),
			     &f->behind, &f->ahead, e);
}

int worktree_kept(const struct worktree *w, struct buf *refs, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf below = BUF_INIT;
	struct git_call call = { .dir = w->main_root };
	int rc;

	buf_putf(&below, KEPT_PREFIX "%s/", w->name);
	call.words = GIT_WORDS("for-each-ref", "--format=%(refname)", below.p);
	rc = git_must(w->git, &call, &out, e);
	for (size_t at = 0; rc == 0 && at < out.out.len;) {
		struct span line = { out.out.p + at, strcspn(out.out.p + at, "\n") };

		add_name(refs, line);
		at += line.len + 1;
	}
	return rc;
}

int worktree_look(const struct worktree *w, struct worktree_facts *out, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = w->record.state };
	CLEANUP(mem_free) char *admin = NULL;
	struct stat st;
	int rc = 0;

	f.problem = worktree_problem(w, &admin);
	if (lstat(w->path, &st) == 0)
		f.flags |= WT_THERE;
	if (!f.problem && f.state != WORKTREE_NONE)
		f.flags |= WT_OURS;
	if (w->folder_fd >= 0 &&
	    fstatat(w->folder_fd, WORKTREE_ASIDE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		f.flags |= WT_ASIDE;
	if (admin)
		look_admin(&f, admin);
	if (f.state != WORKTREE_NONE && f.state != WORKTREE_MAKING) {
		rc = look_branch(w, &f, e);
		if (rc == 0 && (f.flags & WT_OURS))
			rc = look_status(w, &f, e);
		if (rc == 0 && (f.flags & WT_OURS))
			rc = look_index(w, &f, e);
		if (rc == 0)
			rc = look_commits(w, &f, e);
	}
	if (rc == 0 && (f.flags & WT_THERE))
		rc = proc_find_cwd_below(w->path, &f.user_pid);
	if (rc < 0)
		return err_set(e, rc, "%s: cannot be looked at: %s", w->path, strerror(-rc));
	*out = f;
	f = (struct worktree_facts){ .state = WORKTREE_NONE };
	return 0;
}
