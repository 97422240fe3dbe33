/* Making a tentacle's worktree: once, by many at a time, killed at every step, and never over
 * something that belongs to somebody. */
#include "worktree_world.h"

#include "base/limits.h"
#include "git/worktree_cage.h"

#define MAKE_REPO                                                                                 \
	"git init -q r; cd r; echo a >a; mkdir d; echo b >d/b; git add .; git commit -q -m one; " \
	"git commit -q --allow-empty -m two"

static void made_and_found_again(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;
	CLEANUP(mem_free) char *again = NULL;
	struct worktree_prepared out;
	struct err e = ERR_INIT;

	world_does(g, MAKE_REPO);
	assert_int_equal(try_prepare(g, "r", "build", &out, &e), 0);
	assert_false(out.reused);
	assert_false(out.branch_reused);
	path = prepare(g, "r", "build");
	assert_non_null(strstr(path, "/.copilot/session-state/worktrees/r-"));
	assert_non_null(strstr(path, "/build/repo"));
	world_does_in(
		g, path,
		"test \"$(git -C \"$W\" symbolic-ref HEAD)\" = refs/heads/sk/build; "
		"test \"$(git -C \"$W\" rev-parse HEAD)\" = \"$(git -C r rev-parse main)\"; "
		"test -z \"$(git -C \"$W\" status --porcelain)\"; test \"$(cat \"$W/d/b\")\" = b; "
		"grep -q '\"state\":\"ready\"' \"$W/../worktree.json\"; "
		"test \"$(stat -c %a \"$W/..\")\" = 700; "
		"echo work >\"$W/a\"");
	assert_int_equal(try_prepare(g, "r/d", "build", &out, &e), 0);
	assert_true(out.reused);
	world_does_in(g, path, "test \"$(cat \"$W/a\")\" = work");
	/* From inside of it the same one is found. */
	world_does_in(g, path, "ln -s \"$W\" here");
	again = prepare(g, "here", "build");
	assert_string_equal(again, path);
}

static void repositories_of_one_name_are_apart(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *first = NULL;
	CLEANUP(mem_free) char *second = NULL;

	world_does(g, "mkdir x; cd x; " MAKE_REPO);
	world_does(g, MAKE_REPO);
	first = prepare(g, "r", "t");
	second = prepare(g, "x/r", "t");
	assert_string_not_equal(first, second);
}

static void refused(struct git_world *g, const char *folder, const char *name, int code,
		    const char *says)
{
	struct worktree_prepared out;
	struct err e = ERR_INIT;

	assert_int_equal(try_prepare(g, folder, name, &out, &e), code);
	if (!strstr(e.text, says))
		fail_msg("%s", e.text);
}

static void refusals(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;

	world_does(g, "mkdir plain; git init -q empty");
	refused(g, "plain", "t", -SK_EREFUSED, "there is no git repository here");
	refused(g, "empty", "t", -SK_EREFUSED, "has no commit yet");
	world_does(g, MAKE_REPO);
	refused(g, "r", "../t", -SK_EUSAGE, "tentacle \"../t\": the name");
	refused(g, "r", "--force", -SK_EUSAGE, "tentacle \"--force\": the name");
	path = prepare(g, "r", "t");
	world_does_in(g, path, "rm \"$W/../worktree.json\"; echo mine >\"$W/mine\"");
	refused(g, "r", "t", -SK_EREFUSED, "is there already and was not made by us");
	world_does_in(g, path, "test -e \"$W/mine\"; mkdir -p \"$W/../../u/repo\"");
	refused(g, "r", "u", -SK_EREFUSED, "is there already and was not made by us");
	world_does(g, "git -C r branch sk/v; git -C r worktree add -q ../v sk/v");
	refused(g, "r", "v", -SK_EWORK, "already checked out at");
	world_does_in(g, path, "echo x >\"$W/../worktree.json\"");
	refused(g, "r", "t", -SK_ECORRUPT, "its record cannot be read");
}

static void one_that_is_not_sound_any_more(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;
	CLEANUP(mem_free) char *other = NULL;

	world_does(g, MAKE_REPO);
	path = prepare(g, "r", "t");
	world_does_in(g, path, "mv \"$W/.git\" gitfile");
	refused(g, "r", "t", -SK_EREFUSED, "is no linked worktree");
	world_does_in(g, path, "git init -q \"$W\"");
	refused(g, "r", "t", -SK_EREFUSED, "is no linked worktree");
	world_does_in(g, path,
		      "rm -rf \"$W/.git\"; cp gitfile \"$W/.git\"; "
		      "mv r/.git/worktrees/repo away");
	refused(g, "r", "t", -SK_EREFUSED, "is not known to git any more");
	world_does_in(g, path, "mv away r/.git/worktrees/repo; mv \"$W\" elsewhere; touch \"$W\"");
	refused(g, "r", "t", -SK_EREFUSED, "is no folder");
	world_does_in(g, path, "rm \"$W\"; ln -s elsewhere \"$W\"");
	refused(g, "r", "t", -SK_EREFUSED, "is no folder");
	world_does_in(g, path, "rm \"$W\"; mv elsewhere \"$W\"");
	other = prepare(g, "r", "u");
	world_does_in(g, path, "cp \"$W/../../u/repo/.git\" \"$W/.git\"");
	refused(g, "r", "t", -SK_EREFUSED, "is not the one that git knows");
}

