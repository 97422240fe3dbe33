/* The whole worker as a process, against a fake orchestrator: what it runs, what it reports, what
 * it survives. */
#include "fake_orchestrator.h"

static int setup(void **state)
{
	struct fake *f = mem_zalloc(sizeof(*f));

	fake_init(f);
	fake_listen(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fake *f = *state;

	fake_release(f);
	mem_free(&f);
	return 0;
}

static void start(struct fake *f, unsigned slots)
{
	fake_start_worker(f, slots, false, 0);
	FAKE_UNTIL(f, f->registers == 1);
}

static const struct fake_report *run(struct fake *f, const char *task, const char *def)
{
	fake_assign(f, task, def, false);
	FAKE_UNTIL(f, fake_finished(f, task));
	return fake_finished(f, task);
}

static void test_runs_and_reports(void **state)
{
	struct fake *f = *state;
	const struct fake_report *r;

	start(f, 2);
	r = run(f, "good", "{\"run\":\"true\"}");
	assert_int_equal(r->result.outcome, OUTCOME_EXIT);
	assert_int_equal(r->result.exit_code, 0);
	assert_true(fake_started(f, "good"));
	assert_string_equal(r->error, "");
	r = run(f, "bad", "{\"run\":\"echo first; echo; echo last words >&2; exit 7\"}");
	assert_int_equal(r->result.outcome, OUTCOME_EXIT);
	assert_int_equal(r->result.exit_code, 7);
	assert_string_equal(r->error, "first | last words");
	r = run(f, "signal", "{\"run\":\"kill -SEGV $$\"}");
	assert_int_equal(r->result.outcome, OUTCOME_SIGNAL);
	assert_int_equal(r->result.signal, SIGSEGV);
	r = run(f, "words",
		"{\"argv\":[\"sh\",\"-c\",\"test \\\"$1\\\" = 'a b'\",\"sh\",\"a b\"]}");
	assert_int_equal(r->result.exit_code, 0);
	fake_shutdown(f);
	assert_int_equal(f->byes, 1);
}

static void test_says_why_nothing_started(void **state)
{
	struct fake *f = *state;
	const struct fake_report *r;
	int fd;

	start(f, 1);
	r = run(f, "a", "{\"run\":\"no-such-program-here --x\"}");
	assert_int_equal(r->result.outcome, OUTCOME_SPAWN_FAILED);
	assert_string_equal(r->error,
			    "cannot execute no-such-program-here: no such program in PATH");
	fd = openat(f->dir_fd, "publish.sh", O_CREAT | O_WRONLY, 0600);
	close(fd);
	r = run(f, "b", "{\"run\":\"./publish.sh\"}");
	assert_int_equal(r->result.outcome, OUTCOME_SPAWN_FAILED);
	assert_string_equal(r->error, "cannot execute ./publish.sh: permission denied");
	r = run(f, "c", "{\"run\":\"true\",\"cwd\":\"x\"}");
	assert_int_equal(r->result.outcome, OUTCOME_SPAWN_FAILED);
	assert_non_null(strstr(r->error, "working directory "));
	assert_non_null(strstr(r->error, "/x does not exist"));
	assert_int_equal(symlinkat("/etc/passwd", f->dir_fd, "logs/d.log"), 0);
	r = run(f, "d", "{\"run\":\"true\"}");
	assert_int_equal(r->result.outcome, OUTCOME_SPAWN_FAILED);
	assert_non_null(strstr(r->error, "log 'd.log' cannot be opened"));
	assert_false(fake_started(f, "a"));
	fake_shutdown(f);
}

static void test_script_without_interpreter_line(void **state)
{
	struct fake *f = *state;
	int fd = openat(f->dir_fd, "plain", O_CREAT | O_WRONLY, 0700);

	assert_int_equal(write(fd, "test \"$1\" = yes\n", 16), 16);
	close(fd);
	start(f, 1);
	assert_int_equal(run(f, "a", "{\"run\":\"./plain yes\"}")->result.exit_code, 0);
	assert_int_equal(run(f, "b", "{\"run\":\"./plain no\"}")->result.exit_code, 1);
	fake_shutdown(f);
}

static void test_environment_and_outputs(void **state)
{
	struct fake *f = *state;
	const struct fake_report *r;
	struct worker_msg m = {
		.kind = MSG_ASSIGN,
		.task_id = SPAN_LIT("env"),
		.attempt = 3,
		.workstream_id = SPAN_LIT("ws"),
		.cwd = span_of(f->dir),
		.env = SPAN_LIT("{\"SK_OUT_UP_KEY\":\"v\",\"LAYER\":\"stream\",\"B\":\"\\u00e9\"}"),
		.def = SPAN_LIT(
			"{\"run\":\"test $LAYER = task && test $SK_OUT_UP_KEY = v && test $B = "
			"\\u00e9 && "
			"echo t=$SK_TASK_ID:$SK_ATTEMPT:$SK_WORKSTREAM_ID >> $SK_OUTPUT && "
			"echo 'q=\\\"x\\\\\\\\' >> $SK_OUTPUT\",\"env\":{\"LAYER\":\"task\"}}")
	};

	setenv("SK_OUT_OLD", "1", 1);
	setenv("SK_TASK_ID", "outer", 1);
	start(f, 1);
	fake_send(f, &m);
	FAKE_UNTIL(f, fake_finished(f, "env"));
	r = fake_finished(f, "env");
	assert_string_equal(r->error, "");
	assert_int_equal(r->result.exit_code, 0);
	assert_string_equal(r->outputs, "{\"t\":\"env:3:ws\",\"q\":\"\\\"x\\\\\"}");
	assert_false(fake_has(f, "outputs/env.ws.0.3"));
	assert_int_equal(
		run(f, "clean", "{\"run\":\"test -z \\\"$SK_OUT_OLD\\\"\"}")->result.exit_code, 0);
	r = run(f, "dirty", "{\"run\":\"echo nonsense > $SK_OUTPUT\"}");
	assert_int_equal(r->result.exit_code, 65);
	assert_non_null(strstr(r->error, "line 1 is not key=value"));
	assert_string_equal(r->outputs, "");
	r = run(f, "large", "{\"run\":\"head -c 70000 /dev/zero > $SK_OUTPUT\"}");
	assert_non_null(strstr(r->error, "larger than 65536 bytes"));
	r = run(f, "link", "{\"run\":\"ln -s /etc/passwd $SK_OUTPUT\"}");
	assert_non_null(strstr(r->error, "not a regular file"));
	r = run(f, "twice", "{\"run\":\"echo a=1 > $SK_OUTPUT; echo a=2 >> $SK_OUTPUT\"}");
	assert_non_null(strstr(r->error, "line 2 gives a key a second time"));
	fake_shutdown(f);
	unsetenv("SK_OUT_OLD");
	unsetenv("SK_TASK_ID");
}

static void test_rules(void **state)
{
	struct fake *f = *state;
	const struct fake_report *r;

	start(f, 1);
	r = run(f, "pre",
		"{\"run\":\"touch ran\",\"before\":[{\"name\":\"ok\",\"run\":\"true\"},"
		"{\"name\":\"git_clean\",\"run\":\"echo dirty; exit 1\"}]}");
	assert_int_equal(r->result.outcome, OUTCOME_PRECHECK);
	assert_string_equal(r->error, "before rule git_clean failed: exit 1: dirty");
	assert_false(fake_has(f, "ran"));
	assert_false(fake_started(f, "pre"));
	r = run(f, "slow",
		"{\"run\":\"true\",\"before\":[{\"name\":\"s\",\"run\":\"sleep "
		"100\",\"timeout_ms\":50}]}");
	assert_int_equal(r->result.outcome, OUTCOME_PRECHECK);
	assert_non_null(strstr(r->error, "before rule s failed: ended after its time limit"));
	r = run(f, "both",
		"{\"run\":\"touch ran2\",\"before\":[{\"name\":\"ok\",\"run\":\"true\"}]}");
	assert_int_equal(r->result.outcome, OUTCOME_EXIT);
	assert_true(fake_has(f, "ran2"));
	fake_assign(f, "after",
		    "{\"run\":\"false\",\"after\":[{\"name\":\"x\",\"run\":\"true\"},{\"name\":"
		    "\"y\",\"run\":\"false\"}]}",
		    true);
	FAKE_UNTIL(f, fake_finished(f, "after"));
	r = fake_finished(f, "after");
	assert_true(r->result.validation);
	assert_int_equal(r->result.exit_code, 1);
	assert_string_equal(r->error, "after rule y failed: exit 1");
	fake_assign(f, "fine", "{\"run\":\"false\",\"after\":[{\"name\":\"x\",\"run\":\"true\"}]}",
		    true);
	FAKE_UNTIL(f, fake_finished(f, "fine"));
	assert_int_equal(fake_finished(f, "fine")->result.outcome, OUTCOME_EXIT);
	assert_int_equal(fake_finished(f, "fine")->result.exit_code, 0);
	fake_shutdown(f);
}

static void test_limits_and_time(void **state)
{
	struct fake *f = *state;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct fake_report *r;

	start(f, 2);
	r = run(f, "files", "{\"run\":\"test $(ulimit -n) = 33\",\"limits\":{\"open_files\":33}}");
	assert_int_equal(r->result.exit_code, 0);
	r = run(f, "late", "{\"run\":\"echo begun; sleep 100\",\"timeout_ms\":100}");
	assert_int_equal(r->result.outcome, OUTCOME_TIMEOUT);
	assert_string_equal(r->error, "begun"); /* that it took too long is in the outcome */
	assert_int_equal(fd_read_file_at(f->dir_fd, "logs/late.log", 65536, &text), 0);
	assert_non_null(strstr(text.p, "\nbegun\n=== "));
	assert_non_null(strstr(text.p, " timed out after 0.1s: ended\n"));
	fake_run(f, "long", "sleep 100");
	FAKE_UNTIL(f, fake_started(f, "long"));
	fake_cancel(f, "long");
	fake_cancel(f, "long");
	FAKE_UNTIL(f, fake_finished(f, "long"));
	assert_int_equal(fake_finished(f, "long")->result.outcome, OUTCOME_KILLED);
	buf_truncate(&text, 0);
	assert_int_equal(fd_read_file_at(f->dir_fd, "logs/long.log", 65536, &text), 0);
	assert_non_null(strstr(text.p, "Z cancelled\n"));
	fake_shutdown(f);
}

static void test_log_has_headers_and_output(void **state)
{
	struct fake *f = *state;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	start(f, 1);
	run(f, "log",
	    "{\"run\":\"printf '\\\\033[31mred'\",\"before\":[{\"name\":\"r\",\"run\":\"echo "
	    "checked\"}]}");
	assert_int_equal(fd_read_file_at(f->dir_fd, "logs/log.log", 65536, &text), 0);
	assert_non_null(
		strstr(text.p, " task log attempt 1 before rule r: echo checked\nchecked\n"));
	assert_non_null(strstr(text.p, "\n=== "));
	assert_non_null(strstr(text.p, "\033[31mred")); /* a log is raw */
	fake_shutdown(f);
}

static void test_waiting_ones_keep_their_order(void **state)
{
	struct fake *f = *state;
	char name[16];

	start(f, 1);
	fake_run(f, "gate", "sh -c 'while [ ! -e open ]; do sleep 0.01; done'");
	FAKE_UNTIL(f, fake_started(f, "gate"));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "t%02d", i);
		fake_run(f, name, "true");
	}
	fake_assign(f, "val", "{\"run\":\"true\",\"after\":[]}", true);
	fake_run(f, "t05", "true"); /* a repeated assignment is taken once */
	fake_cancel(f, "t07");
	FAKE_UNTIL(f, fake_finished(f, "t07"));
	assert_int_equal(fake_finished(f, "t07")->result.outcome, OUTCOME_KILLED);
	close(openat(f->dir_fd, "open", O_CREAT | O_WRONLY, 0600));
	FAKE_UNTIL(f, fake_finished(f, "t19"));
	assert_int_equal(f->count, 2 + 19 * 2 + 1 + 1);
	assert_string_equal(f->reports[3].task,
			    "val"); /* after gate started, t07 dropped, gate finished */
	for (size_t i = 4, n = 0; i + 1 < f->count; i += 2, n++) {
		snprintf(name, sizeof(name), "t%02zu", n < 7 ? n : n + 1);
		assert_string_equal(f->reports[i].task, name);
		assert_string_equal(f->reports[i + 1].task, name);
	}
	fake_shutdown(f);
}

