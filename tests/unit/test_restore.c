/*
 * Putting a store back: what is chosen, what it costs, and that power lost at every call leaves the
 * store before or the store after, from which the same request succeeds.
 */
#include "store_world.h"

#include <stdio.h>

#include "store/restore.h"
#include "store/segments.h"

#define TURNS 6

static const struct restore_by by = { { "ann", 3 }, { "test", 4 }, 1790000900000LL };

/* Turns 1..3, a backup there, then 4..6; the snapshot stands behind turn 5. */
static void make_store(struct world *w)
{
	world_with_turns(w, 3);
	assert_int_equal(user_snapshot(&w->user), 0);
	assert_int_equal(user_turn(&w->user), 0);
	assert_int_equal(user_turn(&w->user), 0);
	assert_int_equal(user_snapshot(&w->user), 0);
	assert_int_equal(user_turn(&w->user), 0);
	user_close(&w->user);
	simdisk_settle(&w->disk);
}

static void flip(struct simdisk *d, const char *path, size_t at)
{
	struct buf *raw = simdisk_file(d, path);

	assert_non_null(raw);
	assert_true(at < raw->len);
	raw->p[at] ^= 4;
	simdisk_settle(d);
}

/* Byte at which line `line` (from 1) begins. */
static size_t line_at(struct simdisk *d, unsigned line)
{
	const struct buf *raw = simdisk_file(d, JOURNAL_FILE);
	size_t at = 0;

	while (--line)
		at = (size_t)((char *)memchr(raw->p + at, '\n', raw->len - at) - raw->p) + 1;
	return at;
}

static const char *newest_backup(struct world *w, char path[SEGMENT_PATH_BYTES])
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	char name[BACKUP_NAME_BYTES];

	assert_int_equal(backups_list(&w->disk.vfs, &all), 0);
	assert_true(all.count > 0);
	backup_name_encode(all.v[all.count - 1], name);
	snprintf(path, SEGMENT_PATH_BYTES, "%s/%s", BACKUP_DIR, name);
	return path;
}

static int restore(const struct vfs *vfs, const struct restore_request *request,
		   struct restore_plan *plan, struct restore_done *done, struct err *e)
{
	int rc = restore_plan_make(vfs, request, plan, e);

	return rc < 0 ? rc : restore_apply(vfs, plan, &by, done, e);
}

static void assert_restores(struct world *w, const struct restore_request *request,
			    struct restore_plan *plan, uint64_t turns)
{
	struct restore_done done;
	struct err e = ERR_INIT;

	if (restore(&w->disk.vfs, request, plan, &done, &e) < 0)
		fail_msg("%s", e.text);
	assert_opens(w, turns);
	assert_true(w->user.st.happened[EV_STATE_RESTORED] > 0);
	assert_int_equal(user_turn(&w->user), 0);
	assert_opens(w, turns + 1);
}

static void a_backup_and_the_journal_behind_it_lose_nothing(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request latest = { .source = RESTORE_BACKUP };

	(void)state;
	make_store(&w);
	flip(&w.disk, SNAPSHOT_FILE, 40);
	assert_restores(&w, &latest, &plan, TURNS);
	assert_true(plan.snapshot_bad);
	assert_false(plan.swaps);
	assert_false(plan.loses);
}

static void damage_costs_the_turns_behind_it(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request latest = { .source = RESTORE_BACKUP };

	(void)state;
	make_store(&w);
	flip(&w.disk, JOURNAL_FILE,
	     line_at(&w.disk, 18) + 60); /* in turn 6 of 6: nothing follows */
	assert_int_equal(user_open(&w.user, 0), 0);
	world_release(&w);

	make_store(&w);
	flip(&w.disk, JOURNAL_FILE, line_at(&w.disk, 6) + 60); /* turn 2; the snapshot has 5 */
	assert_int_equal(user_open(&w.user, 0), -SK_ECORRUPT);
	assert_restores(&w, &latest, &plan, TURNS);
	assert_true(plan.swaps);
	assert_true(plan.damaged);
	assert_int_equal(plan.loss.rest.records, 0);
}

