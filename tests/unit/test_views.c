/* What views hold, how one is told from a stale or a damaged one, and that a rebuilt one is whole
 * whatever happens to the power. */
#include "views_world.h"

static void assert_view(struct views_world *v, const char *path, const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct view_stamp stamp = { WORLD_START_MS, 7 };

	assert_int_equal(views_expected(&v->w.st, path, stamp, &out), 0);
	if (strcmp(out.p, want) != 0)
		fail_msg("%s: expected %s, not %s", path, want, out.p);
}

#define INDEX_HEAD                                                                     \
	"{\"schema_version\":\"1.0.0\",\"generated_at\":\"2026-09-21T14:13:20.000Z\"," \
	"\"source_timestamp\":\"2026-09-21T14:13:20.000Z\",\"source_seq\":7,"

static void indexes_deal_out_sorted_ids(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_view(&v, "by_workstream.json",
		    INDEX_HEAD "\"workstreams\":{\n\"ci\":[\"a\",\"b\",\"c\",\"d\"]}}\n");
	assert_view(&v, "by_status.json",
		    INDEX_HEAD "\"statuses\":{\n\"pending\":[\"d\"],\n\"queued\":[\"b\"],\n"
			       "\"running\":[\"c\"],\n\"validating\":[],\n\"retrying\":[],\n"
			       "\"completed\":[\"a\"],\n\"failed\":[],\n\"cancelled\":[]}}\n");
	assert_view(&v, "by_worker.json", INDEX_HEAD "\"workers\":{\n\"local\":[\"c\"]}}\n");
	views_world_release(&v);
}

static void the_graph_goes_from_the_prerequisite_to_the_dependent(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_view(
		&v, "dag_ci.json",
		"{\"schema_version\":\"1.0.0\",\"workstream_id\":\"ci\","
		"\"generated_at\":\"2026-09-21T14:13:20.000Z\",\"source_seq\":7,\"nodes\":["
		"\n{\"task_id\":\"d\",\"name\":\"d\",\"type\":\"custom\",\"status\":\"pending\"},"
		"\n{\"task_id\":\"b\",\"name\":\"b\",\"type\":\"custom\",\"status\":\"queued\"},"
		"\n{\"task_id\":\"a\",\"name\":\"a\",\"type\":\"custom\",\"status\":\"completed\"},"
		"\n{\"task_id\":\"c\",\"name\":\"c\",\"type\":\"custom\",\"status\":\"running\"}],"
		"\"edges\":[\n{\"from\":\"b\",\"to\":\"d\",\"type\":\"depends_on\"},"
		"\n{\"from\":\"c\",\"to\":\"d\",\"type\":\"depends_on\"},"
		"\n{\"from\":\"a\",\"to\":\"b\",\"type\":\"depends_on\"}],"
		"\"topological_order\":[\"a\",\"c\",\"b\",\"d\"]}\n");
	views_world_release(&v);
}

static void a_waived_dependency_is_shown_as_one(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const struct act act = { .kind = ACT_DEPENDENCY_REMOVE,
				 .task_id = SPAN_LIT("d"),
				 .need_id = SPAN_LIT("c"),
				 .operator_name = SPAN_LIT("tester") };
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_int_equal(world_step(&v.w, (struct input){ .kind = IN_ACT, .act = &act }), 0);
	assert_int_equal(views_expected(&v.w.st, "dag_ci.json", (struct view_stamp){ 1, 1 }, &out),
			 0);
	assert_non_null(strstr(out.p, "{\"from\":\"c\",\"to\":\"d\",\"type\":\"waived\"}"));
	views_world_release(&v);
}

static void what_is_needed_of_another_workstream_is_a_node_once(void **state)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	static const struct row rows[] = { { "lib", "x", NULL, NULL, false },
					   { "app", "y", NULL, NULL, false },
					   { "app", "z", NULL, NULL, false } };
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	static const char node[] = "\"workstream_id\":\"lib\",\"external\":true}";
	struct views_world v;
	const char *first;

	(void)state;
	views_world_init(&v);
	submission_of(&s, &v.w, rows, ARRAY_LEN(rows));
	s.needs = mem_realloc(s.needs, 2 * sizeof(*s.needs));
	s.needs[0] = s.needs[1] = 0;
	s.needs_count = 2;
	for (uint32_t i = 1; i < 3; i++) {
		s.tasks[i].needs_at = i - 1;
		s.tasks[i].needs_count = 1;
	}
	assert_int_equal(world_step(&v.w, (struct input){ .kind = IN_SUBMIT, .submission = &s }),
			 0);
	assert_int_equal(views_expected(&v.w.st, "dag_app.json", (struct view_stamp){ 1, 1 }, &out),
			 0);
	assert_non_null(strstr(out.p, "{\"from\":\"x\",\"to\":\"y\""));
	assert_non_null(strstr(out.p, "{\"from\":\"x\",\"to\":\"z\""));
	first = strstr(out.p, node);
	assert_non_null(first);
	assert_null(strstr(first + 1, node));
	views_world_release(&v);
}

