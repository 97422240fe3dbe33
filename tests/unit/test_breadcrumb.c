/* What is left for the next session: read back as it was written, from older writers as well, and
 * nonsense is nothing. */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "work/breadcrumb.h"

static char root[] = "/tmp/sk-crumb-XXXXXX";

struct disk {
	struct vfs vfs;
	int fd;
};

static int disk_open(void **state)
{
	struct disk *d = mem_zalloc(sizeof(*d));

	if (!mkdtemp(root))
		return -1;
	d->fd = fd_open_dir(root);
	vfs_real_open(&d->vfs, d->fd);
	*state = d;
	return d->fd < 0 ? -1 : 0;
}

static int disk_close(void **state)
{
	struct disk *d = *state;

	breadcrumb_remove(&d->vfs);
	vfs_real_close(&d->vfs);
	fd_close(&d->fd);
	mem_free(state);
	return rmdir(root);
}

static void test_round(void **state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct disk *d = *state;
	struct breadcrumb c = { .goal_id = SPAN_LIT("id"),
				.goal_title = SPAN_LIT("a \"title\"\n"),
				.previous_status = SPAN_LIT("active"),
				.session = SPAN_LIT("s1"),
				.pause_reason = SPAN_LIT("quota:rate_limit"),
				.paused_ms = 1795262400123LL,
				.due_ms = 1795262500000LL,
				.iteration = 3,
				.max_iterations = 5,
				.tentacle_count = 2,
				.max_tentacles = 8 };
	struct breadcrumb back;
	struct err e = ERR_INIT;

	assert_int_equal(proc_self(&c.host), 0);
	assert_false(breadcrumb_is_there(&d->vfs));
	assert_false(breadcrumb_read(&d->vfs, &arena, &back));
	assert_int_equal(breadcrumb_write(&d->vfs, &c, &e), 0);
	assert_true(breadcrumb_is_there(&d->vfs));
	assert_true(breadcrumb_read(&d->vfs, &arena, &back));
	assert_true(span_eq(back.goal_title, c.goal_title));
	assert_true(span_eq(back.session, c.session));
	assert_true(span_eq(back.pause_reason, c.pause_reason));
	assert_true(span_eq(back.previous_status, c.previous_status));
	assert_int_equal(back.paused_ms, c.paused_ms);
	assert_int_equal(back.due_ms, c.due_ms);
	assert_int_equal(back.host.pid, c.host.pid);
	assert_int_equal(back.host.start, c.host.start);
	assert_string_equal(back.host.boot_id, c.host.boot_id);
	assert_int_equal(back.iteration, 3);
	assert_int_equal(back.max_tentacles, 8);
	assert_int_equal(breadcrumb_remove(&d->vfs), 0);
	assert_int_equal(breadcrumb_remove(&d->vfs), 0);
	assert_false(breadcrumb_is_there(&d->vfs));
}

static bool reads(const struct disk *d, const char *text, struct arena *arena,
		  struct breadcrumb *out)
{
	assert_int_equal(vfs_replace(&d->vfs, BREADCRUMB_FILE, text, strlen(text)), 0);
	return breadcrumb_read(&d->vfs, arena, out);
}

static void test_others(void **state)
{
	static const char *const nonsense[] = { "", "[]", "7", "{", "null", "{\"a\":1,}" };
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct disk *d = *state;
	struct breadcrumb c;

	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
		assert_false(reads(d, nonsense[i], &arena, &c));
	assert_true(
		reads(d,
		      "{\"goal_id\":\"g\",\"goal_path\":\"/abs/goal.json\",\"pause_reason\":"
		      "\"session_end:complete\",\"paused_at\":\"2026-11-21T12:00:00.000001+00:00\","
		      "\"budget_snapshot\":null,\"pid\":7,\"goal_title\":[1]}",
		      &arena, &c));
	assert_true(span_is(c.goal_id, "g"));
	assert_int_equal(c.goal_title.len, 0);
	assert_int_equal(c.host.pid, 0); /* a bare number is no identity */
	assert_int_equal(c.paused_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, disk_open, disk_close);
}