static void damage_without_any_snapshot_costs_and_says_so(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request journal = { .source = RESTORE_TRANSITIONS,
						 .files = &w.disk.vfs,
						 .file = JOURNAL_FILE,
						 .shown = JOURNAL_FILE,
						 .live = true,
						 .goal = TRAVEL_END };

	(void)state;
	make_store(&w);
	flip(&w.disk, JOURNAL_FILE, line_at(&w.disk, 9) + 60); /* inside of turn 3 */
	assert_restores(&w, &journal, &plan, 2);
	assert_true(plan.loses);
	assert_true(plan.loss.rest.records >= 9);
	if (!strstr(plan.damage, "line 9"))
		fail_msg("no place in: %s", plan.damage);
}

static void a_lost_journal_is_replaced_by_the_snapshot(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request latest = { .source = RESTORE_BACKUP };

	(void)state;
	make_store(&w);
	buf_truncate(simdisk_file(&w.disk, JOURNAL_FILE), 0);
	simdisk_settle(&w.disk);
	assert_int_equal(user_open(&w.user, 0), -SK_ECORRUPT);
	assert_restores(&w, &latest, &plan, 5); /* the last turn was in the journal alone */
}

static void back_in_time_and_forward_again(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request back = { .source = RESTORE_TRAVEL,
					      .goal = { 9, INT64_MAX, true } };
	const struct restore_request latest = { .source = RESTORE_BACKUP };
	struct restore_request undo = { .source = RESTORE_BACKUP };
	char path[SEGMENT_PATH_BYTES];

	(void)state;
	make_store(&w);
	undo.backup = newest_backup(&w, path);
	assert_restores(&w, &back, &plan, 2); /* record 9 is inside of turn 3 */
	assert_int_equal(plan.loss.rest.records, 12);
	restore_plan_release(&plan);
	/* The backups of the dropped future are not chosen silently ... */
	assert_restores(&w, &latest, &plan, 3);
	restore_plan_release(&plan);
	/* ... but one that is named is taken: what was done since is dropped now. */
	assert_restores(&w, &undo, &plan, 3);
	assert_true(plan.branch);
	assert_true(plan.loses);
}

static void history_stays_readable(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request back = { .source = RESTORE_TRAVEL,
					      .goal = { 10, INT64_MAX, true } };
	struct travel_point pt;
	struct state st;
	struct err e = ERR_INIT;

	(void)state;
	make_store(&w);
	assert_restores(&w, &back, &plan, 3);
	state_init(&st);
	assert_int_equal(
		travel_to(&w.disk.vfs, (struct travel_goal){ 7, INT64_MAX, false }, &st, &pt, &e),
		0);
	assert_int_equal(st.last_seq, 7);
	state_release(&st);
}

static void an_unreadable_backup_is_refused_by_name(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request latest = { .source = RESTORE_BACKUP };
	char path[SEGMENT_PATH_BYTES];
	struct restore_done done;
	struct err e = ERR_INIT;
	uint64_t calls;

	(void)state;
	make_store(&w);
	assert_opens(&w, TURNS);
	assert_int_equal(user_snapshot(&w.user), 0);
	user_close(&w.user);
	simdisk_settle(&w.disk);
	flip(&w.disk, newest_backup(&w, path), 50);
	calls = w.disk.calls;
	assert_int_equal(restore(&w.disk.vfs, &latest, &plan, &done, &e), -SK_ECORRUPT);
	assert_says(&e, path);
	assert_says(&e, "the next older one is at seq 10. Try: sk state restore --from-backup");
	assert_int_equal(w.disk.calls, calls);
}

static void another_place_is_refused(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	struct restore_request journal = { .source = RESTORE_TRANSITIONS,
					   .shown = "their.jsonl",
					   .file = JOURNAL_FILE,
					   .goal = TRAVEL_END };
	struct restore_done done;
	struct err e = ERR_INIT;
	struct world other;
	struct store *s = NULL;

	(void)state;
	make_store(&w);
	world_init(&other);
	assert_int_equal(store_open(&other.disk.vfs, 0, "fedcba9876543210", 1790000000000LL,
				    &other.user.st, &s, &other.user.report, &e),
			 0);
	store_close(s);
	journal.files = &other.disk.vfs;
	assert_int_equal(restore(&w.disk.vfs, &journal, &plan, &done, &e), -SK_EREFUSED);
	assert_says(&e, "belongs to workspace fedcba9876543210, this is 0123456789abcdef");
	world_release(&other);
}

