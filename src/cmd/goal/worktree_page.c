/* A dry run and a status page show the same facts; only the last paragraph differs. */
#include "cmd/goal/worktree_page.h"

#include "base/limits.h"

#define NAMES_SHOWN 10

static const char *const action_words[] = {
	[CLEAN_NOTHING] = "nothing", [CLEAN_REFUSED] = "refused", [CLEAN_DISCARD] = "discard",
	[CLEAN_FINISH] = "finish",   [CLEAN_FORGET] = "forget",   [CLEAN_REMOVE] = "remove",
};

static const char *state_word(const struct worktree_facts *f)
{
	if (f->state == WORKTREE_NONE)
		return f->flags & WT_THERE ? "foreign" : "none";
	if (f->state == WORKTREE_MAKING)
		return "unfinished";
	if (f->flags & WT_ASIDE)
		return "removing";
	if (!(f->flags & WT_THERE))
		return "gone";
	return f->flags & WT_OURS ? "ready" : "broken";
}

static void put_count(struct buf *out, uint64_t n, const char *what)
{
	if (n)
		buf_putf(out, "%s%llu %s", out->len ? ", " : "", (unsigned long long)n, what);
}

static void put_line(struct out *out, const char *what, const struct buf *text)
{
	if (!text->len)
		return;
	out_putf(out, "  %-12s ", what);
	out_visible(out, (struct span){ text->p, text->len });
	out_puts(out, "\n");
}

/* The first few of a list of names, each with a NUL. */
static void put_names(struct out *out, const struct buf *names, const char *what, uint64_t count)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	unsigned shown = 0;

	if (!count)
		return;
	buf_putf(&line, "%llu: ", (unsigned long long)count);
	for (size_t at = 0; at < names->len && shown < NAMES_SHOWN; shown++) {
		size_t len = strlen(names->p + at);

		buf_putf(&line, "%s%s", shown ? ", " : "", names->p + at);
		at += len + 1;
	}
	if (count > shown)
		buf_puts(&line, ", ...");
	put_line(out, what, &line);
}

static void put_work(struct out *out, const struct worktree_facts *f)
{
	CLEANUP(buf_release) struct buf work = BUF_INIT;

	put_count(&work, f->staged, "staged");
	put_count(&work, f->changed, "changed");
	put_count(&work, f->unmerged, "in conflict");
	put_count(&work, f->untracked, "untracked");
	put_count(&work, f->hidden, "that git was told not to look at");
	if (!work.len)
		buf_puts(&work, "nothing uncommitted");
	put_line(out, "files", &work);
	put_names(out, &f->ignored_names, "ignored", f->ignored);
}

static void put_branch(struct out *out, const struct worktree_page *p)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const struct worktree_facts *f = p->facts;
	const char *base = p->w->record.base_branch;

	buf_puts(&line, f->branch ? f->branch : f->head[0] ? "no branch" : "no commit");
	if (f->flags & WT_ELSEWHERE)
		buf_putf(&line, " (not %s)", p->w->branch);
	buf_putf(&line, ", %llu ahead of %.40s, %llu behind", (unsigned long long)f->ahead,
		 base ? base : p->w->record.base, (unsigned long long)f->behind);
	put_line(out, "branch", &line);
	buf_truncate(&line, 0);
	if (f->only_here)
		buf_putf(&line, "%llu on no other branch, tag or remote",
			 (unsigned long long)f->only_here);
	put_line(out, "commits", &line);
}

static void put_state(struct out *out, const struct worktree_page *p)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const struct worktree_facts *f = p->facts;

	if (f->flags & WT_LOCKED)
		buf_putf(&line, "locked%s%s", f->lock_reason ? ": " : "",
			 f->lock_reason ? f->lock_reason : "");
	put_line(out, "git", &line);
	buf_truncate(&line, 0);
	if (f->flags & WT_MERGING)
		buf_puts(&line, "a merge, pick or revert is half done");
	if (f->flags & WT_OPERATION)
		buf_puts(&line, "a rebase, a bisection or a series of picks is half done");
	put_line(out, "unfinished", &line);
	buf_truncate(&line, 0);
	if (f->user_pid)
		buf_putf(&line, "the working directory of pid %llu",
			 (unsigned long long)f->user_pid);
	put_line(out, "in use", &line);
}

static void put_facts(struct out *out, const struct worktree_page *p)
{
	const struct worktree_facts *f = p->facts;

	out_putf(out, "%s: %s\n", p->w->name, state_word(f));
	out_puts(out, "  path         ");
	out_visible(out, span_of(p->w->path));
	out_puts(out, "\n");
	if (f->flags & WT_OURS) {
		put_branch(out, p);
		put_work(out, f);
		put_names(out, &p->outside->names, "outside", p->outside->count);
	}
	put_state(out, p);
}

static uint64_t count_names(const struct buf *names)
{
	uint64_t count = 0;

	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		count++;
	return count;
}

static void json_names(struct json *j, const char *key, const struct buf *names)
{
	json_array(j, key);
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		json_text(j, NULL, names->p + at);
	json_array_end(j);
}