/* One that has ended is not begun again while its report is on its way. */
static void test_reported_ones_are_not_taken_again(void **state)
{
	struct fake *f = *state;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	start(f, 1);
	f->acknowledges = false;
	run(f, "once", "{\"run\":\"true\"}");
	fake_run(f, "once", "echo x >> ran");
	run(f, "other", "{\"run\":\"echo y >> ran\"}");
	assert_int_equal(fd_read_file_at(f->dir_fd, "ran", 65536, &text), 0);
	assert_string_equal(text.p, "y\n");
	f->acknowledges = true;
	fake_shutdown(f);
}

static unsigned count_finished(const struct fake *f)
{
	unsigned count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->reports[i].kind == MSG_FINISHED;
	return count;
}

/* The orchestrator dies unacknowledging; running and waiting tasks go on; the next one gets all,
 * once each. */
static void test_goes_on_alone(void **state)
{
	struct fake *f = *state;
	char name[16];

	start(f, 2);
	f->acknowledges = false;
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		fake_run(f, name,
			 i < 2 ? "sh -c 'while [ ! -e open ]; do sleep 0.01; done'" : "true");
	}
	fake_run(f, "forever", "sleep 1000");
	FAKE_UNTIL(f, fake_started(f, "t0") && fake_started(f, "t1"));
	fake_vanish(f);
	close(openat(f->dir_fd, "open", O_CREAT | O_WRONLY, 0600));
	FAKE_UNTIL(f, fake_has(f, "logs/forever.log")); /* the last one runs: nine are over */
	fake_listen(f);
	f->acknowledges = true;
	FAKE_UNTIL(f, f->registers == 2 && count_finished(f) == 10);
	assert_non_null(strstr(f->active, "{\"task\":\"forever\",\"attempt\":1,"
					  "\"workstream\":\"ws\",\"run\":1,"
					  "\"phase\":\"main\",\"running\":true}"));
	assert_non_null(strstr(f->active, "\"phase\":\"finished\""));
	assert_true(f->repeats >= 2); /* the two that had been reported but not acknowledged */
	fake_cancel(f, "forever");
	FAKE_UNTIL(f, count_finished(f) == 11);
	assert_int_equal(f->count, 22);
	fake_shutdown(f);
}

