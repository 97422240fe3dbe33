/* Git as a child: what reaches it and what does not, what its failures are called, and what it says
 * about main checkouts, linked worktrees, bare repositories and submodules. */
#include "git_world.h"

#include "git/git_name.h"
#include "git/git_repo.h"

static void one_line(struct git_world *w, const char *folder, const char *const *words,
		     const char *expected)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	CLEANUP(mem_free) char *dir = world_path(w, folder);
	struct err e = ERR_INIT;

	if (git_line(&w->git, dir, words, &line, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(line.p, expected);
}

static void neither_hooks_nor_callers_reach_it(void **state)
{
	struct git_world *w = *state;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(mem_free) char *dir = world_path(w, "r");
	struct err e = ERR_INIT;
	struct git_call call = { .dir = dir,
				 .words = GIT_WORDS("commit", "--allow-empty", "-m", "two"),
				 .writes = true };

	world_does(w,
		   "git init -q r; cd r; git commit -q --allow-empty -m one; "
		   "printf '#!/bin/sh\\ntouch \"$HOME/ran\"\\nexit 1\\n' >.git/hooks/pre-commit; "
		   "chmod +x .git/hooks/pre-commit; "
		   "git config core.fsmonitor \"$HOME/r/.git/hooks/pre-commit\"; "
		   "git config core.editor \"$HOME/r/.git/hooks/pre-commit\"; "
		   "git config core.pager \"$HOME/r/.git/hooks/pre-commit\"; "
		   "git config commit.gpgSign true");
	if (git_must(&w->git, &call, &out, &e) < 0) /* GIT_DIR=/nowhere was in our environment */
		fail_msg("%s", e.text);
	call.words = GIT_WORDS("status", "--porcelain");
	assert_int_equal(git_must(&w->git, &call, &out, &e), 0);
	call.words = GIT_WORDS("commit", "--allow-empty"); /* asks for a message */
	assert_int_equal(git_must(&w->git, &call, &out, &e), -SK_EWORK);
	one_line(w, "r", GIT_WORDS("log", "-1", "--format=%s"), "two");
	world_does(w, "test ! -e ran");
}

static void failures_have_a_sentence(void **state)
{
	struct git_world *w = *state;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct err e = ERR_INIT;
	struct git_call call = { .dir = w->root, .words = GIT_WORDS("rev-parse", "HEAD") };

	assert_int_equal(git_run(&w->git, &call, &out, &e), 128); /* any status is an answer */
	assert_int_equal(git_must(&w->git, &call, &out, &e), -SK_EWORK);
	assert_non_null(strstr(e.text, "git rev-parse: failed with status 128 (in /"));
	assert_non_null(strstr(e.text, "): fatal: not a git repository"));
	err_clear(&e);
	call = (struct git_call){ .dir = "/nonexistent", .words = GIT_WORDS("status") };
	assert_int_equal(git_run(&w->git, &call, &out, &e), -SK_EIO);
	assert_non_null(strstr(e.text, "git status: cannot be started: No such file"));
	err_clear(&e);
	world_does(w, "git init -q r");
	call = (struct git_call){ .words = GIT_WORDS("-C", w->root, "-c", "alias.wait=!sleep 1000",
						     "wait"),
				  .limit_ms = 200 };
	assert_int_equal(git_run(&w->git, &call, &out, &e), -SK_EIO);
	assert_non_null(strstr(e.text, "took longer than"));
	err_clear(&e);
	call = (struct git_call){ .words = GIT_WORDS("help", "-a"), .output_bytes_max = 10 };
	assert_int_equal(git_run(&w->git, &call, &out, &e), -SK_EIO);
	assert_non_null(strstr(e.text, "printed more than is read"));
}

static void no_git_at_all(void **state)
{
	char *const environment[] = { (char[]){ "PATH=/nonexistent" }, NULL };
	struct git g;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(git_open(&g, environment, &e), -SK_ENOTFOUND);
	assert_string_equal(e.text, "git: is not on PATH: nothing was done. Try: install git");
	git_close(&g);
}

static void repo_of(struct git_world *w, const char *folder, struct git_repo *out)
{
	CLEANUP(mem_free) char *dir = world_path(w, folder);
	struct err e = ERR_INIT;

	if (git_repo_read(&w->git, dir, out, &e) != 1)
		fail_msg("%s: %s", folder, e.text);
}

static void is_path(const struct git_world *w, const char *path, const char *expected)
{
	CLEANUP(mem_free) char *full = world_path(w, expected);

	assert_non_null(path);
	assert_string_equal(path, full);
}

static void where_everything_is(void **state)
{
	struct git_world *w = *state;
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(git_repo_read(&w->git, w->root, &r, &e), 0);
	world_does(w, "git init -q r; mkdir r/sub");
	repo_of(w, "r/sub", &r);
	is_path(w, r.top, "r");
	is_path(w, r.git_dir, "r/.git");
	is_path(w, r.common_dir, "r/.git");
	is_path(w, r.main_root, "r");
	assert_string_equal(r.branch, "main");
	assert_null(r.head);
	assert_false(r.linked);
	git_repo_release(&r);

	world_does(w, "cd r; git commit -q --allow-empty -m one; git worktree add -q -b x ../w");
	repo_of(w, "w", &r);
	is_path(w, r.top, "w");
	is_path(w, r.git_dir, "r/.git/worktrees/w");
	is_path(w, r.common_dir, "r/.git");
	is_path(w, r.main_root, "r");
	assert_string_equal(r.branch, "x");
	assert_true(git_is_oid(span_of(r.head)));
	assert_true(r.linked);
	git_repo_release(&r);

	world_does(w, "cd w; git checkout -q --detach");
	repo_of(w, "w", &r);
	assert_null(r.branch);
	assert_non_null(r.head);
}

static void bare_ones_and_submodules(void **state)
{
	struct git_world *w = *state;
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;

	world_does(w, "git init -q s; git -C s commit -q --allow-empty -m one; "
		      "git clone -q --bare s b.git; git -C b.git worktree add -q -b x ../bw; "
		      "git init -q r; cd r; git submodule add -q ../s sub; git commit -q -m sub; "
		      "git -C sub worktree add -q -b y ../../sw");
	repo_of(w, "b.git", &r);
	assert_true(r.bare);
	assert_null(r.top);
	is_path(w, r.main_root, "b.git");
	git_repo_release(&r);
	repo_of(w, "bw", &r);
	assert_true(r.linked);
	assert_false(r.bare);
	is_path(w, r.main_root, "b.git");
	git_repo_release(&r);
	repo_of(w, "r/sub", &r);
	assert_false(r.linked);
	is_path(w, r.main_root, "r/sub");
	git_repo_release(&r);
	repo_of(w, "sw", &r);
	assert_true(r.linked);
	is_path(w, r.common_dir, "r/.git/modules/sub");
}

static void branch_names(void **state)
{
	static const char *const good[] = {
		"a",   "sk/build", "feature/x.y-z_1", "\xc3\xa9t\xc3\xa9",
		"a@b", "a.b",      "x/HEAD",          "locked"
	};
	static const char *const bad[] = { "--upload-pack=x",
					   "a..b",
					   "@{u}",
					   "refs/heads/../..",
					   "a b",
					   "",
					   "-",
					   "/a",
					   "a/",
					   "a//b",
					   ".a",
					   "a/.b",
					   "a.lock",
					   "a.lock/b",
					   "a.",
					   "a~1",
					   "a^",
					   "a:b",
					   "a?",
					   "a*",
					   "a[",
					   "a\\b",
					   "a\tb",
					   "a\x7f",
					   "@",
					   "HEAD",
					   "refs/heads/a",
					   "\x1b[31m" };
	struct git_world *w = *state;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct git_call call = {
			.dir = w->root, .words = GIT_WORDS("check-ref-format", "--branch", good[i])
		};

		if (git_branch_problem(span_of(good[i])))
			fail_msg("'%s' %s", good[i], git_branch_problem(span_of(good[i])));
		assert_int_equal(git_must(&w->git, &call, &out, &e), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (!git_branch_problem(span_of(bad[i])))
			fail_msg("'%s' passed", bad[i]);
	for (size_t i = 0; i < 201; i++)
		buf_putc(&text, 'x');
	assert_non_null(git_branch_problem((struct span){ text.p, text.len }));
	assert_null(git_branch_problem((struct span){ text.p, 200 }));
	assert_int_equal(git_branch_check(SPAN_LIT("--upload-pack=x"), &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "\"--upload-pack=x\" is not a valid branch name"));
}

/* Ours is never milder than git's, whatever the bytes. */
static void every_short_name(void **state)
{
	static const char letters[] = "a.@{/-~ :\\*[lock";
	struct git_world *w = *state;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct err e = ERR_INIT;
	uint64_t seed = 5;

	for (unsigned i = 0; i < test_rounds(150, 3000); i++) {
		char name[12];
		size_t len = 1 + test_below(&seed, 6);
		struct git_call call = { .dir = w->root,
					 .words = GIT_WORDS("check-ref-format", "--branch", name) };

		for (size_t k = 0; k < len; k++)
			name[k] = letters[test_below(&seed, sizeof(letters) - 1)];
		name[len] = '\0';
		if (!git_branch_problem(span_of(name)) && git_run(&w->git, &call, &out, &e) != 0)
			fail_msg("git refuses '%s'", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(neither_hooks_nor_callers_reach_it),
		IN_A_WORLD(failures_have_a_sentence),
		cmocka_unit_test(no_git_at_all),
		IN_A_WORLD(where_everything_is),
		IN_A_WORLD(bare_ones_and_submodules),
		IN_A_WORLD(branch_names),
		IN_A_WORLD(every_short_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
