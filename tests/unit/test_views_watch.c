/* What is removed from a real folder beside the keeper comes back, also when that happened in a
 * moment in which nobody watched it. */
#include "views_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/views_keeper.h"
#include "daemon/views_watch.h"
#include "os/fd.h"

#define LATEST CHECKPOINT_DIR "/ci_latest.json"
#define ARCHIVE "archive"

struct watched {
	struct views_world v;
	struct views_keeper k;
	struct views_watch watch;
	struct clock clock;
	struct vfs vfs;
	int64_t mono_ms;
	char dir[32];
	int fd;
};

static int64_t wall(void *ctx)
{
	return ((struct watched *)ctx)->v.w.now_ms;
}

static int64_t mono(void *ctx)
{
	return ((struct watched *)ctx)->mono_ms * 1000;
}

/* A folder of a workstream that has ended, without views so far. */
static int setup(void **state)
{
	struct watched *t = mem_zalloc(sizeof(*t));

	views_world_init(&t->v);
	views_world_end(&t->v, true);
	t->clock = (struct clock){ t, wall, mono };
	snprintf(t->dir, sizeof(t->dir), "/tmp/sk_watch.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->fd = fd_open_dir(t->dir);
	vfs_real_open(&t->vfs, t->fd);
	views_keeper_init(&t->k, &t->vfs, &t->clock, &t->v.w.st);
	t->k.state_fd = t->fd;
	views_watch_init(&t->watch, &t->k);
	assert_true(t->watch.fd >= 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct watched *t = *state;

	views_watch_release(&t->watch);
	views_keeper_release(&t->k);
	vfs_real_close(&t->vfs);
	close(t->fd);
	assert_int_equal(fd_remove_tree_at(AT_FDCWD, t->dir), 0);
	views_world_release(&t->v);
	mem_free(&t);
	return 0;
}

/* A pass of the keeper, with or without hearing the notices before it. */
static void pass(struct watched *t, bool hears)
{
	struct err e = ERR_INIT;

	if (hears)
		views_watch_read(&t->watch);
	t->mono_ms += 2 * VIEWS_INTERVAL_MS;
	assert_int_equal(views_keeper_run(&t->k, t->v.w.now_ms, &e), 0);
}

static bool there(const struct watched *t, const char *path)
{
	return faccessat(t->fd, path, F_OK, 0) == 0;
}

static void what_is_removed_comes_back(void **state)
{
	struct watched *t = *state;

	views_keeper_look(&t->k);
	pass(t, false);
	assert_true(there(t, LATEST));
	pass(t, true);
	assert_int_equal(unlinkat(t->fd, LATEST, 0), 0);
	pass(t, true);
	assert_true(there(t, LATEST));
}

/* The folder is made by the keeper, and is watched when its notice is heard: in between is time. */
static void what_is_removed_before_its_folder_is_watched_comes_back(void **state)
{
	struct watched *t = *state;

	views_keeper_look(&t->k);
	pass(t, false);
	assert_int_equal(unlinkat(t->fd, LATEST, 0), 0);
	assert_int_equal(fd_remove_tree_at(t->fd, ARCHIVE), 0);
	pass(t, true);
	assert_true(there(t, LATEST));
	assert_false(there(t, ARCHIVE)); /* taken away on purpose */
}

static void a_folder_that_is_moved_comes_back_and_is_watched(void **state)
{
	struct watched *t = *state;

	views_keeper_look(&t->k);
	pass(t, false);
	pass(t, true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(renameat(t->fd, CHECKPOINT_DIR, t->fd, i ? "one" : "other"), 0);
		pass(t, true);
		assert_int_equal(unlinkat(t->fd, LATEST, 0), 0);
		pass(t, true);
		assert_true(there(t, LATEST));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_removed_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_removed_before_its_folder_is_watched_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_that_is_moved_comes_back_and_is_watched,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
