/*
 * The order decides what can be lost: the record of what begins is durable before git is started,
 * and git writes with the worktree lock as its standard input, so that nobody else believes it dead
 * while it is only orphaned.
 *
 * The merge commit is made without any checkout: its tree is that of the tentacle's branch, which
 * holds the target already. Then the main checkout is forwarded to it, which cannot conflict and
 * which git refuses when the branch has moved meanwhile; then the target is looked at anew.
 *
 * (1) The record says what is begun before it is, and nothing when it is done or taken back.
 * (2) What the record names is durable before the record.
 */
#include "git/worktree_merge.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "git/git_repo.h"
#include "git/worktree_clean.h"
#include "git/worktree_impl.h"

#define TRIES_MAX 5 /* somebody commits to the target again and again meanwhile */

struct merging {
	struct worktree *w;
	const struct worktree_merge_wish *wish;
	struct worktree_merged *out;
	struct git_repo main;
	char target[OID_BYTES_MAX];
};

static void merging_release(struct merging *m)
{
	git_repo_release(&m->main);
}

void worktree_merged_release(struct worktree_merged *m)
{
	mem_free(&m->into);
	git_changes_release(&m->uncommitted);
	git_changes_release(&m->outside);
	git_changes_release(&m->conflicts);
	*m = (struct worktree_merged)WORKTREE_MERGED_INIT;
}

static bool half_done(const char *git_dir)
{
	static const char *const marks[] = { "MERGE_HEAD",   "CHERRY_PICK_HEAD", "REVERT_HEAD",
					     "rebase-merge", "rebase-apply",     "sequencer" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;
		struct stat st;

		buf_putf(&path, "%s/%s", git_dir, marks[i]);
		if (lstat(path.p, &st) == 0)
			return true;
	}
	return false;
}

/* The branch that the main checkout has, and whether it is the one that is meant. */
static int find_target(struct merging *m, struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct worktree *w = m->w;
	const char *into = m->wish->into ? m->wish->into : w->record.base_branch;
	int rc;

	git_repo_release(&m->main);
	rc = git_repo_read(w->git, w->main_root, &m->main, e);
	if (rc < 0)
		return rc;
	if (rc == 0 || m->main.bare)
		return worktree_merge_refuse(
			w, "the repository is bare, there is no checkout to merge into",
			w->main_root, "git merge in a clone of it", e);
	if (!m->main.branch || !m->main.head)
		return worktree_merge_refuse(w, "the main checkout is on no branch", w->main_root,
					     "git switch BRANCH there", e);
	if (into && strcmp(into, m->main.branch) != 0) {
		buf_putf(&line, "its work is for %s, and the main checkout is on %s", into,
			 m->main.branch);
		return worktree_merge_refuse(w, line.p, w->main_root,
					     "git switch there, or --into with the branch it is on",
					     e);
	}
	if (half_done(m->main.git_dir))
		return worktree_merge_refuse(
			w, "a merge, pick or rebase is half done in the main checkout",
			w->main_root, "git status there; finish it or abort it", e);
	mem_free(&m->out->into);
	m->out->into = mem_strdup(m->main.branch);
	snprintf(m->target, sizeof(m->target), "%s", m->main.head);
	return 0;
}

/* Whether the worktree is one that can be worked in. */
static int check_place(const struct worktree *w, const struct worktree_facts *f, struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, try = BUF_INIT;

	buf_putf(&try, "sk tentacle worktree %s prepare", w->name);
	if (f->state != WORKTREE_READY)
		return worktree_merge_refuse(w, "there is none", w->path, try.p, e);
	if (f->flags & WT_ASIDE)
		return worktree_merge_refuse(w, "its removal was interrupted", w->folder,
					     "the same with cleanup", e);
	if (!(f->flags & WT_OURS)) {
		buf_putf(&line, "it %s", f->problem);
		return worktree_merge_refuse(w, line.p, w->path, try.p, e);
	}
	if (f->flags & (WT_OPERATION | WT_MERGING))
		return worktree_merge_refuse(
			w, "a merge, pick, rebase or bisection is half done in it", w->path,
			"git status there; finish it or abort it", e);
	if (f->flags & (WT_DETACHED | WT_ELSEWHERE)) {
		buf_putf(&line, "%s is checked out in it, not %s",
			 f->branch ? f->branch : "no branch", w->branch);
		return worktree_merge_refuse(w, line.p, w->path, "git switch there", e);
	}
	return 0;
}

/* What is not committed: whether it may be, and whether it is wished. */
static int check_uncommitted(struct merging *m, const struct worktree_facts *f, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes outside = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const struct git_changes *left = &m->out->uncommitted;

	if (!left->count)
		return 0;
	if (m->wish->scope && m->wish->scope->count)
		git_changes_outside(left, m->wish->scope, &outside);
	buf_puts(&line, outside.count ? "changed outside of its scope and not committed: "
				      : "not committed: ");
	worktree_put_names(outside.count ? &outside : left, &line);
	if (outside.count)
		return worktree_merge_refuse(
			m->w, line.p, m->w->path,
			"git commit there what is to stay, git restore or remove the rest", e);
	if (!m->wish->commit)
		return worktree_merge_refuse(m->w, line.p, m->w->path, "the same with --commit", e);
	if (f->flags & (WT_NESTED | WT_TOO_LARGE))
		return worktree_merge_refuse(
			m->w,
			f->flags & WT_NESTED ? "another repository lies in it"
					     : "what is not committed is very much",
			m->w->path, "git add and git commit there what belongs to it", e);
	return 0;
}