static int keep(void *ctx, uint64_t incarnation, const struct worker_msg *m, struct err *e)
{
	unsigned *counts = ctx;

	(void)e;
	assert_int_equal(incarnation, 1);
	counts[m->kind == MSG_FINISHED]++;
	return 0;
}

/* Nobody comes back: the worker lingers, leaves, and what it had to say can be read from its
 * outbox. */
static void test_outbox_of_one_that_left(void **state)
{
	struct fake *f = *state;
	unsigned counts[2] = { 0, 0 };
	struct err e = ERR_INIT;
	int workers, status;

	fake_start_worker(f, 1, false, 50);
	FAKE_UNTIL(f, f->registers == 1);
	f->acknowledges = false;
	fake_run(f, "a", "sh -c 'while [ ! -e open ]; do sleep 0.01; done'");
	fake_run(f, "b", "true");
	FAKE_UNTIL(f, fake_started(f, "a"));
	fake_vanish(f);
	close(openat(f->dir_fd, "open", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(waitpid(f->worker, &status, 0), f->worker);
	f->worker = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	workers = openat(f->dir_fd, "workers", O_RDONLY | O_DIRECTORY);
	assert_int_equal(outbox_read(workers, "w1", keep, counts, &e), 4);
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 2);
	/* A new incarnation does not lose it. */
	fake_listen(f);
	f->seen_serial = 0;
	fake_start_worker(f, 1, false, 0);
	FAKE_UNTIL(f, f->registers == 2);
	assert_int_equal(f->incarnation, 2);
	assert_int_equal(outbox_read(workers, "w1", keep, counts, &e), 4);
	assert_int_equal(outbox_discard(workers, "w1", &e), 0);
	close(workers);
	fake_shutdown(f);
}

/* SIGKILL to the worker: its direct children die with it, and the next sweep finds what had
 * detached itself. */
static void test_killed_worker_is_swept(void **state)
{
	struct fake *f = *state;
	int workers;

	setenv("SK_TEST_RUN", f->dir, 1);
	start(f, 2);
	unsetenv("SK_TEST_RUN");
	fake_run(f, "plain", "sleep 1000");
	fake_run(f, "daemon",
		 "sh -c 'setsid sh -c \"sleep 1000 & sleep 1000 & touch up; wait\" & sleep 1000'");
	FAKE_UNTIL(f, fake_has(f, "up") && fake_started(f, "plain"));
	kill(f->worker, SIGKILL);
	waitpid(f->worker, NULL, 0);
	f->worker = 0;
	workers = openat(f->dir_fd, "workers", O_RDONLY | O_DIRECTORY);
	assert_true(worker_sweep(workers, "w1", 5000) >= 3);
	assert_int_equal(fake_count_tagged("SK_TEST_RUN", f->dir), 0);
	close(workers);
}

static void test_second_worker_is_refused(void **state)
{
	struct fake *f = *state;
	struct worker_options o = { .state_dir = f->dir, .worker_id = "w1", .slots = 1 };
	struct err e = ERR_INIT;

	start(f, 1);
	assert_int_equal(worker_main(&o, &e), -SK_EBUSY);
	assert_non_null(strstr(e.text, "a worker of this id lives"));
	fake_shutdown(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runs_and_reports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_says_why_nothing_started, setup, teardown),
		cmocka_unit_test_setup_teardown(test_script_without_interpreter_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_environment_and_outputs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits_and_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_has_headers_and_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting_ones_keep_their_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_reported_ones_are_not_taken_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_goes_on_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outbox_of_one_that_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_worker_is_swept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_worker_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
