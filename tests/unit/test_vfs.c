/*
 * The real disk calls, in a fresh directory: what they create, what they refuse without waiting,
 * and that a replacement leaves the old or the new content and no temporary file.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/vfs.h"

struct place {
	char path[64];
	int dir;
	struct vfs vfs;
};

static int place_open(void **state)
{
	static struct place p;

	strncpy(p.path, "/tmp/sk-test-vfs-XXXXXX", sizeof(p.path) - 1);
	assert_non_null(mkdtemp(p.path));
	p.dir = open(p.path, O_RDONLY | O_DIRECTORY);
	assert_true(p.dir >= 0);
	vfs_real_open(&p.vfs, p.dir);
	*state = &p;
	return 0;
}

static int place_close(void **state)
{
	struct place *p = *state;
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	p->vfs.list(p->vfs.ctx, ".", &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		if (unlinkat(p->dir, names.p + at, 0) < 0)
			unlinkat(p->dir, names.p + at, AT_REMOVEDIR);
	vfs_real_close(&p->vfs);
	close(p->dir);
	return rmdir(p->path);
}

static void bytes_are_appended_and_read(void **state)
{
	struct place *p = *state;
	const struct vfs *v = &p->vfs;
	struct vfs_stat st;
	char raw[16];
	int h, r;

	assert_int_equal(v->open_append(v->ctx, "a", false), -ENOENT);
	h = v->open_append(v->ctx, "a", true);
	assert_true(h >= 0);
	assert_int_equal(fcntl(h, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(v->append(v->ctx, h, "hello ", 6), 0);
	assert_int_equal(v->append(v->ctx, h, "world", 5), 0);
	assert_int_equal(v->sync(v->ctx, h), 0);
	assert_int_equal(v->size(v->ctx, h), 11);
	r = v->open_read(v->ctx, "a");
	assert_int_equal(v->read_at(v->ctx, r, 6, raw, sizeof(raw)), 5);
	assert_memory_equal(raw, "world", 5);
	assert_int_equal(v->read_at(v->ctx, r, 11, raw, sizeof(raw)), 0);
	assert_int_equal(v->truncate(v->ctx, h, 5), 0);
	assert_int_equal(v->append(v->ctx, h, "!", 1), 0);
	assert_int_equal(v->read_at(v->ctx, r, 0, raw, sizeof(raw)), 6);
	assert_memory_equal(raw, "hello!", 6);
	v->close(v->ctx, r);
	v->close(v->ctx, h);
	assert_int_equal(v->stat(v->ctx, "a", &st), 0);
	assert_int_equal(st.mode, 0600);
	assert_int_equal(st.type, S_IFREG);
	assert_int_equal(st.links, 1);
	assert_int_equal(st.uid, geteuid());
}

static void what_is_no_file_is_refused_at_once(void **state)
{
	struct place *p = *state;
	const struct vfs *v = &p->vfs;
	struct vfs_stat st;

	assert_int_equal(mkfifoat(p->dir, "fifo", 0600), 0);
	assert_int_equal(mkdirat(p->dir, "dir", 0700), 0);
	assert_int_equal(symlinkat("a", p->dir, "link"), 0);
	assert_true(v->open_append(v->ctx, "fifo", true) < 0);
	assert_int_equal(v->open_read(v->ctx, "fifo"), -EINVAL);
	assert_int_equal(v->open_append(v->ctx, "dir", true), -EISDIR);
	assert_int_equal(v->open_read(v->ctx, "dir"), -EISDIR);
	assert_int_equal(v->open_append(v->ctx, "link", true), -ELOOP);
	assert_int_equal(v->open_read(v->ctx, "link"), -ELOOP);
	assert_int_equal(v->stat(v->ctx, "link", &st), 0);
	assert_int_equal(st.type, S_IFLNK);
	assert_int_equal(v->stat(v->ctx, "fifo", &st), 0);
	assert_int_equal(st.type, S_IFIFO);
}

static void names_are_listed_moved_and_removed(void **state)
{
	struct place *p = *state;
	const struct vfs *v = &p->vfs;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct vfs_stat one, two;

	assert_int_equal(v->mkdir(v->ctx, "sub"), 0);
	assert_int_equal(v->mkdir(v->ctx, "sub"), -EEXIST);
	v->close(v->ctx, v->open_append(v->ctx, "sub/x", true));
	assert_int_equal(v->link(v->ctx, "sub/x", "sub/y"), 0);
	assert_int_equal(v->link(v->ctx, "sub/x", "sub/y"), -EEXIST);
	assert_int_equal(v->stat(v->ctx, "sub/x", &one), 0);
	assert_int_equal(v->stat(v->ctx, "sub/y", &two), 0);
	assert_int_equal(one.links, 2);
	assert_int_equal(one.file_id, two.file_id);
	assert_int_equal(v->rename(v->ctx, "sub/y", "sub/z"), 0);
	assert_int_equal(v->sync_dir(v->ctx, "sub"), 0);
	assert_int_equal(v->sync_dir(v->ctx, "."), 0);
	assert_int_equal(v->sync_dir(v->ctx, "missing"), -ENOENT);
	assert_int_equal(v->list(v->ctx, "sub", &names), 0);
	assert_int_equal(names.len, 4);
	assert_int_equal(names.p[0] + names.p[2], 'x' + 'z');
	assert_int_equal(v->remove(v->ctx, "sub/x"), 0);
	assert_int_equal(v->remove(v->ctx, "sub/x"), -ENOENT);
	assert_int_equal(v->remove(v->ctx, "sub/z"), 0);
	assert_int_equal(v->stat(v->ctx, "sub/z", &one), -ENOENT);
}

static void a_file_is_replaced_whole(void **state)
{
	struct place *p = *state;
	const struct vfs *v = &p->vfs;
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct vfs_stat st;

	v->close(v->ctx, v->open_append(v->ctx, "doc.tmp", true)); /* of an earlier crash */
	assert_int_equal(vfs_replace(v, "doc", "first", 5), 0);
	assert_int_equal(vfs_replace(v, "doc", "second", 6), 0);
	assert_int_equal(v->stat(v->ctx, "doc.tmp", &st), -ENOENT);
	buf_puts(&raw, ">");
	assert_int_equal(vfs_read_all(v, "doc", 6, &raw), 0);
	assert_string_equal(raw.p, ">second");
	assert_int_equal(vfs_read_all(v, "doc", 5, &raw), -EFBIG);
	assert_int_equal(raw.len, 7);
	assert_int_equal(vfs_read_all(v, "nothing", 5, &raw), -ENOENT);
	assert_int_equal(vfs_replace(v, "missing/doc", "x", 1), -ENOENT);
}

/* A real write error half-way: the old content stays, the temporary file goes. */
static void a_failed_replacement_leaves_the_old(void **state)
{
	struct place *p = *state;
	const struct vfs *v = &p->vfs;
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct rlimit small, before;
	struct vfs_stat st;
	int rc;

	assert_int_equal(vfs_replace(v, "doc", "old", 3), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	signal(SIGXFSZ, SIG_IGN);
	buf_reserve(&raw, 10000);
	memset(raw.p, 'x', 10000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = vfs_replace(v, "doc", raw.p, 10000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(v->stat(v->ctx, "doc.tmp", &st), -ENOENT);
	assert_int_equal(vfs_read_all(v, "doc", 100, &raw), 0);
	assert_string_equal(raw.p, "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_are_appended_and_read, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused_at_once, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(names_are_listed_moved_and_removed, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(a_file_is_replaced_whole, place_open, place_close),
		cmocka_unit_test_setup_teardown(a_failed_replacement_leaves_the_old, place_open,
						place_close),
	};

	return cmocka_run_group_tests_name("vfs", tests, NULL, NULL);
}
