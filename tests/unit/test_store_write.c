/*
 * Writing to a store: snapshots, backups and rotation in their time, and a full or failing disk
 * that leaves a journal which can still be read.
 */
#include "store_world.h"

#include <errno.h>

#include "base/limits.h"
#include "core/apply.h"
#include "store/record.h"
#include "store/segments.h"
#include "store/store_impl.h"

static void snapshots_are_made_once_a_second(void **state)
{
	CLEANUP(world_release) struct world w;
	struct user *u = &w.user;

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(user_snapshot(u), 0);
	assert_int_equal(store_snapshot_due(u->store), INT64_MAX);
	assert_int_equal(user_turn(u), 0);
	assert_int_equal(store_snapshot_due(u->store), u->now_ms - 1000 + SNAPSHOT_INTERVAL_MS);
	assert_int_equal(store_snapshot(u->store, &u->st, u->now_ms - 1, false, &u->e), 0);
	assert_true(store_snapshot_due(u->store) != INT64_MAX);
	assert_int_equal(store_snapshot(u->store, &u->st, u->now_ms, false, &u->e), 0);
	assert_int_equal(store_snapshot_due(u->store), INT64_MAX);
}

static void a_journal_cut_by_somebody_stops_us(void **state)
{
	CLEANUP(world_release) struct world w;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 3);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	buf_truncate(raw, 200);
	assert_int_equal(user_turn(&w.user), -SK_ECORRUPT);
	assert_says(&w.user.e, "to 200 bytes while open: stopped, nothing was recorded");
	assert_int_equal(raw->len, 200);
	assert_false(store_usable(w.user.store));
	err_clear(&w.user.e);
	assert_int_equal(user_turn(&w.user), -SK_EIO);
}

/* Runs the disk full with the orchestrator's start on record. */
static void fill_the_disk(struct world *w)
{
	CLEANUP(events_release) struct events batch = EVENTS_INIT;
	struct event *ev;
	char why[200];

	world_with_turns(w, 1);
	ev = events_add(&batch, EV_ORCHESTRATOR_STARTED, w->user.now_ms);
	ev->seq = w->user.st.last_seq + 1;
	ev->incarnation = 1;
	assert_int_equal(core_apply(&w->user.st, ev, NULL, why), 0);
	assert_int_equal(store_commit(w->user.store, &batch, 1, &w->user.e), 0);
	w->disk.capacity = RESERVE_BYTES + simdisk_file(&w->disk, JOURNAL_FILE)->len + 100;
}

static int last_kind(void *ctx, const struct event *ev, struct span line)
{
	(void)line;
	*(enum event_kind *)ctx = ev->kind;
	return 0;
}

static void a_full_disk_leaves_a_readable_journal(void **state)
{
	CLEANUP(world_release) struct world w;
	enum event_kind last = EVENT_COUNT;

	(void)state;
	fill_the_disk(&w);
	assert_int_equal(user_turn(&w.user), -SK_EIO);
	assert_says(
		&w.user.e,
		"no space left on the device: seq 6..8 (resource_limit_set ...) were not recorded");
	assert_says(&w.user.e, "Try: ");
	assert_false(store_usable(w.user.store));
	assert_int_equal(store_scan(&w.disk.vfs, 1, last_kind, &last, &w.user.e), 0);
	assert_int_equal(last, EV_ORCHESTRATOR_STOPPED);
	w.disk.capacity = 0;
	assert_opens(&w, 1);
	assert_int_equal(w.user.report.torn_bytes, 0);
	assert_int_equal(simdisk_file(&w.disk, RESERVE_FILE)->len, RESERVE_BYTES);
	assert_false(w.user.st.orchestrator_running);
}

static void a_full_disk_that_cannot_be_truncated_leaves_a_torn_tail(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	fill_the_disk(&w);
	w.disk.fail_truncate = EPERM;
	assert_int_equal(user_turn(&w.user), -SK_EIO);
	w.disk.fail_truncate = 0;
	w.disk.capacity = 0;
	assert_opens(&w, 1);
	assert_true(w.user.report.torn_bytes > 0);
}

