/* Who runs us, through a chain of go-betweens that each really run: the test starts itself again
 * below them and compares what it finds with who it is. */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/host.h"

static char *myself;

/* Runs a shell command in which $0 is this program, and returns the pid it reports. */
static uint64_t asked(const char *const *argv)
{
	char text[64] = "";
	int out[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(out[1]);
	got = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(got > 0);
	return strtoull(text, NULL, 10);
}

static void test_between(void **unused)
{
	/* "; :" keeps the shell from replacing itself by the program. */
	const char *const direct[] = { myself, "host", NULL };
	const char *const shell[] = { "sh", "-c", "\"$0\" host; :", myself, NULL };
	const char *const deep[] = { "env",  "timeout", "20",
				     "sh",   "-ec",     "sh -c '\"$0\" host; :' \"$0\"; :",
				     myself, NULL };

	(void)unused;
	assert_int_equal(asked(direct), (uint64_t)getpid());
	assert_int_equal(asked(shell), (uint64_t)getpid());
	assert_int_equal(asked(deep), (uint64_t)getpid());
}

/* A shell that reads a script lives as long as the work does. */
static void test_script(void **unused)
{
	char name[] = "/tmp/sk-host-XXXXXX";
	CLEANUP(buf_release) struct buf script = BUF_INIT;
	const char *const argv[] = { "sh", name, NULL };
	int fd = mkstemp(name);
	uint64_t host;

	(void)unused;
	assert_true(fd >= 0);
	buf_putf(&script, "'%s' host; :\n", myself);
	assert_int_equal(write(fd, script.p, script.len), (ssize_t)script.len);
	close(fd);
	host = asked(argv);
	unlink(name);
	assert_int_not_equal(host, (uint64_t)getpid());
	assert_true(host > 1);
}

static void test_identity(void **unused)
{
	char name[HOST_NAME_BYTES_MAX];
	struct host host;

	(void)unused;
	assert_int_equal(host_find(&host), 0);
	assert_int_equal(proc_alive(&host.who), 1);
	assert_true(host.command[0] != '\0');
	host_name(name);
	assert_true(name[0] != '\0');
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_identity),
	};
	struct host host;

	myself = argv[0];
	if (argc == 2 && strcmp(argv[1], "host") == 0)
		return host_find(&host) == 0 && printf("%llu", (unsigned long long)host.who.pid) > 0
			       ? 0
			       : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
