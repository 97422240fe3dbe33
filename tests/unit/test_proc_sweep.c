/* A tree that forks while it is ended, one that must not be touched, and nobody who can tell. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/proc_sweep.h"

/* Begins a session of its own with this script, once the script says that it is up. */
static pid_t begin(const char *script)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		setsid();
		dup2(ends[1], STDOUT_FILENO);
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static int find_session(void *ctx, struct proc_table *t)
{
	const pid_t *session = ctx;
	int count = 0, rc = proc_table_read(t);

	for (size_t i = 0; rc == 0 && i < t->count; i++) {
		t->v[i].marked = t->v[i].session == (uint64_t)*session && t->v[i].state != 'Z' &&
				 t->v[i].state != 'X';
		count += t->v[i].marked;
	}
	return rc < 0 ? rc : count;
}

static int find_nobody(void *ctx, struct proc_table *t)
{
	(void)ctx;
	t->count = 0;
	return -EACCES;
}

static void what_forks_meanwhile_ends_too(void **state)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	pid_t pid = begin("f() { while :; do sleep 1000 & sleep 0.001; done; }; "
			  "f & f & f & echo up; f");

	(void)state;
	while (proc_sweep(&t, find_session, &pid) > 0)
		;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(find_session(&pid, &t), 0);
}

static void others_are_not_touched(void **state)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	pid_t ours = begin("echo up; exec sleep 1000"), other = begin("echo up; exec sleep 1000");
	struct proc_row row;

	(void)state;
	while (proc_sweep(&t, find_session, &ours) > 0)
		;
	assert_int_equal(waitpid(ours, NULL, 0), ours);
	assert_int_equal(proc_sweep(&t, find_nobody, NULL), -EACCES);
	assert_int_equal(proc_row_read((uint64_t)other, &row), 0);
	assert_true(row.state == 'S' || row.state == 'R' || row.state == 'D');
	assert_int_equal(proc_row_signal(&row, 0), 0);
	row.start++; /* somebody else's number by now */
	assert_int_equal(proc_row_signal(&row, SIGKILL), -ESRCH);
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	row.start--;
	assert_int_equal(proc_row_signal(&row, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_forks_meanwhile_ends_too),
		cmocka_unit_test(others_are_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
