/* Checkpoints: what they hold, that they come back as they were given, that a foreign, old or
 * damaged one is refused whole, and that the history stays short. */
#include "views_world.h"

#include "views/seal.h"

#define LATEST "checkpoints/ci_latest.json"

static void write_at(struct views_world *v, uint64_t seq)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct view_stamp stamp = { v->w.now_ms, seq };

	assert_int_equal(checkpoint_prepare(&v->disk.vfs), 0);
	assert_int_equal(checkpoint_write(&v->disk.vfs, &v->src, 0, stamp, &scratch), 0);
	assert_int_equal(checkpoint_settle(&v->disk.vfs), 0);
}

static void it_holds_what_the_runbook_says(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	write_at(&v, v.w.st.last_seq);
	expect_holds(&v, LATEST, "\"workstream_id\":\"ci\"");
	expect_holds(&v, LATEST, "\"checkpoint_at\":\"2026-09-21T14:13:20.000Z\"");
	expect_holds(&v, LATEST,
		     "\"completed_tasks\":[\"a\"],\"failed_tasks\":[],"
		     "\"pending_tasks\":[\"d\",\"b\",\"c\"],\"cancelled_tasks\":[],"
		     "\"resources_held\":{\"repo\":\"c\"}");
	expect_holds(&v, LATEST,
		     "\"task_states\":{\"d\":\"pending\",\"b\":\"queued\","
		     "\"a\":\"completed\",\"c\":\"running\"}");
	assert_true(seal_holds(file_of(&v, LATEST)));
	views_world_release(&v);
}

