/*
 * Removing a worktree: what is found, what is decided, and that nothing which somebody made is
 * lost, whatever it is and whenever the remover is killed.
 */
#include "worktree_clean_world.h"

#include "base/limits.h"
#include "git/worktree_verify.h"

static void nothing_in_it(void **state)
{
	struct git_world *g = *state;
	char *path = begun(g);

	mem_free(&path);
	cleans(g, false, false);
	world_does(g, "! git -C r show-ref -q refs/heads/sk/t; ! git -C r show-ref | grep refs/sk");
	cleans(g, false, false); /* there is none any more */
}

static void merged_work_is_not_kept_again(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "cd \"$W\"; echo x >>a; git commit -q -am two; cd ~/r; git merge -q sk/t");
	cleans(g, false, false);
	world_does(g, "! git -C r show-ref -q refs/heads/sk/t");
}

static void only_commits(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "cd \"$W\"; echo x >>a; git commit -q -am two; git rev-parse HEAD >~/tip");
	refuses(g, false, -SK_ECONFIRM, "has work or ignored files in it");
	cleans(g, true, true);
	world_does_in(g, path,
		      "! git -C r show-ref -q refs/heads/sk/t; "
		      "test \"$(git -C r rev-parse $K)\" = \"$(cat tip)\"");
}

static void whatever_is_in_it(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path, MESS "; " COPY);
	refuses(g, false, -SK_ECONFIRM, "has work or ignored files in it");
	cleans(g, true, true);
	world_does(g, "git -C r config core.autocrlf false");
	world_does_in(g, path,
		      COMPARE "; test \"$(git -C r log -1 --format=%s $K)\" = "
			      "'kept by sk when the worktree of t was cleaned up'; "
			      "git -C r merge-base --is-ancestor main $K; "
			      "test -z \"$(git -C r for-each-ref refs/sk/keeping)\"");
}

/* What was staged and then changed again would be in no file. */
static void staged_and_changed_again(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "cd \"$W\"; echo staged >a; git add a; echo disk >a; "
		      "echo gone >n; git add n; rm n; touch .git-lock; "
		      "touch \"$(git rev-parse --git-dir)/index.lock\"; " COPY);
	cleans(g, true, true);
	world_does_in(g, path,
		      COMPARE "; test \"$(git -C r show $K^2:a)\" = staged; "
			      "test \"$(git -C r show $K^2:n)\" = gone");
}

static void hidden_from_status(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };

	world_does_in(g, path,
		      "cd \"$W\"; git update-index --assume-unchanged a; echo hidden >a; "
		      "git update-index --skip-worktree c; echo skipped >c; "
		      "test -z \"$(git status --porcelain)\"; " COPY);
	look(g, "t", &f);
	assert_int_equal(f.hidden, 2);
	cleans(g, true, true);
	world_does_in(g, path, COMPARE);
}

static void a_merge_in_conflict(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "cd \"$W\"; git checkout -q --detach; echo ours >a; git commit -q -am ours; "
		      "git rev-parse HEAD >~/ours; git checkout -q -b side sk/t; echo theirs >a; "
		      "git commit -q -am theirs; git checkout -q --detach $(cat ~/ours); "
		      "! git merge -q side >&2; git branch -q -D side; "
		      "git rev-parse MERGE_HEAD >~/theirs; " COPY);
	cleans(g, true, true);
	world_does_in(g, path,
		      COMPARE "; git -C r merge-base --is-ancestor $(cat ours) $K; "
			      "git -C r merge-base --is-ancestor $(cat theirs) $K; "
			      "git -C r show $K:a | grep -q '<<<<<<<'");
}

static void detached_and_elsewhere(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };

	world_does_in(g, path,
		      "cd \"$W\"; git commit -q --allow-empty -m on-branch; "
		      "git checkout -q --detach main; git commit -q --allow-empty -m detached; "
		      "git rev-parse HEAD sk/t >~/both");
	look(g, "t", &f);
	assert_true(f.flags & WT_DETACHED);
	assert_int_equal(f.only_here, 2);
	cleans(g, true, true);
	world_does_in(g, path,
		      "for c in $(cat both); do git -C r merge-base --is-ancestor $c $K; done");
	mem_free(&path);
	world_does(g, "for r in $(git -C r for-each-ref --format='%(refname)' refs/sk/kept); do "
		      "git -C r update-ref -d $r; done");
	path = prepare(g, "r", "t");
	world_does_in(g, path,
		      "cd \"$W\"; git checkout -q -b mine; git commit -q --allow-empty -m mine");
	look(g, "t", &f);
	assert_true(f.flags & WT_ELSEWHERE);
	assert_string_equal(f.branch, "mine");
	assert_int_equal(f.only_here, 0);
	cleans(g, false, false);
	world_does(g,
		   "git -C r show-ref -q refs/heads/mine; ! git -C r show-ref -q refs/heads/sk/t");
}