/* Somebody removed the folder: what was committed is there again. */
static void a_removed_folder_is_made_again(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;
	struct worktree_prepared out;
	struct err e = ERR_INIT;

	world_does(g, MAKE_REPO);
	path = prepare(g, "r", "t");
	world_does_in(g, path,
		      "cd \"$W\"; echo x >x; git add x; git commit -q -m three; "
		      "git -C ~/r commit -q --allow-empty -m main; rm -rf \"$W\"");
	assert_int_equal(try_prepare(g, "r", "t", &out, &e), 0);
	assert_true(out.branch_reused);
	world_does_in(g, path,
		      "test \"$(cat \"$W/x\")\" = x; git -C r fsck --strict; "
		      "test $(git -C r worktree list | wc -l) = 2; "
		      "grep -q \"\\\"base\\\":\\\"$(git -C r rev-parse main~1)\" "
		      "\"$W/../worktree.json\"");
}

static int work_prepare(struct git_world *g, struct worktree *w, struct err *e)
{
	CLEANUP(mem_free) char *dir = world_path(g, "r");
	struct worktree_prepared out;

	return worktree_prepare(w, dir, NULL, NOW_MS, &out, e);
}

static void killed_while_making(void **state)
{
	struct git_world *g = *state;
	unsigned killed = 0;

	world_does(g, MAKE_REPO);
	for (int step = 0; step < WORKTREE_STEP_COUNT; step++) {
		CLEANUP(mem_free) char *path = NULL;
		char name[8];

		snprintf(name, sizeof(name), "t%d", step);
		if (!killed_at(g, name, work_prepare, (enum worktree_step)step))
			continue;
		killed++;
		world_does(g, "git -C r commit -q --allow-empty -m later");
		path = prepare(g, "r", name);
		world_does_in(
			g, path,
			"test -z \"$(git -C \"$W\" status --porcelain)\"; test -e \"$W/d/b\"; "
			"grep -q '\"state\":\"ready\"' \"$W/../worktree.json\"; "
			"test \"$(git -C \"$W\" rev-parse HEAD)\" = \"$(git -C r rev-parse "
			"main)\"; "
			"grep -q \"$(git -C \"$W\" rev-parse HEAD)\" \"$W/../worktree.json\"");
	}
	assert_int_equal(killed, 4);
}

/* git itself is killed in the middle of it: a smudge filter is where it can be caught. */
static void git_is_killed_while_it_checks_out(void **state)
{
	struct git_world *g = *state;
	CLEANUP(mem_free) char *path = NULL;
	struct worktree_prepared out;
	struct err e = ERR_INIT;

	world_does(g, MAKE_REPO "; echo 'd/b filter=trap' >.gitattributes; git add .; "
				"git commit -q -m three; "
				"git config filter.trap.smudge 'cat; test -e ~/spring || exit; "
				"p=$PPID; g=$(ps -o ppid= -p $p); kill -9 $g $p'");
	world_does(g, "touch spring");
	assert_true(try_prepare(g, "r", "t", &out, &e) < 0);
	world_does(g, "rm spring; test $(git -C r worktree list | wc -l) = 2");
	path = prepare(g, "r", "t");
	world_does_in(g, path,
		      "test -z \"$(git -C \"$W\" status --porcelain)\"; test -e \"$W/d/b\"; "
		      "test $(git -C r worktree list | wc -l) = 2; "
		      "test $(ls r/.git/worktrees | wc -l) = 1");
}

static void many_at_once(void **state)
{
	enum { MANY = 6 };
	struct git_world *g = *state;
	pid_t pids[MANY];
	int status;

	world_does(g, MAKE_REPO);
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct worktree_prepared out;
			struct err e = ERR_INIT;
			char name[8];

			snprintf(name, sizeof(name), "t%d", i / 2); /* two want the same one */
			if (try_prepare(g, "r", name, &out, &e) < 0)
				fprintf(stderr, "%s\n", e.text);
			_exit(e.code ? 1 : out.reused ? 2 : 0);
		}
	}
	for (int i = 0, made = 0; i < MANY; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		made += WEXITSTATUS(status) == 0;
		if (i == MANY - 1)
			assert_int_equal(made, MANY / 2);
	}
	world_does(g, "git -C r fsck --strict; test $(git -C r worktree list | wc -l) = 4");
}

