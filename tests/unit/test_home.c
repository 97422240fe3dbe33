/* The user's own folder: which one it is, when it is refused, and that folders in it are ours. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/home.h"

static int place_open(void **state)
{
	char name[] = "/tmp/sk-home-XXXXXX";
	char *root = malloc(PATH_MAX);

	if (!root || !mkdtemp(name) || !realpath(name, root))
		return -1;
	*state = root;
	return chdir(root);
}

static int place_close(void **state)
{
	int status;
	pid_t pid;

	if (chdir("/") < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", *state, (char *)NULL);
		_exit(127);
	}
	free(*state);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void fails(const char *sk_home, const char *home, int code, const char *says)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT, why = BUF_INIT;

	assert_int_equal(home_find(sk_home, home, &out, &why), code);
	assert_int_equal(out.len, 0);
	if (!strstr(why.p, says))
		fail_msg("%s", why.p);
}

static void which_one(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT, why = BUF_INIT;
	char expected[PATH_MAX + 16], *long_path = malloc(PATH_MAX);

	snprintf(expected, sizeof(expected), "%s/.copilot", (char *)*state);
	assert_int_equal(home_find(NULL, *state, &out, &why), 0);
	assert_string_equal(out.p, expected);
	assert_int_equal(home_find(*state, "/nonexistent", &out, &why), 0);
	assert_string_equal(out.p, expected);
	fails(NULL, NULL, -ENOENT, "HOME is not set");
	fails("", *state, -ENOENT, "SK_HOME is not set");
	fails(NULL, "relative", -EINVAL, "HOME is no absolute path");
	fails(NULL, "/nonexistent", -ENOENT, "HOME '/nonexistent' is no folder");
	fails(NULL, "/dev/null", -ENOTDIR, "is no folder");
	assert_non_null(long_path);
	memset(long_path, '/', PATH_MAX - 1);
	long_path[PATH_MAX - 1] = '\0';
	fails(NULL, long_path, -ENAMETOOLONG, "HOME is longer than");
	free(long_path);
	if (geteuid() != 0)
		return; /* only root can give a folder away */
	assert_int_equal(mkdir("theirs", 0700), 0);
	assert_int_equal(chown("theirs", 1001, 1001), 0);
	snprintf(expected, sizeof(expected), "%s/theirs", (char *)*state);
	fails(NULL, expected, -EPERM, "belongs to uid 1001, you are uid 0");
}

static void folders_in_it(void **state)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(home_open(".copilot", "a/b/c", false, &why), -ENOENT);
	assert_int_equal(why.len, 0);
	for (int i = 0; i < 2; i++) {
		fd = home_open(".copilot", "a/b/c", true, &why);
		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(stat(".copilot/a/b/c", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(rename(".copilot/a", "elsewhere"), 0);
	assert_int_equal(symlink("../elsewhere", ".copilot/a"), 0); /* on the way it is fine */
	fd = home_open(".copilot", "a/b/c", false, &why);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("b", "elsewhere/l"), 0); /* at the end it is not */
	assert_int_equal(home_open(".copilot", "a/l", true, &why), -EPERM);
	buf_release(&why);
	assert_int_equal(chmod("elsewhere/b", 0770), 0);
	assert_int_equal(home_open(".copilot", "a/b", true, &why), -EPERM);
	buf_release(&why);
	fd = open("file", O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(home_open("file", "a", true, &why), -ENOTDIR);
	assert_non_null(strstr(why.p, "cannot open 'file/a'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(which_one, place_open, place_close),
		cmocka_unit_test_setup_teardown(folders_in_it, place_open, place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
