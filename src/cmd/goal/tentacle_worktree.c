/* What a tentacle's own checkout is for people: made, shown, merged, removed. */
#include "cmd/goal/worktree_merging.h"
#include "cmd/goal/worktree_page.h"
#include "cmd/goal/worktrees.h"

static int prepare(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(work_release) struct work k = WORK_INIT(c, c->options->args[0]);
	struct worktree_prepared done;
	int rc = work_prepare(&k, options_text(c->options, "base"), &done, e);

	if (rc < 0)
		return rc;
	worktree_print_prepared(c, &k.w, &done);
	return EXIT_DONE;
}

/* Files that changed outside of the scope, when the tentacle has one. */
static int find_outside(const struct work *k, const struct worktree_facts *f,
			struct git_changes *out, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes all = GIT_CHANGES_INIT;
	const struct worktree_record *r = &k->w.record;
	int rc;

	if (!k->scope.count || !(f->flags & WT_OURS))
		return 0;
	rc = git_changes_read(&k->git, k->w.path, r->base, k->others, &all, e);
	if (rc == 0)
		git_changes_outside(&all, &k->scope, out);
	return rc;
}

/* What was merged stays known. */
static void note_gone(struct tentacle_worktree *to, struct arena *arena, void *ctx)
{
	(void)arena;
	(void)ctx;
	*to = (struct tentacle_worktree){ .merged_commit = to->merged_commit,
					  .merged_into = to->merged_into,
					  .merged_ms = to->merged_ms };
}

static int clean(struct work *k, const struct worktree_page *p, struct err *e)
{
	CLEANUP(worktree_cleaned_release) struct worktree_cleaned done = { .kept = NULL };
	struct goal_actor actor;
	const struct goal_words words = goals_words(k->c, &actor);
	int rc = work_refuse_running(k, "nothing was removed", e);

	if (rc == 0)
		rc = worktree_cleanup(&k->w, p->facts, options_has(k->c->options, "yes"),
				      k->c->now_ms, &done, e);
	if (rc == 0)
		rc = work_record(k, EV_TENTACLE_WORKTREE, &words, note_gone, NULL, e);
	if (rc < 0)
		return rc;
	worktree_print_cleaned(k->c, p, &done);
	return EXIT_DONE;
}

static int show_or_clean(struct cmd_ctx *c, bool cleanup, struct err *e)
{
	CLEANUP(work_release) struct work work = WORK_INIT(c, c->options->args[0]);
	struct work *k = &work;
	CLEANUP(worktree_facts_release) struct worktree_facts facts = { .state = WORKTREE_NONE };
	CLEANUP(git_changes_release) struct git_changes outside = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf kept = BUF_INIT;
	struct worktree_verdict verdict;
	struct worktree_page page = { &k->w, &facts, &verdict, &outside, &kept };
	bool act = cleanup && !options_has(k->c->options, "dry-run");
	int rc = work_read(k, false, e);

	if (rc == 0)
		rc = work_open(k, false, act, e);
	if (rc == 0)
		rc = worktree_look(&k->w, &facts, e);
	if (rc == 0 && !k->known && facts.state == WORKTREE_NONE)
		rc = work_read(k, true, e); /* neither: its sentence names the nearest */
	if (rc == 0)
		rc = find_outside(k, &facts, &outside, e);
	if (rc == 0)
		rc = worktree_kept(&k->w, &kept, e);
	if (rc < 0)
		return rc;
	worktree_decide(&facts, &verdict);
	if (act)
		return clean(k, &page, e);
	if (cleanup)
		worktree_print_plan(k->c, &page);
	else
		worktree_print_status(k->c, &page);
	return cleanup && verdict.action == CLEAN_REFUSED ? EXIT_REFUSED : EXIT_DONE;
}

enum verb { VERB_PREPARE, VERB_STATUS, VERB_MERGE, VERB_CLEANUP, VERB_COUNT };

static const char *const verb_words[] = { "prepare", "status", "merge", "cleanup" };