static void no_commit_is_checked_out(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path,
		      "cd \"$W\"; git checkout -q --orphan new; git rm -q --cached d/b; "
		      "rm -r d a; echo x >x; " COPY);
	cleans(g, true, true);
	world_does_in(g, path, COMPARE);
}

static void ignored_files_are_listed(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };

	world_does_in(g, path, "echo x >\"$W/a.log\"");
	look(g, "t", &f);
	assert_int_equal(f.ignored, 1);
	assert_string_equal(f.ignored_names.p, "a.log");
	refuses(g, false, -SK_ECONFIRM, "ignored files");
	world_does_in(g, path, "test -e \"$W/a.log\"");
	cleans(g, true, false);
}

static void what_is_found(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };

	world_does_in(g, path,
		      "git -C r commit -q --allow-empty -m main; cd \"$W\"; "
		      "git commit -q --allow-empty -m mine; git commit -q --allow-empty -m mine2; "
		      "echo x >>a; git add a; echo y >>a; echo z >>c; echo n >n");
	look(g, "t", &f);
	assert_int_equal(f.flags, WT_THERE | WT_OURS | WT_REGISTERED | WT_BRANCH);
	assert_int_equal(f.staged, 1);
	assert_int_equal(f.changed, 2);
	assert_int_equal(f.untracked, 1);
	assert_int_equal(f.ahead, 2);
	assert_int_equal(f.behind, 1);
	assert_int_equal(f.only_here, 2);
	assert_string_equal(f.branch, "sk/t");
	assert_int_equal(f.keep_count, 3);
	assert_int_equal(f.user_pid, 0);
}

static void refusals(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path, "git -C r worktree lock --reason 'on holiday' \"$W\"");
	refuses(g, true, -SK_EREFUSED, "is locked: nothing was removed. Try: git worktree unlock");
	world_does_in(g, path,
		      "git -C r worktree unlock \"$W\"; git init -q \"$W/inner\"; "
		      "git -C \"$W/inner\" commit -q --allow-empty -m x");
	refuses(g, true, -SK_EREFUSED, "has another repository in it");
	world_does_in(g, path, "rm -rf \"$W/inner\"; git -C \"$W\" bisect start >&2");
	refuses(g, true, -SK_EREFUSED, "has a rebase, a bisection or a series of picks half done");
	world_does_in(g, path,
		      "git -C \"$W\" bisect reset >&2; "
		      "git -C \"$W\" submodule add -q ~/r sub >&2");
	refuses(g, true, -SK_EREFUSED, "has submodules checked out");
	world_does_in(g, path,
		      "cd \"$W\"; git submodule deinit -q -f --all >&2; git reset -q --hard; "
		      "rm -rf \"$(git rev-parse --git-dir)/modules\" sub; "
		      "truncate -s 600M huge");
	refuses(g, true, -SK_EREFUSED, "has more to be kept");
	world_does_in(g, path, "rm \"$W/huge\"; mv \"$W/.git\" gitfile");
	refuses(g, true, -SK_EREFUSED, "is no linked worktree");
	world_does_in(g, path, "mv gitfile \"$W/.git\"; rm \"$W/../worktree.json\"");
	refuses(g, true, -SK_EREFUSED, "was not made by us");
	world_does_in(g, path, "test -e \"$W/a\"");
}

