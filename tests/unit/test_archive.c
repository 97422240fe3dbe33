/* Archives: one for each end of a workstream, whole or not there, and only ours are ever removed.
 */
#include "views_world.h"

#include "views/archive.h"

#define DAY_MS 86400000LL

static void put_log(struct views_world *v, const char *task)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	v->disk.vfs.mkdir(v->disk.vfs.ctx, "logs");
	buf_putf(&path, "logs/%s.log", task);
	simdisk_put(&v->disk, path.p, task, strlen(task));
}

static void make(struct views_world *v, const char *want)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	assert_int_equal(archive_make(&v->disk.vfs, &v->src, 0, v->w.now_ms, &path), 0);
	assert_string_equal(path.p, want);
	assert_int_equal(archive_find(&v->disk.vfs, &v->w.st, 0, &path), 1);
	assert_string_equal(path.p, want);
}

static void an_end_is_kept(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	put_log(&v, "a");
	put_log(&v, "stranger");
	views_world_end(&v, false);
	make(&v, "archive/ci");
	expect_holds(&v, "archive/ci/metadata.json", "\"state\":\"failed\"");
	expect_holds(&v, "archive/ci/metadata.json", "\"logs_linked\":1");
	expect_holds(&v, "archive/ci/metadata.json", "\"failed_tasks\":[\"d\"]");
	expect_holds(&v, "archive/ci/current.json", "\"last_error\"");
	expect_holds(&v, "archive/ci/dag.json", "\"topological_order\":[\"a\",\"c\",\"b\",\"d\"]");
	expect_holds(&v, "archive/ci/execution_plan.json", "\"critical_path_duration\":1800");
	expect_holds(&v, "archive/ci/logs/a.log", "a");
	assert_int_equal(names_in(&v.disk.vfs, "archive/ci/logs"), 1);
	assert_int_equal(names_in(&v.disk.vfs, "archive"), 1);
	views_world_release(&v);
}

static void the_same_end_is_kept_once_and_the_next_one_for_itself(void **state)
{
	const struct act again = { .kind = ACT_TASK_RETRY,
				   .task_id = SPAN_LIT("d"),
				   .operator_name = SPAN_LIT("tester") };
	struct views_world v;
	uint64_t calls;

	(void)state;
	views_world_init(&v);
	views_world_end(&v, false);
	make(&v, "archive/ci");
	calls = v.disk.calls;
	make(&v, "archive/ci");
	assert_int_equal(v.disk.calls, calls); /* nothing was written */
	assert_int_equal(world_step(&v.w, (struct input){ .kind = IN_ACT, .act = &again }), 0);
	world_schedule(&v.w);
	world_started(&v.w, "d");
	world_finished(&v.w, "d", OUTCOME_EXIT, 0);
	expect_ws(&v.w, "ci", WS_COMPLETED);
	make(&v, "archive/ci/run-2");
	expect_holds(&v, "archive/ci/metadata.json", "\"state\":\"failed\"");
	expect_holds(&v, "archive/ci/run-2/metadata.json", "\"state\":\"completed\"");
	views_world_release(&v);
}

static void a_new_run_does_not_write_into_old_logs(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	put_log(&v, "a");
	views_world_end(&v, true);
	make(&v, "archive/ci");
	put_log(&v, "other"); /* has no second name there */
	assert_int_equal(archive_move_logs(&v.disk.vfs, SPAN_LIT("ci")), 1);
	assert_null(simdisk_file(&v.disk, "logs/a.log"));
	assert_non_null(simdisk_file(&v.disk, "logs/other.log"));
	expect_holds(&v, "archive/ci/logs/a.log", "a");
	put_log(&v, "a"); /* of the new run */
	assert_int_equal(archive_move_logs(&v.disk.vfs, SPAN_LIT("ci")), 0);
	assert_non_null(simdisk_file(&v.disk, "logs/a.log"));
	assert_int_equal(archive_move_logs(&v.disk.vfs, SPAN_LIT("none")), 0);
	views_world_release(&v);
}

static void completed_ones_go_after_their_time_and_failed_ones_stay(void **state)
{
	struct views_world well, badly;

	(void)state;
	views_world_init(&well);
	put_log(&well, "a");
	views_world_end(&well, true);
	make(&well, "archive/ci");
	well.disk.vfs.mkdir(well.disk.vfs.ctx, "archive/transitions");
	simdisk_put(&well.disk, "archive/transitions/1.jsonl", "{}", 2);
	assert_int_equal(archive_prune(&well.disk.vfs, well.w.now_ms + ARCHIVE_DAYS * DAY_MS), 0);
	assert_int_equal(archive_prune(&well.disk.vfs, well.w.now_ms + ARCHIVE_DAYS * DAY_MS + 1),
			 1);
	assert_int_equal(names_in(&well.disk.vfs, "archive"), 1);
	assert_non_null(simdisk_file(&well.disk, "archive/transitions/1.jsonl"));
	assert_non_null(simdisk_file(&well.disk, "logs/a.log"));
	views_world_release(&well);

	views_world_init(&badly);
	views_world_end(&badly, false);
	make(&badly, "archive/ci");
	assert_int_equal(archive_prune(&badly.disk.vfs, badly.w.now_ms + 1000 * DAY_MS), 0);
	expect_holds(&badly, "archive/ci/metadata.json", "\"state\":\"failed\"");
	views_world_release(&badly);
}

