/* Files whose bytes are known: until somebody writes to them, and not when they only get another
 * name. */
#include "store/known.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "test.h"

struct place {
	char path[64];
	int dir;
	struct vfs vfs;
	struct known_files known;
};

static int place_open(void **state)
{
	static struct place p;

	p.known = (struct known_files)KNOWN_FILES_INIT;
	strncpy(p.path, "/tmp/sk-test-known-XXXXXX", sizeof(p.path) - 1);
	assert_non_null(mkdtemp(p.path));
	p.dir = open(p.path, O_RDONLY | O_DIRECTORY);
	assert_true(p.dir >= 0);
	vfs_real_open(&p.vfs, p.dir);
	assert_int_equal(vfs_write(&p.vfs, "a", "text", 4), 0);
	*state = &p;
	return 0;
}

static int place_close(void **state)
{
	struct place *p = *state;

	unlinkat(p->dir, "a", 0);
	unlinkat(p->dir, "b", 0);
	known_files_release(&p->known);
	vfs_real_close(&p->vfs);
	close(p->dir);
	return rmdir(p->path);
}

static bool is_known(const struct place *p, const char *path)
{
	return known_files_find(&p->known, &p->vfs, path) != NULL;
}

/* As an editor does that keeps the length: in place, at another time. */
static void overwrite(const struct place *p, const char *path, const char *text, int64_t at_s)
{
	struct timespec times[2] = { { at_s, 0 }, { at_s, 0 } };
	int fd = openat(p->dir, path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void test_written(void **state)
{
	struct place *p = *state;

	assert_false(is_known(p, "a"));
	known_files_note(&p->known, &p->vfs, "a", 17);
	assert_true(is_known(p, "a"));
	assert_int_equal(known_files_find(&p->known, &p->vfs, "a")->at_ms, 17);
	assert_false(is_known(p, "b"));
	overwrite(p, "a", "tex2", 1000);
	assert_false(is_known(p, "a"));
	known_files_note(&p->known, &p->vfs, "a", 18);
	assert_true(is_known(p, "a"));
	overwrite(p, "a", "longer", 1000);
	assert_false(is_known(p, "a"));
}

static void test_another_name_is_no_writing(void **state)
{
	struct place *p = *state;

	known_files_note(&p->known, &p->vfs, "a", 1);
	assert_int_equal(linkat(p->dir, "a", p->dir, "b", 0), 0);
	known_files_note(&p->known, &p->vfs, "b", 1);
	assert_int_equal(unlinkat(p->dir, "a", 0), 0);
	assert_true(is_known(p, "b"));
	assert_false(is_known(p, "a"));
	assert_int_equal(vfs_write(&p->vfs, "a", "text", 4), 0);
	assert_false(is_known(p, "a")); /* the same bytes in another file: nobody compared them */
}

static void test_what_is_not_there_is_forgotten(void **state)
{
	struct place *p = *state;

	known_files_note(&p->known, &p->vfs, "a", 1);
	assert_int_equal(unlinkat(p->dir, "a", 0), 0);
	known_files_note(&p->known, &p->vfs, "a", 2);
	assert_int_equal(vfs_write(&p->vfs, "a", "text", 4), 0);
	assert_false(is_known(p, "a"));
	known_files_note(NULL, &p->vfs, "a", 2); /* nobody keeps a list */
	assert_null(known_files_find(NULL, &p->vfs, "a"));
}

static void test_what_was_learned_travels(void **state)
{
	CLEANUP(known_files_release) struct known_files other = KNOWN_FILES_INIT;
	struct place *p = *state;
	struct vfs_stat before;
	struct span text;

	assert_int_equal(p->vfs.stat(p->vfs.ctx, "a", &before), 0);
	known_files_learn(&other, "a", &before, 5);
	known_files_learn(&other, "b", &before, 6);
	text = (struct span){ other.learned.p, other.learned.len };
	known_files_decode(&p->known, (struct span){ text.p, text.len - 1 }); /* cut short */
	assert_true(is_known(p, "a"));
	assert_int_equal(p->known.count, 1);
	known_files_decode(&p->known, text);
	assert_int_equal(p->known.count, 2);
	known_files_decode(&p->known, SPAN_LIT("\n \n1 2 3 4\n1 2 3 x a\n-1 2 3 4 a\n1 2 3 4 \n"));
	assert_int_equal(p->known.count, 2);
	assert_true(is_known(p, "a"));
}

static void test_too_many_and_too_long(void **state)
{
	struct place *p = *state;
	char path[KNOWN_PATH_BYTES_MAX + 2];

	for (int i = 0; i < KNOWN_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "none/%d", i);
		known_files_note(&p->known, &p->vfs, path, 1);
	}
	assert_int_equal(p->known.count, KNOWN_FILES_MAX);
	known_files_note(&p->known, &p->vfs, "a", 1);
	assert_int_equal(p->known.count, 1); /* it begins anew */
	assert_true(is_known(p, "a"));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	known_files_note(&p->known, &p->vfs, path, 1);
	assert_int_equal(p->known.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written, place_open, place_close),
		cmocka_unit_test_setup_teardown(test_another_name_is_no_writing, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(test_what_is_not_there_is_forgotten, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(test_what_was_learned_travels, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(test_too_many_and_too_long, place_open,
						place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