/* A journal that went on differently from the same beginning: what only ours has is counted. */
static void another_story_is_not_taken_silently(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request back = { .source = RESTORE_TRAVEL,
					      .goal = { 4, INT64_MAX, true } };
	struct restore_request theirs = { .source = RESTORE_TRANSITIONS,
					  .shown = "copy.jsonl",
					  .file = JOURNAL_FILE,
					  .goal = TRAVEL_END };
	struct err e = ERR_INIT;
	struct simdisk copy;

	(void)state;
	make_store(&w);
	simdisk_init(&copy);
	simdisk_copy(&copy, &w.disk);
	theirs.files = &copy.vfs;
	assert_int_equal(restore_plan_make(&w.disk.vfs, &theirs, &plan, &e), 0);
	assert_false(plan.loses); /* a copy of what we have */
	restore_plan_release(&plan);
	assert_restores(&w, &back, &plan, 1);
	restore_plan_release(&plan);
	assert_restores(&w, &theirs, &plan, TURNS);
	assert_true(plan.branch);
	assert_true(plan.loses);
	assert_true(plan.loss.rest.records >= 3); /* the turn that came after going back */
	simdisk_release(&copy);
}

static void a_copy_leaves_the_store_alone(void **state)
{
	CLEANUP(world_release) struct world w, copy;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request back = { .source = RESTORE_TRAVEL,
					      .goal = { 8, INT64_MAX, true } };
	struct restore_done done;
	struct err e = ERR_INIT;
	uint64_t calls;

	(void)state;
	make_store(&w);
	world_init(&copy);
	calls = w.disk.calls;
	assert_int_equal(restore_plan_make(&w.disk.vfs, &back, &plan, &e), 0);
	assert_int_equal(restore_copy(&copy.disk.vfs, &plan, &by, &done, &e), 0);
	assert_int_equal(w.disk.calls, calls);
	assert_opens(&copy, 2);
	assert_opens(&w, TURNS);
}

/* --- power ------------------------------------------------------------------------------- */

struct sweep {
	const struct simdisk *base;
	struct restore_request request;
	int before;            /* what opening gives before the restore */
	uint64_t turns_before; /* when that is 0 */
	uint64_t turns;        /* what the restore leads to */
	uint64_t cuts;
};

static void look_after_cut(const struct sweep *s, struct world *w, uint64_t cut, unsigned tear)
{
	struct restore_plan plan;
	struct restore_done done;
	struct err e = ERR_INIT;
	struct world again;
	int rc;

	simdisk_init(&again.disk);
	simdisk_settle(&w->disk);
	simdisk_copy(&again.disk, &w->disk);
	user_init(&again.user, &again.disk.vfs);

	rc = user_open(&w->user, 0);
	if (!(rc == 0 && user_turns(&w->user) == s->turns) &&
	    !(rc == s->before && (rc < 0 || user_turns(&w->user) == s->turns_before)))
		fail_msg("cut %llu, tear %u: %d, turn %llu: %s", (unsigned long long)cut, tear, rc,
			 (unsigned long long)user_turns(&w->user), w->user.e.text);
	if (rc == 0)
		assert_int_equal(user_turn(&w->user), 0);

	rc = restore(&again.disk.vfs, &s->request, &plan, &done, &e);
	if (rc < 0)
		fail_msg("cut %llu, tear %u, again: %s", (unsigned long long)cut, tear, e.text);
	restore_plan_release(&plan);
	if (user_open(&again.user, 0) < 0 || user_turns(&again.user) != s->turns)
		fail_msg("cut %llu, tear %u, again: turn %llu: %s", (unsigned long long)cut, tear,
			 (unsigned long long)user_turns(&again.user), again.user.e.text);
	world_release(&again);
}

