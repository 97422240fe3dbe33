/*
 * A program that people type, or that a hook runs before every tool, is used by how long it takes
 * to start. One that cannot start at all is found by the first warm-up, and the line that says so
 * is the one that operators and their scripts look for: it stands alone.
 *
 * What is measured ends when the program does, not when its output does.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/hint.h"
#include "cmd/interrupt.h"
#include "os/capture.h"
#include "os/clock.h"

#define COMMAND "benchmark startup"

struct bench {
	struct cmd_ctx *c;
	char program[PLAN_PATH_BYTES_MAX];
	char **argv;
	int64_t limit_ms;
	struct interrupt interrupt;
	int64_t *samples_us;
	size_t runs, warmups;
};

/* What it prints is of no interest, however much it is. */
static int drop(void *ctx, struct span bytes)
{
	(void)ctx;
	(void)bytes;
	return 0;
}

/* The line that is looked for, as it is. */
static void say_failed(const char *what, size_t number)
{
	struct out line;

	out_init(&line, STDERR_FILENO, false);
	out_putf(&line, COMMAND ": %s #%zu failed\n", what, number);
	(void)out_flush(&line);
	out_release(&line);
}

static int failed(const struct bench *b, const struct captured *done, int rc, struct err *e)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT, said = BUF_INIT;
	struct span last = captured_last_line(done);

	for (size_t i = 0; b->argv[i]; i++) {
		if (i)
			buf_putc(&command, ' ');
		put_shell_word(&command, span_of(b->argv[i]));
	}
	if (command.len > NAME_BYTES_MAX * 2) {
		buf_truncate(&command, NAME_BYTES_MAX * 2);
		buf_puts(&command, "...");
	}
	if (last.len) {
		buf_puts(&said, ": ");
		buf_put_visible(&said, (struct span){ last.p, last.len < 400 ? last.len : 400 });
	}
	if (rc == -ETIMEDOUT) {
		buf_truncate(&said, 0);
		buf_put_duration(&said, b->limit_ms);
		return err_set(e, -SK_EWORK,
			       "%s: took longer than %s and was ended. Try: --timeout", command.p,
			       said.p);
	}
	if (rc < 0)
		return err_set(e, -SK_EWORK, "%s: cannot be started: %s", command.p,
			       capture_why(rc));
	if (done->exit > 128)
		return err_set(e, -SK_EWORK, "%s: ended by signal %d%s", command.p,
			       done->exit - 128, said.len ? said.p : "");
	return err_set(e, -SK_EWORK, "%s: exit code %d%s", command.p, done->exit,
		       said.len ? said.p : "");
}

/* 0, the exit code behind Ctrl-C, or a negative code. */
static int run_once(struct bench *b, const char *what, size_t number, int64_t *took_us,
		    struct err *e)
{
	CLEANUP(captured_release) struct captured done = CAPTURED_INIT;
	struct capture run = { .path = b->program,
			       .argv = b->argv,
			       .envp = environ,
			       .output_bytes_max = SIZE_MAX,
			       .limit_ms = b->limit_ms,
			       .cage_fd = -1,
			       .cancel_fd = b->interrupt.fd,
			       .sink = drop };
	int64_t from_us = clock_mono_us(&clock_real);
	int rc = b->program[0] ? capture_run(&run, &done) : -ENOENT;

	*took_us = clock_mono_us(&clock_real) - from_us;
	if (rc == -ECANCELED) {
		interrupt_note(&b->interrupt);
		return interrupt_exit(&b->interrupt);
	}
	if (rc == 0 && done.exit == 0)
		return 0;
	say_failed(what, number);
	return failed(b, &done, rc, e);
}

static int run_all(struct bench *b, struct err *e)
{
	int64_t took_us;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->warmups; i++)
		rc = run_once(b, "warmup", i + 1, &took_us, e);
	for (size_t i = 0; rc == 0 && i < b->runs; i++)
		rc = run_once(b, "run", i + 1, &b->samples_us[i], e);
	return rc;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void put_ms(struct buf *out, int64_t us)
{
	buf_putf(out, "%lld.%03lld", (long long)(us / 1000), (long long)(us % 1000));
}

static void json_ms(struct json *j, const char *key, int64_t us)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	put_ms(&text, us);
	json_raw(j, key, (struct span){ text.p, text.len });
}

