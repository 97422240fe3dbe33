/*
 * Opening a store: what it finds, what it repairs, what it refuses and in which words, and that a
 * refusal changes nothing.
 */
#include "store_world.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "store/store_impl.h"

static void a_store_is_created_and_found_again(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 3);
	assert_true(w.user.report.created);
	assert_opens(&w, 3);
	assert_false(w.user.report.created);
	assert_int_equal(w.user.report.records_replayed, 10);
	assert_true(span_is(w.user.st.workspace, "0123456789abcdef"));
	assert_int_equal(w.user.st.last_seq, 10);
}

static void a_snapshot_shortens_the_replay(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 3);
	assert_int_equal(user_snapshot(&w.user), 0);
	assert_int_equal(user_turn(&w.user), 0);
	assert_opens(&w, 4);
	assert_true(w.user.report.snapshot_used);
	assert_int_equal(w.user.report.records_replayed, 3);
	assert_int_equal(user_turn(&w.user), 0);
	assert_opens(&w, 5);
}

static void reading_changes_nothing(void **state)
{
	CLEANUP(world_release) struct world w;
	uint64_t calls;

	(void)state;
	world_init(&w);
	assert_int_equal(user_open(&w.user, STORE_READ_ONLY), -ENOENT);
	assert_int_equal(w.disk.calls, 0);
	world_release(&w);
	base_disk(&w.disk);
	user_init(&w.user, &w.disk.vfs);
	calls = w.disk.calls;
	assert_int_equal(user_open(&w.user, STORE_READ_ONLY), 0);
	assert_int_equal(user_turns(&w.user), 3);
	assert_true(w.user.report.torn_bytes > 0);
	assert_int_equal(user_turn(&w.user), -SK_EREFUSED);
	assert_int_equal(w.disk.calls, calls);
}

static void a_torn_tail_is_kept_aside(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	base_disk(&w.disk);
	user_init(&w.user, &w.disk.vfs);
	assert_opens(&w, 3);
	assert_int_equal(w.user.report.torn_line, 11);
	assert_int_equal(w.user.report.torn_bytes,
			 strlen("{\"seq\":11,\"timestamp\":\"2026-11-21T"));
	assert_int_equal(w.user.report.stray_temps, 1);
	assert_int_equal(w.user.st.last_seq, 11); /* that it was dropped is recorded */
	assert_opens(&w, 3);
	assert_int_equal(w.user.report.torn_bytes, 0);
}

static void a_record_of_a_torn_turn_leaves_no_trace(void **state)
{
	CLEANUP(world_release) struct world w;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 2);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	buf_truncate(raw, raw->len - 30); /* two of three lines of the turn are whole */
	assert_opens(&w, 1);
}

/* Row 7: checksums fit, the story does not. */
static void an_illegal_record_is_damage(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(events_release) struct events batch = EVENTS_INIT;
	struct event *ev;

	(void)state;
	world_with_turns(&w, 1);
	ev = events_add(&batch, EV_TASK_STARTED, w.user.now_ms);
	ev->task_id = SPAN_LIT("task-003");
	ev->edge = SPAN_LIT("T3");
	ev->transition = true;
	ev->from = TASK_COMPLETED;
	ev->to = TASK_RUNNING;
	ev->trigger = ON_WORKER_STARTED;
	assert_int_equal(store_commit(w.user.store, &batch, 1, &w.user.e), 0);
	assert_refused(&w, -SK_ECORRUPT, "task-003");
	assert_says(&w.user.e, "line 5");
}