static bool one_world(struct sweep *s, uint64_t cut, unsigned tear)
{
	CLEANUP(world_release) struct world w;
	struct restore_plan plan;
	struct restore_done done;
	bool dead;

	simdisk_init(&w.disk);
	simdisk_copy(&w.disk, s->base);
	user_init(&w.user, &w.disk.vfs);
	w.disk.cut_at = cut;
	restore(&w.disk.vfs, &s->request, &plan, &done, NULL);
	restore_plan_release(&plan);
	dead = w.disk.dead;
	simdisk_power_on(&w.disk, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
	look_after_cut(s, &w, cut, tear);
	return dead;
}

static void assert_survives(struct sweep *s)
{
	const unsigned tears = TEAR_DATA_COUNT * TEAR_NAMES_COUNT, step = test_rounds(3, 1);
	bool dead = true;

	for (uint64_t cut = 0; dead; cut++) {
		for (unsigned tear = (unsigned)(cut % step); tear < tears && dead; tear += step)
			dead = one_world(s, cut, tear);
		s->cuts += dead;
	}
	assert_true(s->cuts > 8);
	print_message("# %llu cuts\n", (unsigned long long)s->cuts);
}

static void power_lost_in_a_restore_of_a_damaged_journal(void **state)
{
	CLEANUP(world_release) struct world w;
	struct sweep s = { .base = &w.disk,
			   .request = { .source = RESTORE_BACKUP },
			   .before = -SK_ECORRUPT,
			   .turns = TURNS };

	(void)state;
	make_store(&w);
	flip(&w.disk, JOURNAL_FILE, line_at(&w.disk, 6) + 60);
	assert_survives(&s);
}

static void power_lost_on_the_way_back_in_time(void **state)
{
	CLEANUP(world_release) struct world w;
	struct sweep s = { .base = &w.disk,
			   .request = { .source = RESTORE_TRAVEL, .goal = { 10, INT64_MAX, true } },
			   .turns_before = TURNS,
			   .turns = 3 };

	(void)state;
	make_store(&w);
	assert_int_equal(w.disk.vfs.mkdir(w.disk.vfs.ctx, "workers"), 0);
	simdisk_settle(&w.disk);
	simdisk_put(&w.disk, "workers/gone.outbox", "x\n", 2);
	assert_survives(&s);
}

static void power_lost_on_the_way_to_a_dropped_future(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(restore_plan_release) struct restore_plan plan;
	const struct restore_request back = { .source = RESTORE_TRAVEL,
					      .goal = { 7, INT64_MAX, true } };
	struct sweep s = { .base = &w.disk,
			   .request = { .source = RESTORE_BACKUP },
			   .turns_before = 4,
			   .turns = 3 };
	char path[SEGMENT_PATH_BYTES];

	(void)state;
	make_store(&w);
	s.request.backup = newest_backup(&w, path);
	assert_restores(&w, &back, &plan, 2);
	assert_int_equal(user_turn(&w.user), 0);
	assert_int_equal(user_snapshot(&w.user), 0);
	user_close(&w.user);
	simdisk_settle(&w.disk);
	assert_survives(&s);
}

static void power_lost_in_a_restore_of_the_snapshot(void **state)
{
	CLEANUP(world_release) struct world w;
	struct sweep s = { .base = &w.disk,
			   .request = { .source = RESTORE_BACKUP },
			   .turns_before = TURNS,
			   .turns = TURNS };

	(void)state;
	make_store(&w);
	flip(&w.disk, SNAPSHOT_FILE, 40);
	assert_survives(&s);
}

static void power_lost_in_a_restore_of_a_lost_journal(void **state)
{
	CLEANUP(world_release) struct world w;
	struct sweep s = { .base = &w.disk,
			   .request = { .source = RESTORE_BACKUP },
			   .before = -SK_ECORRUPT,
			   .turns = 5 };

	(void)state;
	make_store(&w);
	buf_truncate(simdisk_file(&w.disk, JOURNAL_FILE), 0);
	simdisk_settle(&w.disk);
	assert_survives(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backup_and_the_journal_behind_it_lose_nothing),
		cmocka_unit_test(damage_costs_the_turns_behind_it),
		cmocka_unit_test(damage_without_any_snapshot_costs_and_says_so),
		cmocka_unit_test(a_lost_journal_is_replaced_by_the_snapshot),
		cmocka_unit_test(back_in_time_and_forward_again),
		cmocka_unit_test(history_stays_readable),
		cmocka_unit_test(an_unreadable_backup_is_refused_by_name),
		cmocka_unit_test(another_place_is_refused),
		cmocka_unit_test(another_story_is_not_taken_silently),
		cmocka_unit_test(a_copy_leaves_the_store_alone),
		cmocka_unit_test(power_lost_in_a_restore_of_a_damaged_journal),
		cmocka_unit_test(power_lost_on_the_way_back_in_time),
		cmocka_unit_test(power_lost_on_the_way_to_a_dropped_future),
		cmocka_unit_test(power_lost_in_a_restore_of_the_snapshot),
		cmocka_unit_test(power_lost_in_a_restore_of_a_lost_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
