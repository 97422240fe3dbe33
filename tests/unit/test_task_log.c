/* Logs without a name: who is quiet leaves nothing, who is not loses nothing, and no task sees a
 * byte of another. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "worker/task_log.h"

struct place {
	char dir[32];
	int fd;
	struct log_folder in;
	struct task_log log;
};

static const struct span header = SPAN_LIT("=== a header\n");

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_task_log.XXXXXX", .log = TASK_LOG_INIT };
	assert_non_null(mkdtemp(p->dir));
	p->fd = fd_open_dir(p->dir);
	p->in = (struct log_folder){ p->fd, fd_open_dir("/proc/self/fd") };
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	task_log_release(&p->log);
	unlinkat(p->fd, "a.log", 0);
	unlinkat(p->fd, "b.log", 0);
	close(p->fd);
	close(p->in.own_fds);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

static bool has(const struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_log(const struct place *p, const char *name, const char *text)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;

	assert_int_equal(fd_read_file_at(p->fd, name, 1 << 20, &raw), 0);
	assert_string_equal(raw.p, text);
}

/* The descriptor of a process. */
static int begin(struct place *p, const char *name)
{
	int fd;

	assert_int_equal(task_log_begin(&p->log, &p->in, name), 1);
	fd = task_log_add(&p->log, &p->in, header);
	assert_true(fd >= 0);
	return fd;
}

static void test_quiet_file_is_used_again(void **state)
{
	struct place *p = *state;
	struct stat first, second;
	int fd = begin(p, "a.log");

	assert_int_equal(fstat(fd, &first), 0);
	assert_true(task_log_is_quiet(&p->log));
	close(fd);
	assert_int_equal(task_log_keep(&p->log), 0);
	assert_false(has(p, "a.log"));
	fd = begin(p, "b.log");
	assert_int_equal(fstat(fd, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	assert_false(task_log_is_quiet(&p->log));
	assert_int_equal(task_log_name(&p->log, &p->in, "b.log", true), 0);
	assert_log(p, "b.log", "=== a header\nx\n");
	assert_false(p->log.pending);
	assert_false(has(p, "a.log"));
}

static void test_named_while_it_is_written(void **state)
{
	struct place *p = *state;
	int fd = begin(p, "a.log");

	assert_int_equal(write(fd, "one\n", 4), 4);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", false), 0);
	assert_log(p, "a.log", "=== a header\none\n");
	assert_int_equal(write(fd, "two\n", 4), 4);
	assert_log(p, "a.log", "=== a header\none\ntwo\n");
	close(fd);
	assert_int_equal(task_log_begin(&p->log, &p->in, "a.log"), 0); /* append to that */
}

static void test_headers_of_quiet_steps_come_along(void **state)
{
	struct place *p = *state;
	int fd = begin(p, "a.log");

	close(fd);
	assert_true(task_log_is_quiet(&p->log));
	fd = task_log_add(&p->log, &p->in, (struct span)SPAN_LIT("\n=== second\n"));
	assert_true(fd >= 0);
	assert_true(task_log_is_quiet(&p->log));
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", true), 0);
	assert_log(p, "a.log", "=== a header\n\n=== second\nx\n");
}

static void test_one_header_too_many(void **state)
{
	struct place *p = *state;
	static char large[LOG_HEAD_BYTES_MAX];

	memset(large, 'x', sizeof(large));
	close(begin(p, "a.log"));
	assert_int_equal(task_log_add(&p->log, &p->in, (struct span){ large, sizeof(large) }),
			 -EFBIG);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", true), 0);
	assert_log(p, "a.log", "=== a header\n");
}

/* It cut the log and printed exactly as many bytes as the header has. */
static void test_size_of_the_header_is_not_silence(void **state)
{
	struct place *p = *state;
	int fd = begin(p, "a.log");

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(write(fd, "my own words\n", header.len), header.len);
	close(fd);
	assert_false(task_log_is_quiet(&p->log));
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", true), 0);
	assert_log(p, "a.log", "my own words\n");
}

/* Whoever was handed the file goes on writing: never into the log of the next task. */
static void test_held_by_somebody_else(void **state)
{
	struct place *p = *state;
	int fd = begin(p, "a.log"), next;

	assert_true(task_log_is_quiet(&p->log));
	assert_int_equal(task_log_keep(&p->log), -EBUSY);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", true), 0);
	next = begin(p, "b.log");
	assert_int_equal(write(fd, "late\n", 5), 5);
	assert_true(task_log_is_quiet(&p->log));
	assert_log(p, "a.log", "=== a header\nlate\n");
	close(fd);
	close(next);
	assert_int_equal(task_log_keep(&p->log), 0);
}

static void test_name_is_taken(void **state)
{
	struct place *p = *state;
	int fd = begin(p, "a.log"), other = openat(p->fd, "a.log", O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(other, "theirs\n", 7), 7);
	close(other);
	assert_int_equal(write(fd, "one\n", 4), 4);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", false), 0);
	assert_true(p->log.pending);
	assert_true(p->log.refused);
	assert_log(p, "a.log", "theirs\n\n=== a header\none\n");
	assert_int_equal(write(fd, "two\n", 4), 4);
	close(fd);
	assert_int_equal(task_log_add(&p->log, &p->in, header), -EFBIG);
	assert_int_equal(task_log_name(&p->log, &p->in, "a.log", true), 0);
	assert_log(p, "a.log", "theirs\n\n=== a header\none\ntwo\n");
	assert_false(p->log.useless);
	close(begin(p, "b.log"));
	assert_int_equal(symlinkat("/etc/passwd", p->fd, "b.log"), 0);
	assert_int_equal(task_log_name(&p->log, &p->in, "b.log", true), -ELOOP);
	assert_false(p->log.pending);
}

/* A folder in /proc stands for a file system that has none. */
static void test_not_on_every_file_system(void **state)
{
	struct place *p = *state;
	struct log_folder proc = { fd_open_dir("/proc/self"), p->in.own_fds };

	assert_true(task_log_begin(&p->log, &proc, "a.log") < 0);
	assert_true(p->log.useless);
	assert_int_equal(task_log_begin(&p->log, &p->in, "a.log"), -EOPNOTSUPP);
	close(proc.fd);
	p->log.useless = false;
	proc = (struct log_folder){ p->fd, -ENOENT };
	assert_int_equal(task_log_begin(&p->log, &proc, "a.log"), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_quiet_file_is_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_while_it_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_headers_of_quiet_steps_come_along, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_one_header_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size_of_the_header_is_not_silence, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_held_by_somebody_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_on_every_file_system, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
