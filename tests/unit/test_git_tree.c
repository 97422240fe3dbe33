/* The state of a working tree: a digest that changes with every byte and with nothing else, and the
 * list of files that differ. */
#include "git_world.h"

#include "git/git_name.h"
#include "git/git_status.h"
#include "git/git_tree.h"

static void hash_in(struct git_world *w, const char *folder, char out[GIT_TREE_HASH_BYTES_MAX])
{
	CLEANUP(mem_free) char *dir = world_path(w, folder);
	struct err e = ERR_INIT;

	if (git_tree_hash(&w->git, dir, out, &e) < 0)
		fail_msg("%s: %s", folder, e.text);
}

static void no_repository(void **state)
{
	struct git_world *w = *state;
	char hash[GIT_TREE_HASH_BYTES_MAX];

	hash_in(w, ".", hash);
	assert_string_equal(hash, "none");
	world_does(w, "git init -q r");
	hash_in(w, "r", hash);
	assert_string_equal(hash, "unborn");
	world_does(w, "echo a >r/a");
	hash_in(w, "r", hash);
	assert_int_equal(strncmp(hash, "unborn+", 7), 0);
}

/* Each line changes something, so each has a digest that none had before. */
static void every_change_is_seen(void **state)
{
	static const char *const steps[] = {
		"echo b >>r/a",
		"echo c >>r/a",
		"git -C r add a",
		"echo d >>r/a",
		"echo new >r/new",
		"echo neu >r/new", /* as long as before */
		"chmod +x r/new",
		"mkdir r/f && mv r/new r/f/new",
		"ln -s x r/l",
		"ln -sfn y r/l",
		"rm r/a",
		"git -C r rm -q --cached b",
		"printf '\\303\\251' >\"r/n\nl\"",
		"rm \"r/n\nl\" && printf '\\303\\252' >\"r/n\nl\"",
		"git -C r add -A && git -C r commit -q -m two",
	};
	struct git_world *w = *state;
	char seen[ARRAY_LEN(steps) + 1][GIT_TREE_HASH_BYTES_MAX], again[GIT_TREE_HASH_BYTES_MAX];

	world_does(w, "git init -q r; cd r; echo a >a; echo b >b; printf 'ig\\n' >.gitignore; "
		      "git add .; git commit -q -m one");
	hash_in(w, "r", seen[0]);
	assert_true(git_is_oid(span_of(seen[0])));
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		world_does(w, steps[i]);
		hash_in(w, "r", seen[i + 1]);
		for (size_t k = 0; k <= i; k++)
			if (strcmp(seen[k], seen[i + 1]) == 0)
				fail_msg("'%s' was not seen", steps[i]);
		/* What does not count: times, ignored files, our own folders, a look at it. */
		world_does(w, "cd r; find . -path ./.git -prune -o -type f -exec touch {} +; "
			      "echo $$ >ig; mkdir -p .octogent .state; echo $$ >.octogent/x; "
			      "echo $$ >.state/x");
		hash_in(w, i % 2 ? "r" : "r/.octogent", again);
		assert_string_equal(again, seen[i + 1]);
	}
	assert_true(git_is_oid(span_of(seen[ARRAY_LEN(steps)])));
}

/* Looking takes no lock and writes nothing. */
static void nothing_is_written(void **state)
{
	struct git_world *w = *state;
	char hash[GIT_TREE_HASH_BYTES_MAX];

	world_does(w, "git init -q r; cd r; echo a >a; git add .; git commit -q -m one; "
		      "touch -d '2001-01-01' a; touch .git/index.lock; "
		      "find . -type f -exec cksum {} + | sort >../before");
	hash_in(w, "r", hash);
	assert_true(git_is_oid(span_of(hash)));
	world_does(
		w,
		"cd r; find . -type f -exec cksum {} + | sort >../after; cmp ../before ../after");
}

/* What changed, one name a line. */
static void changed(struct git_world *w, const char *folder, const char *base, const char *expected)
{
	CLEANUP(git_changes_release) struct git_changes c = GIT_CHANGES_INIT;
	CLEANUP(mem_free) char *dir = world_path(w, folder);
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	struct span name;
	size_t at = 0;

	if (git_changes_read(&w->git, dir, base, NULL, &c, &e) < 0)
		fail_msg("%s", e.text);
	buf_puts(&text, "");
	while ((name = git_changes_next(&c, &at)).len)
		buf_putf(&text, "%.*s ", SPAN_ARG(name));
	assert_string_equal(text.p, expected);
}

