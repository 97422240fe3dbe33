/*
 * What holds a commit or a push back: every combination of place, life, scope and reference,
 * against the promises of docs/hooks.md in other words.
 */
#include "test.h"

#include "base/limits.h"
#include "work/guard.h"

#define NOW 1795262400123LL

#define MAIN SPAN_LIT("/repo")
#define TREE SPAN_LIT("/trees/lexer")
#define OTHER SPAN_LIT("/trees/parser")

static struct span src[] = { { "src", 3 } };

/* A list as the hooks make it: a NUL behind each. */
#define LIST(text) ((struct span){ text "\0", sizeof(text) })

static const struct {
	const char *what;
	struct marker_entry entry;
	enum marker_owner owner;
	bool asks;
	struct span branch;
	struct guard_ask ask;
	enum guard_verdict expected;
} rows[] = {
	{ "an agent without a scope, in the shared checkout",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN, .paths_known = true, .paths = LIST("README") },
	  GUARD_AT_WORK },
	{ "a path of its scope",
	  { .git_root = MAIN, .at_ms = NOW, .scope = { src, 1 } },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN,
	    .checkout = MAIN,
	    .paths_known = true,
	    .paths = LIST("README\0src/a.c") },
	  GUARD_AT_WORK },
	{ "nothing of its scope",
	  { .git_root = MAIN, .at_ms = NOW, .scope = { src, 1 } },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN,
	    .checkout = MAIN,
	    .paths_known = true,
	    .paths = LIST("README\0srcs/a.c") },
	  GUARD_OUTSIDE_SCOPE },
	{ "paths that nobody knows",
	  { .git_root = MAIN, .at_ms = NOW, .scope = { src, 1 } },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_AT_WORK },
	{ "an empty commit",
	  { .git_root = MAIN, .at_ms = NOW, .scope = { src, 1 } },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN, .paths_known = true },
	  GUARD_OUTSIDE_SCOPE },
	{ "from another worktree",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = OTHER },
	  GUARD_OTHER_PLACE },
	{ "the main checkout, while it works in a worktree of its own",
	  { .git_root = MAIN, .worktree = TREE, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_OTHER_PLACE },
	{ "in its own worktree",
	  { .git_root = MAIN, .worktree = TREE, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = TREE },
	  GUARD_OWN_PLACE },
	{ "the agent itself in the shared checkout",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  true,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_ITSELF },
	{ "whoever sent it out is not the agent",
	  { .git_root = MAIN, .at_ms = NOW, .by_dispatcher = true },
	  MARKER_OWNER_ALIVE,
	  true,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_AT_WORK },
	{ "another repository",
	  { .git_root = SPAN_LIT("/else"), .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_ELSEWHERE },
	{ "no repository at all",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = SPAN_NONE },
	  GUARD_ELSEWHERE },
	{ "an entry that names no repository is everywhere",
	  { .at_ms = NOW },
	  MARKER_OWNER_UNKNOWN,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = OTHER },
	  GUARD_AT_WORK },
	{ "its process was killed",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_DEAD,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_GONE },
	{ "old, and nobody is known to keep it",
	  { .git_root = MAIN, .at_ms = NOW - MARKER_TTL_MS - 1 },
	  MARKER_OWNER_UNKNOWN,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_GONE },
	{ "old, but its own process works",
	  { .git_root = MAIN, .at_ms = NOW - MARKER_TTL_MS - 1 },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_AT_WORK },
	{ "old, and only whoever sent it out is still there",
	  { .git_root = MAIN, .at_ms = NOW - MARKER_TTL_MS - 1, .by_dispatcher = true },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_GONE },
	{ "its time is ahead of the clock: no reason to let pass",
	  { .git_root = MAIN, .at_ms = NOW + 10 * MARKER_TTL_MS },
	  MARKER_OWNER_UNKNOWN,
	  false,
	  SPAN_NONE,
	  { .repository = MAIN, .checkout = MAIN },
	  GUARD_AT_WORK },
	{ "its branch is pushed by others",
	  { .git_root = MAIN, .worktree = TREE, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/t/lexer"),
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = MAIN,
	    .refs_known = true,
	    .refs = LIST("refs/heads/main\0refs/heads/t/lexer") },
	  GUARD_AT_WORK },
	{ "another branch is pushed",
	  { .git_root = MAIN, .worktree = TREE, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/t/lexer"),
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = MAIN,
	    .refs_known = true,
	    .refs = LIST("refs/heads/main\0refs/heads/t/lexer2\0HEAD") },
	  GUARD_OTHER_BRANCH },
	{ "what has no branch's name may be its work",
	  { .git_root = MAIN, .worktree = TREE, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/t/lexer"),
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = MAIN,
	    .refs_known = true,
	    .refs = LIST("refs/tags/v1") },
	  GUARD_AT_WORK },
	{ "HEAD of the checkout it works in",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/main"),
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = MAIN,
	    .refs_known = true,
	    .refs = LIST("HEAD") },
	  GUARD_AT_WORK },
	{ "its branch is not known",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_NONE,
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = OTHER,
	    .refs_known = true,
	    .refs = LIST("refs/heads/main") },
	  GUARD_AT_WORK },
	{ "its branch, with nothing in it of its scope",
	  { .git_root = MAIN, .at_ms = NOW, .scope = { src, 1 } },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/main"),
	  { .act = GUARD_PUSH,
	    .repository = MAIN,
	    .checkout = MAIN,
	    .refs_known = true,
	    .refs = LIST("refs/heads/main"),
	    .paths_known = true,
	    .paths = LIST("doc/a") },
	  GUARD_OUTSIDE_SCOPE },
	{ "nothing is pushed but deletions",
	  { .git_root = MAIN, .at_ms = NOW },
	  MARKER_OWNER_ALIVE,
	  false,
	  SPAN_LIT("refs/heads/main"),
	  { .act = GUARD_PUSH, .repository = MAIN, .checkout = MAIN, .refs_known = true },
	  GUARD_OTHER_BRANCH },
};