static void a_failed_sync_is_final(void **state)
{
	CLEANUP(world_release) struct world w;
	uint64_t calls;

	(void)state;
	world_with_turns(&w, 1);
	w.disk.fail_sync_at = w.disk.calls + 1;
	assert_int_equal(user_turn(&w.user), -SK_EIO);
	assert_says(&w.user.e, "cannot be made durable");
	assert_says(&w.user.e, "is unknown until the next start");
	calls = w.disk.calls;
	assert_int_equal(user_turn(&w.user), -SK_EIO);
	assert_int_equal(w.disk.calls, calls); /* neither written nor synced again */
}

static void a_record_too_long_is_not_written(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(events_release) struct events batch = EVENTS_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	size_t before;

	(void)state;
	world_with_turns(&w, 1);
	before = simdisk_file(&w.disk, JOURNAL_FILE)->len;
	buf_reserve(&text, RECORD_BYTES_MAX);
	memset(text.p, 'x', RECORD_BYTES_MAX);
	events_add(&batch, EV_ORCHESTRATOR_STOPPED, w.user.now_ms)->reason =
		(struct span){ text.p, RECORD_BYTES_MAX };
	assert_int_equal(store_commit(w.user.store, &batch, 1, &w.user.e), -SK_EREFUSED);
	assert_says(&w.user.e, "longer than 1 MiB");
	assert_int_equal(simdisk_file(&w.disk, JOURNAL_FILE)->len, before);
	assert_opens(&w, 1);
}

struct count {
	uint64_t next;
	bool dense;
};

static int count_dense(void *ctx, const struct event *ev, struct span line)
{
	struct count *c = ctx;

	assert_int_equal(line.p[0], '{');
	c->dense = c->dense && ev->seq == c->next++;
	return 0;
}

static void rotation_keeps_everything(void **state)
{
	CLEANUP(world_release) struct world w;
	struct count all = { 1, true }, some = { 6, true };

	(void)state;
	world_with_turns(&w, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(user_rotate(&w.user), 0);
		assert_int_equal(user_turn(&w.user), 0);
	}
	assert_int_equal(w.disk.vfs.remove(w.disk.vfs.ctx, SNAPSHOT_FILE),
			 -ENOENT); /* the journal alone is enough */
	assert_opens(&w, 5);
	assert_int_equal(w.user.report.records_replayed, 5);
	assert_int_equal(store_scan(&w.disk.vfs, 1, count_dense, &all, &w.user.e), 0);
	assert_true(all.dense);
	assert_int_equal(all.next, w.user.st.last_seq + 1);
	assert_int_equal(store_scan(&w.disk.vfs, 6, count_dense, &some, &w.user.e), 0);
	assert_true(some.dense);
	assert_non_null(simdisk_file(&w.disk, SEGMENTS_DIR "/1-7.jsonl"));
	assert_non_null(simdisk_file(&w.disk, SEGMENTS_DIR "/8-12.jsonl"));
}

/* Two ways lead to the state at the head of a rotated journal: all at once, and, beside a snapshot
 * that is there, the head by itself. Both have to say the same. Returns what that is. */
static int read_both_ways(struct world *w, char text[ERR_TEXT_MAX])
{
	int rc = user_open(&w->user, STORE_READ_ONLY), other;
	uint64_t turns = rc < 0 ? 0 : user_turns(&w->user);

	snprintf(text, ERR_TEXT_MAX, "%s", w->user.e.text);
	simdisk_put(&w->disk, SNAPSHOT_FILE, "{", 1);
	other = user_open(&w->user, STORE_READ_ONLY);
	assert_int_equal(rc, other);
	assert_string_equal(text, w->user.e.text);
	if (rc == 0)
		assert_int_equal(turns, user_turns(&w->user));
	user_close(&w->user);
	assert_int_equal(w->disk.vfs.remove(w->disk.vfs.ctx, SNAPSHOT_FILE), 0);
	return rc;
}

