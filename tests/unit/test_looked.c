/*
 * What is remembered of files saves reading them, so it must hold for exactly the files that were
 * read: not for ones that were changed since, not for ones that could have been changed unseen, not
 * for a state of before, not for another store.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "work/looked.h"

#define WORKSPACE SPAN_LIT("0123456789abcdef")

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

static void identify(const struct world *w, struct file_identity out[LOOKED_FILES])
{
	file_identify(&w->vfs, "meta", &out[0]);
	file_identify(&w->vfs, "todo", &out[1]);
	file_identify(&w->vfs, "handoff", &out[2]); /* there is none */
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "/tmp/looked-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	vfs_real_open(&w->vfs, w->fd);
	put(w, "meta", "{}\n", 0);
	put(w, "todo", "- [ ] one\n", 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "meta", "todo", "handoff", "lock", LOOKED_FILE };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(w->fd, names[i], 0);
	vfs_real_close(&w->vfs);
	close(w->fd);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* A moment that is later than the last change of the files, as their file system tells time. */
static struct file_identity later(const struct world *w)
{
	struct file_identity now[LOOKED_FILES], began;

	identify(w, now);
	do {
		put(w, "lock", "x", O_TRUNC);
		file_identify(&w->vfs, "lock", &began);
	} while (began.changed_ns <= now[0].changed_ns || began.changed_ns <= now[1].changed_ns);
	return began;
}

/* Reads the note anew and asks it. */
static bool known(const struct world *w, uint64_t changed_seq, uint64_t last_seq)
{
	struct looked *l = looked_new(w->fd, WORKSPACE, last_seq, NULL);
	struct file_identity now[LOOKED_FILES];
	bool same;

	identify(w, now);
	same = looked_same(l, SPAN_LIT("one"), changed_seq, now);
	looked_free(l);
	return same;
}

/* As a command that read the files and found them in line at event 7. */
static void note(const struct world *w, const struct file_identity *began)
{
	struct looked *l = looked_new(w->fd, WORKSPACE, 7, began);
	struct file_identity now[LOOKED_FILES];

	identify(w, now);
	looked_put(l, SPAN_LIT("one"), 7, now);
	looked_save(l);
	looked_free(l);
}

static void note_later(const struct world *w)
{
	struct file_identity began = later(w);

	note(w, &began);
}

static void only_behind_a_note(void **state)
{
	const struct world *w = *state;

	assert_false(known(w, 0, 7));
	note_later(w);
	assert_true(known(w, 0, 7));
	assert_true(known(w, 7, 9)); /* others were changed since */
}

static void not_one_that_was_changed_when_we_began(void **state)
{
	const struct world *w = *state;
	struct file_identity now[LOOKED_FILES];

	identify(w, now);
	note(w, &now[1]); /* the same moment: one more change in it would not show */
	assert_false(known(w, 0, 7));
	note(w, NULL);
	assert_false(known(w, 0, 7));
}

static void not_one_on_another_disk(void **state)
{
	const struct world *w = *state;
	struct file_identity began = later(w);

	began.device++; /* whose clock may be coarser */
	note(w, &began);
	assert_false(known(w, 0, 7));
}

static void not_one_that_was_edited(void **state)
{
	const struct world *w = *state;
	struct stat st;

	note_later(w);
	assert_int_equal(fstatat(w->fd, "todo", &st, 0), 0);
	put(w, "todo", "- [x] one\n", 0);
	assert_int_equal(utimensat(w->fd, "todo", (struct timespec[]){ st.st_atim, st.st_mtim }, 0),
			 0); /* size and time of writing are the same again */
	assert_false(known(w, 0, 7));
}

static void not_one_that_was_replaced_or_made_or_taken_away(void **state)
{
	const struct world *w = *state;

	note_later(w);
	put(w, "handoff", "text", 0);
	assert_false(known(w, 0, 7));
	unlinkat(w->fd, "handoff", 0);
	assert_true(known(w, 0, 7));
	put(w, "handoff", "{}\n", 0);
	assert_int_equal(renameat(w->fd, "handoff", w->fd, "meta"), 0);
	assert_false(known(w, 0, 7));
	unlinkat(w->fd, "meta", 0);
	assert_false(known(w, 0, 7));
}