static void a_lost_journal_is_noticed(void **state)
{
	CLEANUP(world_release) struct world w;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 3);
	assert_int_equal(user_snapshot(&w.user), 0);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	buf_truncate(raw, raw->len / 2);
	while (raw->p[raw->len - 1] != '\n')
		buf_truncate(raw, raw->len - 1);
	assert_refused(
		&w, -SK_ECORRUPT,
		"snapshot is at 10, journal ends at 4: 6 acknowledged transitions are missing");
	assert_says(&w.user.e,
		    "nothing was started. Try: sk state restore --from-backup latest --dry-run");
	buf_truncate(raw, 0);
	assert_refused(
		&w, -SK_ECORRUPT,
		"snapshot is at 10, journal ends at 0: 10 acknowledged transitions are missing");
	w.disk.vfs.remove(w.disk.vfs.ctx, JOURNAL_FILE);
	assert_refused(&w, -SK_ECORRUPT, "journal ends at 0");
	w.disk.vfs.remove(w.disk.vfs.ctx, SNAPSHOT_FILE);
	simdisk_put(&w.disk, "backups/current_2026-11-21T08-43-00.json", "{}", 2);
	assert_refused(&w, -SK_ECORRUPT, "is missing or empty");
}

static void an_unreadable_snapshot_is_rebuilt(void **state)
{
	(void)state;
	for (int half = 0; half < 2; half++) {
		CLEANUP(world_release) struct world w;
		CLEANUP(buf_release) struct buf names = BUF_INIT;
		struct buf *raw;

		world_with_turns(&w, 3);
		assert_int_equal(user_snapshot(&w.user), 0);
		raw = simdisk_file(&w.disk, SNAPSHOT_FILE);
		buf_truncate(raw, half ? raw->len / 2 : 0);
		assert_opens(&w, 3);
		assert_true(w.user.report.snapshot_rebuilt);
		w.disk.vfs.list(w.disk.vfs.ctx, ".", &names);
		assert_non_null(memmem(names.p, names.len, "current.json.corrupt-2026-", 26));
		assert_opens(&w, 3);
		assert_false(w.user.report.snapshot_rebuilt);
	}
}

static void a_foreign_snapshot_is_refused(void **state)
{
	CLEANUP(world_release) struct world w, other;
	struct buf *raw;
	struct store_report report;
	struct store *s;
	struct state st;
	struct err e = ERR_INIT;

	(void)state;
	world_with_turns(&w, 1);
	world_init(&other);
	state_init(&st);
	assert_int_equal(store_open(&other.disk.vfs, 0, "fedcba9876543210", other.user.now_ms, &st,
				    &s, &report, &e),
			 0);
	assert_int_equal(store_snapshot(s, &st, other.user.now_ms, true, &e), 0);
	store_close(s);
	state_release(&st);
	raw = simdisk_file(&other.disk, SNAPSHOT_FILE);
	simdisk_put(&w.disk, SNAPSHOT_FILE, raw->p, raw->len);
	assert_refused(&w, -SK_ECORRUPT,
		       "belongs to workspace fedcba9876543210, this is 0123456789abcdef");
}

/* A snapshot from a twin: the same workspace, another history. */
static void a_snapshot_of_another_history_is_refused(void **state)
{
	CLEANUP(world_release) struct world w, twin;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 3);
	world_init(&twin);
	twin.user.now_ms += 5000;
	assert_int_equal(user_open(&twin.user, 0), 0);
	assert_int_equal(user_turn(&twin.user), 0);
	assert_int_equal(user_snapshot(&twin.user), 0);
	raw = simdisk_file(&twin.disk, SNAPSHOT_FILE);
	simdisk_put(&w.disk, SNAPSHOT_FILE, raw->p, raw->len);
	assert_refused(&w, -SK_ECORRUPT, "at seq 4 it does not belong to this journal");
}

/* An older snapshot of ours, put back by hand, is simply older. */
static void an_older_snapshot_is_caught_up(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(buf_release) struct buf old = BUF_INIT;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(user_snapshot(&w.user), 0);
	raw = simdisk_file(&w.disk, SNAPSHOT_FILE);
	buf_put(&old, raw->p, raw->len);
	assert_int_equal(user_turn(&w.user), 0);
	assert_int_equal(user_rotate(&w.user), 0);
	assert_int_equal(user_turn(&w.user), 0);
	assert_int_equal(user_snapshot(&w.user), 0);
	simdisk_put(&w.disk, SNAPSHOT_FILE, old.p, old.len);
	assert_opens(&w, 3);
}