static void world_rotated(struct world *w)
{
	world_with_turns(w, 2);
	assert_int_equal(user_rotate(&w->user), 0);
	assert_int_equal(user_turn(&w->user), 0);
	user_close(&w->user);
}

static void every_damaged_byte_of_a_head_is_found(void **state)
{
	CLEANUP(world_release) struct world w;
	char text[ERR_TEXT_MAX];
	struct buf *raw;
	size_t len;

	(void)state;
	world_rotated(&w);
	assert_int_equal(read_both_ways(&w, text), 0);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	len = (size_t)((char *)memchr(raw->p, '\n', raw->len) - raw->p) + 1;
	for (size_t i = 0; i < len; i++) {
		char byte = raw->p[i];

		raw->p[i] = (char)(byte ^ 1);
		assert_true(read_both_ways(&w, text) < 0);
		raw->p[i] = byte;
	}
	assert_int_equal(read_both_ways(&w, text), 0);
	for (size_t cut = 1; cut < len; cut += 37) { /* in the middle of it */
		CLEANUP(buf_release) struct buf whole = BUF_INIT;

		buf_put(&whole, raw->p, raw->len);
		buf_truncate(raw, cut);
		assert_int_equal(read_both_ways(&w, text), -SK_ECORRUPT);
		buf_truncate(raw, 0);
		buf_put(raw, whole.p, whole.len);
	}
	assert_int_equal(read_both_ways(&w, text), 0);
}

/* Gives all lines the checksums that they should have. */
static void sum_again(struct buf *raw, uint64_t sum)
{
	char *end;

	for (char *line = raw->p; (end = memchr(line, '\n', (size_t)(raw->p + raw->len - line)));
	     line = end + 1) {
		CLEANUP(buf_release) struct buf hex = BUF_INIT;

		sum = record_sum((struct span){ line, (size_t)(end - line) }, sum);
		buf_put_hex64(&hex, sum);
		memcpy(end - 18, hex.p, 16);
	}
}

/* Its checksum fits: only what it means does not. */
static void a_head_that_contradicts_itself_is_damage(void **state)
{
	static const struct {
		const char *at;
		char other;
		const char *says;
	} rows[] = { { "\"last_seq\":", '9', "the state in its first record is at 9" },
		     { "\"last_at\":\"", 'x', "the state in its first record: " },
		     { "\"max_holders\":", '9', NULL /* nobody can tell */ } };
	CLEANUP(world_release) struct world w;
	struct snapshot_head head = { .last_seq = 0 };
	char text[ERR_TEXT_MAX];
	struct buf *raw;

	(void)state;
	world_rotated(&w);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	assert_true(journal_base_glance(&w.disk.vfs, JOURNAL_FILE, &head));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *at = strstr(raw->p, rows[i].at) + strlen(rows[i].at), was = *at;

		*at = rows[i].other;
		sum_again(raw, head.sum);
		assert_int_equal(read_both_ways(&w, text), rows[i].says ? -SK_ECORRUPT : 0);
		if (rows[i].says && !strstr(text, rows[i].says))
			fail_msg("expected \"%s\" in: %s", rows[i].says, text);
		*at = was;
	}
	sum_again(raw, head.sum);
	assert_int_equal(read_both_ways(&w, text), 0);
}

static void a_rotation_that_fails_changes_nothing(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 2);
	w.disk.capacity = RESERVE_BYTES + simdisk_file(&w.disk, JOURNAL_FILE)->len + 100;
	assert_int_equal(user_rotate(&w.user), -SK_EIO);
	assert_says(&w.user.e, "it goes on growing; nothing is lost");
	assert_true(store_usable(w.user.store));
	w.disk.capacity = 0;
	err_clear(&w.user.e);
	assert_int_equal(user_turn(&w.user), 0);
	assert_int_equal(user_rotate(&w.user), 0);
	assert_opens(&w, 3);
}

