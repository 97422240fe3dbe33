/*
 * What a journal may look like when it is opened: cut short at every byte, filled with zeros, or
 * changed by rot, editors and people. A torn end vanishes whole; everything else is named by its
 * place and nothing is changed.
 */
#include "test.h"

#include "../crash/simdisk.h"
#include "base/limits.h"
#include "store/journal.h"
#include "store/record.h"

#define LINES 812
#define AT_MS 1790000000000LL
#define START ((struct journal_place){ 0, 0, 0 })

struct fixture {
	struct simdisk disk;
	struct buf text;
	size_t line_at[LINES + 2]; /* where line i (from 1) begins */
	uint64_t sum;
	uint64_t seq;
	struct journal_end end;
	struct err e;
};

static void add_line(struct fixture *f, struct record_turn turn)
{
	struct event ev = {
		.kind = EV_RESOURCE_LIMIT, .seq = ++f->seq, .at_ms = AT_MS, .from = 255, .to = 255
	};

	ev.resource_id = SPAN_LIT("git_repo_write");
	ev.limit = f->seq;
	if (f->seq < ARRAY_LEN(f->line_at))
		f->line_at[f->seq] = f->text.len;
	record_encode(&f->text, &ev, turn, &f->sum);
}

static void add_turn(struct fixture *f, uint64_t lines)
{
	for (uint64_t i = 1; i <= lines; i++)
		add_line(f, i == lines ? (struct record_turn){ 1, lines }
				       : (struct record_turn){ 0, 0 });
}

/* A journal of 812 turns of one line. */
static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	simdisk_init(&f->disk);
	while (f->seq < LINES)
		add_turn(f, 1);
	f->line_at[LINES + 1] = f->text.len;
}

static void fixture_release(struct fixture *f)
{
	simdisk_release(&f->disk);
	buf_release(&f->text);
}

static int read_journal(struct fixture *f)
{
	simdisk_put(&f->disk, JOURNAL_FILE, f->text.p, f->text.len);
	err_clear(&f->e);
	return journal_read(&f->disk.vfs, JOURNAL_FILE, START, JOURNAL_NO_LIMIT, NULL, NULL,
			    &f->end, &f->e);
}

/* Refused, in words that hold all these. */
static void assert_damaged(struct fixture *f, const char *const *words, size_t count)
{
	int rc = read_journal(f);

	for (size_t i = 0; i < count; i++)
		if (rc != -SK_ECORRUPT || !strstr(f->e.text, words[i]))
			fail_msg("%d, expected \"%s\" in: %s", rc, words[i], f->e.text);
	assert_non_null(strstr(f->e.text, "nothing was changed"));
}

#define ASSERT_DAMAGED(f, ...)                                      \
	do {                                                        \
		static const char *const words[] = { __VA_ARGS__ }; \
		assert_damaged(f, words, ARRAY_LEN(words));         \
	} while (0)

static void assert_torn_after(struct fixture *f, uint64_t seq, size_t offset, bool zeros)
{
	int rc = read_journal(f);

	if (rc != 0)
		fail_msg("refused: %s", f->e.text);
	assert_true(f->end.torn);
	assert_int_equal(f->end.place.seq, seq);
	assert_int_equal(f->end.place.offset, offset);
	assert_int_equal(f->end.torn_zeros, zeros);
}

static void replace(struct fixture *f, size_t at, size_t len, const char *with, size_t with_len)
{
	CLEANUP(buf_release) struct buf copy = BUF_INIT;

	buf_put(&copy, f->text.p, f->text.len);
	buf_truncate(&f->text, at);
	buf_put(&f->text, with, with_len);
	buf_put(&f->text, copy.p + at + len, copy.len - at - len);
}

static void replace_text(struct fixture *f, unsigned line, const char *from, const char *to)
{
	char *at = strstr(f->text.p + f->line_at[line], from);

	assert_non_null(at);
	replace(f, (size_t)(at - f->text.p), strlen(from), to, strlen(to));
}

static void a_whole_journal_is_read(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(read_journal(&f), 0);
	assert_int_equal(f.end.records, LINES);
	assert_int_equal(f.end.place.seq, LINES);
	assert_int_equal(f.end.place.offset, f.text.len);
	assert_int_equal(f.end.place.sum, f.sum);
	assert_int_equal(f.end.epoch, 1);
	assert_false(f.end.torn);
}