static void not_of_a_state_of_before(void **state)
{
	const struct world *w = *state;
	struct file_identity began = later(w);
	struct looked *l;

	note(w, &began);
	assert_false(known(w, 8, 8)); /* an event about it came behind the note */
	assert_false(known(w, 0, 6)); /* the journal was put back: its numbers come again */
	l = looked_new(w->fd, WORKSPACE, 9, &began);
	looked_prune(l, SPAN_LIT("one"), 7);
	looked_save(l);
	assert_true(known(w, 0, 9));
	looked_prune(l, SPAN_LIT("one"), 8);
	looked_save(l);
	looked_free(l);
	assert_false(known(w, 0, 9));
}

static void not_of_another_store(void **state)
{
	const struct world *w = *state;
	struct file_identity now[LOOKED_FILES];
	struct looked *l;

	note_later(w);
	l = looked_new(w->fd, SPAN_LIT("fedcba9876543210"), 7, NULL);
	identify(w, now);
	assert_false(looked_same(l, SPAN_LIT("one"), 0, now));
	looked_free(l);
}

static void not_by_a_damaged_note(void **state)
{
	const struct world *w = *state;
	CLEANUP(fd_close) int fd = -1;
	struct stat st;

	note_later(w);
	fd = openat(w->fd, LOOKED_FILE, O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) { /* every byte of it in turn */
		unsigned char byte, other;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x10;
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		if (known(w, 0, 7)) /* it was in a free place */
			assert_int_equal(byte, 0);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_true(known(w, 0, 7));
	}
	assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
	assert_false(known(w, 0, 7));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_false(known(w, 0, 7));
	note_later(w);
	assert_true(known(w, 0, 7));
}

static void a_thousand(void **state)
{
	const struct world *w = *state;
	struct file_identity began = later(w), now[LOOKED_FILES];
	struct looked *l = looked_new(w->fd, WORKSPACE, 7, &began);
	char name[16];

	identify(w, now);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		looked_put(l, span_of(name), 7, now);
		if (i % 100 == 0) /* grown, and changed in place */
			looked_save(l);
	}
	looked_save(l);
	looked_free(l);
	l = looked_new(w->fd, WORKSPACE, 7, NULL);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		assert_true(looked_same(l, span_of(name), 7, now));
	}
	assert_false(looked_noted(l, SPAN_LIT("t1000"), 0));
	looked_free(l);
}

/* Records stand behind others that were there first: where one of those is torn, all the rest is
 * known as before, and so it is when the torn one is noted again. */
static void the_others_beside_a_torn_record(void **state)
{
	const struct world *w = *state;
	struct file_identity began = later(w), now[LOOKED_FILES];
	CLEANUP(fd_close) int fd = -1;
	const char torn = 0x55;
	struct stat st;
	char name[16];

	identify(w, now);
	for (off_t at = 0; at == 0 || at < st.st_size; at += 160) {
		struct looked *l = looked_new(w->fd, WORKSPACE, 7, &began);
		int unknown = 0;

		for (int i = 0; i < 90; i++) {
			snprintf(name, sizeof(name), "t%d", i);
			looked_put(l, span_of(name), 7, now);
		}
		looked_save(l);
		looked_free(l);
		fd_close(&fd);
		fd = openat(w->fd, LOOKED_FILE, O_RDWR | O_CLOEXEC);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(pwrite(fd, &torn, 1, at), 1);
		l = looked_new(w->fd, WORKSPACE, 7, &began);
		for (int i = 0; i < 90; i++) {
			snprintf(name, sizeof(name), "t%d", i);
			unknown += !looked_same(l, span_of(name), 7, now);
		}
		assert_in_range(unknown, 0, 1);
		looked_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_behind_a_note, setup, teardown),
		cmocka_unit_test_setup_teardown(not_one_that_was_changed_when_we_began, setup,
						teardown),
		cmocka_unit_test_setup_teardown(not_one_on_another_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(not_one_that_was_edited, setup, teardown),
		cmocka_unit_test_setup_teardown(not_one_that_was_replaced_or_made_or_taken_away,
						setup, teardown),
		cmocka_unit_test_setup_teardown(not_of_a_state_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(not_of_another_store, setup, teardown),
		cmocka_unit_test_setup_teardown(not_by_a_damaged_note, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(the_others_beside_a_torn_record, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
