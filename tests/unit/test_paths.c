/* Where state lives, in folders made for it: plain, repository, linked worktree, submodule; and
 * every folder refused. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/paths.h"

struct place {
	char root[PATH_MAX], before[PATH_MAX];
};

static int place_open(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char name[] = "/tmp/sk-paths-XXXXXX";

	if (!p || !getcwd(p->before, sizeof(p->before)) || !mkdtemp(name) ||
	    !realpath(name, p->root))
		return -1;
	*state = p;
	return chdir(p->root);
}

static int place_close(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid;

	if (chdir(p->before) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", p->root, (char *)NULL);
		_exit(127);
	}
	free(p);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The state folder found from here, below the place's root. */
static void assert_found(const struct place *p, const char *option, const char *variable,
			 const char *expected)
{
	struct paths found = PATHS_INIT;
	struct buf why = BUF_INIT;
	char full[PATH_MAX * 2];

	assert_int_equal(paths_find(option, variable, &found, &why), 0);
	snprintf(full, sizeof(full), "%s/%s", p->root, expected);
	assert_string_equal(found.state_dir, full);
	paths_release(&found);
	buf_release(&why);
}

static void plain_folder_and_the_one_above(void **state)
{
	folder("a");
	folder("a/b");
	assert_int_equal(chdir("a/b"), 0);
	assert_found(*state, NULL, NULL, "a/b/.state");
	folder("../.state");
	assert_found(*state, NULL, NULL, "a/.state");
}

static void option_before_variable_before_repository(void **state)
{
	folder(".git");
	assert_found(*state, "x/y/", "z", "x/y");
	assert_found(*state, NULL, "z", "z");
	assert_found(*state, NULL, NULL, ".state");
}

static void repository_from_below(void **state)
{
	folder(".git");
	folder("src");
	folder("src/.state"); /* the repository's root goes first */
	assert_int_equal(chdir("src"), 0);
	assert_found(*state, NULL, NULL, ".state");
}

static void linked_worktree_uses_the_main_checkout(void **state)
{
	struct place *p = *state;
	char text[PATH_MAX + 64];

	folder("main");
	folder("main/.git");
	folder("main/.git/worktrees");
	folder("main/.git/worktrees/w");
	file("main/.git/worktrees/w/commondir", "../..\n");
	folder("w");
	snprintf(text, sizeof(text), "gitdir: %s/main/.git/worktrees/w\n", p->root);
	file("w/.git", text);
	assert_int_equal(chdir("w"), 0);
	assert_found(p, NULL, NULL, "main/.state");
}

static void worktree_of_a_bare_repository(void **state)
{
	folder("r.git");
	folder("r.git/worktrees");
	folder("r.git/worktrees/w");
	file("r.git/worktrees/w/commondir", "../..\n");
	folder("w");
	file("w/.git", "gitdir: ../r.git/worktrees/w\n");
	assert_int_equal(chdir("w"), 0);
	assert_found(*state, NULL, NULL, "r.git/.state");
}

static void submodule_is_a_checkout_of_its_own(void **state)
{
	folder("main");
	folder("main/.git");
	folder("main/.git/modules");
	folder("main/.git/modules/sub");
	folder("main/sub");
	file("main/sub/.git", "gitdir: ../.git/modules/sub\n");
	assert_int_equal(chdir("main/sub"), 0);
	assert_found(*state, NULL, NULL, "main/sub/.state");
}

static void nonsense_in_a_git_file_is_no_repository(void **state)
{
	file(".git", "hello\n");
	assert_found(*state, NULL, NULL, ".state");
	file(".git", "gitdir: /does/not/exist\n");
	assert_found(*state, NULL, NULL, ".state");
}

static void find_fails(const char *option, int code, const char *says)
{
	struct paths found = PATHS_INIT;
	struct buf why = BUF_INIT;

	assert_int_equal(paths_find(option, NULL, &found, &why), code);
	assert_non_null(why.p);
	assert_non_null(strstr(why.p, says));
	paths_release(&found);
	buf_release(&why);
}

static void places_that_cannot_be(void **state)
{
	struct place *p = *state;
	char *long_path = malloc(PATH_MAX + 2);

	assert_non_null(long_path);
	memset(long_path, 'x', PATH_MAX + 1);
	long_path[0] = '/';
	long_path[PATH_MAX + 1] = '\0';
	find_fails("", -EINVAL, "--state-dir is empty");
	find_fails(long_path, -ENAMETOOLONG, "longer than");
	free(long_path);
	folder("gone");
	assert_int_equal(chdir("gone"), 0);
	assert_int_equal(rmdir("../gone"), 0);
	find_fails(NULL, -ENOENT, "current directory no longer exists");
	assert_int_equal(chdir(p->root), 0);
}

static int try_open(const char *option, bool create, struct buf *why)
{
	struct paths found = PATHS_INIT;
	int rc;

	assert_int_equal(paths_find(option, NULL, &found, why), 0);
	rc = paths_open(&found, create, why);
	paths_release(&found);
	return rc;
}

static void refused(const char *option, bool create, const char *says)
{
	struct buf why = BUF_INIT;

	assert_int_equal(try_open(option, create, &why), -EPERM);
	assert_non_null(strstr(why.p, says));
	buf_release(&why);
}