static void a_torn_last_line_vanishes(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t cut = f.text.len - 1; cut > f.line_at[LINES]; cut--) {
		buf_truncate(&f.text, cut);
		assert_torn_after(&f, LINES - 1, f.line_at[LINES], false);
	}
}

static void a_tail_of_zeros_vanishes(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	static char zeros[3 * 1024 * 1024];
	static const size_t lengths[] = { 1, 512, 1024 * 1024 + 1, sizeof(zeros) };

	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		buf_truncate(&f.text, f.line_at[LINES + 1]);
		buf_put(&f.text, zeros, lengths[i]);
		assert_torn_after(&f, LINES, f.line_at[LINES + 1], true);
	}
	buf_truncate(&f.text, f.line_at[LINES + 1] - 20);
	buf_put(&f.text, zeros, sizeof(zeros));
	assert_torn_after(&f, LINES - 1, f.line_at[LINES], false);
}

static void a_torn_turn_of_many_lines_vanishes_whole(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf whole = BUF_INIT;
	size_t from;

	(void)state;
	fixture_init(&f);
	from = f.text.len;
	add_turn(&f, 5);
	buf_put(&whole, f.text.p, f.text.len);
	for (size_t cut = from + 1; cut < whole.len; cut++) {
		buf_truncate(&f.text, from);
		buf_put(&f.text, whole.p + from, cut - from);
		assert_torn_after(&f, LINES, from, false);
	}
	/* The pages came to the disk out of order: the end is there, a piece of the beginning is
	 * not. */
	for (size_t hole = from; hole + 100 < whole.len; hole += 7) {
		buf_truncate(&f.text, 0);
		buf_put(&f.text, whole.p, whole.len);
		memset(f.text.p + hole, 0, 100);
		assert_torn_after(&f, LINES, from, false);
	}
}

static void damage_before_a_whole_turn_stops(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	f.text.p[f.line_at[400] + 60] ^= 1;
	ASSERT_DAMAGED(&f, "line 400", "checksum", "expected",
		       "412 later records are intact and untouched");
	f.text.p[f.line_at[400] + 60] ^= 1;
	memset(f.text.p + f.line_at[400], 0, 50);
	ASSERT_DAMAGED(&f, "NUL byte at line 400, column 1");
}

/* The last turn but one, in each of its bytes: it had been acknowledged, for another turn follows
 * it. */
static void every_damaged_byte_before_the_last_turn_stops(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t at = f.line_at[LINES - 1]; at < f.line_at[LINES]; at++) {
		char kept = f.text.p[at];

		if (at + 1 == f.line_at[LINES])
			break; /* its newline: the two lines become one, and nothing whole follows
				*/
		f.text.p[at] ^= 1;
		if (read_journal(&f) != -SK_ECORRUPT)
			fail_msg("byte %zu of the line changed and nothing stopped",
				 at - f.line_at[LINES - 1]);
		f.text.p[at] = kept;
	}
}

static void a_missing_line_is_a_gap(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	replace(&f, f.line_at[400], f.line_at[401] - f.line_at[400], "", 0);
	ASSERT_DAMAGED(&f, "sequence gap after 399", "line 400");
}

static void the_last_line_but_one_missing_is_a_gap(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	replace(&f, f.line_at[LINES - 1], f.line_at[LINES] - f.line_at[LINES - 1], "", 0);
	ASSERT_DAMAGED(&f, "sequence gap after 810");
}

static void a_line_twice_is_named(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	(void)state;
	fixture_init(&f);
	buf_put(&line, f.text.p + f.line_at[400], f.line_at[401] - f.line_at[400]);
	replace(&f, f.line_at[401], 0, line.p, line.len);
	ASSERT_DAMAGED(&f, "seq 400 appears twice (lines 400, 401)");
}

static void swapped_lines_are_named(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	(void)state;
	fixture_init(&f);
	buf_put(&line, f.text.p + f.line_at[400], f.line_at[401] - f.line_at[400]);
	replace(&f, f.line_at[402], 0, line.p, line.len);
	replace(&f, f.line_at[400], line.len, "", 0);
	ASSERT_DAMAGED(&f, "seq goes back from 401 to 400 at line 401");
}

