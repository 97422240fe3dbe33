/* Running a program to its end: all of its output, the end of what it says, and nothing left of it
 * when a limit is reached. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/capture.h"
#include "os/fd.h"
#include "os/proc_table.h"

static char mark_path[] = "PATH=/usr/bin:/bin";

static int sh(const char *script, struct capture c, struct captured *out)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script,
			       NULL };
	char *const envp[] = { mark_path, NULL };

	c.path = "/bin/sh";
	c.argv = argv;
	c.envp = envp;
	if (!c.output_bytes_max)
		c.output_bytes_max = 1 << 20;
	if (!c.limit_ms)
		c.limit_ms = 20000;
	return capture_run(&c, out);
}

static void output_input_and_status(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf big = BUF_INIT;

	(void)state;
	assert_int_equal(sh("cat; echo no >&2; echo why >&2; exit 3",
			    (struct capture){ .input = SPAN_LIT("hello") }, &out),
			 0);
	assert_int_equal(out.exit, 3);
	assert_string_equal(out.out.p, "hello");
	assert_true(span_is(captured_last_line(&out), "why"));
	assert_int_equal(sh("kill -9 $$", (struct capture){ 0 }, &out), 0);
	assert_int_equal(out.exit, 128 + SIGKILL);
	assert_int_equal(out.out.len, 0);
	assert_int_equal(captured_last_line(&out).len, 0);

	for (size_t i = 0; i < 500000; i++) /* more than a pipe holds, both ways */
		buf_putc(&big, (char)('a' + i % 26));
	assert_int_equal(sh("cat", (struct capture){ .input = { big.p, big.len } }, &out), 0);
	assert_int_equal(out.out.len, big.len);
	assert_memory_equal(out.out.p, big.p, big.len);
	assert_int_equal(sh("true", (struct capture){ .input = { big.p, big.len } }, &out), 0);
	assert_int_equal(out.exit, 0); /* nobody waits for it to read */
}

static void only_the_end_of_what_it_says(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;

	(void)state;
	assert_int_equal(sh("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i + 1)); done; "
			    "echo >&2",
			    (struct capture){ 0 }, &out),
			 0);
	assert_true(out.said.len <= CAPTURE_SAID_BYTES_MAX);
	assert_true(span_is(captured_last_line(&out), "line 2999"));
}

/* Whether a process runs that was started with this word. */
static bool somebody_has(const char *word)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	bool found = false;

	assert_int_equal(proc_table_read(&t), 0);
	for (size_t i = 0; i < t.count && !found; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%llu/cmdline", (unsigned long long)t.v[i].pid);
		if (t.v[i].state != 'Z' && fd_read_proc(path, 65536, &line) == 0)
			found = span_contains((struct span){ line.p, line.len }, span_of(word));
	}
	return found;
}

/* A number for sleep(1) that nobody else sleeps. */
static void unique(char *out, size_t bytes)
{
	snprintf(out, bytes, "9%d.25", (int)getpid());
}

struct taken {
	size_t bytes, stop_at;
};

static int take(void *ctx, struct span bytes)
{
	struct taken *t = ctx;

	t->bytes += bytes.len;
	return t->stop_at && t->bytes >= t->stop_at ? -EUCLEAN : 0;
}

/* Each of the three tells through a pipe of its own when it is there; then the sink ends it all. */
static void the_whole_tree_ends(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct taken t = { 0, 3 };
	char number[32], script[500];

	(void)state;
	unique(number, sizeof(number));
	snprintf(script, sizeof(script),
		 "trap '' TERM HUP; (printf 1; exec sleep %s) & setsid sh -c 'printf 2; exec sleep "
		 "%s' & "
		 "(setsid sh -c '(setsid sh -c \"printf 3; exec sleep %s\" &) ; :' &); wait",
		 number, number, number);
	assert_int_equal(sh(script, (struct capture){ .sink = take, .ctx = &t }, &out), -EUCLEAN);
	while (somebody_has(number)) /* killed, but perhaps not gone yet */
		;
}

static void time_is_over(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;

	(void)state;
	assert_int_equal(sh("sleep 1000", (struct capture){ .limit_ms = 20 }, &out), -ETIMEDOUT);
	assert_int_equal(out.exit, 128 + SIGKILL);
}

static void somebody_cancels(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(sh("sleep 1000", (struct capture){ .cancel_fd = ends[0] }, &out),
			 -ECANCELED);
	assert_int_equal(out.exit, 128 + SIGKILL);
	close(ends[0]);
	close(ends[1]);
}

static void too_much_output_ends_it(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;

	(void)state;
	assert_int_equal(sh("yes", (struct capture){ .output_bytes_max = 100000 }, &out), -EFBIG);
	assert_true(out.out.len <= 100000);
	assert_int_equal(out.exit, 128 + SIGKILL);
}

