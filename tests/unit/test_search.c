/* Pages find their records: exactly those that reading every line would find, whatever file they
 * are in and wherever the search begins. */
#include "store_world.h"

#include "store/search.h"

struct found {
	uint64_t seq[2000];
	size_t count;
	const struct search *words;
	struct span id;
	const char *event;
};

static int by_search(void *ctx, const struct event *ev)
{
	struct found *f = ctx;

	f->seq[f->count++] = ev->seq;
	return 0;
}

static int by_scan(void *ctx, const struct event *ev, struct span line)
{
	struct found *f = ctx;
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	buf_put_json(&quoted, f->id);
	if (f->id.len && !span_contains(line, (struct span){ quoted.p, quoted.len }))
		return 0;
	if (f->event && !span_starts(span_of(event_rows[ev->kind].word), f->event))
		return 0;
	f->seq[f->count++] = ev->seq;
	return 0;
}

static void compare(struct world *w, uint64_t from, const char *id, const char *event)
{
	CLEANUP(search_release) struct search words = SEARCH_INIT;
	struct found a = { .count = 0 }, b = { .id = span_of(id), .event = event };
	struct err e = ERR_INIT;

	words.event = event;
	if (*id)
		assert_true(search_add(&words, span_of(id)));
	assert_int_equal(store_scan(&w->disk.vfs, from, by_scan, &b, &e), 0);
	assert_int_equal(store_search(&w->disk.vfs, from, &words, by_search, &a, &e), 0);
	assert_int_equal(a.count, b.count);
	assert_memory_equal(a.seq, b.seq, a.count * sizeof(*a.seq));
}

static void compare_all(struct world *w)
{
	static const char *const ids[] = { "", "task-1", "t1", "a", "alpha", "nobody" };
	static const char *const events[] = { NULL, "task_", "worker_", "task_created", "x" };
	uint64_t last = w->user.st.last_seq;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		for (size_t k = 0; k < ARRAY_LEN(events); k++) {
			const uint64_t from[] = { 0,        1,        2,    last / 3,
						  last / 2, last - 1, last, last + 1 };

			for (size_t n = 0; n < ARRAY_LEN(from); n++)
				compare(w, from[n], ids[i], events[k]);
		}
}

static void finds_what_reading_finds(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 40);
	compare_all(&w);
}

static void finds_in_closed_files(void **state)
{
	CLEANUP(world_release) struct world w;

	(void)state;
	world_with_turns(&w, 20);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(user_rotate(&w.user), 0);
		for (int k = 0; k < 10; k++)
			assert_int_equal(user_turn(&w.user), 0);
	}
	compare_all(&w);
}

/* A file that is much longer than what bisecting reads at once. */
static void finds_in_a_long_file(void **state)
{
	CLEANUP(world_release) struct world w;
	struct found f = { .count = 0 };
	static const struct search any = SEARCH_INIT;
	struct err e = ERR_INIT;

	(void)state;
	world_with_turns(&w, 600);
	assert_true(simdisk_file(&w.disk, JOURNAL_FILE)->len > 200000);
	for (uint64_t from = 1; from <= w.user.st.last_seq; from += 97) {
		f.count = 0;
		assert_int_equal(store_search(&w.disk.vfs, from, &any, by_search, &f, &e), 0);
		assert_int_equal(f.count, w.user.st.last_seq - from + 1);
		assert_int_equal(f.seq[0], from);
		f.count = 0;
		assert_int_equal(store_scan(&w.disk.vfs, from, by_scan, &f, &e), 0);
		assert_int_equal(f.count, w.user.st.last_seq - from + 1);
		assert_int_equal(f.seq[0], from);
	}
	assert_in_range(store_near_end(&w.disk.vfs), w.user.st.last_seq - 1000,
			w.user.st.last_seq - 1);
}

/* Somebody who reads while the writer closes a file under his hands, once. */
struct beside {
	struct world *w;
	uint64_t last; /* seen */
	bool rotated;
};

static void rotate_once(struct beside *b)
{
	if (b->rotated)
		return;
	b->rotated = true;
	assert_int_equal(user_rotate(&b->w->user), 0);
	assert_int_equal(user_turn(&b->w->user), 0);
}

static int sees(struct beside *b, uint64_t seq)
{
	assert_int_equal(seq, b->last + 1);
	b->last = seq;
	rotate_once(b);
	return 0;
}

static int searching_beside(void *ctx, const struct event *ev)
{
	return sees(ctx, ev->seq);
}

static int scanning_beside(void *ctx, const struct event *ev, struct span line)
{
	(void)line;
	return sees(ctx, ev->seq);
}

static void misses_no_file_that_is_closed_meanwhile(void **state)
{
	static const struct search any = SEARCH_INIT;

	(void)state;
	for (int how = 0; how < 2; how++) {
		CLEANUP(world_release) struct world w;
		struct beside b = { .w = &w };
		struct err e = ERR_INIT;

		world_with_turns(&w, 5);
		assert_int_equal(user_rotate(&w.user), 0);
		assert_int_equal(user_turn(&w.user), 0);
		assert_int_equal(how ? store_search(&w.disk.vfs, 1, &any, searching_beside, &b, &e)
				     : store_scan(&w.disk.vfs, 1, scanning_beside, &b, &e),
				 0);
		assert_true(b.rotated);
		assert_int_equal(b.last, w.user.st.last_seq);
	}
}

static void leaves_out_a_torn_turn(void **state)
{
	CLEANUP(world_release) struct world w;
	struct buf *raw;

	(void)state;
	world_with_turns(&w, 10);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	for (size_t cut = 1; cut < 400; cut += 7) {
		buf_truncate(raw, raw->len - 7);
		compare(&w, 1, "", NULL);
	}
}

static void a_changed_record_is_not_shown(void **state)
{
	CLEANUP(world_release) struct world w;
	static const struct search any = SEARCH_INIT;
	struct found f = { .count = 0 };
	struct err e = ERR_INIT;
	struct buf *raw;
	char *at;

	(void)state;
	world_with_turns(&w, 10);
	raw = simdisk_file(&w.disk, JOURNAL_FILE);
	at = memmem(raw->p + raw->len / 2, raw->len / 2, "\"severity\":\"info\"", 17);
	assert_non_null(at);
	at[12] = 'I';
	assert_int_equal(store_search(&w.disk.vfs, 1, &any, by_search, &f, &e), -SK_ECORRUPT);
	assert_says(&e, "sk state validate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_reading_finds),
		cmocka_unit_test(finds_in_closed_files),
		cmocka_unit_test(finds_in_a_long_file),
		cmocka_unit_test(misses_no_file_that_is_closed_meanwhile),
		cmocka_unit_test(leaves_out_a_torn_turn),
		cmocka_unit_test(a_changed_record_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
