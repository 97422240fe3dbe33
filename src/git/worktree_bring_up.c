/*
 * One merge in a worktree, as the whole of `prepare` for work that builds on other work and as the
 * first half of bringing work back. git says that it failed in the same way for a conflict and for
 * anything else, so what is unmerged is asked for before the merge is taken back.
 */
#include "git/worktree_merge.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "git/worktree_impl.h"

#define NAMES_SAID 5

/* Who commits must be somebody: git would make a name up from the machine's. */
static const char *const somebody[] = { "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.useConfigOnly",
					"GIT_CONFIG_VALUE_0=true", NULL };

int worktree_merge_refuse(const struct worktree *w, const char *problem, const char *where,
			  const char *try, struct err *e)
{
	return err_set(e, -SK_EREFUSED, "worktree of \"%s\": %s (%s): nothing was merged. Try: %s",
		       w->name, problem, where, try);
}

void worktree_put_names(const struct git_changes *c, struct buf *out)
{
	struct span name;
	size_t at = 0, shown = 0;

	while (shown < NAMES_SAID && (name = git_changes_next(c, &at)).len) {
		buf_puts(out, shown++ ? ", " : "");
		buf_put_visible(out, name);
	}
	if (c->count > shown)
		buf_putf(out, " and %zu more", c->count - shown);
}

int worktree_git_writes(const struct worktree *w, const char *dir, const char *const *words,
			struct captured *out, struct err *e)
{
	const struct git_call call = { .dir = dir,
				       .words = words,
				       .vars = somebody,
				       .writes = true,
				       .input_fd = w->lock.fd,
				       .outlives = true,
				       .limit_ms = GIT_CHECKOUT_LIMIT_MS };

	return git_run(w->git, &call, out, e);
}

int worktree_git_ended(const struct worktree *w, int status, struct err *e)
{
	if (status <= 128)
		return status < 0 ? status : 0;
	return err_set(
		e, -SK_EIO,
		"worktree of \"%s\": git was ended by signal %d: nothing was merged. Try: the "
		"same again, which takes back what it began",
		w->name, status - 128);
}

/* 1 when `older` is in the history of `newer`, 0 when not, or negative. */
static int contains(const struct worktree *w, const char *newer, const char *older, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	const struct git_call call = {
		.dir = w->main_root, .words = GIT_WORDS("merge-base", "--is-ancestor", older, newer)
	};
	int rc = git_run(w->git, &call, &said, e);

	if (rc > 1)
		return git_must(w->git, &call, &said, e);
	return rc < 0 ? rc : rc == 0;
}

int worktree_head(const struct worktree *w, const char *dir, char out[OID_BYTES_MAX], struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	int rc = git_line(w->git, dir, GIT_WORDS("rev-parse", "--verify", "HEAD^{commit}"), &line,
			  e);

	if (rc == 0)
		snprintf(out, OID_BYTES_MAX, "%s", line.p);
	return rc;
}

int worktree_check_identity(const struct worktree *w, struct err *e)
{
	static const char *const who[] = { "GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT" };

	for (size_t i = 0; i < ARRAY_LEN(who); i++) {
		CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
		const struct git_call call = { .dir = w->path,
					       .words = GIT_WORDS("var", who[i]),
					       .vars = somebody };
		int rc = git_run(w->git, &call, &said, e);

		if (rc < 0)
			return rc;
		if (rc > 0)
			return worktree_merge_refuse(
				w, "git does not know who you are", w->path,
				"git config --global user.name NAME, and user.email MAIL", e);
	}
	return 0;
}

static int read_conflicts(const struct worktree *w, struct git_changes *out, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	const struct git_call call = {
		.dir = w->path, .words = GIT_WORDS("diff", "--name-only", "-z", "--diff-filter=U")
	};
	int rc = git_must(w->git, &call, &said, e);

	if (rc < 0)
		return rc;
	git_changes_release(out);
	buf_put(&out->names, said.out.p, said.out.len);
	for (size_t i = 0; i < said.out.len; i++)
		out->count += said.out.p[i] == '\0';
	return 0;
}

int worktree_conflict(const struct worktree *w, const char *called, const struct worktree_merged *o,
		      struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, try = BUF_INIT;

	buf_putf(&line, "it and %s changed the same places of ", called);
	worktree_put_names(&o->conflicts, &line);
	buf_putf(&try, "git merge %s there, settle it, git commit, then the same again", called);
	return worktree_merge_refuse(w, line.p, w->path, try.p, e);
}

static int uncommitted(const struct worktree *w, const char *called, const struct git_changes *left,
		       struct err *e)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putf(&line, "it has to take %s in, and has work that is not committed: ", called);
	worktree_put_names(left, &line);
	return worktree_merge_refuse(w, line.p, w->path, "git commit there, then the same again",
				     e);
}

int worktree_bring_up(struct worktree *w, const char *commit, const char *called, int64_t now_ms,
		      struct worktree_merged *out, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	CLEANUP(git_changes_release) struct git_changes left = GIT_CHANGES_INIT;
	char head[OID_BYTES_MAX];
	int failed, rc = worktree_merge_settle(w, now_ms, e);

	if (rc == 0)
		rc = worktree_head(w, w->path, head, e);
	if (rc == 0)
		rc = contains(w, head, commit, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = git_changes_read(w->git, w->path, NULL, NULL, &left, e);
	if (rc == 0 && left.count)
		return uncommitted(w, called, &left, e);
	if (rc == 0)
		rc = worktree_check_identity(w, e);
	if (rc == 0)
		rc = worktree_merge_begins(w, MERGING_WORKTREE, head, commit, e);
	if (rc < 0)
		return rc;
	worktree_step(w, WORKTREE_STEP_MERGE);
	buf_putf(&message, "Merge %s into %s", called, w->branch);
	failed = worktree_git_writes(w, w->path,
				     GIT_WORDS("merge", "-q", "--ff", "--commit", "--no-squash",
					       "--no-edit", "--no-verify", "--no-autostash",
					       "--no-verify-signatures", "-m", message.p, commit),
				     &said, e);
	rc = worktree_git_ended(w, failed, e);
	if (failed > 0 && rc == 0)
		rc = read_conflicts(w, &out->conflicts, e);
	if (rc == 0)
		rc = worktree_merge_take_back(w, now_ms, e);
	if (rc < 0)
		return rc;
	if (failed == 0)
		return 1;
	if (out->conflicts.count)
		return worktree_conflict(w, called, out, e);
	return worktree_merge_refuse(w, "git does not merge there", w->path,
				     "git merge there, and see what it says", e);
}
