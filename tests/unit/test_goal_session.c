/* When a pause is taken back, over every combination of what can be known of a session. */
#include "test.h"

#include "base/limits.h"
#include "core/goal_session.h"

#define NOW 1795262400000LL

static void test_returns_in_full(void **unused)
{
	static const char *const reasons[] = { "session_end:complete", "quota:rate_limit", "lunch",
					       "" };
	static const char *const ids[] = { "", "s1", "s2" };
	unsigned back = 0;

	(void)unused;
	for (unsigned status = 0; status < GOAL_STATE_COUNT; status++)
		for (unsigned r = 0; r < 4; r++)
			for (unsigned was = 0; was < 3; was++)
				for (unsigned is = 0; is < 3; is++)
					for (unsigned bits = 0; bits < 16; bits++) {
						struct goal g = { .status = (uint8_t)status };
						struct session_facts f = {
							.session = span_of(ids[is]),
							.same_process = bits & 1,
							.agent_process = bits & 2,
							.speaks = bits & 4,
							.now_ms = NOW,
						};
						bool soon = bits & 8, expected;

						g.pause_reason = span_of(reasons[r]);
						g.paused_session = span_of(ids[was]);
						g.paused_ms =
							NOW - SESSION_GRACE_MS - (soon ? 0 : 1);
						expected =
							was == 0 && is == 0
								? f.same_process && f.agent_process
								: was == is &&
									  (f.same_process || soon);
						expected &= status == GOAL_PAUSED && r < 2 &&
							    (r == 0 || f.speaks);
						assert_int_equal(goal_session_returns(&g, &f),
								 expected);
						back += expected;
					}
	assert_true(back > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_returns_in_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