static void a_turn_that_miscounts_is_damage(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	add_line(&f, (struct record_turn){ 1, 2 });
	ASSERT_DAMAGED(&f, "a turn does not have the lines it counts", "line 813");
}

/* Seals one line again after a change, as a program with a bug would. */
static void add_sealed(struct fixture *f, const char *text)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_puts(&line, text);
	f->sum = record_sum((struct span){ line.p, line.len + RECORD_TAIL_BYTES }, f->sum);
	buf_putf(&line, ",\"sum\":\"%016llx\"}\n", (unsigned long long)f->sum);
	buf_put(&f->text, line.p, line.len);
}

#define FACT                                                                           \
	"\"timestamp\":\"2026-11-21T08:43:00.123Z\",\"event\":\"resource_available\"," \
	"\"event_type\":\"resource_event\",\"severity\":\"info\",\"resource_id\":\"r\""

static void a_newer_format_is_said_to_be_one(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	add_sealed(&f, "{\"seq\":813," FACT ",\"epoch\":1,\"turn\":1,\"format\":3");
	ASSERT_DAMAGED(&f, "record format 3 is newer than this sk (1)", "a newer sk");
}

static void an_unknown_event_is_said_to_be_one(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	add_sealed(&f, "{\"seq\":813,\"timestamp\":\"2026-11-21T08:43:00.123Z\",\"event\":\"sung\","
		       "\"event_type\":\"x\","
		       "\"severity\":\"info\",\"epoch\":1,\"turn\":1");
	ASSERT_DAMAGED(&f, "an event this sk does not know", "a newer sk");
}

static void unknown_members_are_accepted(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	add_sealed(&f, "{\"seq\":813," FACT
		       ",\"flavour\":{\"of\":[\"things\"]},\"epoch\":1,\"turn\":1");
	assert_int_equal(read_journal(&f), 0);
	assert_int_equal(f.end.place.seq, 813);
}

static void odd_numbers_for_seq_are_refused(void **state)
{
	static const char *const odd[] = {
		"1e3", "-1", "1.5", "\"7\"", "9223372036854775808", "18446744073709551616"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		CLEANUP(fixture_release) struct fixture f;
		char with[64];

		fixture_init(&f);
		snprintf(with, sizeof(with), "\"seq\":%s,", odd[i]);
		replace_text(&f, 9, "\"seq\":9,", with);
		ASSERT_DAMAGED(&f,
			       "seq is not an integer in 1..9007199254740991 (line 9, column 8)");
		buf_truncate(&f.text, f.line_at[10] + strlen(with) - 8);
		ASSERT_DAMAGED(&f,
			       "seq is not an integer in 1..9007199254740991 (line 9, column 8)");
	}
}

static void a_line_too_long_is_refused(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf blanks = BUF_INIT;

	(void)state;
	fixture_init(&f);
	while (blanks.len < 2 * 1024 * 1024)
		buf_puts(&blanks,
			 "                                                                ");
	replace(&f, f.line_at[3] + 1, 0, blanks.p, blanks.len);
	ASSERT_DAMAGED(&f, "record longer than 1 MiB", "line 3");
}

static void a_byte_order_mark_is_named(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	replace(&f, 0, 0, "\xef\xbb\xbf", 3);
	ASSERT_DAMAGED(&f, "UTF-8 byte-order mark at byte 0; remove it");
}

static void dos_line_ends_are_read(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf dos = BUF_INIT;

	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < f.text.len; i++) {
		if (f.text.p[i] == '\n')
			buf_putc(&dos, '\r');
		buf_putc(&dos, f.text.p[i]);
	}
	buf_truncate(&f.text, 0);
	buf_put(&f.text, dos.p, dos.len);
	assert_int_equal(read_journal(&f), 0);
	assert_int_equal(f.end.place.seq, LINES);
	f.text.p[100] ^= 1;
	ASSERT_DAMAGED(&f, "line 1,", "811 later records");
}