static int look(struct merging *m, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };
	CLEANUP(git_changes_release) struct git_changes all = GIT_CHANGES_INIT;
	struct worktree *w = m->w;
	int rc = worktree_look(w, &f, e);

	if (rc == 0)
		rc = check_place(w, &f, e);
	if (rc == 0)
		rc = find_target(m, e);
	if (rc == 0)
		rc = git_changes_read(w->git, w->path, NULL, NULL, &m->out->uncommitted, e);
	if (rc == 0)
		rc = check_uncommitted(m, &f, e);
	if (rc == 0 && m->wish->scope && m->wish->scope->count) {
		rc = git_changes_read(w->git, w->path, w->record.base, m->wish->others, &all, e);
		if (rc == 0)
			git_changes_outside(&all, m->wish->scope, &m->out->outside);
	}
	if (rc == 0)
		snprintf(m->out->tip, sizeof(m->out->tip), "%s", f.head);
	return rc;
}

/* Whether there is anything to merge; and where it is when it was merged already. */
static int compare(struct merging *m, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf range = BUF_INIT, line = BUF_INIT, own = BUF_INIT;
	struct worktree_merged *o = m->out;
	struct git_call call = { .dir = m->w->main_root };
	int rc;

	buf_putf(&range, "%s..%s", m->target, o->tip);
	rc = git_line(m->w->git, m->w->main_root, GIT_WORDS("rev-list", "--count", range.p, "--"),
		      &line, e);
	if (rc < 0 || span_to_u64(span_of(line.p), INTEGER_MAX, &o->commits) < 0)
		return rc < 0 ? rc : err_set(e, -SK_EIO, "git rev-list: printed no number");
	o->outcome = MERGE_DONE;
	if (o->commits)
		return 0;
	buf_putf(&own, "%s..%s", m->w->record.base, o->tip);
	rc = git_line(m->w->git, m->w->main_root,
		      GIT_WORDS("rev-list", "--count", "--first-parent", own.p, "--"), &line, e);
	if (rc < 0)
		return rc;
	o->outcome = strcmp(line.p, "0") == 0 ? MERGE_NOTHING : MERGE_THERE;
	if (o->outcome == MERGE_NOTHING)
		return 0;
	buf_truncate(&range, 0);
	buf_putf(&range, "%s..%s", o->tip, m->target);
	call.words = GIT_WORDS("rev-list", "--first-parent", "--ancestry-path", "--reverse",
			       range.p, "--");
	rc = git_must(m->w->git, &call, &said, e);
	if (rc == 0 && said.out.len)
		snprintf(o->merge, sizeof(o->merge), "%.*s", (int)strcspn(said.out.p, "\n"),
			 said.out.p);
	return rc;
}

/* What the agent left uncommitted becomes a commit of its branch. */
static int commit_left(struct merging *m, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	const struct worktree *w = m->w;
	int rc;

	if (!m->out->uncommitted.count)
		return 0;
	worktree_step(w, WORKTREE_STEP_COMMIT);
	buf_putf(&message, "%s: %s", w->name,
		 m->wish->about && m->wish->about[0] ? m->wish->about : "what its agent left");
	rc = worktree_git_writes(
		w, w->path,
		GIT_WORDS("add", "-A", "--", ".", ":(exclude).octogent", ":(exclude).state"), &said,
		e);
	if (rc == 0)
		rc = worktree_git_writes(w, w->path,
					 GIT_WORDS("commit", "-q", "--no-verify", "-m", message.p),
					 &said, e);
	if (rc > 0)
		return worktree_merge_refuse(w, "git did not commit what is in it", w->path,
					     "git commit there, and see what it says", e);
	return rc < 0 ? rc : worktree_head(w, w->path, m->out->tip, e);
}

/* The merge commit, made beside every checkout. */
static int make_merge(struct merging *m, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf tree = BUF_INIT, message = BUF_INIT;
	const struct worktree *w = m->w;
	struct worktree_merged *o = m->out;
	const char *about = m->wish->about && m->wish->about[0] ? m->wish->about : "";
	int rc;

	buf_putf(&tree, "%s^{tree}", o->tip);
	buf_putf(&message, "Merge the work of %s\n%s%s", w->name, about[0] ? "\n" : "", about);
	rc = worktree_git_writes(
		w, w->main_root,
		GIT_WORDS("commit-tree", tree.p, "-p", m->target, "-p", o->tip, "-m", message.p),
		&said, e);
	if (rc > 0 || (rc == 0 && !said.out.len))
		return err_set(e, -SK_EIO,
			       "worktree of \"%s\": git made no merge commit (in %s): nothing was "
			       "merged",
			       w->name, w->main_root);
	if (rc == 0)
		snprintf(o->merge, sizeof(o->merge), "%.*s", (int)strcspn(said.out.p, "\n"),
			 said.out.p);
	return rc < 0 ? rc : worktree_sync(w->common_dir, NULL, e);
}

