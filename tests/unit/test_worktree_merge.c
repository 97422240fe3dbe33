/* Bringing a worktree's work back: what a merge makes, every reason not to, and a kill at each step
 * of it, of us and of git. */
#include "worktree_world.h"

#include "git/worktree_merge.h"

#define MAKE_REPO                                                                                 \
	"git init -q r; cd r; echo a >a; mkdir d; echo b >d/b; echo c >c; git add .; git commit " \
	"-q "                                                                                     \
	"-m one"

static const struct worktree_merge_wish plain = { .about = "Port it." };
static const struct worktree_merge_wish committing = { .about = "Port it.", .commit = true };

static int try_merge(struct git_world *g, const struct worktree_merge_wish *wish,
		     struct worktree_merged *out, struct err *e)
{
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;

	worktree_merged_release(out);
	err_clear(e);
	open_it(g, "r", "t", true, &w);
	return worktree_merge(&w, wish, NOW_MS, out, e);
}

static void merged(struct git_world *g, const struct worktree_merge_wish *wish,
		   enum worktree_merge_outcome outcome)
{
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	if (try_merge(g, wish, &out, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(out.outcome, outcome);
}

/* Refused, with these words, and the main checkout is as it was; both by the look and by the act.
 */
static void refused(struct git_world *g, const struct worktree_merge_wish *wish, const char *says)
{
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	struct err e = ERR_INIT;

	world_does(g, "git -C r rev-parse HEAD >before; git -C r status --porcelain >>before");
	open_it(g, "r", "t", false, &w);
	if (worktree_merge_look(&w, wish, &out, &e) != -SK_EREFUSED || !strstr(e.text, says))
		fail_msg("look: %s", e.text);
	worktree_close(&w);
	if (try_merge(g, wish, &out, &e) != -SK_EREFUSED || !strstr(e.text, says))
		fail_msg("%s", e.text);
	assert_non_null(strstr(e.text, "nothing was merged. Try: "));
	world_does(g, "(git -C r rev-parse HEAD; git -C r status --porcelain) | cmp - before");
}

static char *begun(struct git_world *g)
{
	world_does(g, MAKE_REPO);
	return prepare(g, "r", "t");
}

static void both_histories_stay(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	merged(g, &plain, MERGE_NOTHING);
	world_does_in(g, path,
		      "echo mine >\"$W/d/b\"; git -C \"$W\" commit -q -a -m mine; echo main >r/a; "
		      "git -C r commit -q -a -m main; echo untracked >r/x; echo mine >>r/c");
	assert_int_equal(try_merge(g, &plain, &out, &e), 0);
	assert_int_equal(out.outcome, MERGE_DONE);
	assert_string_equal(out.into, "main");
	assert_int_equal(out.commits, 1);
	world_does_in(g, path,
		      "cd r; test \"$(cat a d/b)\" = \"$(printf 'main\\nmine')\"; "
		      "test \"$(git log --first-parent --format=%s main | tr '\\n' ,)\" = "
		      "'Merge the work of t,main,one,'; "
		      "test \"$(git log --first-parent --format=%s sk/t | tr '\\n' ,)\" = "
		      "'Merge main into sk/t,mine,one,'; "
		      "test \"$(git log -1 --format=%b)\" = 'Port it.'; "
		      "test \"$(git status --porcelain | tr '\\n' ,)\" = ' M c,?? x,'; "
		      "test \"$(git rev-parse HEAD^2)\" = \"$(git rev-parse sk/t)\"; "
		      "test -z \"$(git -C \"$W\" status --porcelain)\"; "
		      "! grep -q merging \"$W/../worktree.json\"; git fsck --strict");
	/* Typed again it finds what it made, also when main went on. */
	world_does(g, "git -C r rev-parse HEAD >made; git -C r commit -q --allow-empty -m later");
	assert_int_equal(try_merge(g, &plain, &out, &e), 0);
	assert_int_equal(out.outcome, MERGE_THERE);
	world_does(g, "test \"$(git -C r log -1 --format=%s)\" = later");
	{
		CLEANUP(buf_release) struct buf same = BUF_INIT;

		buf_putf(&same, "test %s = $(cat made)", out.merge);
		world_does(g, same.p);
	}
}

static void a_conflict_is_taken_back(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	world_does_in(
		g, path,
		"echo mine >\"$W/a\"; echo new >\"$W/new\"; git -C \"$W\" add .; "
		"git -C \"$W\" commit -q -m mine; echo main >r/a; git -C r commit -q -a -m m; "
		"git -C \"$W\" rev-parse HEAD >head");
	refused(g, &plain, "it and main changed the same places of a (");
	assert_int_equal(try_merge(g, &plain, &out, &e), -SK_EREFUSED);
	assert_int_equal(out.conflicts.count, 1);
	world_does_in(g, path,
		      "test -z \"$(git -C \"$W\" status --porcelain)\"; "
		      "test \"$(git -C \"$W\" rev-parse HEAD)\" = \"$(cat head)\"; "
		      "test ! -e r/.git/worktrees/repo/MERGE_HEAD; test ! -e r/new; "
		      "! grep -q merging \"$W/../worktree.json\"");
	/* Settled as the sentence says. */
	world_does_in(g, path,
		      "cd \"$W\"; git merge -q main || true; echo both >a; git add a; "
		      "git commit -q -m settled");
	merged(g, &plain, MERGE_DONE);
	world_does(g, "test \"$(cat r/a)\" = both; test \"$(cat r/new)\" = new");
}

static void what_is_not_committed(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;
	struct worktree_merge_wish scoped = committing;

	world_does_in(g, path,
		      "echo '*.o' >r/.git/info/exclude; echo x >\"$W/d/new\"; echo y >\"$W/c\"; "
		      "echo z >\"$W/z.o\"; mkdir \"$W/.octogent\"; echo s >\"$W/.octogent/s\"");
	refused(g, &plain, "not committed: c, d/new (");
	assert_null(scope_add(&scope, SPAN_LIT("d")));
	scoped.scope = &scope;
	refused(g, &scoped, "changed outside of its scope and not committed: c (");
	merged(g, &committing, MERGE_DONE);
	world_does_in(g, path,
		      "cd r; test \"$(cat c d/new)\" = \"$(printf 'y\\nx')\"; test ! -e z.o; "
		      "test ! -e .octogent; test -e \"$W/z.o\"; "
		      "test \"$(git log --format=%s sk/t | head -1)\" = 't: Port it.'");
}

static void somebody_must_commit(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "echo x >\"$W/c\"; git -C \"$W\" commit -q -a -m mine; "
		      "mv .gitconfig aside");
	refused(g, &plain, "git does not know who you are (");
	world_does(g, "mv aside .gitconfig");
	merged(g, &plain, MERGE_DONE);
}

static void the_users_changes_are_in_the_way(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	world_does_in(g, path,
		      "cd \"$W\"; echo x >c; echo x >new; git add .; git commit -q -m mine; "
		      "cd ~/r; echo precious >c; echo precious >new");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(try_merge(g, &plain, &out, &e), -SK_EREFUSED);
		if (!strstr(e.text, i ? "are in the way: new (" : "are in the way: c"))
			fail_msg("%s", e.text);
		world_does_in(g, path,
			      "cd r; test \"$(cat new)\" = precious; test $(git rev-list --count "
			      "HEAD) = 1; ! grep -q merging \"$W/../worktree.json\"");
		world_does(g, "test \"$(cat r/c)\" = precious && git -C r checkout -q c || true");
	}
	world_does(g, "rm r/new");
	merged(g, &plain, MERGE_DONE);
}

