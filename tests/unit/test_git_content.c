/* The digest of what the files are: who staged or committed them does not matter, every byte does.
 */
#include "git_world.h"

#include "git/git_content.h"

static void hash_in(struct git_world *w, char out[GIT_CONTENT_BYTES_MAX])
{
	CLEANUP(mem_free) char *dir = world_path(w, "r");
	struct err e = ERR_INIT;

	if (git_content_hash(&w->git, dir, out, &e) < 0)
		fail_msg("%s", e.text);
}

static void begin(struct git_world *w)
{
	world_does(w, "git init -q r; cd r; echo a >a; echo b >b; ln -s a l; printf 'ig\\n' "
		      ">.gitignore; git add .; git commit -q -m one");
}

/* Each step leaves other files than before; storing them leaves the same. */
static void storing_changes_nothing(void **state)
{
	static const char *const steps[] = {
		"echo c >>a",
		"echo new >new",
		"mkdir f && echo deep >f/deep",
		"chmod +x new",
		"ln -sfn b l",
		"ln -s new m",
		"rm b",
		"git mv a z",
		"printf 'x' >\"two words\"",
		"echo staged >s && git add s && echo later >s",
	};
	struct git_world *w = *state;
	char before[GIT_CONTENT_BYTES_MAX] = "", made[GIT_CONTENT_BYTES_MAX];
	char now[GIT_CONTENT_BYTES_MAX];

	begin(w);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		CLEANUP(buf_release) struct buf step = BUF_INIT;

		hash_in(w, before);
		buf_putf(&step, "cd r; %s", steps[i]);
		world_does(w, step.p);
		hash_in(w, made);
		if (strcmp(before, made) == 0)
			fail_msg("'%s' was not seen", steps[i]);
		world_does(w, "cd r; git add -A");
		hash_in(w, now);
		assert_string_equal(now, made);
		world_does(w, "cd r; git commit -q -m step; git commit -q --allow-empty -m no");
		hash_in(w, now);
		assert_string_equal(now, made);
	}
}

/* What does not count: times, ignored files, our own folders, another branch with the same files.
 */
static void what_does_not_count(void **state)
{
	struct git_world *w = *state;
	char before[GIT_CONTENT_BYTES_MAX], now[GIT_CONTENT_BYTES_MAX];

	begin(w);
	hash_in(w, before);
	world_does(w,
		   "cd r; touch -d 2001-01-01 a; echo x >ig; mkdir -p .octogent .state; echo x "
		   ">.octogent/x; echo x >.state/x; git add -f .octogent/x; git commit -q -m ours; "
		   "git checkout -q -b other");
	hash_in(w, now);
	assert_string_equal(now, before);
	world_does(w, "cd r; echo c >>a; git add a; git checkout -q HEAD -- a");
	hash_in(w, now);
	assert_string_equal(now, before);
}

/* Two files that changed their contents with each other are another tree. */
static void a_sum_is_no_set(void **state)
{
	struct git_world *w = *state;
	char before[GIT_CONTENT_BYTES_MAX], now[GIT_CONTENT_BYTES_MAX];

	begin(w);
	hash_in(w, before);
	world_does(w, "cd r; mv a t; mv b a; mv t b");
	hash_in(w, now);
	assert_string_not_equal(now, before);
}

static void nothing_is_written(void **state)
{
	struct git_world *w = *state;
	char hash[GIT_CONTENT_BYTES_MAX];

	begin(w);
	world_does(w, "cd r; echo c >>a; echo new >new; touch .git/index.lock; "
		      "find . -type f -exec cksum {} + | sort >../before");
	hash_in(w, hash);
	world_does(
		w,
		"cd r; find . -type f -exec cksum {} + | sort >../after; cmp ../before ../after");
}

static void where_there_is_none(void **state)
{
	struct git_world *w = *state;
	char hash[GIT_CONTENT_BYTES_MAX], other[GIT_CONTENT_BYTES_MAX];

	world_does(w, "mkdir r");
	hash_in(w, hash);
	assert_string_equal(hash, "none");
	world_does(w, "git init -q r");
	hash_in(w, hash);
	assert_string_equal(hash, "none");
	world_does(w, "echo a >r/a");
	hash_in(w, hash);
	world_does(w, "git -C r add a; git -C r commit -q -m one");
	hash_in(w, other);
	assert_string_equal(hash, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(storing_changes_nothing, world_open, world_close),
		cmocka_unit_test_setup_teardown(what_does_not_count, world_open, world_close),
		cmocka_unit_test_setup_teardown(a_sum_is_no_set, world_open, world_close),
		cmocka_unit_test_setup_teardown(nothing_is_written, world_open, world_close),
		cmocka_unit_test_setup_teardown(where_there_is_none, world_open, world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
