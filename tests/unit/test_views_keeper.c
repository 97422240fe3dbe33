/* The keeper of views: what changed is written, once a second, whole; what fails is told once and
 * written later; what is missing comes back. Work is counted in disk calls, never in time. */
#include "views_world.h"

#include <errno.h>

#include "daemon/views_keeper.h"
#include "views/archive.h"

struct kept {
	struct views_world v;
	struct views_keeper k;
	struct clock clock;
	int64_t mono_ms, step_ms; /* the clock goes on by step_ms each time it is asked */
	size_t noted;             /* events of the world that the keeper knows of */
	struct err e;
};

static int64_t wall(void *ctx)
{
	return ((struct kept *)ctx)->v.w.now_ms;
}

static int64_t mono(void *ctx)
{
	struct kept *t = ctx;

	t->mono_ms += t->step_ms;
	return t->mono_ms * 1000;
}

static void keep(struct kept *t)
{
	views_keeper_init(&t->k, &t->v.disk.vfs, &t->clock, &t->v.w.st);
	t->mono_ms += VIEWS_INTERVAL_MS; /* a start writes nothing at once */
}

/* Nothing but the next metrics is due. */
static bool idle(const struct kept *t)
{
	return views_keeper_due(&t->k) == t->k.metrics_ms;
}

