/*
 * The policy in numbers: every attempt at both ends of chance, the service's own time, and each
 * reason to stop.
 */
#include "test.h"

#include "core/quota_backoff.h"

#define NOW 1795262400000LL

static const struct quota_verdict rate = { .kind = QUOTA_RATE_LIMIT, .retryable = true };

static struct quota_due due_of(const struct quota_backoff *p, const struct quota_verdict *v,
			       unsigned attempt, int64_t waited_ms, uint32_t chance)
{
	struct quota_due due;

	quota_due(p, v, attempt, NOW - waited_ms, NOW, chance, &due);
	return due;
}

static void test_grows(void **unused)
{
	static const int64_t pauses[] = { 1000, 1600, 2560, 4096 };
	struct quota_backoff endless = quota_backoff_request;

	(void)unused;
	for (unsigned i = 0; i < ARRAY_LEN(pauses); i++) {
		struct quota_due low = due_of(&quota_backoff_request, &rate, i + 1, 0, 0);
		struct quota_due high = due_of(&quota_backoff_request, &rate, i + 1, 0, UINT32_MAX);

		assert_int_equal(low.source, QUOTA_DUE_EXPONENTIAL);
		assert_int_equal(low.delay_ms, pauses[i] / 2);
		assert_int_equal(high.delay_ms, pauses[i]);
		assert_int_equal(high.due_ms, NOW + pauses[i]);
	}
	endless.attempts_max = 0;
	assert_int_equal(due_of(&endless, &rate, 4000000000u, 0, UINT32_MAX).delay_ms, 60000);
}

static void test_kinds(void **unused)
{
	struct quota_verdict v = rate;

	(void)unused;
	v.kind = QUOTA_DAILY_QUOTA;
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, UINT32_MAX).delay_ms, 3600000);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 9, 0, UINT32_MAX).delay_ms, 3600000);
	v.kind = QUOTA_QUOTA_EXCEEDED;
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, UINT32_MAX).delay_ms, 900000);
	v.kind = QUOTA_OVERLOADED;
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, UINT32_MAX).delay_ms, 60000);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 3, 0, UINT32_MAX).delay_ms, 240000);
	v.kind = QUOTA_NETWORK;
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, UINT32_MAX).delay_ms, 5000);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, 0).delay_ms, 2500);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 3, 0, UINT32_MAX).delay_ms, 20000);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 99, 0, UINT32_MAX).delay_ms, 300000);
}

/* What the service said is kept: never earlier, and beyond the cap. */
static void test_hint(void **unused)
{
	struct quota_verdict v = rate;

	(void)unused;
	v.retry_at_ms = NOW + 3 * 3600000;
	for (uint64_t chance = 0; chance <= UINT32_MAX; chance += 0x10000000) {
		struct quota_due due =
			due_of(&quota_backoff_request, &v, 2, 290000, (uint32_t)chance);

		assert_int_equal(due.source, QUOTA_DUE_SERVER_HINT);
		assert_true(due.due_ms >= v.retry_at_ms);
		assert_true(due.due_ms <= v.retry_at_ms + 30000);
	}
	v.retry_at_ms = NOW + 1000;
	assert_int_equal(due_of(&quota_backoff_request, &v, 1, 0, UINT32_MAX).delay_ms, 1050);
	v.retry_at_ms = NOW - 5000;
	assert_int_equal(due_of(&quota_backoff_request, &v, 1, 0, UINT32_MAX).delay_ms, 0);
	v.retry_at_ms = INT64_MAX;
	assert_int_equal(due_of(&quota_backoff_request, &v, 1, 0, 0).delay_ms, QUOTA_WAIT_MAX_MS);
}

static void test_stops(void **unused)
{
	struct quota_verdict v = rate;
	struct quota_due due = due_of(&quota_backoff_request, &v, 5, 0, 0);

	(void)unused;
	assert_int_equal(due.source, QUOTA_DUE_ATTEMPTS);
	assert_int_equal(due.due_ms, 0);
	assert_int_equal(due_of(&quota_backoff_request, &v, 4, 299000, 0).source, QUOTA_DUE_BUDGET);
	assert_int_equal(due_of(&quota_backoff_parked, &v, 500, 1LL << 40, 0).source,
			 QUOTA_DUE_EXPONENTIAL);
	v.retryable = false;
	assert_int_equal(due_of(&quota_backoff_parked, &v, 1, 0, 0).source, QUOTA_DUE_NEEDS_HUMAN);
	for (unsigned i = 0; i < QUOTA_DUE_COUNT; i++) {
		assert_true(strlen(quota_due_word((enum quota_due_source)i)) > 0);
		assert_true(strlen(quota_due_text((enum quota_due_source)i)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
