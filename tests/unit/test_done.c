/* The half of a sentence that stands behind "cannot write output". */
#include "cmd/done.h"

#include "test.h"

static void expect(const struct done *done, const char *path, const char *text)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	done_put(done, path, &out);
	assert_string_equal(out.p ? out.p : "", text);
}

static void test_nothing(void **state)
{
	struct done done = { .other = NULL };

	(void)state;
	event_range_add(&done.goals, 0, 0);
	expect(&done, "tentacle goal spend", "");
}

static void test_goals(void **state)
{
	struct done done = { .other = NULL };

	(void)state;
	event_range_add(&done.goals, 17, 17);
	expect(&done, "tentacle goal spend",
	       ", but it was done: recorded as event 17. Try: sk tentacle goal history");
	expect(&done, "tentacle create",
	       ", but it was done: recorded as event 17. Try: sk tentacle list");
	event_range_add(&done.goals, 18, 20);
	expect(&done, "breaker reset",
	       ", but it was done: recorded as events 17 to 20. Try: sk tentacle goal history");
	event_range_add(&done.goals, 30, 30);
	expect(&done, "agents run",
	       ", but it was done: recorded as 5 events from 17 to 30. Try: sk tentacle goal "
	       "history");
	event_range_add(&done.goals, 9, 9); /* an older journal was put back meanwhile */
	expect(&done, "agents run",
	       ", but it was done: recorded as event 9. Try: sk tentacle goal history");
}

static void test_tasks(void **state)
{
	struct done done = { .other = NULL };

	(void)state;
	event_range_add(&done.tasks, 1, 3);
	expect(&done, "task retry",
	       ", but it was done: recorded as events 1 to 3. Try: sk events --since 0");
}

static void test_elsewhere(void **state)
{
	struct done done = { .other = NULL };

	(void)state;
	done_elsewhere(&done, "the schedule was changed", "cron list");
	expect(&done, "cron disable",
	       ", but it was done: the schedule was changed. Try: sk cron list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_goals),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