static void it_comes_back(void **state)
{
	struct checkpoint c = CHECKPOINT_INIT;
	struct err e = ERR_INIT;
	struct views_world v;
	uint64_t seq;

	(void)state;
	views_world_init(&v);
	seq = v.w.st.last_seq;
	write_at(&v, seq);
	views_world_end(&v, true);
	if (checkpoint_read(&v.disk.vfs, &v.w.st, 0, "latest", &c, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(c.seq, seq);
	assert_int_equal(c.count, 4);
	for (size_t i = 0; i < c.count; i++) {
		const char *id = v.w.st.tasks[c.tasks[i].task].id.p;

		assert_int_equal(c.tasks[i].state, *id == 'a'   ? TASK_COMPLETED
						   : *id == 'b' ? TASK_QUEUED
						   : *id == 'c' ? TASK_RUNNING
								: TASK_PENDING);
	}
	checkpoint_release(&c);
	assert_int_equal(
		checkpoint_read(&v.disk.vfs, &v.w.st, 0, "2026-09-21T14:13:20.000Z", &c, &e), 0);
	checkpoint_release(&c);
	views_world_release(&v);
}

static void expect_refused(struct views_world *v, const char *which, int code, const char *words)
{
	struct checkpoint c = CHECKPOINT_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(checkpoint_read(&v->disk.vfs, &v->w.st, 0, which, &c, &e), code);
	if (!strstr(e.text, words) || !strstr(e.text, "nothing was rolled back"))
		fail_msg("expected \"%s\" in: %s", words, e.text);
	assert_null(c.tasks);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct views_world v;
	uint64_t seq;

	(void)state;
	views_world_init(&v);
	expect_refused(&v, "latest", -SK_ENOTFOUND, "has no checkpoint");
	seq = v.w.st.last_seq;
	write_at(&v, seq);
	expect_refused(&v, "yesterday", -SK_EUSAGE, "expected latest");
	expect_refused(&v, "1", -SK_ENOTFOUND, "there are 1");
	expect_refused(&v, "2026-09-21T14:13:21.000Z", -SK_ENOTFOUND, "has no checkpoint");
	v.w.st.ws[0].run_no++;
	expect_refused(&v, "latest", -SK_EREFUSED, "is of run 1, this is run 2");
	v.w.st.ws[0].run_no--;
	v.w.st.last_seq--;
	expect_refused(&v, "latest", -SK_EREFUSED, "the journal ends at");
	views_world_release(&v);
}

static void a_flipped_bit_is_found_anywhere(void **state)
{
	struct views_world v;
	struct buf *file;

	(void)state;
	views_world_init(&v);
	write_at(&v, v.w.st.last_seq);
	file = simdisk_file(&v.disk, LATEST);
	for (size_t i = 0; i < file->len; i++) {
		file->p[i] ^= 1;
		expect_refused(&v, "latest", -SK_ECORRUPT, "damaged");
		file->p[i] ^= 1;
	}
	views_world_release(&v);
}

/* Sealed, so that only the content can be what is wrong with it. */
static void put_sealed(struct views_world *v, const char *body)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	buf_puts(&out, body);
	seal_put(&out, 0);
	simdisk_put(&v->disk, LATEST, out.p, out.len);
}

#define HEAD(ws)                                                \
	"{\"schema_version\":\"1.0.0\",\"workstream_id\":\"" ws \
	"\",\"checkpoint_at\":\"2026-09-21T14:13:20.000Z\",\"seq\":3,\"run_no\":1,"

static void a_hostile_one_is_refused_as_a_whole(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	simdisk_put(&v.disk, "x", "", 0);
	assert_int_equal(checkpoint_prepare(&v.disk.vfs), 0);
	put_sealed(&v, HEAD("other") "\"task_states\":{}");
	expect_refused(&v, "latest", -SK_EREFUSED, "is of workstream other, not of ci");
	put_sealed(&v, HEAD("ci") "\"task_states\":{\"zz\":\"pending\"}");
	expect_refused(&v, "latest", -SK_EREFUSED, "names task zz");
	put_sealed(&v, HEAD("ci") "\"task_states\":{\"a\":\"sleeping\"}");
	expect_refused(&v, "latest", -SK_ECORRUPT, "unknown state");
	put_sealed(&v, HEAD("ci") "\"task_states\":{\"a\":\"pending\",\"a\":\"failed\"}");
	expect_refused(&v, "latest", -SK_ECORRUPT, "second state of task");
	put_sealed(&v, HEAD("ci") "\"task_states\":{},\"retry_counts\":{\"a\":1}");
	expect_refused(&v, "latest", -SK_ECORRUPT, "a count without a state");
	put_sealed(&v, HEAD("ci") "\"task_states\":[]");
	expect_refused(&v, "latest", -SK_ECORRUPT, "unreadable task_states");
	put_sealed(&v, "{\"schema_version\":\"2.0.0\"");
	expect_refused(&v, "latest", -SK_EREFUSED, "is of a format");
	views_world_release(&v);
}

static void the_history_stays_short(void **state)
{
	struct views_world v;

	(void)state;
	views_world_init(&v);
	for (uint64_t seq = 1; seq <= CHECKPOINTS_KEPT + 30; seq++)
		write_at(&v, seq);
	simdisk_put(&v.disk, "checkpoints/mine.txt", "x", 1);
	simdisk_put(&v.disk, "checkpoints/old_latest.json.tmp", "x", 1);
	assert_int_equal(checkpoint_prune(&v.disk.vfs), 0);
	/* the latest, and what is not ours */
	assert_int_equal(names_in(&v.disk.vfs, "checkpoints"), CHECKPOINTS_KEPT + 2);
	assert_null(simdisk_file(&v.disk, "checkpoints/ci_30.json"));
	assert_non_null(simdisk_file(&v.disk, "checkpoints/ci_31.json"));
	assert_non_null(simdisk_file(&v.disk, "checkpoints/mine.txt"));
	assert_null(simdisk_file(&v.disk, "checkpoints/old_latest.json.tmp"));
	views_world_release(&v);
}

static void names_are_taken_apart_from_behind(void **state)
{
	static const char *const bad[] = { "ci.json",    "ci_latest.json", "_5.json", "ci_5.jsonx",
					   "ci_-5.json", "ci_05.json",     "ci_.json" };
	struct checkpoint_name name;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(checkpoint_name_decode(span_of(bad[i]), &name));
	assert_true(checkpoint_name_decode(SPAN_LIT("a_b_17.json"), &name));
	assert_true(span_is(name.ws, "a_b"));
	assert_int_equal(name.seq, 17);
}

/* A checkpoint is there already; the power goes while the next one is written. */
static bool write_until_cut(uint64_t cut, unsigned tear)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct checkpoint c = CHECKPOINT_INIT;
	struct err e = ERR_INIT;
	struct views_world v;
	uint64_t seq;
	bool dead;

	views_world_init(&v);
	seq = v.w.st.last_seq;
	write_at(&v, seq);
	world_finished(&v.w, "c", OUTCOME_EXIT, 0);
	v.disk.cut_at = v.disk.calls + cut;
	if (checkpoint_write(&v.disk.vfs, &v.src, 0,
			     (struct view_stamp){ v.w.now_ms, v.w.st.last_seq }, &scratch) == 0)
		checkpoint_settle(&v.disk.vfs);
	dead = v.disk.dead;
	simdisk_power_on(&v.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	if (checkpoint_read(&v.disk.vfs, &v.w.st, 0, "latest", &c, &e) < 0)
		fail_msg("cut at %llu, tear %u: %s", (unsigned long long)cut, tear, e.text);
	assert_true(c.seq == seq || c.seq == v.w.st.last_seq);
	if (!dead)
		assert_int_equal(c.seq, v.w.st.last_seq);
	checkpoint_release(&c);
	views_world_release(&v);
	return dead;
}

static void power_lost_at_any_write_leaves_the_old_or_the_new(void **state)
{
	uint64_t worlds = 0;

	(void)state;
	for (unsigned tear = 0; tear < TEAR_DATA_COUNT * TEAR_NAMES_COUNT; tear++)
		for (uint64_t cut = 0; write_until_cut(cut, tear); cut++)
			worlds++;
	assert_true(worlds > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_the_runbook_says),
		cmocka_unit_test(it_comes_back),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_flipped_bit_is_found_anywhere),
		cmocka_unit_test(a_hostile_one_is_refused_as_a_whole),
		cmocka_unit_test(the_history_stays_short),
		cmocka_unit_test(names_are_taken_apart_from_behind),
		cmocka_unit_test(power_lost_at_any_write_leaves_the_old_or_the_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
