/* A remembered place is as right as a fresh look: tools come, go, move in front and lose their bit.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/program.h"

struct fixture {
	char root[64], list[512];
	struct program_finder finder;
};

static void put_file(const struct fixture *f, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[PATH_MAX];

	f->finder = (struct program_finder)PROGRAM_FINDER_INIT;
	snprintf(f->root, sizeof(f->root), "/tmp/sk_program.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(path, sizeof(path), "%s/one", f->root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/two", f->root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(f->list, sizeof(f->list), "%s/late:%s/one:%s/two", f->root, f->root, f->root);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "one/tool", "two/tool",  "late/tool", "one", "two",
					     "late",     "here/tool", "here",      "" };
	struct fixture *f = *state;
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->root, names[i]);
		if (unlink(path) < 0)
			rmdir(path);
	}
	program_finder_release(&f->finder);
	free(f);
	return 0;
}

/* The finder's answer must be what a fresh search says, twice in a row. */
static void expect(struct fixture *f, const char *folder)
{
	char fresh[PATH_MAX], out[PATH_MAX], want[PATH_MAX];

	for (int i = 0; i < 2; i++) {
		int rc = program_find(&f->finder, "tool", f->list, NULL, out, sizeof(out));

		assert_int_equal(rc,
				 proc_find_program("tool", f->list, NULL, fresh, sizeof(fresh)));
		if (!folder) {
			assert_true(rc < 0);
			continue;
		}
		snprintf(want, sizeof(want), "%s/%s/tool", f->root, folder);
		assert_int_equal(rc, 0);
		assert_string_equal(out, want);
	}
}

static void test_changes_are_seen(void **state)
{
	struct fixture *f = *state;
	char from[PATH_MAX], to[PATH_MAX];

	expect(f, NULL);
	put_file(f, "two/tool", 0700);
	expect(f, "two");
	put_file(f, "one/tool", 0600); /* in front, but not executable */
	expect(f, "two");
	put_file(f, "one/tool", 0700);
	expect(f, "one");
	snprintf(from, sizeof(from), "%s/one/tool", f->root);
	assert_int_equal(unlink(from), 0);
	expect(f, "two");
	snprintf(from, sizeof(from), "%s/two/tool", f->root);
	snprintf(to, sizeof(to), "%s/one/tool", f->root);
	assert_int_equal(rename(from, to), 0);
	expect(f, "one");
	assert_int_equal(unlink(to), 0);
	expect(f, NULL);
}

static void test_folders_that_cannot_be_watched(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];

	put_file(f, "two/tool", 0700);
	expect(f, "two");
	snprintf(path, sizeof(path), "%s/late", f->root); /* did not exist when PATH was read */
	assert_int_equal(mkdir(path, 0700), 0);
	put_file(f, "late/tool", 0700);
	expect(f, "late");
}

static void test_folder_replaced(void **state)
{
	struct fixture *f = *state;
	char one[PATH_MAX], here[PATH_MAX];

	put_file(f, "one/tool", 0700);
	put_file(f, "two/tool", 0700);
	expect(f, "one");
	snprintf(one, sizeof(one), "%s/one", f->root);
	snprintf(here, sizeof(here), "%s/here", f->root);
	assert_int_equal(rename(one, here), 0);
	expect(f, "two");
	assert_int_equal(symlink("here", one), 0);
	expect(f, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes_are_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folders_that_cannot_be_watched, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_folder_replaced, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
