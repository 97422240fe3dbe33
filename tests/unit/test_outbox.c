/* The outbox: what was confirmed comes back, whatever the last line looks like, also across
 * incarnations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/fd.h"
#include "worker/outbox.h"

struct place {
	char dir[32];
	int fd;
};

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_outbox.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	p->fd = fd_open_dir(p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;

	outbox_discard(p->fd, "w", &e);
	close(p->fd);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

static void put_lines(struct buf *out, uint64_t incarnation, uint64_t first, unsigned count)
{
	struct worker_msg head = { .kind = MSG_REGISTER,
				   .worker_id = SPAN_LIT("w"),
				   .incarnation = incarnation };

	worker_msg_encode(out, &head);
	for (unsigned i = 0; i < count; i++) {
		struct worker_msg m = { .kind = MSG_FINISHED,
					.serial = first + i,
					.task_id = SPAN_LIT("t"),
					.attempt = 1 };

		worker_msg_encode(out, &m);
	}
}

struct seen {
	uint64_t incarnations[64], serials[64];
	int count, stop_after;
};

static int note(void *ctx, uint64_t incarnation, const struct worker_msg *m, struct err *e)
{
	struct seen *s = ctx;

	if (s->stop_after && s->count == s->stop_after)
		return err_set(e, -ECANCELED, "enough");
	s->incarnations[s->count] = incarnation;
	s->serials[s->count++] = m->serial;
	return 0;
}

static void append(struct place *p, uint64_t incarnation, uint64_t first, unsigned count)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct err e = ERR_INIT;
	struct outbox o;

	assert_int_equal(outbox_open(&o, p->fd, "w", &e), 0);
	put_lines(&lines, incarnation, first, count);
	assert_int_equal(outbox_append(&o, lines.p, lines.len, &e), 0);
	assert_false(o.empty);
	outbox_close(&o);
}

static void test_round_trip(void **state)
{
	struct place *p = *state;
	struct seen s = { .count = 0 };
	struct err e = ERR_INIT;

	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 0);
	append(p, 7, 1, 3);
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s.incarnations[i], 7);
		assert_int_equal(s.serials[i], i + 1);
	}
	s = (struct seen){ .stop_after = 2 };
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), -ECANCELED);
	assert_int_equal(outbox_discard(p->fd, "w", &e), -0);
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 0);
}

/* Cut at every byte: whole lines come back, the torn one does not, and nothing fails. */
static void test_torn_at_every_byte(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct place *p = *state;
	struct err e = ERR_INIT;

	append(p, 2, 1, 3);
	assert_int_equal(fd_read_file_at(p->fd, "w.outbox", 65536, &text), 0);
	for (size_t len = 0; len <= text.len; len++) {
		struct seen s = { .count = 0 };
		int whole = -1;

		for (size_t i = 0; i < len; i++)
			whole += text.p[i] == '\n';
		assert_int_equal(fd_replace_view_at(p->fd, "w.outbox", text.p, len), 0);
		assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), whole < 0 ? 0 : whole);
	}
}

static void test_successor_keeps_it(void **state)
{
	struct place *p = *state;
	struct seen s = { .count = 0 };
	struct err e = ERR_INIT;
	int fd;

	append(p, 1, 1, 2);
	fd = openat(p->fd, "w.outbox", O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"msg\":\"fin", 11), 11); /* torn when it died */
	close(fd);
	append(p, 2, 1, 2);
	append(p, 3, 1, 1);
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 5);
	assert_int_equal(s.incarnations[1], 1);
	assert_int_equal(s.incarnations[3], 2);
	assert_int_equal(s.incarnations[4], 3);
}

/* The disk is full at every byte of the first append, then has room again. */
static void test_full_disk_loses_nothing(void **state)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct place *p = *state;
	struct rlimit all, some;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	put_lines(&lines, 7, 1, 3);
	for (size_t room = 0; room < lines.len; room++) {
		struct seen s = { .count = 0 };
		struct err e = ERR_INIT;
		struct outbox o;

		assert_int_equal(outbox_open(&o, p->fd, "w", &e), 0);
		some = (struct rlimit){ room, all.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &some), 0);
		assert_true(outbox_append(&o, lines.p, lines.len, &e) < 0);
		assert_true(o.empty); /* the head has to be written again */
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
		assert_int_equal(outbox_append(&o, lines.p, lines.len, &e), 0);
		outbox_close(&o);
		assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 3);
		for (int i = 0; i < 3; i++)
			assert_int_equal(s.incarnations[i], 7);
		assert_int_equal(outbox_discard(p->fd, "w", &e), 0);
	}
}

static void test_clear_is_empty(void **state)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct place *p = *state;
	struct seen s = { .count = 0 };
	struct err e = ERR_INIT;
	struct outbox o;

	assert_int_equal(outbox_open(&o, p->fd, "w", &e), 0);
	put_lines(&lines, 1, 1, 4);
	assert_int_equal(outbox_append(&o, lines.p, lines.len, &e), 0);
	assert_int_equal(outbox_clear(&o, &e), 0);
	assert_true(o.empty);
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), 0);
	outbox_close(&o);
}

static void test_foreign_things_in_its_place(void **state)
{
	struct place *p = *state;
	struct seen s = { .count = 0 };
	struct err e = ERR_INIT;
	struct outbox o;

	assert_int_equal(symlinkat("/etc/passwd", p->fd, "w.outbox"), 0);
	assert_int_equal(outbox_open(&o, p->fd, "w", &e), -ELOOP);
	err_clear(&e);
	assert_int_equal(outbox_read(p->fd, "w", note, &s, &e), -ELOOP);
	assert_non_null(strstr(e.text, "w.outbox"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_successor_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear_is_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_things_in_its_place, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
