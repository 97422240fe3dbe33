/* The same within a moment is the same; anything else in between, a moment more, another one who
 * says it, or a kill in the middle makes it new. The file never grows. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "work/recent.h"

static int open_place(char path[64])
{
	snprintf(path, 64, "/tmp/sk-recent-XXXXXX");
	assert_non_null(mkdtemp(path));
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void close_place(int dir, const char *path)
{
	unlinkat(dir, RECENT_FILE, 0);
	close(dir);
	assert_int_equal(rmdir(path), 0);
}

static bool say(int dir, uint64_t who, uint64_t what, int64_t now_ms)
{
	struct recent r;
	bool again = recent_begin(dir, who, what, now_ms, true, &r);

	recent_end(&r);
	return again;
}

static void test_again(void **state)
{
	char path[64];
	int dir = open_place(path);

	(void)state;
	assert_false(say(dir, 1, 7, 1000));
	assert_true(say(dir, 1, 7, 1000));
	assert_true(say(dir, 1, 7, 1000 + RECENT_MS));
	assert_false(say(dir, 1, 7, 1001 + RECENT_MS)); /* counted from the first one */
	assert_false(say(dir, 1, 8, 1001 + RECENT_MS));
	assert_false(say(dir, 1, 7, 1002 + RECENT_MS)); /* something else was in between */
	assert_false(say(dir, 2, 7, 1002 + RECENT_MS));
	assert_true(say(dir, 1, 7, 1002 + RECENT_MS));
	assert_false(say(dir, 1, 7, 5));                /* of another boot */
	assert_false(say(dir, 1 + RECENT_SLOTS, 7, 6)); /* pushes it out */
	assert_false(say(dir, 1, 7, 7));
	close_place(dir, path);
}

static void test_size(void **state)
{
	char path[64];
	int dir = open_place(path);
	struct stat st;
	struct recent r;

	(void)state;
	assert_false(recent_begin(dir, 1, 1, 1, false, &r)); /* not made */
	assert_int_equal(r.fd, -1);
	recent_end(&r);
	for (uint64_t i = 0; i < 10000; i++)
		say(dir, i * 2654435761u, i, (int64_t)i);
	assert_int_equal(fstatat(dir, RECENT_FILE, &st, 0), 0);
	assert_true(st.st_size <= RECENT_SLOTS * 32);
	assert_int_equal(unlinkat(dir, RECENT_FILE, 0), 0);
	assert_int_equal(symlinkat("/tmp/elsewhere", dir, RECENT_FILE), 0);
	assert_false(say(dir, 1, 1, 1)); /* a link is not followed */
	assert_false(say(dir, 1, 1, 1));
	close_place(dir, path);
}

/* One that was killed before it was done has done nothing: the second delivery does it. */
static void test_killed(void **state)
{
	char path[64], byte;
	int dir = open_place(path), ready[2], status;
	struct recent r;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		recent_begin(dir, 1, 7, 1000, true, &r);
		_exit(write(ready[1], "x", 1) == 1 && pause() ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(say(dir, 1, 7, 1001)); /* it is at it */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(say(dir, 1, 7, 1002));
	assert_true(say(dir, 1, 7, 1003));
	close(ready[0]);
	close(ready[1]);
	close_place(dir, path);
}

/* Of many at the same instant exactly one is told. */
static void test_together(void **state)
{
	char path[64];
	int dir = open_place(path), told = 0, status;

	(void)state;
	for (int i = 0; i < 16; i++)
		if (fork() == 0)
			_exit(say(dir, 1, 7, 1000) ? 0 : 1);
	for (int i = 0; i < 16; i++) {
		assert_true(wait(&status) > 0);
		told += WEXITSTATUS(status);
	}
	assert_int_equal(told, 1);
	close_place(dir, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
