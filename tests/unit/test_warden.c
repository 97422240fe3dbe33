/* The warden is asked for everything that it promises, under the programs that make it hard. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/warden.h"
#include "os/proc_table.h"

static char path_word[] = "PATH=/usr/bin:/bin";

struct world {
	struct warden g;
	int null_fd, said_fd; /* what the program prints can be read from the second */
};

static int begin(struct world *w, const char *program, const char *script, const char *cwd)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script,
			       NULL };
	char *const envp[] = { path_word, NULL };
	int ends[2], rc;

	w->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	w->said_fd = ends[0];
	rc = warden_start(&(struct proc_spawn){ .path = program,
						.argv = argv,
						.envp = envp,
						.cwd = cwd,
						.stdin_fd = w->null_fd,
						.stdout_fd = ends[1],
						.stderr_fd = ends[1] },
			  &w->g);
	close(ends[1]);
	return rc;
}

/* Waits for as many bytes. */
static void hear(const struct world *w, size_t count)
{
	char byte;

	while (count--)
		assert_int_equal(read(w->said_fd, &byte, 1), 1);
}

static void over(const struct world *w)
{
	struct pollfd p = { .fd = w->g.pid_fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
}

static int finish(struct world *w, int *exit, bool *told)
{
	enum proc_step step;
	int rc = warden_finish(&w->g, exit, told, &step);

	close(w->null_fd);
	close(w->said_fd);
	return rc;
}

/* The end of the pipe says that nobody has it any more: neither the program nor what it started. */
static bool silent(const struct world *w)
{
	struct pollfd p = { .fd = w->said_fd, .events = POLLIN };
	char bytes[256];

	while (poll(&p, 1, 0) == 1) {
		ssize_t n = read(w->said_fd, bytes, sizeof(bytes));

		if (n <= 0)
			return n == 0;
	}
	return false;
}

static void how_it_ended(void **state)
{
	static const struct {
		const char *script;
		int exit;
	} rows[] = { { "exit 0", 0 }, { "exit 7", 7 }, { "kill -9 $$", 137 }, { "kill $$", 143 } };
	struct world w;
	int exit = -1;
	bool told = true;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(begin(&w, "/bin/sh", rows[i].script, NULL), 0);
		over(&w);
		assert_int_equal(finish(&w, &exit, &told), 0);
		assert_int_equal(exit, rows[i].exit);
		assert_false(told);
	}
}

static void what_cannot_be_started(void **state)
{
	enum proc_step step = PROC_STEP_CLONE;
	struct world w;
	int exit;
	bool told;

	(void)state;
	assert_int_equal(begin(&w, "/nonexistent", "", NULL), 0);
	assert_int_equal(warden_finish(&w.g, &exit, &told, &step), -ENOENT);
	assert_int_equal(step, PROC_STEP_EXEC);
	close(w.null_fd);
	close(w.said_fd);
	assert_int_equal(begin(&w, "/bin/sh", "", "/nonexistent"), 0);
	assert_int_equal(warden_finish(&w.g, &exit, &told, &step), -ENOENT);
	assert_int_equal(step, PROC_STEP_CWD);
	close(w.null_fd);
	close(w.said_fd);
}

static void what_it_left_is_ended(void **state)
{
	struct world w;
	int exit;
	bool told;

	(void)state;
	assert_int_equal(begin(&w, "/bin/sh",
			       "(setsid sh -c 'sleep 1000 & sleep 1000' &); trap '' TERM; "
			       "sleep 1000 & exit 3",
			       NULL),
			 0);
	over(&w);
	assert_true(silent(&w));
	assert_int_equal(finish(&w, &exit, &told), 0);
	assert_int_equal(exit, 3);
	assert_false(told);
}

/* It may clean up behind itself, when it does so in time. */
static void it_is_asked_before_it_is_killed(void **state)
{
	struct world w;
	int exit;
	bool told;

	(void)state;
	assert_int_equal(begin(&w, "/bin/sh",
			       "trap 'exit 9' TERM; echo; while :; do sleep 0.01; done", NULL),
			 0);
	hear(&w, 1);
	warden_end(&w.g);
	assert_int_equal(finish(&w, &exit, &told), 0);
	assert_int_equal(exit, 9);
	assert_true(told);
}

static void it_is_killed_when_it_does_not_hear(void **state)
{
	struct world w;
	int exit;
	bool told;

	(void)state;
	assert_int_equal(
		begin(&w, "/bin/sh", "trap '' TERM; (setsid sleep 1000 &); echo; sleep 1000", NULL),
		0);
	hear(&w, 1);
	warden_end(&w.g);
	over(&w);
	assert_true(silent(&w));
	assert_int_equal(finish(&w, &exit, &told), 0);
	assert_int_equal(exit, 128 + SIGKILL);
	assert_true(told);
}

/* Its own end takes the program along, and is told. */
static void somebody_kills_the_warden(void **state)
{
	struct world w;
	int exit;
	bool told;

	(void)state;
	assert_int_equal(begin(&w, "/bin/sh", "echo; exec sleep 1000", NULL), 0);
	hear(&w, 1);
	assert_int_equal(kill(w.g.pid, SIGKILL), 0);
	over(&w);
	while (!silent(&w)) /* the program dies a moment later */
		poll(NULL, 0, 1);
	assert_int_equal(finish(&w, &exit, &told), -EOWNERDEAD);
}

/* We are killed: a copy of us stands for us here. */
static void we_are_killed(void **state)
{
	struct world w = { .g = WARDEN_INIT };
	struct proc_identity warden = { .pid = 0 };
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		begin(&w, "/bin/sh", "(setsid sleep 1000 &); sleep 1000 & echo; sleep 1000", NULL);
		hear(&w, 1);
		warden.pid = (uint64_t)w.g.pid;
		proc_start_time(warden.pid, &warden.start);
		fd_write_all(ends[1], &warden, sizeof(warden));
		pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &warden, sizeof(warden)), sizeof(warden));
	assert_int_equal(proc_alive(&warden), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	while (proc_alive(&warden) != 0) /* it ends last, when nothing is left below it */
		poll(NULL, 0, 1);
	close(ends[0]);
}

static void no_descriptor_is_left(void **state)
{
	struct world w;
	size_t before = 0, after = 0;
	int exit;
	bool told;

	(void)state;
	for (int fd = 0; fd < 256; fd++)
		before += fcntl(fd, F_GETFD) >= 0;
	begin(&w, "/bin/sh", "sleep 1000", NULL);
	finish(&w, &exit, &told);
	begin(&w, "/nonexistent", "", NULL);
	finish(&w, &exit, &told);
	for (int fd = 0; fd < 256; fd++)
		after += fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_it_ended),
		cmocka_unit_test(what_cannot_be_started),
		cmocka_unit_test(what_it_left_is_ended),
		cmocka_unit_test(it_is_asked_before_it_is_killed),
		cmocka_unit_test(it_is_killed_when_it_does_not_hear),
		cmocka_unit_test(somebody_kills_the_warden),
		cmocka_unit_test(we_are_killed),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