static void what_is_half_done_or_somewhere_else(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	struct worktree_merge_wish into = plain;

	world_does_in(g, path,
		      "echo x >\"$W/c\"; git -C \"$W\" commit -q -a -m mine; "
		      "git -C r switch -q -c other");
	refused(g, &plain, "its work is for main, and the main checkout is on other (");
	world_does(g, "git -C r checkout -q --detach");
	refused(g, &plain, "the main checkout is on no branch (");
	world_does(g, "git -C r switch -q main; git -C r rev-parse sk/t >r/.git/MERGE_HEAD");
	refused(g, &plain, "is half done in the main checkout (");
	world_does_in(g, path,
		      "rm r/.git/MERGE_HEAD; git -C r rev-parse main "
		      ">r/.git/worktrees/repo/MERGE_HEAD");
	refused(g, &plain, "rebase or bisection is half done in it (");
	world_does_in(g, path,
		      "test -e r/.git/worktrees/repo/MERGE_HEAD; "
		      "rm r/.git/worktrees/repo/MERGE_HEAD; git -C \"$W\" checkout -q --detach");
	refused(g, &plain, "no branch is checked out in it, not sk/t (");
	world_does_in(g, path, "git -C \"$W\" switch -q sk/t; git -C r switch -q other");
	into.into = "other";
	merged(g, &into, MERGE_DONE);
	world_does(g, "test \"$(git -C r show main:c)\" = c; test \"$(cat r/c)\" = x");
	world_does_in(g, path, "rm -rf \"$W\"");
	refused(g, &plain, "it is gone (");
}

