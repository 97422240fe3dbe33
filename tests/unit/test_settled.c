/*
 * The note that all of a journal is durable saves two syncs, so it must hold for exactly the bytes
 * it was made for: not for longer ones, not for another file of that name, not for another boot.
 */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"
#include "work/settled.h"

struct world {
	char dir[32];
	int fd;
	struct vfs vfs;
};

static void put(const struct world *w, const char *name, const char *text, int flags)
{
	CLEANUP(fd_close) int fd = openat(w->fd, name, O_WRONLY | O_CREAT | flags, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool known(const struct world *w)
{
	return settled_known(w->fd, &w->vfs, "journal");
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "/tmp/settled-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	vfs_real_open(&w->vfs, w->fd);
	put(w, "journal", "one\n", 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "journal", "other", SETTLED_FILE };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(w->fd, names[i], 0);
	vfs_real_close(&w->vfs);
	close(w->fd);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void only_behind_a_note(void **state)
{
	struct world *w = *state;

	assert_false(known(w));
	settled_note(w->fd, &w->vfs, "journal");
	assert_true(known(w));
}

static void not_for_bytes_that_came_later(void **state)
{
	struct world *w = *state;

	settled_note(w->fd, &w->vfs, "journal");
	put(w, "journal", "two\n", O_APPEND);
	assert_false(known(w));
	settled_note(w->fd, &w->vfs, "journal");
	assert_true(known(w));
}

static void not_for_another_file(void **state)
{
	struct world *w = *state;

	settled_note(w->fd, &w->vfs, "journal");
	put(w, "other", "one\n", 0);
	assert_int_equal(renameat(w->fd, "other", w->fd, "journal"), 0);
	assert_false(known(w));
}

static void not_for_another_boot(void **state)
{
	struct world *w = *state;

	char boot_id[BOOT_ID_LEN + 1], noted[BOOT_ID_LEN];
	CLEANUP(fd_close) int fd = -1;

	settled_note(w->fd, &w->vfs, "journal");
	fd = openat(w->fd, SETTLED_FILE, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, noted, sizeof(noted)), sizeof(noted));
	assert_int_equal(proc_boot_id(boot_id), 0);
	assert_memory_equal(noted, boot_id, sizeof(noted)); /* it names this boot */
	put(w, SETTLED_FILE, "00000000-0000-0000-0000-000000000000", 0);
	assert_false(known(w));
}

static void not_by_half_a_note(void **state)
{
	struct world *w = *state;

	settled_note(w->fd, &w->vfs, "journal");
	put(w, SETTLED_FILE, "", O_TRUNC);
	assert_false(known(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_behind_a_note, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_bytes_that_came_later, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_another_file, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_another_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(not_by_half_a_note, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
