/* Growing bytes, arenas, arrays and the error value: small, used everywhere, and trusted blindly by
 * every other test. */
#include "test.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

static void an_empty_buffer_is_harmless(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	(void)state;
	buf_truncate(&b, 0);
	buf_consume(&b, 0);
	buf_release(&b);
	buf_put(&b, NULL, 0);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.p, "");
	buf_release(&b);
	assert_null(b.p);
	text = buf_take(&b);
	assert_string_equal(text, "");
	assert_null(b.p);
	mem_free(&text);
	assert_null(text);
}

static void every_append_keeps_the_text_terminated(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char expected[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(expected) - 1; i++) {
		expected[i] = (char)('a' + i % 26);
		buf_putc(&b, expected[i]);
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.p[b.len], '\0');
		assert_true(b.capacity > b.len);
	}
	assert_memory_equal(b.p, expected, sizeof(expected) - 1);
}

static void growth_is_geometric(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	unsigned moves = 0;
	size_t capacity = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		buf_putc(&b, 'x');
		moves += b.capacity != capacity;
		capacity = b.capacity;
	}
	assert_true(moves < 40);
}

static void appends_of_other_kinds(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_puts(&b, "one");
	buf_put(&b, "\0two", 4);
	buf_putf(&b, "%s-%d", "three", 3);
	assert_int_equal(b.len, 14);
	assert_memory_equal(b.p, "one\0twothree-3", 15);
	buf_consume(&b, 4);
	assert_string_equal(b.p, "twothree-3");
	buf_truncate(&b, 3);
	assert_string_equal(b.p, "two");
	buf_consume(&b, 3);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.p, "");
}

static void a_long_format_is_not_cut(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_putf(&b, "%0100000d", 7);
	assert_int_equal(b.len, 100000);
	assert_int_equal(b.p[99999], '7');
	assert_int_equal(b.p[100000], '\0');
}

static void integers_print_as_printf_prints_them(void **state)
{
	static const uint64_t values[] = { 0,          1,         9,     10,
					   99,         100,       12345, 4294967295ULL,
					   1ULL << 63, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		char expected[64];

		buf_put_u64(&b, values[i]);
		snprintf(expected, sizeof(expected), "%" PRIu64, values[i]);
		assert_string_equal(b.p, expected);
		buf_truncate(&b, 0);
		buf_put_i64(&b, (int64_t)values[i]);
		snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)values[i]);
		assert_string_equal(b.p, expected);
		buf_truncate(&b, 0);
		buf_put_hex64(&b, values[i]);
		snprintf(expected, sizeof(expected), "%016" PRIx64, values[i]);
		assert_string_equal(b.p, expected);
	}
}

static void taken_bytes_have_one_owner(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	(void)state;
	buf_puts(&b, "mine");
	text = buf_take(&b);
	assert_string_equal(text, "mine");
	assert_null(b.p);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.capacity, 0);
	mem_free(&text);
}

static void arrays_grow_and_keep_their_elements(void **state)
{
	uint32_t *numbers = NULL;
	size_t capacity = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		mem_grow(&numbers, &capacity, i + 1, sizeof(*numbers));
		assert_true(capacity > i);
		numbers[i] = i * 3;
	}
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(numbers[i], i * 3);
	mem_grow(&numbers, &capacity, 10, sizeof(*numbers));
	assert_true(capacity >= 100000);
	mem_free(&numbers);
}

static void arena_pieces_do_not_overlap(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	enum { PIECES = 3000 };
	static unsigned char *piece[PIECES];
	static size_t len[PIECES];
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < PIECES; i++) {
		len[i] = 1 + test_below(&seed, i % 100 == 0 ? 100000 : 200);
		if (i % 2) {
			piece[i] = arena_alloc(&a, len[i]);
			assert_int_equal((uintptr_t)piece[i] % 8, 0);
		} else {
			static const char zeros[100001];

			piece[i] =
				(unsigned char *)arena_copy(&a, (struct span){ zeros, len[i] }).p;
		}
		memset(piece[i], (int)(i & 255), len[i]);
	}
	for (unsigned i = 0; i < PIECES; i++)
		for (size_t k = 0; k < len[i]; k++)
			if (piece[i][k] != (i & 255))
				fail_msg("byte %zu of piece %u was overwritten", k, i);
}

static void an_arena_starts_small_and_can_be_used_again(void **state)
{
	struct arena a = ARENA_INIT;
	struct span copy;

	(void)state;
	copy = arena_copy(&a, SPAN_NONE);
	assert_null(copy.p);
	assert_null(a.blocks);
	assert_int_equal(*(char *)memset(arena_alloc(&a, 1), 'x', 1), 'x');
	assert_true(a.left < 8192);
	arena_release(&a);
	assert_null(a.blocks);
	assert_int_equal(a.bytes, 0);
	copy = arena_copy(&a, SPAN_LIT("again"));
	assert_memory_equal(copy.p, "again", 5);
	arena_release(&a);
}

static void the_first_sentence_of_an_error_stays(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, -SK_EBUSY, "%s is held", "the lock"), -SK_EBUSY);
	assert_int_equal(err_set(&e, -SK_EIO, "later"), -SK_EIO);
	assert_int_equal(e.code, -SK_EBUSY);
	assert_string_equal(e.text, "the lock is held");
	err_clear(&e);
	assert_int_equal(e.code, 0);
	assert_string_equal(e.text, "");
	assert_int_equal(err_set(&e, -SK_EIO, "now"), -SK_EIO);
	assert_string_equal(e.text, "now");
	assert_int_equal(err_set(NULL, -SK_EIO, "nobody listens"), -SK_EIO);
}

static void an_error_longer_than_its_room_is_cut_and_terminated(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, -SK_EIO, "%05000d", 1);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

static void a_broken_invariant_ends_the_process(void **state)
{
	int status, output[2];
	char text[512] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(output), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		volatile int two = 2;

		signal(SIGABRT, SIG_DFL);
		dup2(output[1], STDERR_FILENO);
		INVARIANT(two == 3);
		_exit(0);
	}
	close(output[1]);
	assert_true(read(output[0], text, sizeof(text) - 1) > 0);
	close(output[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "two == 3 does not hold"));
	assert_non_null(strstr(text, "test_base_buf.c"));
}

/* Stored journals depend on these numbers: they may never change. */
static void checksums_are_for_ever(void **state)
{
	(void)state;
	assert_int_equal(hash64("", 0, 0), 0x2d06800538d394c2ULL);
	assert_int_not_equal(hash64("a", 1, 0), hash64("b", 1, 0));
	assert_int_not_equal(hash64("a", 1, 0), hash64("a", 1, 1));
	assert_int_equal(hash64("holdfast", 8, 0), hash64("holdfast", 8, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_harmless),
		cmocka_unit_test(every_append_keeps_the_text_terminated),
		cmocka_unit_test(growth_is_geometric),
		cmocka_unit_test(appends_of_other_kinds),
		cmocka_unit_test(a_long_format_is_not_cut),
		cmocka_unit_test(integers_print_as_printf_prints_them),
		cmocka_unit_test(taken_bytes_have_one_owner),
		cmocka_unit_test(arrays_grow_and_keep_their_elements),
		cmocka_unit_test(arena_pieces_do_not_overlap),
		cmocka_unit_test(an_arena_starts_small_and_can_be_used_again),
		cmocka_unit_test(the_first_sentence_of_an_error_stays),
		cmocka_unit_test(an_error_longer_than_its_room_is_cut_and_terminated),
		cmocka_unit_test(a_broken_invariant_ends_the_process),
		cmocka_unit_test(checksums_are_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
