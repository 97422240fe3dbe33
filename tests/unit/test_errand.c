/* When a process for work of other stores is started, that there is one at most, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "daemon/errand.h"
#include "os/fd.h"

#define EVERY_MS 1000
#define LIMIT_MS 30000

struct place {
	char dir[32], program[64], queue[64];
	struct clock clock;
	int64_t mono_ms;
	struct errand r;
};

static int64_t mono(void *ctx)
{
	return ((struct place *)ctx)->mono_ms * 1000;
}

static int64_t wall(void *ctx)
{
	return ((struct place *)ctx)->mono_ms;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_release.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->program, sizeof(p->program), "%s/sk", p->dir);
	snprintf(p->queue, sizeof(p->queue), "%s/queue", p->dir);
	put_file(p->program, "#!/bin/sh\nexec sleep 1000\n", 0700);
	p->clock = (struct clock){ p, wall, mono };
	errand_init(&p->r, &p->clock, p->program,
		    &(struct errand_rule){ "__release", p->queue, EVERY_MS, LIMIT_MS });
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	errand_release(&p->r);
	unlink(p->program);
	unlink(p->queue);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

static void go_on(struct place *p, int64_t ms)
{
	p->mono_ms += ms;
	errand_run(&p->r, true);
}

static void begin(struct place *p)
{
	put_file(p->queue, "{}", 0600);
	p->mono_ms = p->r.look_ms;
	errand_run(&p->r, true);
	assert_true(p->r.pid > 0);
}

static void test_not_before_its_time(void **state)
{
	struct place *p = *state;
	int64_t due_ms = errand_due(&p->r);

	put_file(p->queue, "{}", 0600);
	assert_in_range(due_ms, EVERY_MS, EVERY_MS + EVERY_MS / ERRAND_JITTER);
	go_on(p, due_ms - 1);
	assert_int_equal(p->r.pid, 0);
	assert_int_equal(errand_due(&p->r), due_ms);
	go_on(p, 1);
	assert_true(p->r.pid > 0);
}

/* Each of them is a look: the next one is a pause later, so that no turn is without sleep. */
static void test_nothing_without_a_list_or_while_paused(void **state)
{
	struct place *p = *state;

	go_on(p, errand_due(&p->r));
	assert_int_equal(p->r.pid, 0);
	assert_true(errand_due(&p->r) >= p->mono_ms + EVERY_MS);
	put_file(p->queue, "{}", 0600);
	p->mono_ms = errand_due(&p->r);
	errand_run(&p->r, false);
	assert_int_equal(p->r.pid, 0);
	assert_true(errand_due(&p->r) >= p->mono_ms + EVERY_MS);
}

static void test_one_at_a_time_and_not_for_ever(void **state)
{
	struct place *p = *state;
	siginfo_t ended;
	pid_t first;

	begin(p);
	first = p->r.pid;
	assert_int_equal(errand_due(&p->r), p->mono_ms + LIMIT_MS);
	go_on(p, LIMIT_MS - 1);
	assert_int_equal(p->r.pid, first);
	ended.si_pid = 0;
	assert_int_equal(waitid(P_PID, (id_t)first, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
	assert_int_equal(ended.si_pid, 0);
	go_on(p, 1);
	assert_int_equal(waitid(P_PID, (id_t)first, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(ended.si_status, SIGKILL);
	go_on(p, 0);
	assert_true(p->r.pid > 0 && p->r.pid != first);
	assert_int_equal(kill(first, 0), -1);
}

static void test_the_end(void **state)
{
	struct place *p = *state;
	pid_t first;

	begin(p);
	first = p->r.pid;
	errand_release(&p->r);
	assert_int_equal(kill(first, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(errand_due(&p->r) == INT64_MAX);
	go_on(p, 10 * EVERY_MS);
	assert_int_equal(p->r.pid, 0);
}

static void test_a_program_that_is_not_there(void **state)
{
	struct place *p = *state;

	put_file(p->queue, "{}", 0600);
	unlink(p->program);
	go_on(p, errand_due(&p->r));
	assert_int_equal(p->r.pid, 0);
	assert_true(errand_due(&p->r) >= p->mono_ms + EVERY_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_before_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_without_a_list_or_while_paused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time_and_not_for_ever, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_program_that_is_not_there, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