static void what_others_did_is_not_ours(void **state)
{
	static const char *const others[] = { "main", "refs/heads/other", "nobody", NULL };
	struct git_world *w = *state;
	CLEANUP(git_changes_release) struct git_changes c = GIT_CHANGES_INIT;
	CLEANUP(mem_free) char *dir = world_path(w, "w");
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	struct span name;
	size_t at = 0;

	/* ours: a, back (taken back), both (settled); main's: m; of another branch: o; not
	   committed: new. */
	world_does(
		w,
		"git init -q r; cd r; for f in a m o both back; do echo $f >$f; done; git add .; "
		"git commit -q -m one; git branch base; git worktree add -q -b sk/t ../w; "
		"git worktree add -q -b other ../v; cd ../v; echo x >>o; git commit -q -a -m o; "
		"cd ../w; echo x >>a; echo x >>back; echo w >>both; git commit -q -a -m ours; "
		"git checkout -q base back; git commit -q -a -m back; "
		"cd ../r; echo x >>m; echo r >>both; git commit -q -a -m main; cd ../w; "
		"git merge -q -m merged other; git merge -q main || true; echo settled >both; "
		"git commit -q -a -m settled; echo new >new");
	if (git_changes_read(&w->git, dir, "base", others, &c, &e) < 0)
		fail_msg("%s", e.text);
	buf_puts(&text, "");
	while ((name = git_changes_next(&c, &at)).len)
		buf_putf(&text, "%.*s ", SPAN_ARG(name));
	assert_string_equal(text.p, "a both new ");
	/* Of nobody in particular: what merges brought is not ours all the same. */
	git_changes_release(&c);
	buf_truncate(&text, 0);
	at = 0;
	if (git_changes_read(&w->git, dir, "base", others + 3, &c, &e) < 0)
		fail_msg("%s", e.text);
	while ((name = git_changes_next(&c, &at)).len)
		buf_putf(&text, "%.*s ", SPAN_ARG(name));
	assert_string_equal(text.p, "a both new ");
}

static void files_that_differ(void **state)
{
	struct git_world *w = *state;
	CLEANUP(mem_free) char *dir = world_path(w, "w");
	struct git_changes c = GIT_CHANGES_INIT;
	struct err e = ERR_INIT;

	world_does(w, "git init -q r; cd r; for f in a b c d e; do echo $f >$f; done; git add .; "
		      "git commit -q -m one; git worktree add -q -b sk/t ../w; cd ../w; "
		      "git mv a a2; git commit -q -m two; git mv b b2; echo x >>c; rm d; "
		      "mkdir f; echo x >f/x; echo x >ig; echo ig >.git-ignored; "
		      "git config core.excludesFile \"$HOME/w/.git-ignored\"");
	changed(w, "w", "main", ".git-ignored a a2 b b2 c d f/x ");
	changed(w, "w", NULL, ".git-ignored b b2 c d f/x ");
	/* main goes on, and its change comes in by a merge: it is not ours. */
	world_does(w, "cd r; echo y >>e; git commit -q -a -m main; cd ../w; git add .; "
		      "git commit -q -m three; git merge -q -m merged main");
	changed(w, "w", "main", ".git-ignored a a2 b b2 c d f/x ");
	assert_int_equal(git_changes_read(&w->git, dir, "nope", NULL, &c, &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "\"nope\" is no commit here"));
	err_clear(&e);
	assert_int_equal(git_changes_read(&w->git, dir, "--help", NULL, &c, &e), -SK_EUSAGE);
	err_clear(&e);
	world_does(w, "cd w; git checkout -q --orphan other; git commit -q -m alone");
	assert_int_equal(git_changes_read(&w->git, dir, "main", NULL, &c, &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "no commit in common"));
}

static void outside_of_a_scope(void **state)
{
	struct git_world *w = *state;
	CLEANUP(git_changes_release) struct git_changes c = GIT_CHANGES_INIT;
	CLEANUP(git_changes_release) struct git_changes outside = GIT_CHANGES_INIT;
	CLEANUP(mem_free) char *dir = world_path(w, "r");
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;
	struct err e = ERR_INIT;
	struct span wrong;
	size_t at = 0;

	world_does(w, "git init -q r; cd r; mkdir src docs; echo x >src/a.c; git add .; "
		      "git commit -q -m one; git mv src/a.c docs/a.c; echo x >src/b.c; "
		      "git init -q inner; git -C inner commit -q --allow-empty -m x");
	assert_null(scope_add_list(&scope, SPAN_LIT("src/*.c"), &wrong));
	assert_int_equal(git_changes_read(&w->git, dir, NULL, NULL, &c, &e), 0);
	assert_int_equal(c.count, 4);
	git_changes_outside(&c, &scope, &outside);
	assert_int_equal(outside.count, 2);
	assert_true(span_is(git_changes_next(&outside, &at), "docs/a.c"));
	assert_true(span_is(git_changes_next(&outside, &at), "inner/"));
}

static void status_says(const char *text, size_t len, int expected)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	CLEANUP(buf_release) struct buf raw = BUF_INIT;

	buf_put(&raw, text, len);
	assert_int_equal(git_status_decode(&raw, &s), expected);
}

#define SAYS(text, expected) status_says(text "\0", sizeof(text), expected)

static void status_that_is_none(void **state)
{
	(void)state;
	status_says("", 0, 0);
	SAYS("? a", 0);
	SAYS("# something.new with words", 0);
	SAYS("# branch.ab +1 -2", 0);
	SAYS("1 .M N... 100644 100644 100644 a b a file", 0);
	status_says("? a", 3, -EINVAL); /* no end */
	SAYS("? ", -EINVAL);
	SAYS("x a", -EINVAL);
	SAYS("2 R. N... 100644 100644 100644 a b R100 new\0old", -EINVAL);
	SAYS("1 .M N... 100644 100644 100644 a b", -EINVAL);
	SAYS("1 M N... 100644 100644 100644 a b a file", -EINVAL);
	SAYS("# branch.ab +1", -EINVAL);
	SAYS("# branch.ab +x -y", -EINVAL);
	SAYS("? a\0# branch.oid x", -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(no_repository),
		IN_A_WORLD(every_change_is_seen),
		IN_A_WORLD(nothing_is_written),
		IN_A_WORLD(files_that_differ),
		IN_A_WORLD(what_others_did_is_not_ours),
		IN_A_WORLD(outside_of_a_scope),
		cmocka_unit_test(status_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
