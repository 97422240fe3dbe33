/*
 * The worktree is made or removed first and recorded after: a kill in between leaves one that the
 * same command finds and records. The store of goals is not locked meanwhile, because a checkout
 * may take minutes and others want to hand off.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/goals.h"
#include "cmd/worktree_page.h"
#include "os/home.h"
#include "os/proc.h"

extern char **environ;

struct work {
	struct cmd_ctx *c;
	const char *name;
	struct git git;
	struct worktree w;
	bool known; /* the store knows the tentacle; its worktree may outlive it */
	struct scope scope;
	struct proc_identity owner; /* of the agent that runs; pid 0 = none */
};

static void work_release(struct work *k)
{
	worktree_close(&k->w);
	git_close(&k->git);
	scope_release(&k->scope);
}

/* The folder git is asked from: the main checkout, unless the store was put somewhere else. */
static const char *place(const struct work *k)
{
	return k->c->goal_paths->chosen ? NULL : k->c->goal_paths->root;
}

static void note_owner(struct work *k, const struct tentacle *t)
{
	if (!t->owner.pid || t->owner.boot_id.len != BOOT_ID_LEN)
		return;
	k->owner = (struct proc_identity){ .pid = t->owner.pid, .start = t->owner.pid_start };
	memcpy(k->owner.boot_id, t->owner.boot_id.p, BOOT_ID_LEN);
}

/* What the store knows of the tentacle. An unknown one is fine where only the worktree counts. */
static int read_tentacle(struct work *k, bool must, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	struct err problem = ERR_INIT;
	int rc = goals_open(k->c, 0, &s, &problem);

	if (rc == 0)
		rc = goal_store_tentacle(s, k->name, &t, &problem);
	if (rc == -SK_ENOTFOUND && !must)
		return 0;
	if (rc < 0)
		return err_set(e, problem.code, "%s", problem.text);
	k->known = true;
	note_owner(k, t);
	for (size_t i = 0; i < t->scope.count; i++)
		scope_add(&k->scope, t->scope.v[i]); /* one that is none has nothing inside */
	return 0;
}

static int open_worktree(struct work *k, bool create, struct err *e)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT, why = BUF_INIT;

	if (home_find(getenv("SK_HOME"), getenv("HOME"), &copilot, &why) < 0)
		return err_set(e, -SK_EIO, "%s", why.p);
	return worktree_open(&k->w, &k->git, place(k), copilot.p, k->name, create, e);
}

/* Records in the store what became of it; nothing for a tentacle that is not known. */
static int record(struct work *k, const struct tentacle_worktree *now, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	struct tentacle draft;
	struct goal_actor actor;
	const struct goal_words words = goals_words(k->c, &actor);
	int rc;

	if (!k->known)
		return 0;
	rc = goals_open(k->c, GOALS_WRITE, &s, e);
	if (rc == 0)
		rc = goal_store_tentacle(s, k->name, &t, e);
	if (rc < 0)
		return rc;
	draft = *t;
	draft.worktree = *now;
	tentacle_record(goal_store_turn(s), &draft, EV_TENTACLE_WORKTREE, &words);
	return goal_store_commit(s, e);
}

static int prepare(struct work *k, struct err *e)
{
	const char *base = options_text(k->c->options, "base");
	struct worktree_prepared done;
	int rc = read_tentacle(k, true, e);

	if (rc == 0)
		rc = open_worktree(k, true, e);
	if (rc == 0)
		rc = worktree_lock(&k->w, "sk tentacle worktree", e);
	if (rc == 0)
		rc = worktree_prepare(&k->w, place(k), base, k->c->now_ms, &done, e);
	if (rc == 0)
		rc = record(k,
			    &(struct tentacle_worktree){ .prepared = true,
							 .reused = done.reused,
							 .path = span_of(k->w.path),
							 .branch = span_of(k->w.branch),
							 .base = span_of(k->w.record.base) },
			    e);
	if (rc < 0)
		return rc;
	worktree_print_prepared(k->c, &k->w, &done);
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
	rc = git_changes_read(&k->git, k->w.path, r->base, &all, e);
	if (rc == 0)
		git_changes_outside(&all, &k->scope, out);
	return rc;
}

/* An agent at work would go on in a folder that is not there any more. */
static int refuse_running(const struct work *k, struct err *e)
{
	if (k->owner.pid && proc_alive(&k->owner) == 1)
		return err_set(e, -SK_EREFUSED,
			       "tentacle \"%s\": its agent runs (pid %llu): nothing was removed. "
			       "Try: sk tentacle status",
			       k->name, (unsigned long long)k->owner.pid);
	return 0;
}