static void the_plan_has_stages_and_the_longest_way(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_view(
		&v, "execution_plan_ci.json",
		"{\"schema_version\":\"1.0.0\",\"workstream_id\":\"ci\","
		"\"generated_at\":\"2026-09-21T14:13:20.000Z\",\"source_seq\":7,\"stages\":["
		"\n{\"stage\":1,\"parallel_tasks\":[\"a\",\"c\"],\"max_parallelism\":2,"
		"\"estimated_duration_seconds\":600,\"critical_path\":true,"
		"\"resource_requirements\":{\"repo\":1}},"
		"\n{\"stage\":2,\"parallel_tasks\":[\"b\"],\"max_parallelism\":1,"
		"\"estimated_duration_seconds\":600,\"critical_path\":true,"
		"\"resource_requirements\":{}},"
		"\n{\"stage\":3,\"parallel_tasks\":[\"d\"],\"max_parallelism\":1,"
		"\"estimated_duration_seconds\":600,\"critical_path\":true,"
		"\"resource_requirements\":{}}],\"total_estimated_duration\":1800,"
		"\"critical_path_duration\":1800,\"critical_path_tasks\":[\"a\",\"b\",\"d\"]}\n");
	views_world_release(&v);
}

static void paths_lead_to_views_and_back(void **state)
{
	struct views_world v;
	struct view_file file;

	(void)state;
	views_world_init(&v);
	assert_true(view_find(&v.w.st, SPAN_LIT("checkpoints/ci_latest.json"), &file));
	assert_int_equal(file.view, VIEW_CHECKPOINT);
	assert_true(view_find(&v.w.st, SPAN_LIT("by_status.json"), &file));
	assert_int_equal(file.ws, NO_ID);
	assert_false(view_find(&v.w.st, SPAN_LIT("dag_other.json"), &file));
	assert_true(view_named(SPAN_LIT("dag_other.json")));
	assert_false(view_named(SPAN_LIT("dag_.json")));
	assert_false(view_named(SPAN_LIT("dag_../../x.json")));
	assert_false(view_named(SPAN_LIT("dag_.hidden.json")));
	assert_false(view_named(SPAN_LIT("current.json")));
	views_world_release(&v);
}

static void ids_that_are_no_file_names_are_left_alone(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", ".new-x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(view_name_fits(span_of(bad[i])));
	assert_true(view_name_fits(SPAN_LIT("nightly")));
	assert_true(view_name_fits(SPAN_LIT("a.b_c-1")));
}

static void a_view_is_judged_by_its_bytes(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct view_file file = { VIEW_BY_STATUS, NO_ID };
	struct views_world v;
	struct span bytes;

	(void)state;
	views_world_init(&v);
	views_expected(&v.w.st, "by_status.json",
		       (struct view_stamp){ WORLD_START_MS, v.w.st.last_seq }, &out);
	bytes = (struct span){ out.p, out.len };
	assert_int_equal(views_compare(&v.w.st, file, bytes), VIEW_CURRENT);
	bytes.len--;
	assert_int_equal(views_compare(&v.w.st, file, bytes), VIEW_WRONG);
	assert_int_equal(views_compare(&v.w.st, file, SPAN_LIT("{}")), VIEW_UNREADABLE);
	assert_int_equal(views_compare(&v.w.st, file, SPAN_LIT("")), VIEW_UNREADABLE);
	v.w.st.last_seq--;
	assert_int_equal(views_compare(&v.w.st, file, bytes), VIEW_LATER);
	v.w.st.last_seq++;
	bytes.len++;
	world_finished(&v.w, "c", OUTCOME_EXIT, 0);
	assert_int_equal(views_compare(&v.w.st, file, bytes), VIEW_STALE);
	views_world_release(&v);
}

static int rebuild(void *ctx, struct view_file file, const char *path)
{
	struct views_world *v = ctx;
	struct err e = ERR_INIT;

	(void)path;
	return views_rebuild(&v->disk.vfs, &v->w.st, file, WORLD_START_MS, &e);
}

