/* What may be removed, decided from facts alone. */
#include "test.h"

#include "git/worktree_clean.h"

/* The decision alone: for every combination of facts. */
static void every_combination(void **state)
{
	unsigned removals = 0;

	(void)state;
	for (unsigned i = 0; i < 1u << 18; i++) {
		struct worktree_facts f = { .flags = i & 0x1fff,
					    .problem = "x",
					    .state = (enum worktree_state)((i >> 13 & 3) % 3),
					    .untracked = i >> 15 & 1,
					    .only_here = i >> 16 & 1,
					    .user_pid = i >> 17 & 1 };
		struct worktree_verdict v;
		const unsigned never =
			WT_LOCKED | WT_SUBMODULES | WT_NESTED | WT_OPERATION | WT_TOO_LARGE;

		worktree_decide(&f, &v);
		assert_true((v.action == CLEAN_REFUSED) == (v.why != NULL));
		if (f.state == WORKTREE_NONE)
			assert_true(v.action == CLEAN_NOTHING || v.action == CLEAN_REFUSED);
		if (v.action != CLEAN_REMOVE)
			continue;
		removals++;
		assert_true((f.flags & (WT_THERE | WT_OURS)) == (WT_THERE | WT_OURS));
		assert_false(f.flags & never);
		assert_int_equal(f.user_pid, 0);
		assert_true(v.keep == (f.untracked || f.only_here || (f.flags & WT_MERGING)));
		assert_true(!v.keep || v.confirm);
	}
	assert_true(removals > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