static void a_bare_repository_has_no_checkout(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;

	world_does(g, "git init -q s; cd s; echo a >a; git add .; git commit -q -m one; "
		      "git clone -q --bare . ../r");
	path = prepare(g, "r", "t");
	world_does_in(g, path, "echo x >\"$W/a\"; git -C \"$W\" commit -q -a -m mine");
	{
		CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(try_merge(g, &plain, &out, &e), -SK_EREFUSED);
		assert_non_null(strstr(e.text, "the repository is bare"));
	}
}

static void hooks_and_settings_decide_nothing(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(
		g, path,
		"for h in pre-commit commit-msg pre-merge-commit post-merge reference-transaction;"
		" do printf '#!/bin/sh\\ntouch ~/ran; exit 1\\n' >r/.git/hooks/$h; "
		"chmod +x r/.git/hooks/$h; done; git -C r config merge.ff no; "
		"git -C r config branch.main.mergeOptions --squash; "
		"git -C r config merge.autoStash true; git -C r config merge.verifySignatures "
		"true; echo x >\"$W/c\"");
	merged(g, &committing, MERGE_DONE);
	world_does(g, "test ! -e ran; test \"$(cat r/c)\" = x; test $(git -C r rev-list --count "
		      "--merges HEAD) = 1");
}

static int work_merge(struct git_world *g, struct worktree *w, struct err *e)
{
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;

	(void)g;
	return worktree_merge(w, &committing, NOW_MS, &out, e);
}

/* Both histories went on, and there is something that is not committed: all steps are taken. */
#define BOTH_WENT_ON                                                              \
	"cd \"$W\"; echo mine >>d/b; git commit -q -a -m mine; echo left >left; " \
	"cd ~/r; echo main >>a; git commit -q -a -m main"
#define MERGED_ONCE                                                                           \
	"cd ~/r; test \"$(tail -1 a)\" = main; test \"$(tail -1 d/b)\" = mine; test \"$(cat " \
	"left)\" "                                                                            \
	"= left; test -z \"$(git status --porcelain)$(git -C \"$W\" status --porcelain)\"; "  \
	"test $(git log --format=%s | grep -c '^Merge the work') = 1; "                       \
	"test $(git log --format=%s | grep -c '^Merge main') = 1; "                           \
	"! grep -q merging \"$W/../worktree.json\"; test -z \"$K\"; git fsck --strict"

static void killed_while_merging(void **state)
{
	struct git_world *g = *state;
	unsigned killed = 0;

	for (int step = 0; step < WORKTREE_STEP_COUNT; step++) {
		CLEANUP(mem_free) char *path = NULL;

		world_does(g, "rm -rf r .copilot");
		path = begun(g);
		world_does_in(g, path, BOTH_WENT_ON);
		if (!killed_at(g, "t", work_merge, (enum worktree_step)step))
			continue;
		killed++;
		if (step == WORKTREE_STEP_MERGED)
			merged(g, &committing, MERGE_THERE);
		else
			merged(g, &committing, MERGE_DONE);
		world_does_in(g, path, MERGED_ONCE);
	}
	assert_int_equal(killed, 5);
}

/* What somebody changed in the main checkout behind a kill is not taken for git's. */
static void changed_behind_a_kill(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	world_does_in(g, path, BOTH_WENT_ON);
	assert_true(killed_at(g, "t", work_merge, WORKTREE_STEP_FORWARD));
	world_does(g, "grep -q '\"merging\":\"main\"' .copilot/session-state/worktrees/*/t/"
		      "worktree.json; echo precious >>r/d/b; touch r/.git/index.lock");
	assert_int_equal(try_merge(g, &committing, &out, &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "are in the way: d/b ("));
	world_does(g, "test \"$(tail -1 r/d/b)\" = precious; git -C r checkout -q d/b");
	merged(g, &committing, MERGE_DONE);
	world_does_in(g, path, MERGED_ONCE);
}