static void what_somebody_put_there_stays(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	views_world_end(&v, true);
	make(&v, "archive/ci");
	simdisk_put(&v.disk, "archive/ci/notes.txt", "mine", 4);
	simdisk_put(&v.disk, "archive/file", "mine", 4);
	v.disk.vfs.mkdir(v.disk.vfs.ctx, "archive/other");
	simdisk_put(&v.disk, "archive/other/metadata.json", "no JSON", 7);
	assert_int_equal(archive_prune(&v.disk.vfs, v.w.now_ms + 1000 * DAY_MS), 1);
	assert_int_equal(names_in(&v.disk.vfs, "archive/ci"), 1);
	assert_non_null(simdisk_file(&v.disk, "archive/ci/notes.txt"));
	assert_non_null(simdisk_file(&v.disk, "archive/other/metadata.json"));
	assert_non_null(simdisk_file(&v.disk, "archive/file"));
	views_world_release(&v);
}

static void many_get_their_turn(void **state)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	static const char old[] = "{\"seq\":1,\"state\":\"completed\","
				  "\"ended_at\":\"2020-01-01T00:00:00.000Z\"}\n";
	const size_t many = 2 * ARCHIVES_LOOKED_MAX + 10;
	struct views_world v;
	int removed = 0, rc;

	(void)state;
	views_world_init(&v);
	v.disk.vfs.mkdir(v.disk.vfs.ctx, "archive");
	for (size_t i = 0; i < many; i++) {
		buf_truncate(&path, 0);
		buf_putf(&path, "archive/w%zu", i);
		v.disk.vfs.mkdir(v.disk.vfs.ctx, path.p);
		buf_puts(&path, "/metadata.json");
		simdisk_put(&v.disk, path.p, old, sizeof(old) - 1);
	}
	for (unsigned second = 0; second < 60 && removed < (int)many; second++) {
		rc = archive_prune(&v.disk.vfs, v.w.now_ms + second * 1000);
		assert_in_range(rc, 0, ARCHIVES_PRUNED_MAX);
		removed += rc;
	}
	assert_int_equal(removed, many);
	assert_int_equal(names_in(&v.disk.vfs, "archive"), 0);
	views_world_release(&v);
}

/* Every name in an archive that has metadata leads to a whole document. */
static void expect_whole(struct views_world *v, const char *path)
{
	static const char *const names[] = { "metadata.json", "current.json", "dag.json",
					     "execution_plan.json" };
	CLEANUP(buf_release) struct buf file = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct span text;

		buf_truncate(&file, 0);
		buf_putf(&file, "%s/%s", path, names[i]);
		text = file_of(v, file.p);
		if (text.len < 3 || memcmp(text.p + text.len - 2, "}\n", 2) != 0)
			fail_msg("%s: not whole: %.*s", file.p, SPAN_ARG(text));
	}
}

static bool make_until_cut(uint64_t cut, unsigned tear)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct views_world v;
	bool dead;
	int rc;

	views_world_init(&v);
	put_log(&v, "a");
	views_world_end(&v, false);
	simdisk_settle(&v.disk);
	v.disk.cut_at = v.disk.calls + cut;
	rc = archive_make(&v.disk.vfs, &v.src, 0, v.w.now_ms, &path);
	dead = v.disk.dead;
	simdisk_power_on(&v.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	if (rc == 0 || simdisk_file(&v.disk, "archive/ci/metadata.json"))
		expect_whole(&v, "archive/ci");
	make(&v, "archive/ci");
	expect_whole(&v, "archive/ci");
	assert_int_equal(names_in(&v.disk.vfs, "archive"), 1);
	assert_int_equal(archive_prune(&v.disk.vfs, v.w.now_ms), 0);
	views_world_release(&v);
	return dead;
}

static void power_lost_at_any_call_leaves_none_or_a_whole_one(void **state)
{
	uint64_t worlds = 0;

	(void)state;
	for (unsigned tear = 0; tear < TEAR_DATA_COUNT * TEAR_NAMES_COUNT; tear++)
		for (uint64_t cut = 0; make_until_cut(cut, tear); cut++)
			worlds++;
	assert_true(worlds > 100);
}

static bool prune_until_cut(uint64_t cut, unsigned tear)
{
	struct views_world v;
	int64_t later;
	bool dead;

	views_world_init(&v);
	put_log(&v, "a");
	views_world_end(&v, true);
	make(&v, "archive/ci");
	simdisk_settle(&v.disk);
	later = v.w.now_ms + 1000 * DAY_MS;
	v.disk.cut_at = v.disk.calls + cut;
	archive_prune(&v.disk.vfs, later);
	dead = v.disk.dead;
	simdisk_power_on(&v.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	if (simdisk_file(&v.disk, "archive/ci/metadata.json"))
		expect_whole(&v, "archive/ci");
	assert_true(archive_prune(&v.disk.vfs, later) >= 0);
	if (names_in(&v.disk.vfs, "archive/ci"))
		fail_msg("cut at %llu, tear %u: something stays", (unsigned long long)cut, tear);
	assert_non_null(simdisk_file(&v.disk, "logs/a.log"));
	views_world_release(&v);
	return dead;
}

static void a_removal_that_was_cut_is_finished(void **state)
{
	uint64_t worlds = 0;

	(void)state;
	for (unsigned tear = 0; tear < TEAR_DATA_COUNT * TEAR_NAMES_COUNT; tear++)
		for (uint64_t cut = 0; prune_until_cut(cut, tear); cut++)
			worlds++;
	assert_true(worlds > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_kept),
		cmocka_unit_test(the_same_end_is_kept_once_and_the_next_one_for_itself),
		cmocka_unit_test(a_new_run_does_not_write_into_old_logs),
		cmocka_unit_test(completed_ones_go_after_their_time_and_failed_ones_stay),
		cmocka_unit_test(what_somebody_put_there_stays),
		cmocka_unit_test(many_get_their_turn),
		cmocka_unit_test(power_lost_at_any_call_leaves_none_or_a_whole_one),
		cmocka_unit_test(a_removal_that_was_cut_is_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
