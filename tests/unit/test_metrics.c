/* Figures: counted right from the state, null or left out where nothing is known, and in a form
 * that Prometheus accepts. */
#include "views_world.h"

#include <unistd.h>

#include "views/metrics.h"

static void json_of(struct views_world *v, int64_t now_ms, struct buf *out)
{
	struct metrics_source from = {
		.st = &v->w.st, .now_ms = now_ms, .journal_bytes = 4711, .usage = USAGE_UNKNOWN
	};
	struct metrics m;

	metrics_init(&m, &from);
	buf_truncate(out, 0);
	metrics_put_json(&m, out);
}

static void expect(const struct buf *text, const char *words)
{
	if (!strstr(text->p, words))
		fail_msg("expected %s in: %s", words, text->p);
}

static void what_is_is_counted(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct views_world v;

	(void)state;
	views_world_init(&v);
	v.w.st.tasks[state_task(&v.w.st, SPAN_LIT("a"))].duration_ms = 1500;
	json_of(&v, v.w.now_ms, &out);
	expect(&out, "\"workstreams\":{\"active\":1,\"completed_today\":0,\"failed_today\":0,");
	expect(&out, "\"tasks\":{\"total\":4,\"pending\":1,\"queued\":1,\"running\":1,"
		     "\"validating\":0,\"retrying\":0,\"completed\":1,\"failed\":0,"
		     "\"cancelled\":0,\"blocked\":0,\"avg_duration_seconds\":1.5,"
		     "\"completion_rate_per_hour\":1}");
	expect(&out, "\"workers\":{\"total\":1,\"initializing\":0,\"idle\":0,\"busy\":1,"
		     "\"unresponsive\":0,\"shutdown\":0,\"avg_utilization\":1,"
		     "\"silent_seconds\":{}}");
	expect(&out, "\"journal\":{\"events\":");
	expect(&out, ",\"bytes\":4711}");
	expect(&out, "\"rss_kb\":null");
	expect(&out, "\"task_completed\":1");
	json_of(&v, v.w.now_ms + 3600000, &out);
	expect(&out, "\"completion_rate_per_hour\":0");
	views_world_release(&v);
}

static void nothing_is_null_and_no_division(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct views_world v;

	(void)state;
	views_world_init(&v);
	state_release(&v.w.st);
	state_init(&v.w.st);
	json_of(&v, v.w.now_ms, &out);
	expect(&out, "\"avg_duration_seconds\":null");
	expect(&out, "\"avg_utilization\":null");
	expect(&out, "\"success_rate\":null");
	views_world_release(&v);
}

static void a_day_ends_at_midnight_utc(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct views_world v;

	(void)state;
	views_world_init(&v);
	views_world_end(&v, false);
	json_of(&v, v.w.now_ms, &out);
	expect(&out, "\"active\":0,\"completed_today\":0,\"failed_today\":1");
	expect(&out, "\"task_failed\":1");
	json_of(&v, v.w.now_ms + 86400000, &out);
	expect(&out, "\"failed_today\":0");
	views_world_release(&v);
}

static void what_was_mended_is_told_from_what_was_not(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct views_world v;

	(void)state;
	views_world_init(&v);
	world_lost(&v.w, "local", IN_WORKER_LOST);
	world_worker(&v.w, "local", 2, "[]");
	world_time(&v.w, 1000); /* what was lost waits for its turn */
	world_schedule(&v.w);
	world_started(&v.w, "c");
	views_world_end(&v, true);
	json_of(&v, v.w.now_ms, &out);
	expect(&out, "\"succeeded\":");
	expect(&out, "\"failed\":0,\"success_rate\":1,");
	expect(&out, "\"worker_crashed\":1");
	assert_null(strstr(out.p, "\"task_reassigned\":0"));
	views_world_release(&v);
}

/* Each line is a comment or "name value" or "name{label} value", and each family is told once. */
static void check_line(const char *line, size_t len)
{
	const char *space = memrchr(line, ' ', len);
	char *end;

	assert_non_null(space);
	if (line[0] == '#') {
		assert_true(strncmp(line, "# HELP sk_", 10) == 0 ||
			    strncmp(line, "# TYPE sk_", 10) == 0);
		return;
	}
	assert_int_equal(strncmp(line, "sk_", 3), 0);
	strtod(space + 1, &end);
	assert_ptr_equal(end, line + len);
	for (const char *p = line; p < space && *p != '{'; p++)
		assert_true((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_');
}

static void prometheus_can_read_it(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const int64_t silent_ms[] = { 2500 };
	struct views_world v;
	struct metrics m;
	struct metrics_source from = { .silent_ms = silent_ms, .journal_bytes = 9 };

	(void)state;
	views_world_init(&v);
	from.st = &v.w.st;
	from.now_ms = v.w.now_ms;
	usage_read((uint64_t)getpid(), -1, &from.usage);
	metrics_init(&m, &from);
	metrics_put_prometheus(&m, &out);
	for (const char *line = out.p, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		check_line(line, (size_t)(end - line));
	}
	expect(&out, "# TYPE sk_events_total counter\n");
	expect(&out, "\nsk_tasks{state=\"running\"} 1\n");
	expect(&out, "\nsk_worker_silent_seconds{worker=\"local\"} 2.5\n");
	expect(&out, "\nsk_resource_held{resource=\"repo\"} 1\n");
	expect(&out, "\nsk_journal_bytes 9\n");
	expect(&out, "\nsk_process_resident_memory_bytes ");
	assert_null(strstr(out.p, "sk_disk_free_bytes")); /* not known here: left out */
	assert_null(strstr(strstr(out.p, "# TYPE sk_tasks ") + 1, "# TYPE sk_tasks "));
	views_world_release(&v);
}

static void a_process_that_is_gone_is_unknown(void **state)
{
	struct usage u;

	(void)state;
	usage_read(UINT32_MAX, -1, &u);
	assert_true(u.rss_kb == -1 && u.cpu_ms == -1 && u.open_fds == -1);
	usage_read((uint64_t)getpid(), -1, &u);
	assert_true(u.rss_kb > 0 && u.cpu_ms >= 0 && u.open_fds >= 3);
}

static void the_journal_is_counted_with_its_closed_files(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_true(metrics_journal_bytes(&v.disk.vfs) < 0);
	simdisk_put(&v.disk, "transitions.jsonl", "12345", 5);
	assert_int_equal(metrics_journal_bytes(&v.disk.vfs), 5);
	v.disk.vfs.mkdir(v.disk.vfs.ctx, "archive");
	v.disk.vfs.mkdir(v.disk.vfs.ctx, "archive/transitions");
	simdisk_put(&v.disk, "archive/transitions/1.jsonl", "123", 3);
	assert_int_equal(metrics_journal_bytes(&v.disk.vfs), 8);
	views_world_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_is_counted),
		cmocka_unit_test(nothing_is_null_and_no_division),
		cmocka_unit_test(a_day_ends_at_midnight_utc),
		cmocka_unit_test(what_was_mended_is_told_from_what_was_not),
		cmocka_unit_test(prometheus_can_read_it),
		cmocka_unit_test(a_process_that_is_gone_is_unknown),
		cmocka_unit_test(the_journal_is_counted_with_its_closed_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