/* git names the files in its way in lines of their own. */
static int in_the_way(const struct worktree *w, const struct captured *said, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes files = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	for (size_t at = 0; at < said->said.len;) {
		size_t len = strcspn(said->said.p + at, "\n");

		if (len > 1 && (said->said.p[at] == '\t' || said->said.p[at] == ' ')) {
			size_t skip = strspn(said->said.p + at, " \t");

			buf_put(&files.names, said->said.p + at + skip, len - skip);
			buf_putc(&files.names, '\0');
			files.count++;
		}
		at += len + 1;
	}
	if (!files.count) {
		buf_puts(&line, "git does not forward the main checkout: ");
		buf_put_visible(&line, captured_last_line(said));
	} else {
		buf_puts(&line, "your own changes in the main checkout are in the way: ");
		worktree_put_names(&files, &line);
	}
	return worktree_merge_refuse(w, line.p, w->main_root,
				     "git commit or git stash there, then the same again", e);
}

/* Forwards the main checkout. 1 when that is done, 0 when its branch moved meanwhile. */
static int forward(struct merging *m, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct worktree *w = m->w;
	char head[OID_BYTES_MAX];
	int rc = worktree_merge_begins(w, MERGING_MAIN, m->target, m->out->merge, e), failed;

	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_FORWARD);
	failed = worktree_git_writes(w, w->main_root,
				     GIT_WORDS("merge", "-q", "--ff-only", "--no-squash",
					       "--no-autostash", "--no-verify-signatures",
					       m->out->merge),
				     &said, e);
	rc = worktree_git_ended(w, failed, e);
	if (rc == 0)
		rc = worktree_head(w, w->main_root, head, e);
	if (rc == 0)
		rc = worktree_sync(w->main_root, w->common_dir, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_MERGED);
	rc = worktree_merge_ends(w, e);
	if (rc < 0 || failed == 0)
		return rc < 0 ? rc : 1;
	return strcmp(head, m->target) != 0 ? 0 : in_the_way(w, &said, e);
}

int worktree_merge(struct worktree *w, const struct worktree_merge_wish *wish, int64_t now_ms,
		   struct worktree_merged *out, struct err *e)
{
	CLEANUP(merging_release)
	struct merging m = { .w = w, .wish = wish, .out = out, .main = GIT_REPO_INIT };
	int rc;

	INVARIANT(w->lock.fd >= 0);
	rc = worktree_merge_settle(w, now_ms, e);
	if (rc == 0)
		rc = look(&m, e);
	if (rc == 0)
		rc = worktree_check_identity(w, e);
	if (rc == 0)
		rc = commit_left(&m, e);
	for (int i = 0; rc == 0 && i < TRIES_MAX; i++) {
		rc = compare(&m, e);
		if (rc < 0 || out->outcome != MERGE_DONE)
			return rc;
		rc = worktree_bring_up(w, m.target, out->into, now_ms, out, e);
		if (rc >= 0)
			rc = worktree_head(w, w->path, out->tip, e);
		if (rc == 0)
			rc = make_merge(&m, e);
		if (rc == 0)
			rc = forward(&m, e);
		if (rc == 0)
			rc = find_target(&m, e);
	}
	if (rc == 0)
		return worktree_merge_refuse(w, "its target moves all the time", w->main_root,
					     "the same again", e);
	return rc < 0 ? rc : 0;
}

/* What git says of a merge that it only thinks through. */
static int foresee(struct merging *m, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_changes *out = &m->out->conflicts;
	const struct git_call call = { .dir = m->w->main_root,
				       .words = GIT_WORDS("merge-tree", "--write-tree",
							  "--name-only", "--no-messages", "-z",
							  m->target, m->out->tip) };
	int rc = git_run(m->w->git, &call, &said, e);
	size_t at;

	if (rc != 1)
		return rc < 0 ? rc : 0; /* none, or a git that cannot */
	for (at = strlen(said.out.p) + 1; at < said.out.len && said.out.p[at];
	     at += strlen(said.out.p + at) + 1) {
		buf_puts(&out->names, said.out.p + at);
		buf_putc(&out->names, '\0');
		out->count++;
	}
	return out->count ? worktree_conflict(m->w, m->out->into, m->out, e) : 0;
}

int worktree_merge_look(struct worktree *w, const struct worktree_merge_wish *wish,
			struct worktree_merged *out, struct err *e)
{
	CLEANUP(merging_release)
	struct merging m = { .w = w, .wish = wish, .out = out, .main = GIT_REPO_INIT };
	int rc = look(&m, e);

	if (rc == 0)
		rc = compare(&m, e);
	if (rc == 0 && out->outcome != MERGE_DONE && out->uncommitted.count)
		out->outcome = MERGE_DONE; /* of what would be committed */
	else if (rc == 0 && out->outcome == MERGE_DONE)
		rc = foresee(&m, e);
	if (rc == 0)
		rc = worktree_check_identity(w, e);
	return rc;
}