/* Options that are for one or two of the verbs only. */
static int check_options(const struct cmd_ctx *c, enum verb verb, struct err *e)
{
	static const struct {
		const char *option, *verbs;
		unsigned fits;
	} rows[] = {
		{ "base", "prepare", 1 << VERB_PREPARE },
		{ "yes", "cleanup", 1 << VERB_CLEANUP },
		{ "dry-run", "merge and cleanup", 1 << VERB_MERGE | 1 << VERB_CLEANUP },
		{ "commit", "merge", 1 << VERB_MERGE },
		{ "into", "merge", 1 << VERB_MERGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (options_has(c->options, rows[i].option) && !(rows[i].fits & 1U << verb))
			return err_set(e, -SK_EUSAGE,
				       "tentacle worktree: --%s is for %s: nothing was done. Try: "
				       "sk help tentacle worktree",
				       rows[i].option, rows[i].verbs);
	return 0;
}

static int tentacle_worktree_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *word = c->options->args[1];
	unsigned verb = 0;
	int rc;

	while (verb < VERB_COUNT && strcmp(word, verb_words[verb]) != 0)
		verb++;
	if (verb == VERB_COUNT) {
		buf_put_quoted(&shown, span_of(word), 80);
		return err_set(e, -SK_EUSAGE,
			       "tentacle worktree: %s is none of prepare, status, merge and "
			       "cleanup: nothing was done. Try: sk tentacle worktree NAME status",
			       shown.p);
	}
	rc = check_options(c, verb, e);
	if (rc < 0)
		return rc;
	if (verb == VERB_MERGE)
		return worktree_merging(c, e);
	return verb == VERB_PREPARE ? prepare(c, e) : show_or_clean(c, verb == VERB_CLEANUP, e);
}

static const struct option_row tentacle_worktree_options[] = {
	{ .name = "base",
	  .kind = OPTION_TEXT,
	  .value = "COMMIT",
	  .summary = "prepare: begin with this instead of what the main checkout has" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .summary = "merge, cleanup: only show what would be done" },
	{ .name = "yes",
	  .kind = OPTION_FLAG,
	  .summary = "cleanup: although there is uncommitted work, or ignored files" },
	{ .name = "commit",
	  .kind = OPTION_FLAG,
	  .summary = "merge: commit first what is not committed" },
	{ .name = "into",
	  .kind = OPTION_TEXT,
	  .value = "BRANCH",
	  .summary = "merge: into this branch, which the main checkout is on (the one it began "
		     "from)" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_worktree = {
	.path = "tentacle worktree",
	.summary = "make, show, merge or remove a tentacle's own checkout",
	.usage = "NAME prepare|status|merge|cleanup [--base COMMIT] [--commit] [--dry-run] [--yes]",
	.about = "prepare makes a linked worktree on the branch sk/NAME, or finds the one that is "
		 "there,\n"
		 "and brings in what the tentacle depends on.\n"
		 "merge brings its work into the branch of the main checkout: that branch is first "
		 "merged\n"
		 "into sk/NAME, in the worktree, where a conflict is seen and taken back; then the "
		 "main\n"
		 "checkout goes forward to a merge commit. Changes of your own there are never "
		 "touched, and\n"
		 "hooks do not run.\n"
		 "cleanup removes it. What is uncommitted, staged or untracked, and commits that "
		 "are on no\n"
		 "other branch, tag or remote, are first put into a commit under "
		 "refs/sk/kept/NAME/ and\n"
		 "compared with the files, byte by byte. Ignored files are lost. It is refused "
		 "while somebody\n"
		 "is in it, while it is locked, and where something could not be kept. All may be "
		 "killed at\n"
		 "any moment and typed again.",
	.example = "sk tentacle worktree build prepare\n"
		   "sk tentacle worktree build merge --commit\n"
		   "sk tentacle worktree build cleanup --dry-run",
	.options = tentacle_worktree_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_then = ARG_WORDS,
	.arg_words = "prepare|status|cleanup",
	.args_min = 2,
	.args_max = 2,
	.run = tentacle_worktree_run,
};