static void json_facts(struct json *j, const struct worktree_page *p)
{
	const struct worktree_facts *f = p->facts;

	json_text(j, "tentacle", p->w->name);
	json_text(j, "state", state_word(f));
	json_text(j, "path", p->w->path);
	json_text(j, "branch", p->w->branch);
	json_text(j, "base", p->w->record.base[0] ? p->w->record.base : NULL);
	json_text(j, "base_branch", p->w->record.base_branch);
	json_text(j, "checked_out", f->branch);
	json_text(j, "head", f->head[0] ? f->head : NULL);
	json_u64(j, "ahead", f->ahead);
	json_u64(j, "behind", f->behind);
	json_u64(j, "commits_only_here", f->only_here);
	json_u64(j, "staged", f->staged);
	json_u64(j, "changed", f->changed);
	json_u64(j, "in_conflict", f->unmerged);
	json_u64(j, "untracked", f->untracked);
	json_u64(j, "hidden", f->hidden);
	json_u64(j, "ignored", f->ignored);
	json_names(j, "ignored_names", &f->ignored_names);
	json_names(j, "outside_scope", &p->outside->names);
	json_bool(j, "locked", f->flags & WT_LOCKED);
	json_text(j, "lock_reason", f->lock_reason);
	json_bool(j, "operation_in_progress", f->flags & (WT_OPERATION | WT_MERGING));
	if (f->user_pid)
		json_u64(j, "in_use_by_pid", f->user_pid);
	json_names(j, "kept", p->kept);
}

static void json_plan(struct json *j, const struct worktree_verdict *v)
{
	json_object(j, "cleanup");
	json_text(j, "action", action_words[v->action]);
	json_text(j, "why", v->why);
	json_bool(j, "keeps", v->keep);
	json_bool(j, "removes_branch", v->branch);
	json_bool(j, "needs_yes", v->confirm);
	json_object_end(j);
}

static void print_json(struct cmd_ctx *c, const struct worktree_page *p,
		       const struct worktree_cleaned *done, bool dry_run)
{
	struct json j;

	json_open(&j, c->out, "worktree");
	json_facts(&j, p);
	json_plan(&j, p->verdict);
	json_bool(&j, "dry_run", dry_run);
	if (done) {
		json_bool(&j, "removed", done->verdict.action != CLEAN_NOTHING);
		json_text(&j, "kept_ref", done->kept);
		json_text(&j, "kept_commit", done->kept ? done->kept_oid : NULL);
	}
	json_close(&j);
}

void worktree_print_status(struct cmd_ctx *c, const struct worktree_page *p)
{
	if (c->json) {
		print_json(c, p, NULL, false);
		return;
	}
	put_facts(c->out, p);
	put_names(c->out, p->kept, "kept", count_names(p->kept));
	if (p->facts->state == WORKTREE_NONE)
		out_putf(c->out, "next: sk tentacle worktree %s prepare\n", p->w->name);
}

void worktree_print_plan(struct cmd_ctx *c, const struct worktree_page *p)
{
	const struct worktree_verdict *v = p->verdict;
	struct out *out = c->out;

	if (c->json) {
		print_json(c, p, NULL, true);
		return;
	}
	put_facts(out, p);
	out_puts(out, "cleaning up would\n");
	if (v->action == CLEAN_NOTHING)
		out_puts(out, "  do nothing: there is none\n");
	if (v->action == CLEAN_REFUSED)
		out_putf(out, "  be refused: it %s. Try: %s\n", v->why, v->try);
	if (v->action == CLEAN_DISCARD)
		out_puts(out, "  remove what an interrupted prepare left\n");
	if (v->action == CLEAN_FINISH)
		out_puts(out, "  finish the removal that was interrupted\n");
	if (v->action == CLEAN_FORGET)
		out_puts(out, "  forget it: its folder is gone\n");
	if (v->keep)
		out_putf(out, "  keep files and commits under refs/sk/kept/%s/\n", p->w->name);
	if (v->action == CLEAN_REMOVE)
		out_puts(out, "  remove the folder\n");
	if (v->action == CLEAN_REMOVE && p->facts->ignored)
		out_puts(out, "  lose the ignored files\n");
	if (v->branch)
		out_putf(out, "  remove the branch %s\n", p->w->branch);
	out_putf(out, "next: sk tentacle worktree %s cleanup%s\n", p->w->name,
		 v->confirm ? " --yes" : "");
}

void worktree_print_cleaned(struct cmd_ctx *c, const struct worktree_page *p,
			    const struct worktree_cleaned *done)
{
	const char *name = p->w->name;

	if (c->json) {
		print_json(c, p, done, false);
		return;
	}
	if (done->verdict.action == CLEAN_NOTHING) {
		out_putf(c->out, "%s: there is no worktree\n", name);
		return;
	}
	out_putf(c->out, "%s: worktree removed\n", name);
	if (!done->kept)
		return;
	out_putf(c->out, "  kept         %s\n", done->kept);
	out_putf(c->out, "  look         git show --stat %s\n", done->kept);
	out_putf(c->out, "  take back    git worktree add PATH %s\n", done->kept);
}

void worktree_print_prepared(struct cmd_ctx *c, const struct worktree *w,
			     const struct worktree_prepared *p)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "worktree");
		json_text(&j, "tentacle", w->name);
		json_text(&j, "state", "ready");
		json_text(&j, "path", w->path);
		json_text(&j, "branch", w->branch);
		json_text(&j, "base", w->record.base);
		json_text(&j, "base_branch", w->record.base_branch);
		json_bool(&j, "reused", p->reused);
		json_bool(&j, "branch_reused", p->branch_reused);
		json_close(&j);
		return;
	}
	out_putf(c->out, "%s: worktree %s\n", w->name,
		 p->reused          ? "was there"
		 : p->branch_reused ? "made, on the branch that was there"
				    : "made");
	out_puts(c->out, "  path         ");
	out_visible(c->out, span_of(w->path));
	out_putf(c->out, "\n  branch       %s\n  base         %s\n", w->branch, w->record.base);
}