static void backups_are_a_minute_apart_and_thinned_out(void **state)
{
	CLEANUP(world_release) struct world w;
	struct user *u = &w.user;

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(store_snapshot(u->store, &u->st, u->now_ms, true, &u->e), 0);
	assert_int_equal(files_in(&w, BACKUP_DIR), 0); /* there was nothing to keep */
	for (int i = 0; i < 61; i++) {
		assert_int_equal(user_turn(u), 0);
		assert_int_equal(store_snapshot(u->store, &u->st, u->now_ms, true, &u->e), 0);
	}
	assert_int_equal(files_in(&w, BACKUP_DIR), 2);
	simdisk_put(&w.disk, BACKUP_DIR "/current_2026-13-45T00-00-00.json", "x", 1);
	simdisk_put(&w.disk, BACKUP_DIR "/notes.txt", "x", 1);
	for (int i = 0; i < BACKUPS_KEPT + 5; i++) {
		assert_int_equal(user_turn(u), 0);
		assert_int_equal(user_snapshot(u), 0);
	}
	assert_int_equal(files_in(&w, BACKUP_DIR), BACKUPS_KEPT + 2);
	assert_non_null(simdisk_file(&w.disk, BACKUP_DIR "/notes.txt"));
}

static void a_flooded_backup_folder_is_thinned_in_steps(void **state)
{
	CLEANUP(world_release) struct world w;
	char path[64] = BACKUP_DIR "/";

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(user_snapshot(&w.user), 0);
	for (int i = 0; i < 1000; i++) {
		backup_name_encode((int64_t)i * 1000, path + sizeof(BACKUP_DIR));
		simdisk_put(&w.disk, path, "{}", 2);
	}
	assert_opens(&w, 1);
	assert_int_equal(user_turn(&w.user), 0);
	assert_int_equal(user_snapshot(&w.user), 0);
	assert_int_equal(files_in(&w, BACKUP_DIR), 1001 - BACKUPS_PRUNED_MAX);
}

static void a_snapshot_that_cannot_be_written_harms_nothing(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(user_snapshot(&w.user), 0);
	assert_int_equal(user_turn(&w.user), 0);
	w.disk.fail_sync_at =
		w.disk.calls +
		4; /* backup's link and directory, temporary file, its bytes, its sync */
	assert_int_equal(user_snapshot(&w.user), -SK_EIO);
	assert_says(&w.user.e, "the older one is kept; nothing is lost");
	assert_true(store_usable(w.user.store));
	err_clear(&w.user.e);
	assert_int_equal(user_turn(&w.user), 0);
	assert_opens(&w, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_are_made_once_a_second),
		cmocka_unit_test(a_journal_cut_by_somebody_stops_us),
		cmocka_unit_test(a_full_disk_leaves_a_readable_journal),
		cmocka_unit_test(a_full_disk_that_cannot_be_truncated_leaves_a_torn_tail),
		cmocka_unit_test(a_failed_sync_is_final),
		cmocka_unit_test(a_record_too_long_is_not_written),
		cmocka_unit_test(rotation_keeps_everything),
		cmocka_unit_test(every_damaged_byte_of_a_head_is_found),
		cmocka_unit_test(a_head_that_contradicts_itself_is_damage),
		cmocka_unit_test(a_rotation_that_fails_changes_nothing),
		cmocka_unit_test(backups_are_a_minute_apart_and_thinned_out),
		cmocka_unit_test(a_flooded_backup_folder_is_thinned_in_steps),
		cmocka_unit_test(a_snapshot_that_cannot_be_written_harms_nothing),
	};

	return cmocka_run_group_tests_name("store_write", tests, NULL, NULL);
}