static void what_is_no_private_file_is_refused(void **state)
{
	static const struct {
		unsigned type, mode;
		int code;
		const char *words;
	} rows[] = {
		{ S_IFIFO, 0600, -SK_ECORRUPT, "is a FIFO, expected a regular file" },
		{ S_IFDIR, 0700, -SK_ECORRUPT, "is a directory, expected a regular file" },
		{ S_IFSOCK, 0600, -SK_ECORRUPT, "is a socket" },
		{ S_IFCHR, 0600, -SK_ECORRUPT, "is a device" },
		{ S_IFLNK, 0777, -SK_EREFUSED, "is a symbolic link; refused" },
		{ S_IFREG, 0664, -SK_EREFUSED, "is writable by group (mode 0664)" },
		{ S_IFREG, 0602, -SK_EREFUSED, "is writable by others (mode 0602)" },
	};
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		simdisk_set_mode(&w.disk, JOURNAL_FILE, rows[i].type, rows[i].mode);
		assert_refused(&w, rows[i].code, rows[i].words);
	}
	simdisk_set_mode(&w.disk, JOURNAL_FILE, S_IFREG, 0600);
	w.disk.vfs.link(w.disk.vfs.ctx, JOURNAL_FILE, "elsewhere");
	assert_refused(&w, -SK_EREFUSED, "has 2 hard links; refused");
}

static void an_unfinished_rotation_is_undone(void **state)
{
	CLEANUP(world_release) struct world w;
	struct vfs_stat st;

	(void)state;
	world_with_turns(&w, 2);
	w.disk.vfs.link(w.disk.vfs.ctx, JOURNAL_FILE, SEGMENTS_DIR "/1-7.jsonl");
	assert_int_equal(user_open(&w.user, STORE_READ_ONLY), 0);
	assert_opens(&w, 2);
	assert_int_equal(w.disk.vfs.stat(w.disk.vfs.ctx, SEGMENTS_DIR "/1-7.jsonl", &st), -ENOENT);
}

static void damage_at_the_head_of_a_segment_stops(void **state)
{
	CLEANUP(world_release) struct world w;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 2);
	assert_int_equal(user_rotate(&w.user), 0);
	assert_int_equal(user_turn(&w.user), 0);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	for (size_t at = 0; raw->p[at] != '\n'; at++) {
		raw->p[at] ^= 1;
		if (user_open(&w.user, 0) != -SK_ECORRUPT)
			fail_msg("byte %zu of the first record changed and nothing stopped", at);
		raw->p[at] ^= 1;
	}
	assert_opens(&w, 3);
}

static void backup_names_are_exact(void **state)
{
	static const char *const bad[] = { "current_../../x.json",
					   "current_2026-11-21T08:43:00.json",
					   "current_.json",
					   "current_2026-11-21T08-43-00.jsom",
					   "Current_2026-11-21T08-43-00.json",
					   "current_2026-11-31T08-43-00.json",
					   "" };
	char name[BACKUP_NAME_BYTES];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(backup_name_decode(span_of(bad[i]), &ms), -EINVAL);
	backup_name_encode(1790000000123LL, name);
	assert_int_equal(backup_name_decode(span_of(name), &ms), 0);
	assert_int_equal(ms, 1790000000000LL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_is_created_and_found_again),
		cmocka_unit_test(a_snapshot_shortens_the_replay),
		cmocka_unit_test(reading_changes_nothing),
		cmocka_unit_test(a_torn_tail_is_kept_aside),
		cmocka_unit_test(a_record_of_a_torn_turn_leaves_no_trace),
		cmocka_unit_test(an_illegal_record_is_damage),
		cmocka_unit_test(a_lost_journal_is_noticed),
		cmocka_unit_test(an_unreadable_snapshot_is_rebuilt),
		cmocka_unit_test(a_foreign_snapshot_is_refused),
		cmocka_unit_test(a_snapshot_of_another_history_is_refused),
		cmocka_unit_test(an_older_snapshot_is_caught_up),
		cmocka_unit_test(what_is_no_private_file_is_refused),
		cmocka_unit_test(an_unfinished_rotation_is_undone),
		cmocka_unit_test(damage_at_the_head_of_a_segment_stops),
		cmocka_unit_test(backup_names_are_exact),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