static void somebody_is_in_it(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	char says[64];
	int ready[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (chdir(path) == 0 && chdir("d") == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	snprintf(says, sizeof(says), "is somebody's working directory (pid %d)", (int)pid);
	refuses(g, true, -SK_EREFUSED, says);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cleans(g, false, false);
	close(ready[0]);
	close(ready[1]);
}

struct meddler {
	const char *path, *name;
	enum worktree_step at;
};

static void meddle(void *ctx, enum worktree_step step)
{
	struct meddler *m = ctx;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	int fd;

	if (step != m->at)
		return;
	buf_putf(&path, "%s/%s", m->path, m->name);
	fd = open(path.p, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "late\n", 5), 5);
	close(fd);
}

/* Somebody goes on working while it is being kept. */
static void it_changes_meanwhile(void **state)
{
	static const struct meddler tries[] = {
		{ NULL, "a", WORKTREE_STEP_KEEP },   { NULL, "new", WORKTREE_STEP_KEEP },
		{ NULL, "a", WORKTREE_STEP_VERIFY }, { NULL, "new", WORKTREE_STEP_VERIFY },
		{ NULL, "c", WORKTREE_STEP_VERIFY }, { NULL, "a", WORKTREE_STEP_REF },
		{ NULL, "l", WORKTREE_STEP_REF },
	};
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path, "echo x >>\"$W/a\"");
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
		CLEANUP(worktree_facts_release)
		struct worktree_facts f = { .state = WORKTREE_NONE };
		CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
		struct meddler m = tries[i];
		struct err e = ERR_INIT;

		m.path = path;
		open_it(g, "r", "t", false, &w);
		w.step = meddle;
		w.ctx = &m;
		assert_int_equal(worktree_look(&w, &f, &e), 0);
		if (worktree_cleanup(&w, &f, true, NOW_MS + (int64_t)i, &out, &e) != -SK_EREFUSED)
			fail_msg("%zu: %s", i, e.text);
		assert_non_null(strstr(e.text, "nothing was removed"));
		world_does_in(g, path,
			      "test -e \"$W/a\"; git -C \"$W\" status >&2; "
			      "grep -q '\"state\":\"ready\"' \"$W/../worktree.json\"");
	}
	/* Facts that are too old: something came between the look and the act. */
	{
		CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
		CLEANUP(worktree_facts_release)
		struct worktree_facts f = { .state = WORKTREE_NONE };
		CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
		struct err e = ERR_INIT;

		open_it(g, "r", "t", false, &w);
		assert_int_equal(worktree_look(&w, &f, &e), 0);
		world_does_in(g, path, "echo x >\"$W/later\"");
		assert_int_equal(worktree_cleanup(&w, &f, true, NOW_MS, &out, &e), -SK_EREFUSED);
		assert_non_null(strstr(e.text, "changed since it was looked at"));
	}
}

/* The proof alone: the commit against a disk that is no longer the same, in every way. */
static void what_differs_is_seen(void **state)
{
	static const char *const changes[] = {
		"echo A >a",
		"printf a >a",
		"echo aa >a",
		"chmod +x a",
		"ln -sfn b l",
		"rm l; echo x >l",
		"rm a",
		"rm a; mkdir a",
		"rm a; ln -s c a",
		"git -C . checkout -q a; echo >>d/b",
		"echo x >new",
		": >c",
	};
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;

	buf_put(&names, "l\0new\0a\0d/b\0c\0a\0gone", 20);
	open_it(g, "r", "t", false, &w);
	for (size_t i = 0; i <= ARRAY_LEN(changes); i++) {
		CLEANUP(buf_release) struct buf script = BUF_INIT;
		struct kept_files files = { NULL, 0 };
		struct err e = ERR_INIT;
		int top_fd, rc;

		buf_putf(&script, "cd \"$W\"; git reset -q --hard; git clean -qfdx; %s",
			 i ? changes[i - 1] : ":");
		world_does_in(g, path, script.p);
		kept_files_fill(&files, &names);
		assert_int_equal(files.count, 6);
		top_fd = open(path, O_RDONLY | O_DIRECTORY);
		rc = kept_files_verify(&w, &files, top_fd, "HEAD", &e);
		close(top_fd);
		kept_files_release(&files);
		if (rc != (i ? -SK_EREFUSED : 0))
			fail_msg("'%s': %d %s", i ? changes[i - 1] : "", rc, e.text);
	}
}

static int work_clean(struct git_world *g, struct worktree *w, struct err *e)
{
	CLEANUP(worktree_facts_release) struct worktree_facts f = { .state = WORKTREE_NONE };
	CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
	int rc = worktree_look(w, &f, e);

	(void)g;
	return rc < 0 ? rc : worktree_cleanup(w, &f, true, NOW_MS, &out, e);
}

/* After each kill the content is there as a whole: in place, or under a name. Then it is finished.
 */