static int expect_current(void *ctx, struct view_file file, const char *path)
{
	struct views_world *v = ctx;

	if (views_compare(&v->w.st, file, file_of(v, path)) != VIEW_CURRENT)
		fail_msg("%s: is not what the state says", path);
	return 0;
}

static void all_views_can_be_made_again(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	assert_int_equal(views_each(&v.w.st, rebuild, &v), 0);
	views_each(&v.w.st, expect_current, &v);
	assert_int_equal(names_in(&v.disk.vfs, "."), 6); /* nothing else */
	views_world_release(&v);
}

static int expect_whole(void *ctx, struct view_file file, const char *path)
{
	struct views_world *v = ctx;
	struct span text = file_of(v, path);

	if (text.len && views_compare(&v->w.st, file, text) == VIEW_UNREADABLE)
		fail_msg("%s: neither the old nor the new one: %.*s", path, SPAN_ARG(text));
	return 0;
}

/* The old views are from before c ended. */
static bool rebuild_until_cut(uint64_t cut, unsigned tear)
{
	struct views_world v;
	bool dead;

	views_world_init(&v);
	assert_int_equal(views_each(&v.w.st, rebuild, &v), 0);
	simdisk_settle(&v.disk);
	world_finished(&v.w, "c", OUTCOME_EXIT, 0);
	v.disk.cut_at = v.disk.calls + cut;
	views_each(&v.w.st, rebuild, &v);
	dead = v.disk.dead;
	simdisk_power_on(&v.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	views_each(&v.w.st, expect_whole, &v);
	for (size_t i = 0; i < VIEW_COUNT; i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		view_path((enum view_id)i, SPAN_LIT("ci"), &path);
		assert_non_null(simdisk_file(&v.disk, path.p)); /* the old one was there */
	}
	assert_int_equal(views_each(&v.w.st, rebuild, &v), 0);
	views_each(&v.w.st, expect_current, &v);
	views_world_release(&v);
	return dead;
}

static void power_lost_at_any_write_leaves_the_old_or_the_new(void **state)
{
	uint64_t worlds = 0;

	(void)state;
	for (unsigned tear = 0; tear < TEAR_DATA_COUNT * TEAR_NAMES_COUNT; tear++)
		for (uint64_t cut = 0; rebuild_until_cut(cut, tear); cut++)
			worlds++;
	assert_true(worlds > 100);
}

static void a_full_disk_changes_nothing_and_is_said(void **state)
{
	struct view_file file = { VIEW_BY_STATUS, NO_ID };
	struct err e = ERR_INIT;
	struct views_world v;
	CLEANUP(buf_release) struct buf before = BUF_INIT;

	(void)state;
	views_world_init(&v);
	assert_int_equal(views_each(&v.w.st, rebuild, &v), 0);
	buf_put(&before, file_of(&v, "by_status.json").p, file_of(&v, "by_status.json").len);
	world_finished(&v.w, "c", OUTCOME_EXIT, 0);
	v.disk.capacity = 1;
	assert_int_equal(views_rebuild(&v.disk.vfs, &v.w.st, file, WORLD_START_MS, &e), -SK_EIO);
	assert_non_null(strstr(e.text, "view 'by_status.json': cannot be written"));
	assert_true(span_is(file_of(&v, "by_status.json"), before.p));
	v.disk.capacity = 0;
	assert_int_equal(views_rebuild(&v.disk.vfs, &v.w.st, file, WORLD_START_MS, &e), 0);
	expect_current(&v, file, "by_status.json");
	views_world_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indexes_deal_out_sorted_ids),
		cmocka_unit_test(the_graph_goes_from_the_prerequisite_to_the_dependent),
		cmocka_unit_test(a_waived_dependency_is_shown_as_one),
		cmocka_unit_test(what_is_needed_of_another_workstream_is_a_node_once),
		cmocka_unit_test(the_plan_has_stages_and_the_longest_way),
		cmocka_unit_test(paths_lead_to_views_and_back),
		cmocka_unit_test(ids_that_are_no_file_names_are_left_alone),
		cmocka_unit_test(a_view_is_judged_by_its_bytes),
		cmocka_unit_test(all_views_can_be_made_again),
		cmocka_unit_test(power_lost_at_any_write_leaves_the_old_or_the_new),
		cmocka_unit_test(a_full_disk_changes_nothing_and_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