static void the_lock_names_its_holder(void **state)
{
	struct git_world *g = *state;
	CLEANUP(worktree_close) struct worktree first = WORKTREE_INIT;
	CLEANUP(worktree_close) struct worktree second = WORKTREE_INIT;
	CLEANUP(mem_free) char *dir = world_path(g, "r");
	CLEANUP(mem_free) char *copilot = world_path(g, ".copilot");
	struct err e = ERR_INIT;
	char expected[64];

	world_does(g, MAKE_REPO);
	open_it(g, "r", "a", true, &first);
	assert_int_equal(worktree_open(&second, &g->git, dir, copilot, "b", true, &e), 0);
	second.patience_ms = 1;
	assert_int_equal(worktree_lock(&second, "test", &e), -SK_EBUSY);
	snprintf(expected, sizeof(expected), "pid %d (test) is at work on them", (int)getpid());
	assert_non_null(strstr(e.text, expected));
}

/* The exit status of a script that runs in the cage, in the worktree. */
static int in_cage(struct git_world *g, const struct worktree *w, const struct landlock *cage,
		   const char *script)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-ec" }, (char *)(uintptr_t)script,
			       NULL };
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	const struct capture c = { .path = "/bin/sh",
				   .argv = argv,
				   .envp = g->env,
				   .cwd = w->path,
				   .output_bytes_max = 1 << 20,
				   .limit_ms = 60000,
				   .cage_fd = cage->fd };

	assert_int_equal(capture_run(&c, &out), 0);
	return out.exit;
}

static void an_agent_in_its_cage(void **state)
{
	static const char *const work[] = {
		"echo x >x; git add x; git commit -q -m mine",
		"git commit -q --amend -m 'mine again'",
		"git mv x y; git reset -q --hard; git checkout -q --detach; git checkout -q sk/t",
		"git commit -q --allow-empty -m more; git rebase -q HEAD~1",
	};
	static const char *const harm[] = {
		"git config core.hooksPath /tmp",
		"echo x >\"$(git rev-parse --git-common-dir)/hooks/pre-commit\"",
		"git update-ref refs/heads/main HEAD",
		"git branch other",
		"git -c core.logAllRefUpdates=false branch without-a-log",
		"git update-ref -d refs/heads/main",
		"echo x >\"$HOME/r/a\"",
		"echo x >\"$HOME/new\"",
		"rm -rf ../worktree.json; test ! -e ../worktree.json",
	};
	struct git_world *g = *state;
	CLEANUP(worktree_close) struct worktree w = WORKTREE_INIT;
	CLEANUP(landlock_close) struct landlock cage = LANDLOCK_INIT;
	const struct landlock none = LANDLOCK_INIT;
	CLEANUP(mem_free) char *path = NULL;
	struct err e = ERR_INIT;

	world_does(g, MAKE_REPO "; git pack-refs --all");
	path = prepare(g, "r", "t");
	world_does(g, "git -C r pack-refs --all"); /* so that the folder of our branches is gone */
	open_it(g, "r", "t", false, &w);
	if (landlock_open(&cage) == -ENOSYS) {
		print_message("# skipped: the kernel has no cage\n");
		skip();
	}
	if (worktree_cage(&w, &cage, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_LEN(work); i++)
		if (in_cage(g, &w, &cage, work[i]) != 0)
			fail_msg("was refused: %s", work[i]);
	for (size_t i = 0; i < ARRAY_LEN(harm); i++)
		if (in_cage(g, &w, &cage, harm[i]) == 0)
			fail_msg("was allowed: %s", harm[i]);
	world_does_in(g, path,
		      "git -C r log -1 --format=%s sk/t | grep -q more; git -C r fsck --strict; "
		      "test \"$(cat r/a)\" = a");
	for (size_t i = 0; i < ARRAY_LEN(harm); i++) /* and it was the cage that refused */
		if (in_cage(g, &w, &none, harm[i]) != 0)
			fail_msg("cannot be done at all: %s", harm[i]);
	world_does_in(g, path, "mv \"$W\" away");
	assert_int_equal(worktree_cage(&w, &cage, &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "is gone"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(made_and_found_again),
		IN_A_WORLD(repositories_of_one_name_are_apart),
		IN_A_WORLD(refusals),
		IN_A_WORLD(one_that_is_not_sound_any_more),
		IN_A_WORLD(a_removed_folder_is_made_again),
		IN_A_WORLD(killed_while_making),
		IN_A_WORLD(git_is_killed_while_it_checks_out),
		IN_A_WORLD(many_at_once),
		IN_A_WORLD(the_lock_names_its_holder),
		IN_A_WORLD(an_agent_in_its_cage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