static void bytes_that_are_no_text_are_named(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	f.text.p[f.line_at[5] + 39] = '\0';
	ASSERT_DAMAGED(&f, "NUL byte at line 5, column 40");
	f.text.p[f.line_at[5] + 39] = (char)0xc0;
	f.text.p[f.line_at[5] + 40] = (char)0x80;
	ASSERT_DAMAGED(&f, "invalid UTF-8 at line 5, byte 40: C0 80");
}

static void an_empty_journal_is_empty(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f);
	buf_truncate(&f.text, 0);
	assert_int_equal(read_journal(&f), 0);
	assert_int_equal(f.end.place.seq, 0);
	assert_false(f.end.torn);
}

static void reading_goes_on_from_a_place(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	struct journal_place half;
	uint64_t sum;

	(void)state;
	fixture_init(&f);
	simdisk_put(&f.disk, JOURNAL_FILE, f.text.p, f.text.len);
	assert_true(journal_sum_at(&f.disk.vfs, JOURNAL_FILE, f.line_at[400], &sum));
	assert_false(journal_sum_at(&f.disk.vfs, JOURNAL_FILE, f.line_at[400] + 1, &sum));
	half = (struct journal_place){ f.line_at[400], 399, sum };
	assert_int_equal(journal_read(&f.disk.vfs, JOURNAL_FILE, half, f.line_at[600], NULL, NULL,
				      &f.end, &f.e),
			 0);
	assert_int_equal(f.end.records, 200);
	half.sum ^= 1;
	assert_int_equal(journal_read(&f.disk.vfs, JOURNAL_FILE, half, f.line_at[600], NULL, NULL,
				      &f.end, &f.e),
			 -SK_ECORRUPT);
	assert_non_null(strstr(f.e.text, "line 400"));
}

/* Whatever is done to the bytes, reading ends, and never reads more turns than were written. */
static void mangled_journals_are_judged(void **state)
{
	uint64_t seed = 3, torn = 0, damaged = 0;

	(void)state;
	for (unsigned round = 0; round < test_rounds(300, 20000); round++) {
		CLEANUP(fixture_release) struct fixture f = { .seq = 0 };
		size_t at, len;
		int rc;

		simdisk_init(&f.disk);
		for (int i = 0; i < 20; i++)
			add_turn(&f, 1 + test_below(&seed, 4));
		at = test_below(&seed, (unsigned)f.text.len);
		len = 1 + test_below(&seed, (unsigned)(f.text.len - at));
		if (test_below(&seed, 2))
			memset(f.text.p + at, (int)test_below(&seed, 256), len % 2000);
		else
			replace(&f, at, len, "", 0);
		rc = read_journal(&f);
		assert_true(rc == 0 || rc == -SK_ECORRUPT);
		assert_true(rc < 0 || f.end.place.seq <= f.seq);
		torn += rc == 0 && f.end.torn;
		damaged += rc < 0;
	}
	assert_true(torn > 10);
	assert_true(damaged > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_journal_is_read),
		cmocka_unit_test(a_torn_last_line_vanishes),
		cmocka_unit_test(a_tail_of_zeros_vanishes),
		cmocka_unit_test(a_torn_turn_of_many_lines_vanishes_whole),
		cmocka_unit_test(damage_before_a_whole_turn_stops),
		cmocka_unit_test(every_damaged_byte_before_the_last_turn_stops),
		cmocka_unit_test(a_missing_line_is_a_gap),
		cmocka_unit_test(the_last_line_but_one_missing_is_a_gap),
		cmocka_unit_test(a_line_twice_is_named),
		cmocka_unit_test(swapped_lines_are_named),
		cmocka_unit_test(a_turn_that_miscounts_is_damage),
		cmocka_unit_test(a_newer_format_is_said_to_be_one),
		cmocka_unit_test(an_unknown_event_is_said_to_be_one),
		cmocka_unit_test(unknown_members_are_accepted),
		cmocka_unit_test(odd_numbers_for_seq_are_refused),
		cmocka_unit_test(a_line_too_long_is_refused),
		cmocka_unit_test(a_byte_order_mark_is_named),
		cmocka_unit_test(dos_line_ends_are_read),
		cmocka_unit_test(bytes_that_are_no_text_are_named),
		cmocka_unit_test(an_empty_journal_is_empty),
		cmocka_unit_test(reading_goes_on_from_a_place),
		cmocka_unit_test(mangled_journals_are_judged),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
