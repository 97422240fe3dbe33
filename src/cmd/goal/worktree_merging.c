/*
 * What became of a merge is recorded in either case: that it was made, for whoever asks what is
 * still to be merged, and that it cannot be made, for whoever has to settle it. When a kill comes
 * between git and the record, the same command finds the merge and records it.
 */
#include "cmd/goal/worktree_merging.h"

#include <stdio.h>

#include "cmd/goal/worktrees.h"

static const char *const outcome_words[] = { "nothing", "there", "merged" };

struct merged_now {
	const struct worktree_merged *m;
	int64_t now_ms;
};

static void note_merged(struct tentacle_worktree *to, struct arena *arena, void *ctx)
{
	const struct merged_now *now = ctx;

	to->unmerged = false;
	to->conflicts = (struct texts){ NULL, 0 };
	if (!to->merged_ms)
		to->merged_ms = now->now_ms; /* also when there was nothing to merge */
	if (!now->m->merge[0] || span_is(to->merged_commit, now->m->merge))
		return;
	to->merged_commit = arena_copy(arena, span_of(now->m->merge));
	to->merged_into = arena_copy(arena, span_of(now->m->into));
	to->merged_ms = now->now_ms;
}

static void note_conflicts(struct tentacle_worktree *to, struct arena *arena, void *ctx)
{
	const struct worktree_merged *m = ctx;

	to->conflicts = work_texts(arena, &m->conflicts);
	to->unmerged = true;
}

static int record(struct work *k, const struct worktree_merged *m, struct err *e)
{
	CLEANUP(buf_release) struct buf into = BUF_INIT;
	struct merged_now now = { m, k->c->now_ms };
	struct goal_actor actor;
	struct goal_words words = goals_words(k->c, &actor);

	buf_putf(&into, "into %s", m->into);
	words.name = span_of(m->merge);
	words.reason = (struct span){ into.p, into.len };
	return work_record(k, m->merge[0] ? EV_TENTACLE_MERGED : EV_TENTACLE_WORKTREE, &words,
			   note_merged, &now, e);
}

static void record_conflicts(struct work *k, struct worktree_merged *m)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT;
	struct err ignored = ERR_INIT; /* what git said goes before */
	struct goal_actor actor;
	struct goal_words words = goals_words(k->c, &actor);

	buf_putf(&what, "conflicts with %s", m->into ? m->into : "its target");
	words.reason = (struct span){ what.p, what.len };
	(void)work_record(k, EV_TENTACLE_WORKTREE, &words, note_conflicts, m, &ignored);
}

static void json_names(struct json *j, const char *key, const struct git_changes *c)
{
	struct span name;
	size_t at = 0;

	json_array(j, key);
	while ((name = git_changes_next(c, &at)).len)
		json_span(j, NULL, name);
	json_array_end(j);
}

static void print_json(const struct work *k, const struct worktree_merged *m, bool dry)
{
	struct json j;

	json_open(&j, k->c->out, "worktree_merge");
	json_text(&j, "tentacle", k->name);
	json_text(&j, "outcome", outcome_words[m->outcome]);
	json_bool(&j, "dry_run", dry);
	json_text(&j, "path", k->w.path);
	json_text(&j, "branch", k->w.branch);
	json_text(&j, "into", m->into);
	json_text(&j, "tip", m->tip);
	json_text(&j, "merge_commit", m->merge[0] ? m->merge : NULL);
	json_u64(&j, "commits", m->commits);
	json_names(&j, "committed_first", &m->uncommitted);
	json_names(&j, "outside_scope", &m->outside);
	json_close(&j);
}

static void put_names(struct out *out, const char *what, const struct git_changes *c)
{
	struct span name;
	size_t at = 0;

	while ((name = git_changes_next(c, &at)).len) {
		out_putf(out, "  %-12s ", at == name.len + 1 ? what : "");
		out_visible(out, name);
		out_puts(out, "\n");
	}
}

static void print_text(const struct work *k, const struct worktree_merged *m, bool dry)
{
	struct out *out = k->c->out;

	if (m->outcome == MERGE_NOTHING)
		out_putf(out, "%s: nothing was committed in its worktree, so nothing %s merged\n",
			 k->name, dry ? "would be" : "was");
	else if (m->outcome == MERGE_THERE)
		out_putf(out, "%s: is in %s already\n", k->name, m->into);
	else
		out_putf(out, "%s: %s into %s\n", k->name, dry ? "would be merged" : "merged",
			 m->into);
	if (m->commits)
		out_putf(out, "  commits      %llu\n", (unsigned long long)m->commits);
	put_names(out, "committed", &m->uncommitted);
	put_names(out, "outside", &m->outside);
	if (m->merge[0])
		out_putf(out, "  merge        %.12s\n", m->merge);
	if (dry)
		out_putf(out, "next: sk tentacle worktree %s merge%s\n", k->name,
			 m->uncommitted.count ? " --commit" : "");
	else
		out_putf(out, "next: sk tentacle worktree %s cleanup\n", k->name);
}

int worktree_merging(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(work_release) struct work k = WORK_INIT(c, c->options->args[0]);
	CLEANUP(worktree_merged_release) struct worktree_merged m = WORKTREE_MERGED_INIT;
	struct worktree_merge_wish wish = { .scope = &k.scope,
					    .commit = options_has(c->options, "commit"),
					    .into = options_text(c->options, "into") };
	bool dry = options_has(c->options, "dry-run");
	int rc = work_read(&k, true, e);

	if (rc == 0)
		rc = work_open(&k, false, !dry, e);
	if (rc == 0)
		rc = work_refuse_running(&k, "nothing was merged", e);
	if (rc < 0)
		return rc;
	wish.about = k.about;
	wish.others = k.others;
	rc = dry ? worktree_merge_look(&k.w, &wish, &m, e)
		 : worktree_merge(&k.w, &wish, c->now_ms, &m, e);
	if (rc < 0 && !dry && m.conflicts.count)
		record_conflicts(&k, &m);
	if (rc == 0 && !dry)
		rc = record(&k, &m, e);
	if (rc < 0)
		return rc;
	if (c->json)
		print_json(&k, &m, dry);
	else
		print_text(&k, &m, dry);
	return EXIT_DONE;
}
