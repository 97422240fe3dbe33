/* Definitions as the plan compiler writes them, read back by the core and by whoever runs them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/task_def.h"
#include "core/worker_def.h"

static const char full[] = "{\"run\":\"make\",\"type\":\"shell\",\"timeout_ms\":90000,\"retries\":"
			   "2,\"backoff_ms\":500,\"jitter\":true,"
			   "\"critical\":true,\"priority\":-1,\"estimate_ms\":45000,\"resources\":{"
			   "\"db\":2},\"capabilities\":[\"git\"],"
			   "\"before\":[{\"name\":\"tidy\",\"run\":\"make "
			   "\\\"tidy\\\"\"},{\"name\":\"slow\",\"argv\":[\"make\",\"check\"],"
			   "\"timeout_ms\":0}],\"after\":[{\"name\":\"after-1\",\"run\":\"x\"}],"
			   "\"env\":{\"A\":\"b\"},\"cwd\":\"sub\","
			   "\"limits\":{\"memory\":1024}}";

static void everything_is_read(void **state)
{
	struct task_def d;

	(void)state;
	assert_int_equal(task_def_decode(span_of(full), &d), 0);
	assert_int_equal(d.timeout_ms, 90000);
	assert_int_equal(d.retries, 2);
	assert_int_equal(d.backoff_ms, 500);
	assert_int_equal(d.estimate_ms, 45000);
	assert_int_equal(d.priority, -1);
	assert_true(d.jitter);
	assert_true(d.critical);
	assert_true(d.has_before);
	assert_true(d.has_after);
	assert_true(span_is(d.type, "shell"));
	assert_true(span_is(d.resources, "{\"db\":2}"));
	assert_true(span_is(d.capabilities, "[\"git\"]"));
}

static void what_is_left_out_has_its_default(void **state)
{
	struct task_def d;

	(void)state;
	assert_int_equal(task_def_decode(SPAN_LIT("{\"argv\":[\"true\"]}"), &d), 0);
	assert_int_equal(d.timeout_ms, 600000);
	assert_int_equal(d.retries, 0);
	assert_int_equal(d.priority, 0);
	assert_false(d.critical);
	assert_false(d.has_before);
	assert_int_equal(d.resources.len, 0);
}

static void damage_is_noticed(void **state)
{
	static const char *const texts[] = { "",
					     "{",
					     "[]",
					     "{\"retries\":-1}",
					     "{\"retries\":1001}",
					     "{\"jitter\":1}",
					     "{\"run\":\"x\"} ,",
					     "{\"type\":5}" };
	struct task_def d = { .retries = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(task_def_decode(span_of(texts[i]), &d), -EINVAL);
	assert_int_equal(d.retries, 7);
	for (size_t len = 0; len < sizeof(full) - 1; len++)
		assert_int_equal(task_def_decode((struct span){ full, len }, &d), -EINVAL);
}

static void commands_are_found_by_phase_and_place(void **state)
{
	CLEANUP(buf_release) struct buf run = BUF_INIT;
	struct command_def c;

	(void)state;
	assert_int_equal(task_def_command(span_of(full), "main", 0, &c), 1);
	assert_true(span_is(c.run.raw, "make"));
	assert_int_equal(c.timeout_ms, 90000);
	assert_int_equal(c.name.len, 0);
	assert_int_equal(task_def_command(span_of(full), "before", 0, &c), 1);
	assert_true(span_is(c.name, "tidy"));
	assert_true(c.run.escaped);
	scan_unescape(&run, c.run);
	assert_string_equal(run.p, "make \"tidy\"");
	assert_int_equal(c.timeout_ms, 600000);
	assert_int_equal(task_def_command(span_of(full), "before", 1, &c), 1);
	assert_true(span_is(c.argv, "[\"make\",\"check\"]"));
	assert_int_equal(c.timeout_ms, 0);
	assert_int_equal(task_def_command(span_of(full), "before", 2, &c), 0);
	assert_int_equal(task_def_command(span_of(full), "after", 0, &c), 1);
	assert_int_equal(task_def_command(SPAN_LIT("{\"run\":\"x\"}"), "after", 0, &c), 0);
	assert_int_equal(task_def_command(SPAN_LIT("{\"after\":5}"), "after", 0, &c), -EINVAL);
}

static void workers_are_found_by_place_and_judged(void **state)
{
	static const char two[] = "{\"cwd\":\"/\",\"workers\":[{\"id\":\"gpu\",\"slots\":2,"
				  "\"capabilities\":[\"gpu@3\"]},{\"id\":\"b\"}]}";
	static const char *const bad[] = {
		"{\"workers\":5}",
		"{\"workers\":[5]}",
		"{\"workers\":[{}]}",
		"{\"workers\":[{\"id\":\"local\"}]}",
		"{\"workers\":[{\"id\":\"a/b\"}]}",
		"{\"workers\":[{\"id\":\"a\\u002f\"}]}",
		"{\"workers\":[{\"id\":\"a\",\"slots\":0}]}",
		"{\"workers\":[{\"id\":\"a\",\"slots\":1025}]}",
		"{\"workers\":[{\"id\":\"a\",\"capabilities\":[1]}]}",
	};
	struct worker_def w;

	(void)state;
	assert_true(ws_def_has_workers(span_of(two)));
	assert_int_equal(ws_def_worker(span_of(two), 0, &w), 1);
	assert_true(span_is(w.id, "gpu"));
	assert_true(span_is(w.capabilities, "[\"gpu@3\"]"));
	assert_int_equal(w.slots, 2);
	assert_int_equal(ws_def_worker(span_of(two), 1, &w), 1);
	assert_true(span_is(w.id, "b"));
	assert_int_equal(w.capabilities.len, 0);
	assert_int_equal(w.slots, 1);
	assert_int_equal(ws_def_worker(span_of(two), 2, &w), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (ws_def_worker(span_of(bad[i]), 0, &w) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	assert_false(ws_def_has_workers(SPAN_LIT("{\"cwd\":\"/\"}")));
	assert_int_equal(ws_def_worker(SPAN_NONE, 0, &w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(commands_are_found_by_phase_and_place),
		cmocka_unit_test(workers_are_found_by_place_and_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