static int clean(struct work *k, const struct worktree_page *p, struct err *e)
{
	CLEANUP(worktree_cleaned_release) struct worktree_cleaned done = { .kept = NULL };
	const struct tentacle_worktree none = { .prepared = false };
	int rc = refuse_running(k, e);

	if (rc == 0)
		rc = worktree_cleanup(&k->w, p->facts, options_has(k->c->options, "yes"),
				      k->c->now_ms, &done, e);
	if (rc == 0)
		rc = record(k, &none, e);
	if (rc < 0)
		return rc;
	worktree_print_cleaned(k->c, p, &done);
	return EXIT_DONE;
}

static int show_or_clean(struct work *k, bool cleanup, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts facts = { .state = WORKTREE_NONE };
	CLEANUP(git_changes_release) struct git_changes outside = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf kept = BUF_INIT;
	struct worktree_verdict verdict;
	struct worktree_page page = { &k->w, &facts, &verdict, &outside, &kept };
	bool act = cleanup && !options_has(k->c->options, "dry-run");
	int rc = read_tentacle(k, false, e);

	if (rc == 0)
		rc = open_worktree(k, false, e);
	if (rc == 0 && act)
		rc = worktree_lock(&k->w, "sk tentacle worktree", e);
	if (rc == 0)
		rc = worktree_look(&k->w, &facts, e);
	if (rc == 0 && !k->known && facts.state == WORKTREE_NONE)
		rc = read_tentacle(k, true, e); /* neither: its sentence names the nearest */
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

static int tentacle_worktree_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(work_release)
	struct work k = { .c = c, .git = GIT_INIT, .w = WORKTREE_INIT, .scope = SCOPE_INIT };
	const char *verb = c->options->args[1];
	int rc;

	k.name = c->options->args[0];
	if (strcmp(verb, "prepare") != 0 && strcmp(verb, "status") != 0 &&
	    strcmp(verb, "cleanup") != 0) {
		CLEANUP(buf_release) struct buf shown = BUF_INIT;

		buf_put_quoted(&shown, span_of(verb), 80);
		return err_set(e, -SK_EUSAGE,
			       "tentacle worktree: %s is none of prepare, status and cleanup: "
			       "nothing was done. Try: sk tentacle worktree NAME status",
			       shown.p);
	}
	if (options_has(c->options, "base") && strcmp(verb, "prepare") != 0)
		return err_set(e, -SK_EUSAGE,
			       "tentacle worktree: --base is for prepare: nothing was done");
	if ((options_has(c->options, "yes") || options_has(c->options, "dry-run")) &&
	    strcmp(verb, "cleanup") != 0)
		return err_set(e, -SK_EUSAGE,
			       "tentacle worktree: --yes and --dry-run are for cleanup: nothing "
			       "was done");
	rc = git_open(&k.git, environ, e);
	if (rc < 0)
		return rc;
	return strcmp(verb, "prepare") == 0 ? prepare(&k, e)
					    : show_or_clean(&k, strcmp(verb, "cleanup") == 0, e);
}

static const struct option_row tentacle_worktree_options[] = {
	{ .name = "base",
	  .kind = OPTION_TEXT,
	  .value = "COMMIT",
	  .summary = "prepare: begin with this instead of what the main checkout has" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .summary = "cleanup: only show what would be kept, lost and removed" },
	{ .name = "yes",
	  .kind = OPTION_FLAG,
	  .summary = "cleanup: although there is uncommitted work, or ignored files" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_worktree = {
	.path = "tentacle worktree",
	.summary = "make, show or remove a tentacle's own checkout",
	.usage = "NAME prepare|status|cleanup [--base COMMIT] [--dry-run] [--yes]",
	.about = "prepare makes a linked worktree on the branch sk/NAME, or finds the one that is "
		 "there.\n"
		 "cleanup removes it. What is uncommitted, staged or untracked, and commits that "
		 "are on no\n"
		 "other branch, tag or remote, are first put into a commit under "
		 "refs/sk/kept/NAME/ and\n"
		 "compared with the files, byte by byte. Ignored files are lost. It is refused "
		 "while somebody\n"
		 "is in it, while it is locked, and where something could not be kept. Both may be "
		 "killed at\n"
		 "any moment and typed again.",
	.example = "sk tentacle worktree build prepare\n"
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
