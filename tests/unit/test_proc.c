/* Identity, signals that reach one process only, spawning with everything reset, and exact reasons
 * for failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"

static char *const no_env[] = { NULL };

static pid_t spawn_sh(const char *script, int out_fd, struct proc_limits limits, const char *cwd,
		      enum proc_step *step)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script,
			       NULL };
	CLEANUP(fd_close) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct proc_spawn s = { .path = "/bin/sh",
				.argv = argv,
				.envp = no_env,
				.cwd = cwd,
				.stdin_fd = null_fd,
				.stdout_fd = out_fd < 0 ? null_fd : out_fd,
				.stderr_fd = null_fd,
				.cgroup_fd = -1,
				.limits = limits,
				.dies_with_parent = true };

	return proc_spawn(&s, step);
}

/* What the script prints. */
static void run_sh(const char *script, struct proc_limits limits, struct buf *out)
{
	enum proc_step step;
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = spawn_sh(script, pipe_fds[1], limits, "/", &step);
	assert_true(pid > 0);
	close(pipe_fds[1]);
	assert_int_equal(fd_read_all(pipe_fds[0], 65536, out), 0);
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_identity(void **state)
{
	struct proc_identity self, other;

	(void)state;
	assert_int_equal(proc_self(&self), 0);
	assert_int_equal(self.pid, getpid());
	assert_int_equal(proc_alive(&self), 1);
	other = self;
	other.start++;
	assert_int_equal(proc_alive(&other), 0);
	assert_int_equal(proc_signal(&other, 0), -ESRCH);
	other = self;
	other.boot_id[0] = other.boot_id[0] == 'a' ? 'b' : 'a';
	assert_int_equal(proc_alive(&other), 0);
	assert_int_equal(proc_signal(&other, SIGKILL), -ESRCH); /* we live to tell */
	other = (struct proc_identity){ .pid = 0 };
	assert_int_equal(proc_signal(&other, SIGKILL), -ESRCH);
	other.pid = UINT64_MAX;
	assert_int_equal(proc_signal(&other, SIGKILL), -ESRCH);
}

static void test_signal_and_death(void **state)
{
	struct proc_identity who = { .pid = 0 };
	enum proc_step step;
	int status;

	(void)state;
	who.pid = (uint64_t)spawn_sh("exec sleep 1000", -1, (struct proc_limits){ 0 }, NULL, &step);
	assert_int_equal(proc_start_time(who.pid, &who.start), 0);
	assert_int_equal(proc_alive(&who), 1);
	assert_int_equal(proc_signal(&who, SIGKILL), 0);
	assert_int_equal(waitpid((pid_t)who.pid, &status, 0), (pid_t)who.pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(proc_alive(&who), 0);
	assert_int_equal(proc_signal(&who, SIGKILL), -ESRCH);
}

static void test_child_starts_clean(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	CLEANUP(fd_close) int stray = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t block, before;

	(void)state;
	assert_true(stray >= 0); /* must not show up in the child */
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&block);
	sigprocmask(SIG_SETMASK, &block, &before);
	run_sh("grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l; "
	       "set -- $(cat /proc/$$/stat); test $1 = $6 && echo leader; pwd",
	       (struct proc_limits){ 0 }, &out);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(out.p, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(out.p, "SigIgn:\t0000000000000000"));
	assert_non_null(strstr(out.p, "\n4\n")); /* 0, 1, 2 and the one ls reads with */
	assert_non_null(strstr(out.p, "leader\n/\n"));
}

static void test_limits(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	(void)state;
	run_sh("ulimit -n; ulimit -t; ulimit -v",
	       (struct proc_limits){ .open_files = 41, .cpu_s = 42, .memory_bytes = 1LL << 30 },
	       &out);
	assert_string_equal(out.p, "41\n42\n1048576\n");
}

static void test_failures_name_the_step(void **state)
{
	char *const argv[] = { (char[]){ "x" }, NULL };
	struct proc_spawn s = { .path = "/nonexistent",
				.argv = argv,
				.envp = no_env,
				.stdin_fd = 0,
				.stdout_fd = 1,
				.stderr_fd = 2,
				.cgroup_fd = -1 };
	enum proc_step step;

	(void)state;
	assert_int_equal(proc_spawn(&s, &step), -ENOENT);
	assert_int_equal(step, PROC_STEP_EXEC);
	s.path = "/etc/passwd";
	assert_int_equal(proc_spawn(&s, &step), -EACCES);
	assert_int_equal(step, PROC_STEP_EXEC);
	s.cwd = "/nonexistent";
	assert_int_equal(proc_spawn(&s, &step), -ENOENT);
	assert_int_equal(step, PROC_STEP_CWD);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing was left to reap */
	assert_int_equal(errno, ECHILD);
}

static void test_find_program(void **state)
{
	char dir[] = "/tmp/sk_proc.XXXXXX", list[128], path[PATH_MAX];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = fd_open_dir(dir);
	close(openat(fd, "tool", O_CREAT | O_WRONLY, 0700));
	close(openat(fd, "data", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(mkdirat(fd, "sub", 0700), 0);
	snprintf(list, sizeof(list), "/nonexistent:%s:/bin", dir);
	assert_int_equal(proc_find_program("tool", list, NULL, path, sizeof(path)), 0);
	assert_non_null(strstr(path, "/tool"));
	assert_int_equal(proc_find_program("sh", list, NULL, path, sizeof(path)), 0);
	assert_string_equal(path, "/bin/sh");
	assert_int_equal(proc_find_program("data", list, NULL, path, sizeof(path)), -EACCES);
	assert_int_equal(proc_find_program("sub", list, NULL, path, sizeof(path)), -EACCES);
	assert_int_equal(proc_find_program("missing", list, NULL, path, sizeof(path)), -ENOENT);
	assert_int_equal(proc_find_program("", list, NULL, path, sizeof(path)), -ENOENT);
	assert_int_equal(proc_find_program("./tool", "/bin", dir, path, sizeof(path)), 0);
	assert_string_equal(path, "./tool");
	assert_int_equal(proc_find_program("tool", "", dir, path, sizeof(path)),
			 0); /* empty = the working directory */
	assert_string_equal(path, "./tool");
	assert_int_equal(proc_find_program("tool", list, NULL, path, 4), -ENOENT);
	unlinkat(fd, "tool", 0);
	unlinkat(fd, "data", 0);
	unlinkat(fd, "sub", AT_REMOVEDIR);
	close(fd);
	rmdir(dir);
}

static void test_nonce(void **state)
{
	char a[NONCE_LEN + 1], b[NONCE_LEN + 1];

	(void)state;
	assert_int_equal(proc_nonce(a), 0);
	assert_int_equal(proc_nonce(b), 0);
	assert_int_equal(strlen(a), NONCE_LEN);
	assert_int_equal(strspn(a, "0123456789abcdef"), NONCE_LEN);
	assert_string_not_equal(a, b);
}

/* A socket in a directory whose path is far longer than an address holds. */
static void test_socket_below_a_long_path(void **state)
{
	char root[] = "/tmp/sk_sock.XXXXXX", name[101];
	int fds[4], listen_fd, a, b;
	uint64_t pid;
	char c;

	(void)state;
	assert_non_null(mkdtemp(root));
	memset(name, 'd', 100);
	name[100] = '\0';
	fds[0] = fd_open_dir(root);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(mkdirat(fds[i - 1], name, 0700), 0);
		fds[i] = fd_open_at(fds[i - 1], name, O_RDONLY | O_DIRECTORY, 0);
	}
	assert_int_equal(sock_connect(fds[3], "s"), -ENOENT);
	listen_fd = sock_listen(fds[3], "s", 4);
	assert_true(listen_fd >= 0);
	assert_int_equal(sock_accept(listen_fd), -EAGAIN);
	a = sock_connect(fds[3], "s");
	b = sock_accept(listen_fd);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(sock_peer_pid(b, &pid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(write(a, "x", 1), 1);
	assert_int_equal(read(b, &c, 1), 1);
	close(listen_fd);
	assert_int_equal(sock_connect(fds[3], "s"), -ECONNREFUSED);
	close(a);
	close(b);
	listen_fd = sock_listen(fds[3], "s", 4); /* a socket nobody listens on is replaced */
	assert_true(listen_fd >= 0);
	close(listen_fd);
	unlinkat(fds[3], "s", 0);
	close(openat(fds[3], "s", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(sock_listen(fds[3], "s", 4), -EEXIST); /* a file is not */
	unlinkat(fds[3], "s", 0);
	for (int i = 3; i > 0; i--) {
		close(fds[i]);
		unlinkat(fds[i - 1], name, AT_REMOVEDIR);
	}
	close(fds[0]);
	rmdir(root);
}

/* What a copy says of itself: which of the two descriptors it still has, and its memory. */
static void answer_from_copy(int answer_fd, int dropped_fd, int *memory)
{
	char said[3] = "..";

	said[0] = fcntl(answer_fd, F_GETFD) < 0 ? 'x' : '+';
	said[1] = fcntl(dropped_fd, F_GETFD) < 0 ? 'x' : '+';
	*memory = 2;
	if (write(answer_fd, said, 2) != 2)
		_exit(1);
	(void)pause(); /* for the death of whoever made it */
	_exit(0);
}

static void test_copy(void **unused)
{
	CLEANUP(fd_close) int dropped_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pipe_fds[2], memory = 1, status;
	char said[2];
	pid_t middle, copy;

	(void)unused;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	middle = fork();
	if (middle == 0) { /* it makes the copy, and is killed beside it */
		copy = proc_copy(&pipe_fds[1], 1, 60);
		if (copy == 0)
			answer_from_copy(pipe_fds[1], dropped_fd, &memory);
		(void)pause();
		_exit(memory != 1);
	}
	close(pipe_fds[1]);
	assert_int_equal(read(pipe_fds[0], said, 2), 2);
	assert_memory_equal(said, "+x", 2);
	assert_int_equal(memory, 1);
	assert_int_equal(kill(middle, SIGKILL), 0);
	assert_int_equal(waitpid(middle, &status, 0), middle);
	assert_int_equal(read(pipe_fds[0], said, 1), 0); /* the copy's end is closed: it is gone */
	close(pipe_fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_signal_and_death),
		cmocka_unit_test(test_child_starts_clean),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_failures_name_the_step),
		cmocka_unit_test(test_find_program),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_socket_below_a_long_path),
	};

	/* What whoever runs the tests left open is none of their concern. */
	syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
