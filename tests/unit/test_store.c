/*
 * A store from opening to rotation: what it finds, what it repairs, what it refuses and in which words; and that a full
 * or failing disk leaves a journal that can still be read.
 */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>

#include "../crash/power.h"
#include "base/limits.h"
#include "core/apply.h"
#include "core/state_codec.h"
#include "store/journal.h"
#include "store/snapshot.h"
#include "store/store_impl.h"

struct world {
	struct simdisk disk;
	struct user user;
};

static void world_init(struct world *w)
{
	simdisk_init(&w->disk);
	user_init(&w->user, &w->disk.vfs);
}

static void world_release(struct world *w)
{
	user_release(&w->user);
	simdisk_release(&w->disk);
}

/* A store with this many turns, closed again. */
static void world_with_turns(struct world *w, int turns)
{
	world_init(w);
	assert_int_equal(user_open(&w->user, 0), 0);
	for (int i = 0; i < turns; i++)
		assert_int_equal(user_turn(&w->user), 0);
}

static void assert_says(const struct err *e, const char *words)
{
	if (!strstr(e->text, words))
		fail_msg("expected \"%s\" in: %s", words, e->text);
}

static void assert_opens(struct world *w, uint64_t turns)
{
	if (user_open(&w->user, 0) < 0)
		fail_msg("%s", w->user.e.text);
	assert_int_equal(user_turns(&w->user), turns);
}

static void assert_refused(struct world *w, int code, const char *words)
{
	uint64_t calls = w->disk.calls;

	assert_int_equal(user_open(&w->user, 0), code);
	assert_says(&w->user.e, words);
	assert_int_equal(w->disk.calls, calls); /* nothing was changed */
}

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
	assert_int_equal(w.user.report.torn_bytes, strlen("{\"seq\":11,\"timestamp\":\"2026-11-21T"));
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
	assert_refused(&w, -SK_ECORRUPT, "snapshot is at 10, journal ends at 4: 6 acknowledged transitions are missing");
	assert_says(&w.user.e, "nothing was started. Try: sk state restore --from backup --dry-run");
	buf_truncate(raw, 0);
	assert_refused(&w, -SK_ECORRUPT, "snapshot is at 10, journal ends at 0: 10 acknowledged transitions are missing");
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
	assert_int_equal(store_open(&other.disk.vfs, 0, "fedcba9876543210", other.user.now_ms, &st, &s, &report, &e), 0);
	assert_int_equal(store_snapshot(s, &st, other.user.now_ms, true, &e), 0);
	store_close(s);
	state_release(&st);
	raw = simdisk_file(&other.disk, SNAPSHOT_FILE);
	simdisk_put(&w.disk, SNAPSHOT_FILE, raw->p, raw->len);
	assert_refused(&w, -SK_ECORRUPT, "belongs to workspace fedcba9876543210, this is 0123456789abcdef");
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
	assert_says(&w.user.e, "no space left on the device: seq 6..8 (resource_limit_set ...) were not recorded");
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
	assert_int_equal(w.disk.vfs.remove(w.disk.vfs.ctx, SNAPSHOT_FILE), -ENOENT); /* the journal alone is enough */
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

static size_t files_in(struct world *w, const char *path)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t count = 0;

	w->disk.vfs.list(w->disk.vfs.ctx, path, &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		count++;
	return count;
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

static void backup_names_are_exact(void **state)
{
	static const char *const bad[] = { "current_../../x.json", "current_2026-11-21T08:43:00.json", "current_.json",
					   "current_2026-11-21T08-43-00.jsom", "Current_2026-11-21T08-43-00.json",
					   "current_2026-11-31T08-43-00.json", "" };
	char name[BACKUP_NAME_BYTES];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(backup_name_decode(span_of(bad[i]), &ms), -EINVAL);
	backup_name_encode(1790000000123LL, name);
	assert_int_equal(backup_name_decode(span_of(name), &ms), 0);
	assert_int_equal(ms, 1790000000000LL);
}

static void a_snapshot_that_cannot_be_written_harms_nothing(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 1);
	assert_int_equal(user_snapshot(&w.user), 0);
	assert_int_equal(user_turn(&w.user), 0);
	w.disk.fail_sync_at = w.disk.calls + 4; /* backup's link and directory, temporary file, its bytes, its sync */
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
		cmocka_unit_test(a_store_is_created_and_found_again),
		cmocka_unit_test(a_snapshot_shortens_the_replay),
		cmocka_unit_test(snapshots_are_made_once_a_second),
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
		cmocka_unit_test(a_journal_cut_by_somebody_stops_us),
		cmocka_unit_test(a_full_disk_leaves_a_readable_journal),
		cmocka_unit_test(a_full_disk_that_cannot_be_truncated_leaves_a_torn_tail),
		cmocka_unit_test(a_failed_sync_is_final),
		cmocka_unit_test(a_record_too_long_is_not_written),
		cmocka_unit_test(rotation_keeps_everything),
		cmocka_unit_test(a_rotation_that_fails_changes_nothing),
		cmocka_unit_test(damage_at_the_head_of_a_segment_stops),
		cmocka_unit_test(backups_are_a_minute_apart_and_thinned_out),
		cmocka_unit_test(a_flooded_backup_folder_is_thinned_in_steps),
		cmocka_unit_test(backup_names_are_exact),
		cmocka_unit_test(a_snapshot_that_cannot_be_written_harms_nothing),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
