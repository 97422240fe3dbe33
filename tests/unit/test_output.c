/* Whether nothing was created in the folder of outputs: never said wrongly, said once it is sure.
 */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"
#include "worker/output.h"

struct place {
	char dir[32];
	int fd;
};

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_output.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	p->fd = fd_open_dir(p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlinkat(p->fd, "a", 0);
	close(p->fd);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

static void create(const struct place *p)
{
	int fd = openat(p->fd, "a", O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void test_sure_when_long_unchanged(void **state)
{
	struct place *p = *state;
	struct output_folder now = { .sure = false }, before = now;

	assert_false(output_folder_same(&before, &now));
	output_folder_look(p->fd, 1000000, &now);
	before = now; /* it may have been changed in this very tick */
	output_folder_look(p->fd, 1050000, &now);
	assert_false(output_folder_same(&before, &now));
	before = now;
	output_folder_look(p->fd, 9000000, &now);
	assert_false(output_folder_same(&before, &now));
	before = now;
	output_folder_look(p->fd, 9000001, &now);
	assert_true(output_folder_same(&before, &now));
}

static void test_a_new_file_is_seen(void **state)
{
	struct place *p = *state;
	struct output_folder now = { .sure = false }, before, between;
	struct stat st;

	output_folder_look(p->fd, 1000000, &now);
	output_folder_look(p->fd, 9000000, &now);
	before = now;
	do { /* the file system's clock has to go on, too */
		create(p);
		assert_int_equal(fstat(p->fd, &st), 0);
		if (st.st_ctim.tv_sec != before.changed.tv_sec ||
		    st.st_ctim.tv_nsec != before.changed.tv_nsec)
			break;
		unlinkat(p->fd, "a", 0);
	} while (true);
	output_folder_look(p->fd, 9000001, &now);
	assert_false(output_folder_same(&before, &now));
	/* Another task has looked meanwhile: for the one that made it, it is new all the same. */
	between = now;
	output_folder_look(p->fd, 19000000, &now);
	assert_false(output_folder_same(&before, &now));
	assert_false(output_folder_same(&between, &now));
}

static void test_a_folder_that_cannot_be_seen(void **state)
{
	struct output_folder now = { .sure = true }, before = now;

	(void)state;
	output_folder_look(-1, 1000000, &now);
	assert_false(now.sure);
	output_folder_look(-1, 9000000, &now);
	before = now;
	assert_false(output_folder_same(&before, &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sure_when_long_unchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_file_is_seen, setup, teardown),
		cmocka_unit_test(test_a_folder_that_cannot_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