static void created_private_and_excluded_once(void **state)
{
	struct buf why = BUF_INIT;
	char text[100] = { 0 };
	struct stat st;
	int fd;

	(void)state;
	folder(".git");
	folder(".git/info");
	file(".git/info/exclude", "*.o");
	assert_int_equal(try_open(NULL, false, &why), -ENOENT);
	assert_int_equal(why.len, 0);
	for (int i = 0; i < 2; i++) {
		fd = try_open(NULL, true, &why);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		close(fd);
	}
	fd = open(".git/info/exclude", O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_string_equal(text, "*.o\n.state/\n");
}

/* A folder that a person made, for a configuration, is excluded when its store begins. */
static void made_by_hand_excluded_all_the_same(void **state)
{
	CLEANUP(paths_release) struct paths p = PATHS_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	char text[64];
	ssize_t len;
	int fd;

	(void)state;
	folder(".git");
	folder(".git/info");
	folder(".octogent");
	file(".octogent/config.yaml", "agents: {}\n");
	file(".git/info/exclude", "");
	assert_int_equal(paths_find_goals(NULL, &p, &why), 0);
	fd = paths_open(&p, false, &why);
	assert_true(fd >= 0);
	close(fd);
	fd = open(".git/info/exclude", O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 0); /* who only looks changes nothing */
	close(fd);
	for (int i = 0; i < 2; i++) {
		fd = paths_open(&p, true, &why);
		assert_true(fd >= 0);
		close(fd);
	}
	fd = open(".git/info/exclude", O_RDONLY);
	len = read(fd, text, sizeof(text));
	close(fd);
	assert_int_equal(len, 11);
	assert_memory_equal(text, ".octogent/\n", 11);
}

static void exclude_follows_no_link(void **state)
{
	struct buf why = BUF_INIT;
	char text[100] = { 0 };
	int fd;

	(void)state;
	folder(".git");
	folder(".git/info");
	file("precious", "mine");
	assert_int_equal(symlink("../../precious", ".git/info/exclude"), 0);
	fd = try_open(NULL, true, &why);
	assert_true(fd >= 0);
	close(fd);
	fd = open("precious", O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 4);
	close(fd);
	assert_string_equal(text, "mine");
}

static void links_files_and_open_folders_are_refused(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	folder("real");
	assert_int_equal(symlink("real", "link"), 0);
	refused("link", false, "is a symbolic link owned by uid");
	refused("link/", true, "is a symbolic link owned by uid");
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	refused("dangling", true, "is a symbolic link");
	assert_int_equal(chmod("real", 0770), 0);
	refused("real", true, "is writable by group (mode 0770)");
	assert_int_equal(chmod("real", 0702), 0);
	refused("real", true, "is writable by others (mode 0702)");
	file("plain", "");
	assert_int_equal(try_open("plain", true, &why), -ENOTDIR);
	assert_non_null(strstr(why.p, "is a file, expected a folder"));
	buf_release(&why);
	assert_int_equal(try_open("no/such/parent", true, &why), -ENOENT);
	assert_non_null(strstr(why.p, "its parent cannot be opened"));
	buf_release(&why);
}

static void foreign_and_replaceable_places_are_refused(void **state)
{
	(void)state;
	folder("open");
	assert_int_equal(chmod("open", 0777), 0);
	refused("open/new", true, "where anybody can replace it");
	if (geteuid() != 0)
		return; /* only root can give a folder away */
	folder("theirs");
	assert_int_equal(chown("theirs", 1001, 1001), 0);
	refused("theirs", true, "belongs to uid 1001, you are uid 0");
	assert_int_equal(symlink("theirs", "their-link"), 0);
	assert_int_equal(lchown("their-link", 1001, 1001), 0);
	refused("their-link", true, "is a symbolic link owned by uid 1001; refused");
}

static void a_folder_inside(void **state)
{
	struct buf why = BUF_INIT;
	int dir = open(".", O_RDONLY | O_DIRECTORY), fd;

	(void)state;
	assert_int_equal(paths_open_inside(dir, "logs", false, &why), -ENOENT);
	fd = paths_open_inside(dir, "logs", true, &why);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("logs", "other"), 0);
	assert_int_equal(paths_open_inside(dir, "other", true, &why), -EPERM);
	buf_release(&why);
	close(dir);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(plain_folder_and_the_one_above),
		IN_A_PLACE(option_before_variable_before_repository),
		IN_A_PLACE(repository_from_below),
		IN_A_PLACE(linked_worktree_uses_the_main_checkout),
		IN_A_PLACE(worktree_of_a_bare_repository),
		IN_A_PLACE(submodule_is_a_checkout_of_its_own),
		IN_A_PLACE(nonsense_in_a_git_file_is_no_repository),
		IN_A_PLACE(places_that_cannot_be),
		IN_A_PLACE(created_private_and_excluded_once),
		IN_A_PLACE(made_by_hand_excluded_all_the_same),
		IN_A_PLACE(exclude_follows_no_link),
		IN_A_PLACE(links_files_and_open_folders_are_refused),
		IN_A_PLACE(foreign_and_replaceable_places_are_refused),
		IN_A_PLACE(a_folder_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