static void test_rows(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct guard_holder holder = { .entry = &rows[i].entry,
					       .ttl_ms = MARKER_TTL_MS,
					       .owner = rows[i].owner,
					       .asks = rows[i].asks,
					       .branch = rows[i].branch };
		struct guard_ask ask = rows[i].ask;
		struct span path;
		enum guard_verdict v;

		ask.now_ms = NOW;
		v = guard_judge(&holder, &ask, &path);
		if (v != rows[i].expected)
			fail_msg("%s: %s", rows[i].what, guard_verdict_word(v));
		seen |= 1u << v;
	}
	assert_int_equal(seen, (1u << GUARD_VERDICT_COUNT) - 1);
}

/* Whatever else is so: what is gone, elsewhere or the agent's own never holds back, and more
 * knowledge never makes it hold what it let through before. */
static void test_in_full(void **state)
{
	static const char *const places[] = { "/repo", "/trees/lexer", "/trees/parser", "" };
	unsigned held = 0, free = 0;

	(void)state;
	for (unsigned n = 0; n < 4 * 4 * 3 * 2 * 2 * 2 * 2 * 2 * 2; n++) {
		unsigned k = n;
		struct marker_entry t = { .at_ms = NOW };
		struct guard_holder h = { .entry = &t, .ttl_ms = MARKER_TTL_MS };
		struct guard_ask ask = { .now_ms = NOW, .repository = MAIN }, less;
		struct span path;
		enum guard_verdict v;
		bool own, gone;

		ask.checkout = span_of(places[k % 4]), k /= 4;
		t.worktree = span_of(places[k % 4]), k /= 4;
		h.owner = k % 3, k /= 3;
		t.git_root = k % 2 ? MAIN : SPAN_NONE, k /= 2;
		t.by_dispatcher = k % 2, k /= 2;
		h.asks = k % 2, k /= 2;
		ask.act = k % 2, k /= 2;
		t.scope = k % 2 ? (struct texts){ src, 1 } : (struct texts){ NULL, 0 }, k /= 2;
		ask.paths_known = k % 2;
		ask.paths = LIST("doc");
		gone = h.owner == MARKER_OWNER_DEAD;
		own = (h.asks && !t.by_dispatcher) ||
		      (t.worktree.len && span_eq(t.worktree, ask.checkout));
		v = guard_judge(&h, &ask, &path);
		if (gone || own)
			assert_false(guard_holds(v));
		less = ask;
		less.paths_known = false;
		if (guard_holds(v))
			assert_true(guard_holds(guard_judge(&h, &less, &path)));
		held += guard_holds(v);
		free += !guard_holds(v);
	}
	assert_true(held > 100);
	assert_true(free > 100);
}

/* An entry of a scope that cannot be understood makes the scope everything. */
static void test_odd_scope(void **state)
{
	struct span odd[] = { { "src", 3 }, { "../up", 5 } };
	struct marker_entry t = { .git_root = MAIN, .at_ms = NOW, .scope = { odd, 2 } };
	struct guard_holder h = { .entry = &t, .ttl_ms = MARKER_TTL_MS };
	struct guard_ask ask = { .now_ms = NOW,
				 .repository = MAIN,
				 .checkout = MAIN,
				 .paths_known = true,
				 .paths = LIST("README") };
	struct span path;

	(void)state;
	assert_int_equal(guard_judge(&h, &ask, &path), GUARD_AT_WORK);
	t.scope.count = 1;
	assert_int_equal(guard_judge(&h, &ask, &path), GUARD_OUTSIDE_SCOPE);
	ask.paths = LIST("README\0src/x");
	assert_int_equal(guard_judge(&h, &ask, &path), GUARD_AT_WORK);
	assert_true(span_is(path, "src/x"));
}

static void test_trust(void **state)
{
	static const enum guard_trust expected[MARKER_TRUST_COUNT] = {
		[MARKER_UNSIGNED] = GUARD_DOUBTED,
		[MARKER_OLD] = GUARD_DOUBTED,
		[MARKER_BROKEN] = GUARD_TAMPERED,
	};

	(void)state;
	for (unsigned i = 0; i < MARKER_TRUST_COUNT; i++)
		assert_int_equal(guard_trust((enum marker_trust)i), expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_in_full),
		cmocka_unit_test(test_odd_scope),
		cmocka_unit_test(test_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