static int setup(void **state)
{
	struct kept *t = mem_zalloc(sizeof(*t));

	views_world_init(&t->v);
	t->mono_ms = 5000;
	t->clock = (struct clock){ t, wall, mono };
	keep(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct kept *t = *state;

	views_keeper_release(&t->k);
	views_world_release(&t->v);
	mem_free(&t);
	return 0;
}

/* What was committed since. */
static void note(struct kept *t)
{
	struct events batch = EVENTS_INIT;

	batch.v = t->v.w.batch.v + t->noted;
	batch.count = t->v.w.batch.count - t->noted;
	t->noted += batch.count;
	views_keeper_note(&t->k, &batch);
}

static int run(struct kept *t)
{
	err_clear(&t->e);
	return views_keeper_run(&t->k, t->v.w.now_ms, &t->e);
}

static int finish(struct kept *t)
{
	err_clear(&t->e);
	return views_keeper_finish(&t->k, t->v.w.now_ms, &t->e);
}

static int expect_current(void *ctx, struct view_file file, const char *path)
{
	struct kept *t = ctx;

	if (views_compare(&t->v.w.st, file, file_of(&t->v, path)) != VIEW_CURRENT)
		fail_msg("%s: is not what the state says: %.*s", path,
			 SPAN_ARG(file_of(&t->v, path)));
	return 0;
}

static void what_changed_is_written(void **state)
{
	struct kept *t = *state;

	assert_true(idle(t));
	assert_int_equal(run(t), 0);
	assert_int_equal(names_in(&t->v.disk.vfs, "."), 0);
	note(t);
	assert_true(views_keeper_due(&t->k) <= t->mono_ms);
	assert_int_equal(run(t), 0);
	views_each(&t->v.w.st, expect_current, t);
	assert_true(idle(t));
	assert_null(simdisk_file(&t->v.disk, "archive"));
}

static void at_most_once_a_second(void **state)
{
	struct kept *t = *state;
	uint64_t calls;

	note(t);
	run(t);
	calls = t->v.disk.calls;
	world_finished(&t->v.w, "c", OUTCOME_EXIT, 0);
	note(t);
	assert_int_equal(views_keeper_due(&t->k), t->mono_ms + VIEWS_INTERVAL_MS);
	t->mono_ms += VIEWS_INTERVAL_MS - 1;
	run(t);
	assert_int_equal(t->v.disk.calls, calls);
	t->mono_ms++;
	run(t);
	assert_true(t->v.disk.calls > calls);
	expect_current(t, (struct view_file){ VIEW_CHECKPOINT, 0 }, "checkpoints/ci_latest.json");
}

/* Ten thousand limits set one after the other: as many events, turns and no write in between. */
static void many_events_cost_no_more_writes_than_one(void **state)
{
	struct kept *t = *state;
	struct act act = { .kind = ACT_RESOURCE_LIMIT,
			   .resource_id = SPAN_LIT("repo"),
			   .operator_name = SPAN_LIT("tester") };
	uint64_t before, of_one, of_many;

	note(t);
	run(t);
	for (unsigned round = 0; round < 2; round++) {
		before = t->v.disk.calls;
		for (unsigned i = 0; i < (round ? 20000u : 1u); i++) {
			act.limit = 2u + i % 2u;
			assert_int_equal(
				world_step(&t->v.w, (struct input){ .kind = IN_ACT, .act = &act }),
				0);
			note(t);
			run(t);
		}
		assert_int_equal(t->v.disk.calls, before);
		t->mono_ms += VIEWS_INTERVAL_MS;
		run(t);
		of_many = t->v.disk.calls - before;
		if (!round)
			of_one = of_many;
	}
	assert_true(of_one > 0);
	assert_int_equal(of_many, of_one);
}

static void an_end_is_archived(void **state)
{
	struct kept *t = *state;

	views_world_end(&t->v, false);
	note(t);
	run(t);
	expect_holds(&t->v, "archive/ci/metadata.json", "\"state\":\"failed\"");
	views_each(&t->v.w.st, expect_current, t); /* the graph as well: it shows how it ended */
}

static void a_new_run_finds_its_logs_free_and_the_old_ones_kept(void **state)
{
	static const struct row rows[] = { { "ci", "a", NULL, NULL, false } };
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	struct kept *t = *state;
	struct input in = { .kind = IN_SUBMIT,
			    .submission = &s,
			    .submit_flags = SUBMIT_NEW_RUN,
			    .operator_name = SPAN_LIT("tester") };

	t->v.disk.vfs.mkdir(t->v.disk.vfs.ctx, "logs");
	simdisk_put(&t->v.disk, "logs/a.log", "old", 3);
	views_world_end(&t->v, true);
	note(t); /* and nothing is written before the next run is asked for */
	submission_of(&s, &t->v.w, rows, ARRAY_LEN(rows));
	views_keeper_before(&t->k, &in, t->v.w.now_ms);
	expect_holds(&t->v, "archive/ci/metadata.json", "\"run_no\":1");
	assert_int_equal(world_step(&t->v.w, in), 0);
	note(t);
	assert_non_null(simdisk_file(&t->v.disk, "logs/a.log"));
	views_keeper_settle(&t->k);
	assert_null(simdisk_file(&t->v.disk, "logs/a.log"));
	expect_holds(&t->v, "archive/ci/logs/a.log", "old");
	run(t);
	views_each(&t->v.w.st, expect_current, t);
}

static void a_full_disk_is_told_once_and_tried_again(void **state)
{
	struct kept *t = *state;

	note(t);
	t->v.disk.capacity = 1;
	assert_int_equal(run(t), -ENOSPC);
	assert_non_null(strstr(t->e.text, "the work goes on"));
	for (unsigned i = 0; i < 3; i++) {
		t->mono_ms += VIEWS_INTERVAL_MS;
		assert_int_equal(run(t), 0); /* told already */
		assert_false(idle(t));
	}
	t->v.disk.capacity = 0;
	t->mono_ms += VIEWS_INTERVAL_MS;
	assert_int_equal(run(t), 0);
	views_each(&t->v.w.st, expect_current, t);
	world_finished(&t->v.w, "c", OUTCOME_EXIT, 0);
	note(t);
	t->v.disk.capacity = 1;
	t->mono_ms += VIEWS_INTERVAL_MS;
	assert_int_equal(run(t), -ENOSPC); /* a new trouble */
}

static void one_file_in_the_way_does_not_keep_the_others(void **state)
{
	struct kept *t = *state;

	t->v.disk.vfs.mkdir(t->v.disk.vfs.ctx, "dag_ci.json.tmp");
	note(t);
	assert_true(run(t) < 0);
	expect_current(t, (struct view_file){ VIEW_BY_STATUS, NO_ID }, "by_status.json");
	t->v.disk.vfs.remove_dir(t->v.disk.vfs.ctx, "dag_ci.json.tmp");
	t->mono_ms += VIEWS_INTERVAL_MS;
	assert_int_equal(run(t), 0);
	views_each(&t->v.w.st, expect_current, t);
}

static int remove_view(void *ctx, struct view_file file, const char *path)
{
	struct kept *t = ctx;

	(void)file;
	return t->v.disk.vfs.remove(t->v.disk.vfs.ctx, path);
}

static void what_somebody_removed_comes_back(void **state)
{
	struct kept *t = *state;

	note(t);
	run(t);
	assert_int_equal(views_each(&t->v.w.st, remove_view, t), 0);
	views_keeper_release(&t->k);
	keep(t);
	assert_int_equal(finish(t), 0);
	views_each(&t->v.w.st, expect_current, t);
}

static int lose_view(void *ctx, struct view_file file, const char *path)
{
	struct kept *t = ctx;

	remove_view(ctx, file, path);
	views_keeper_lost(&t->k, span_of(path));
	return 0;
}

/* While it lives, without an event: one that was removed is written at its next time. */
static void what_is_removed_meanwhile_comes_back(void **state)
{
	struct kept *t = *state;
	uint64_t calls;

	note(t);
	run(t);
	t->mono_ms += VIEWS_INTERVAL_MS;
	calls = t->v.disk.calls;
	views_keeper_lost(&t->k, SPAN_LIT("dag_other.json"));
	views_keeper_lost(&t->k, SPAN_LIT("by_status.json.tmp"));
	views_keeper_lost(&t->k, SPAN_LIT(""));
	assert_true(idle(t));
	run(t);
	assert_int_equal(t->v.disk.calls, calls);
	assert_int_equal(views_each(&t->v.w.st, lose_view, t), 0);
	assert_int_equal(run(t), 0);
	assert_int_equal(views_each(&t->v.w.st, expect_current, t), 0);
	assert_true(idle(t));
}

static void the_whole_folder_may_go(void **state)
{
	struct kept *t = *state;
	struct views_world *v = &t->v;

	note(t);
	run(t);
	assert_int_equal(v->disk.vfs.rename(v->disk.vfs.ctx, "checkpoints", "elsewhere"), 0);
	world_finished(&v->w, "c", OUTCOME_EXIT, 0);
	note(t);
	t->mono_ms += VIEWS_INTERVAL_MS;
	assert_int_equal(run(t), 0);
	expect_current(t, (struct view_file){ VIEW_CHECKPOINT, 0 }, "checkpoints/ci_latest.json");
}

static void nothing_is_written_when_all_is_there(void **state)
{
	struct kept *t = *state;
	uint64_t calls;

	views_world_end(&t->v, true);
	note(t);
	run(t);
	views_keeper_release(&t->k);
	keep(t); /* the next start */
	calls = t->v.disk.calls;
	views_keeper_look(&t->k);
	assert_true(idle(t));
	run(t);
	assert_int_equal(t->v.disk.calls, calls);
}

static void an_archive_that_was_removed_stays_away(void **state)
{
	struct kept *t = *state;

	views_world_end(&t->v, true);
	note(t);
	run(t);
	assert_int_equal(archive_prune(&t->v.disk.vfs, t->v.w.now_ms + 1000 * 86400000LL), 1);
	assert_int_equal(finish(t), 0);
	assert_int_equal(names_in(&t->v.disk.vfs, "archive"), 0);
	t->mono_ms += VIEWS_INTERVAL_MS;
	views_each(&t->v.w.st, lose_view, t);
	assert_int_equal(run(t), 0);
	views_each(&t->v.w.st, expect_current, t);
	assert_int_equal(names_in(&t->v.disk.vfs, "archive"), 0);
}

static void a_slice_is_short_and_the_rest_follows(void **state)
{
	static const struct row more[] = { { "x1", "p", NULL, NULL, false },
					   { "x2", "q", NULL, NULL, false },
					   { "x3", "r", NULL, NULL, false } };
	struct kept *t = *state;
	unsigned slices = 0;

	assert_int_equal(world_submit(&t->v.w, more, ARRAY_LEN(more), 0), 0);
	note(t);
	t->step_ms = VIEWS_PASS_MS + 1; /* each workstream takes all the time there is */
	while (!idle(t)) {
		int64_t due_ms = views_keeper_due(&t->k);

		if (slices)
			assert_true(due_ms >= t->mono_ms + 10LL * VIEWS_PASS_MS);
		t->mono_ms = due_ms > t->mono_ms ? due_ms : t->mono_ms;
		assert_int_equal(run(t), 0);
		slices++;
		assert_true(slices < 20);
	}
	assert_true(slices >= 4);
	views_each(&t->v.w.st, expect_current, t);
}

/* The journal was cut back to an earlier event: what is of a later one did not happen. */
static void what_a_restore_gave_up_is_forgotten(void **state)
{
	struct kept *t = *state;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	uint64_t end = t->v.w.st.last_seq;

	note(t);
	run(t);
	buf_putf(&path, "checkpoints/ci_%llu.json", (unsigned long long)end);
	assert_non_null(simdisk_file(&t->v.disk, path.p));
	t->v.w.st.last_seq = end - 1;
	views_keeper_release(&t->k);
	keep(t);
	views_keeper_look(&t->k);
	assert_null(simdisk_file(&t->v.disk, path.p));
	assert_int_equal(run(t), 0);
	assert_int_equal(checkpoint_seq(&t->v.disk.vfs, SPAN_LIT("ci")), end - 1);
}

/* Killed at any call that changes the disk, with or without the machine: the next start mends all.
 */
static bool kept_until_cut(uint64_t cut, unsigned tear)
{
	void *state;
	struct kept *t;
	bool dead;

	setup(&state);
	t = state;
	note(t);
	run(t);
	simdisk_settle(&t->v.disk);
	views_world_end(&t->v, false);
	note(t);
	t->v.disk.cut_at = t->v.disk.calls + cut;
	t->mono_ms += VIEWS_INTERVAL_MS;
	run(t);
	dead = t->v.disk.dead;
	views_keeper_release(&t->k);
	simdisk_power_on(&t->v.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	keep(t);
	views_keeper_look(&t->k);
	t->k.indexes = true; /* as the record of the start does */
	assert_int_equal(run(t), 0);
	views_each(&t->v.w.st, expect_current, t);
	expect_holds(&t->v, "archive/ci/metadata.json", "\"state\":\"failed\"");
	assert_int_equal(names_in(&t->v.disk.vfs, "archive/ci"), 5); /* no second one */
	teardown(&state);
	return dead;
}

static void a_crash_at_any_call_is_mended_by_the_next_start(void **state)
{
	uint64_t worlds = 0;

	(void)state;
	for (unsigned tear = 0; tear < TEAR_DATA_COUNT * TEAR_NAMES_COUNT; tear++)
		for (uint64_t cut = 0; kept_until_cut(cut, tear); cut++)
			worlds++;
	assert_true(worlds > 100);
}

static void metrics_come_every_minute(void **state)
{
	struct kept *t = *state;
	uint64_t calls;

	t->mono_ms = t->k.metrics_ms - 1;
	run(t);
	assert_null(simdisk_file(&t->v.disk, METRICS_FILE));
	t->mono_ms++;
	assert_int_equal(run(t), 0);
	expect_holds(&t->v, METRICS_FILE, "\"running\":1");
	calls = t->v.disk.calls;
	assert_int_equal(views_keeper_due(&t->k), t->mono_ms + METRICS_INTERVAL_MS);
	t->mono_ms += METRICS_INTERVAL_MS - 1;
	run(t);
	assert_int_equal(t->v.disk.calls, calls);
	t->mono_ms++;
	run(t);
	assert_true(t->v.disk.calls > calls);
	world_finished(&t->v.w, "c", OUTCOME_EXIT, 0);
	note(t);
	assert_int_equal(finish(t), 0); /* and at the end */
	expect_holds(&t->v, METRICS_FILE, "\"completed\":2");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_changed_is_written),
		CASE(at_most_once_a_second),
		CASE(many_events_cost_no_more_writes_than_one),
		CASE(an_end_is_archived),
		CASE(a_new_run_finds_its_logs_free_and_the_old_ones_kept),
		CASE(a_full_disk_is_told_once_and_tried_again),
		CASE(one_file_in_the_way_does_not_keep_the_others),
		CASE(what_somebody_removed_comes_back),
		CASE(the_whole_folder_may_go),
		CASE(nothing_is_written_when_all_is_there),
		CASE(what_is_removed_meanwhile_comes_back),
		CASE(an_archive_that_was_removed_stays_away),
		CASE(what_a_restore_gave_up_is_forgotten),
		CASE(metrics_come_every_minute),
		CASE(a_slice_is_short_and_the_rest_follows),
		cmocka_unit_test(a_crash_at_any_call_is_mended_by_the_next_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