static void killed_while_removing(void **state)
{
	struct git_world *g = *state;
	unsigned killed = 0;

	world_does(g, MAKE_REPO);
	for (int step = 0; step < WORKTREE_STEP_COUNT; step++) {
		CLEANUP(mem_free) char *path = prepare(g, "r", "t");
		CLEANUP(worktree_cleaned_release) struct worktree_cleaned out = { .kept = NULL };
		struct err e = ERR_INIT;

		world_does_in(g, path,
			      "cd \"$W\"; git commit -q --allow-empty -m \"$$\"; "
			      "git rev-parse HEAD >~/tip; " MESS "; rm -rf ~/copy; " COPY);
		if (killed_at(g, "t", work_clean, (enum worktree_step)step)) {
			killed++;
			world_does_in(g, path,
				      "if test -d \"$W\"; then rm -rf now; cp -a \"$W\" now; rm "
				      "now/.git; "
				      "diff -r --no-dereference copy now; else git -C r config "
				      "core.autocrlf "
				      "false; " COMPARE
				      "; git -C r merge-base --is-ancestor $(cat tip) $K; "
				      "fi");
			world_does(g, "rm -f r/.git/fast_import_crash_*");
		}
		if (clean(g, true, &out, &e) < 0)
			fail_msg("after step %d: %s", step, e.text);
		world_does(g, "git -C r config core.autocrlf false");
		world_does_in(g, path,
			      COMPARE "; git -C r merge-base --is-ancestor $(cat tip) $K; "
				      "test $(git -C r worktree list | wc -l) = 1; "
				      "! git -C r show-ref -q refs/heads/sk/t; "
				      "for k in $(git -C r for-each-ref --format='%(refname)' "
				      "refs/sk/kept); do git -C r update-ref -d $k; done; "
				      "test -z \"$(ls .copilot/session-state/worktrees/*/)\"");
	}
	assert_int_equal(killed, 8);
}

/* What appears at the path while the rest is aside is new, and somebody else's. */
static void something_is_there_again(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);
	struct worktree_prepared made;
	struct err e = ERR_INIT;

	world_does_in(g, path, "echo x >\"$W/x\"");
	assert_true(killed_at(g, "t", work_clean, WORKTREE_STEP_FORGET));
	world_does_in(g, path, "test ! -e \"$W\"; mkdir \"$W\"; echo new >\"$W/new\"");
	refuses(g, true, -SK_EREFUSED, "is there again although it was being removed");
	assert_int_equal(try_prepare(g, "r", "t", &made, &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "Try: sk tentacle worktree t cleanup"));
	world_does_in(g, path, "test -e \"$W/new\"; rm -r \"$W\"");
	cleans(g, true, false);
}

static void what_was_never_handed_out(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	cleans(g, false, false);
	assert_false(killed_at(g, "t", work_clean, WORKTREE_STEP_KEEP));
	mem_free(&path);
	path = prepare(g, "r", "t");
	world_does_in(g, path, "sed -i s/ready/making/ \"$W/../worktree.json\"");
	cleans(g, false, false);
	world_does(g, "! git -C r show-ref -q refs/heads/sk/t");
}

static void a_folder_that_is_gone(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = begun(g);

	world_does_in(g, path, "git -C \"$W\" commit -q --allow-empty -m mine; rm -rf \"$W\"");
	cleans(g, false, false);
	world_does(
		g,
		"test \"$(git -C r log -1 --format=%s sk/t)\" = mine"); /* the only name it has */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(nothing_in_it),
		IN_A_WORLD(merged_work_is_not_kept_again),
		IN_A_WORLD(only_commits),
		IN_A_WORLD(whatever_is_in_it),
		IN_A_WORLD(staged_and_changed_again),
		IN_A_WORLD(hidden_from_status),
		IN_A_WORLD(a_merge_in_conflict),
		IN_A_WORLD(detached_and_elsewhere),
		IN_A_WORLD(no_commit_is_checked_out),
		IN_A_WORLD(ignored_files_are_listed),
		IN_A_WORLD(what_is_found),
		IN_A_WORLD(refusals),
		IN_A_WORLD(somebody_is_in_it),
		IN_A_WORLD(it_changes_meanwhile),
		IN_A_WORLD(what_differs_is_seen),
		IN_A_WORLD(killed_while_removing),
		IN_A_WORLD(something_is_there_again),
		IN_A_WORLD(what_was_never_handed_out),
		IN_A_WORLD(a_folder_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