/* What stays in the background keeps the pipe open and is not waited for. */
static void the_end_of_the_program_counts(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct proc_identity who = { .pid = 0 };

	(void)state;
	assert_int_equal(sh("sleep 1000 & echo $!", (struct capture){ 0 }, &out), 0);
	who.pid = strtoull(out.out.p, NULL, 10);
	assert_int_equal(proc_start_time(who.pid, &who.start), 0);
	assert_int_equal(proc_alive(&who), 1); /* it ended well, so what it left goes on */
	assert_int_equal(proc_signal(&who, SIGKILL), 0);
}

/* With a warden nothing goes on, and what could not be started is told all the same. */
static void with_a_warden(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct taken t = { 0, 3 };
	char number[32], script[200];

	(void)state;
	unique(number, sizeof(number));
	snprintf(script, sizeof(script), "cat; (setsid sleep %s &); sleep %s & echo no >&2; exit 3",
		 number, number);
	assert_int_equal(
		sh(script, (struct capture){ .with_warden = true, .input = SPAN_LIT("in") }, &out),
		0);
	assert_int_equal(out.exit, 3);
	assert_string_equal(out.out.p, "in");
	assert_true(span_is(captured_last_line(&out), "no"));
	assert_false(somebody_has(number));
	snprintf(script, sizeof(script), "(setsid sh -c 'echo 1; sleep %s' &); echo 2; sleep %s",
		 number, number);
	assert_int_equal(sh(script, (struct capture){ .with_warden = true, .limit_ms = 20 }, &out),
			 -ETIMEDOUT);
	assert_false(somebody_has(number));
	assert_int_equal(
		sh(script, (struct capture){ .with_warden = true, .sink = take, .ctx = &t }, &out),
		-EUCLEAN);
	assert_true(out.by_sink);
	assert_false(somebody_has(number));
	assert_int_equal(
		sh("", (struct capture){ .with_warden = true, .cwd = "/nonexistent" }, &out),
		-ENOENT);
	assert_int_equal(out.step, PROC_STEP_CWD);
	assert_non_null(strstr(capture_why(-EOWNERDEAD), "warden"));
	assert_string_equal(capture_why(-ENOENT), strerror(ENOENT));
}

/* One that is told may say a last word; one that does not hear is ended. */
static void told_before_it_is_ended(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct capture c = { .cancel_signal = SIGTERM };
	char script[200];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	c.cancel_fd = ends[0];
	snprintf(script, sizeof(script),
		 "trap 'echo bye >&2; exit 5' TERM; echo >/proc/%d/fd/%d; while :; do sleep 0.01; "
		 "done",
		 (int)getpid(), ends[1]);
	assert_int_equal(sh(script, c, &out), -ECANCELED);
	assert_int_equal(out.exit, 5);
	assert_true(span_is(captured_last_line(&out), "bye"));
	close(ends[0]);
	close(ends[1]);
}

static void a_sink_takes_or_stops(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct taken t = { 0, 0 };

	(void)state;
	assert_int_equal(
		sh("head -c 300000 /dev/zero", (struct capture){ .sink = take, .ctx = &t }, &out),
		0);
	assert_int_equal(t.bytes, 300000);
	assert_int_equal(out.out.len, 0);
	assert_false(out.by_sink);
	t = (struct taken){ 0, 1000 };
	assert_int_equal(sh("yes", (struct capture){ .sink = take, .ctx = &t }, &out), -EUCLEAN);
	assert_true(out.by_sink);
}

static void what_cannot_be_started(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	char *const words[] = { (char[]){ "x" }, NULL };
	struct capture c = { .path = "/nonexistent",
			     .argv = words,
			     .envp = words + 1,
			     .output_bytes_max = 1,
			     .limit_ms = 1000 };

	(void)state;
	assert_int_equal(capture_run(&c, &out), -ENOENT);
	assert_int_equal(out.step, PROC_STEP_EXEC);
	c.path = "/bin/sh";
	c.cwd = "/nonexistent";
	assert_int_equal(capture_run(&c, &out), -ENOENT);
	assert_int_equal(out.step, PROC_STEP_CWD);
}

static size_t open_files(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_is_left(void **state)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	size_t before = open_files();

	(void)state;
	sh("cat", (struct capture){ .input = SPAN_LIT("x") }, &out);
	sh("sleep 1000", (struct capture){ .limit_ms = 10 }, &out);
	sh("yes", (struct capture){ .output_bytes_max = 10 }, &out);
	assert_int_equal(open_files(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_input_and_status),
		cmocka_unit_test(only_the_end_of_what_it_says),
		cmocka_unit_test(the_whole_tree_ends),
		cmocka_unit_test(time_is_over),
		cmocka_unit_test(somebody_cancels),
		cmocka_unit_test(too_much_output_ends_it),
		cmocka_unit_test(the_end_of_the_program_counts),
		cmocka_unit_test(with_a_warden),
		cmocka_unit_test(told_before_it_is_ended),
		cmocka_unit_test(a_sink_takes_or_stops),
		cmocka_unit_test(what_cannot_be_started),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