static void print(const struct bench *b)
{
	CLEANUP(buf_release) struct buf page = BUF_INIT;
	int64_t *sorted = mem_alloc(b->runs * sizeof(*sorted)), median_us;
	struct json j;

	memcpy(sorted, b->samples_us, b->runs * sizeof(*sorted));
	qsort(sorted, b->runs, sizeof(*sorted), compare);
	median_us = (sorted[(b->runs - 1) / 2] + sorted[b->runs / 2]) / 2;
	if (b->c->json) {
		json_open(&j, b->c->out, "benchmark_startup");
		json_array(&j, "command");
		for (size_t i = 0; b->argv[i]; i++)
			json_text(&j, NULL, b->argv[i]);
		json_array_end(&j);
		json_u64(&j, "runs", b->runs);
		json_u64(&j, "warmups", b->warmups);
		json_ms(&j, "median_ms", median_us);
		json_ms(&j, "min_ms", sorted[0]);
		json_ms(&j, "max_ms", sorted[b->runs - 1]);
		json_array(&j, "samples_ms");
		for (size_t i = 0; i < b->runs; i++)
			json_ms(&j, NULL, b->samples_us[i]);
		json_array_end(&j);
		json_close(&j);
	} else {
		buf_puts(&page, "median_ms ");
		put_ms(&page, median_us);
		buf_puts(&page, "\nmin_ms ");
		put_ms(&page, sorted[0]);
		buf_puts(&page, "\nmax_ms ");
		put_ms(&page, sorted[b->runs - 1]);
		out_putf(b->c->out, "%s\n", page.p);
	}
	mem_free(&sorted);
}

/* One that is not there fails like one that is broken: as the first that was to be run. */
static void find_program(struct bench *b)
{
	const char *path = getenv("PATH");

	if (proc_find_program(b->argv[0], path ? path : "/usr/bin:/bin", NULL, b->program,
			      sizeof(b->program)) < 0)
		b->program[0] = '\0';
}

static int benchmark_startup_run(struct cmd_ctx *c, struct err *e)
{
	struct bench b = { .c = c, .interrupt = INTERRUPT_INIT };
	const struct options *o = c->options;
	int rc;

	b.runs = options_number(o, "runs", BENCHMARK_RUNS);
	b.warmups = options_number(o, "warmups", BENCHMARK_WARMUPS);
	b.limit_ms = (int64_t)options_number(o, "timeout", BENCHMARK_LIMIT_MS);
	if (b.limit_ms < 1 || b.limit_ms > BENCHMARK_LIMIT_MAX_MS)
		return err_set(e, -SK_EUSAGE,
			       COMMAND ": --timeout: expected 1ms to 1h: nothing was run");
	b.argv = mem_zalloc((o->arg_count + 1) * sizeof(*b.argv));
	for (size_t i = 0; i < o->arg_count; i++)
		b.argv[i] = (char *)(uintptr_t)o->args[i]; /* exec does not write to it */
	b.samples_us = mem_zalloc(b.runs * sizeof(*b.samples_us));
	find_program(&b);
	rc = interrupt_open(&b.interrupt, e);
	if (rc == 0)
		rc = run_all(&b, e);
	if (rc == 0)
		print(&b);
	interrupt_close(&b.interrupt);
	mem_free(&b.samples_us);
	mem_free(&b.argv);
	return rc;
}

static const struct option_row benchmark_startup_options[] = {
	{ .name = "runs",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = BENCHMARK_RUNS_MAX,
	  .summary = "that are measured (default 7)" },
	{ .name = "warmups",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 0,
	  .max = BENCHMARK_RUNS_MAX,
	  .summary = "before them, not measured (default 2)" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "of each; then it is ended with all it started (default 10s)" },
	{ .name = NULL },
};

const struct cmd cmd_benchmark_startup = {
	.path = "benchmark startup",
	.summary = "measure how long a program takes to start",
	.usage = "[--runs N] [--warmups N] [--timeout TIME] -- COMMAND...",
	.about = "Prints median, least and most of the runs in milliseconds. The first that fails, "
		 "takes too long or cannot be started ends it with code 1 and a line of its own on "
		 "standard error, \"benchmark startup: warmup #1 failed\" or \"run #1\", followed "
		 "by "
		 "the reason. The program gets no input, and what it prints is dropped.",
	.example = "sk benchmark startup -- sk --help\n"
		   "sk benchmark startup --runs 15 --warmups 3 --json -- git status",
	.options = benchmark_startup_options,
	.args = ARG_COMMAND,
	.args_min = 1,
	.args_max = ARGUMENTS_MAX,
	.run = benchmark_startup_run,
};