/* git and its filter are killed where they write the named file in the named checkout. */
static void git_is_killed(void **state, const char *spring, const char *before, const char *after)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;
	CLEANUP(buf_release) struct buf script = BUF_INIT;
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	struct err e = ERR_INIT;

	world_does(g, MAKE_REPO "; printf 'd/b filter=trap\\na filter=trap\\n' >.gitattributes; "
				"git add .; git commit -q -m two; "
				"git config filter.trap.smudge 'cat; test -e ~/spring || exit; "
				"case $(pwd -P) in */repo) test -e ~/in-worktree || exit;; *) test "
				"-e ~/in-main || exit;; esac; "
				"p=$PPID; g=$(ps -o ppid= -p $p); "
				"case $(ps -o comm= -p $g) in git) kill -9 $g;; esac; kill -9 $p'");
	path = prepare(g, "r", "t");
	world_does_in(g, path, BOTH_WENT_ON);
	buf_putf(&script, "touch spring %s", spring);
	world_does(g, script.p);
	assert_true(try_merge(g, &committing, &out, &e) < 0);
	world_does(g, "rm spring");
	world_does_in(g, path, before);
	merged(g, &committing, MERGE_DONE);
	world_does_in(g, path, after);
}

static void git_is_killed_in_the_main_checkout(void **state)
{
	git_is_killed(state, "in-main", "test -e r/.git/index.lock", MERGED_ONCE);
}

static void git_is_killed_in_the_worktree(void **state)
{
	git_is_killed(state, "in-worktree", "test -e r/.git/worktrees/repo/index.lock",
		      "cd ~/r; test \"$(tail -1 a)\" = main; test \"$(cat left)\" = left; "
		      "test -z \"$(git status --porcelain)$(git -C \"$W\" status --porcelain)\"; "
		      "test $(git log --format=%s | grep -c '^Merge the work') = 1; "
		      "git fsck --strict");
}

static void bring_up(struct git_world *g, const char *commit, int expected, const char *says)
{
	CLEANUP(worktree_merged_release) struct worktree_merged out = WORKTREE_MERGED_INIT;
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	struct err e = ERR_INIT;
	int rc;

	open_it(g, "r", "t", false, &w);
	rc = worktree_bring_up(&w, commit, commit, NOW_MS, &out, &e);
	if (rc != expected || !strstr(e.text, says))
		fail_msg("%d: %s", rc, e.text);
}

static void work_that_builds_on_other_work(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does(g,
		   "cd r; git branch none; git switch -q -c first; echo 1 >one; git add .; git "
		   "commit -q -m first; git switch -q -c second main; echo 2 >one; git add .; git "
		   "commit -q -m second; git switch -q main");
	bring_up(g, "none", 0, "");
	bring_up(g, "first", 1, "");
	bring_up(g, "first", 0, "");
	world_does_in(g, path, "test \"$(cat \"$W/one\")\" = 1; echo x >\"$W/a\"");
	bring_up(g, "second", -SK_EREFUSED, "it has to take second in, and has work");
	world_does_in(g, path, "git -C \"$W\" commit -q -a -m mine");
	bring_up(g, "second", -SK_EREFUSED, "it and second changed the same places of one (");
	world_does_in(g, path,
		      "test \"$(cat \"$W/one\")\" = 1; test -z \"$(git -C \"$W\" status "
		      "--porcelain)\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(both_histories_stay),
		IN_A_WORLD(a_conflict_is_taken_back),
		IN_A_WORLD(what_is_not_committed),
		IN_A_WORLD(somebody_must_commit),
		IN_A_WORLD(the_users_changes_are_in_the_way),
		IN_A_WORLD(what_is_half_done_or_somewhere_else),
		IN_A_WORLD(a_bare_repository_has_no_checkout),
		IN_A_WORLD(hooks_and_settings_decide_nothing),
		IN_A_WORLD(killed_while_merging),
		IN_A_WORLD(changed_behind_a_kill),
		IN_A_WORLD(git_is_killed_in_the_main_checkout),
		IN_A_WORLD(git_is_killed_in_the_worktree),
		IN_A_WORLD(work_that_builds_on_other_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
