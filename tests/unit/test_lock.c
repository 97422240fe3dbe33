/* The kernel lock: one holder, named for people, free the moment it dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "os/fd.h"
#include "os/lock.h"

#define IN_THE_WAY_MS 100 /* ten times what used to be waited for */

struct place {
	char dir[32];
	int fd;
};

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_lock.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	p->fd = fd_open_dir(p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlinkat(p->fd, "l", 0);
	close(p->fd);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

static void test_one_holder_and_its_name(void **state)
{
	struct place *p = *state;
	struct lock a = LOCK_INIT, b = LOCK_INIT;
	struct lock_holder h;
	struct proc_identity self;

	assert_int_equal(lock_probe(p->fd, "l", &h), 0);
	assert_int_equal(lock_take(p->fd, "l", "sk \"run\"\n", &a, NULL), 0);
	assert_int_equal(lock_take(p->fd, "l", "other", &b, &h), -SK_EBUSY);
	assert_int_equal(b.fd, -1);
	assert_int_equal(proc_self(&self), 0);
	assert_memory_equal(h.who.boot_id, self.boot_id, sizeof(self.boot_id));
	assert_int_equal(h.who.pid, self.pid);
	assert_int_equal(h.who.start, self.start);
	assert_string_equal(h.command, "sk \"run\"\n");
	assert_int_equal(lock_probe(p->fd, "l", &h), 1);
	lock_release(&a);
	assert_int_equal(lock_probe(p->fd, "l", NULL), 0);
	assert_int_equal(faccessat(p->fd, "l", F_OK, 0), 0); /* never unlinked */
	assert_int_equal(lock_take(p->fd, "l", "other", &b, &h), 0);
	lock_release(&b);
}

static void test_death_releases(void **state)
{
	struct place *p = *state;
	struct lock mine = LOCK_INIT;
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct lock l = LOCK_INIT;

		if (lock_take(p->fd, "l", "child", &l, NULL) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_int_equal(lock_take(p->fd, "l", "me", &mine, NULL), -SK_EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(lock_take(p->fd, "l", "me", &mine, NULL), 0);
	lock_release(&mine);
}

/* In a child: locks like that, says so, and lets go after a while, as one does that is slow. */
static _Noreturn void hold_for_a_while(int fd, int how, int ready)
{
	if (flock(fd, how) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	(void)poll(NULL, 0, IN_THE_WAY_MS);
	_exit(0);
}

/* Somebody is in the way now: a probe, or what a dead holder has forked. The former is returned. */
static pid_t in_the_way(const struct place *p, bool of_a_dead_holder)
{
	struct lock l = LOCK_INIT;
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0 && !of_a_dead_holder)
		hold_for_a_while(openat(p->fd, "l", O_RDWR | O_CREAT, 0600), LOCK_SH, ready[1]);
	if (pid == 0) {
		if (lock_take(p->fd, "l", "killed", &l, NULL) == 0 && fork() == 0)
			hold_for_a_while(l.fd, LOCK_EX, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	if (of_a_dead_holder)
		waitpid(pid, NULL, 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_a_probe_is_no_holder(void **state)
{
	struct place *p = *state;
	struct lock l = LOCK_INIT;
	pid_t pid = in_the_way(p, false);

	assert_int_equal(lock_take(p->fd, "l", "me", &l, NULL), 0);
	lock_release(&l);
	waitpid(pid, NULL, 0);
}

/* What it had forked holds its file until it executes a program. */
static void test_a_child_of_a_dead_holder_is_no_holder(void **state)
{
	struct place *p = *state;
	struct lock l = LOCK_INIT;
	struct lock_holder h;

	in_the_way(p, true);
	assert_int_equal(lock_probe(p->fd, "l", &h), 0);
	in_the_way(p, true);
	assert_int_equal(lock_take(p->fd, "l", "me", &l, &h), 0);
	lock_release(&l);
}

static void test_foreign_things_in_its_place(void **state)
{
	struct place *p = *state;
	struct lock l = LOCK_INIT;
	struct lock_holder h;
	int fd;

	assert_int_equal(symlinkat("/etc/passwd", p->fd, "l"), 0);
	assert_int_equal(lock_take(p->fd, "l", "x", &l, NULL), -ELOOP);
	unlinkat(p->fd, "l", 0);
	assert_int_equal(mkfifoat(p->fd, "l", 0600), 0);
	assert_int_equal(lock_take(p->fd, "l", "x", &l, NULL), -EINVAL);
	unlinkat(p->fd, "l", 0);
	assert_int_equal(lock_take(p->fd, "l", "x", &l, NULL), 0);
	fd = openat(p->fd, "l", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "{\"pid\":1,", 9), 9);
	close(fd);
	assert_int_equal(lock_probe(p->fd, "l", &h), 1);
	assert_int_equal(h.who.pid, 0); /* what it says is of no use, and nobody is accused */
	lock_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_holder_and_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_death_releases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_probe_is_no_holder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_child_of_a_dead_holder_is_no_holder, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_foreign_things_in_its_place, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
