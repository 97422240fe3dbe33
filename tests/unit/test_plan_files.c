/* What is not a plan file, what reads other files, and sizes that only a machine writes. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "plan/plan.h"

#define MANY 100000

struct loaded {
	struct submission s;
	struct plan_problems problems;
	struct err e;
	int rc;
};

static void loaded_release(struct loaded *l)
{
	submission_release(&l->s);
	plan_problems_release(&l->problems);
}

static void load_in(struct loaded *l, const char *file, const char *cwd)
{
	struct plan_options o = { .files = &file, .file_count = 1, .cwd = cwd };

	*l = (struct loaded){ .s = SUBMISSION_INIT,
			      .problems = { .lines = BUF_INIT },
			      .e = ERR_INIT };
	l->rc = plan_load_all(&o, &l->s, &l->problems, &l->e);
}

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

static void expect_refusal(const char *file, int code, const char *sentence)
{
	CLEANUP(loaded_release) struct loaded l;

	load_in(&l, file, "/where");
	assert_string_equal(l.e.text, sentence);
	assert_int_equal(l.rc, code);
}

static void what_is_no_file_is_refused_at_once(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo.yaml", 0600), 0);
	assert_int_equal(mkdir("empty", 0700), 0);
	expect_refusal("fifo.yaml", -SK_EUSAGE,
		       "fifo.yaml: is a FIFO, expected a regular file: nothing was started. Try: "
		       "the path of a plan");
	expect_refusal("/dev/null", -SK_EUSAGE,
		       "/dev/null: is a device, expected a regular file: nothing was started. Try: "
		       "the path of a plan");
	expect_refusal("absent.yaml", -SK_EUSAGE,
		       "absent.yaml: no such file, and no plan in this folder: nothing was "
		       "started. Try: sk help run, which shows a plan");
	expect_refusal(
		"empty", -SK_EUSAGE,
		"empty: no JSON task in this folder: nothing was started. Try: the path of a plan");
}

static void large_files_are_refused_unread(void **state)
{
	(void)state;
	write_text("large.yaml", "tasks: {a: {run: make}}\n");
	assert_int_equal(truncate("large.yaml", (off_t)PLAN_BYTES_MAX + 1), 0);
	expect_refusal(
		"large.yaml", -SK_EUSAGE,
		"large.yaml: file larger than 256 MiB: nothing was started. Try: several plans");
	assert_int_equal(unlink("large.yaml"), 0);
}

static void the_first_byte_tells_when_the_name_does_not(void **state)
{
	CLEANUP(loaded_release) struct loaded a, b;

	(void)state;
	write_text("plan", "\n {\"tasks\": {\"a\": {\"run\": \"\\u0041\"}}}");
	write_text("other", "tasks: {a: {run: make}}");
	load_in(&a, "plan", "/where");
	assert_int_equal(a.rc, 0);
	assert_true(span_is(a.s.tasks[0].def, "{\"run\":\"A\"}"));
	load_in(&b, "other", "/where");
	assert_int_equal(b.rc, 0);
}

static void a_name_that_is_no_workstream(void **state)
{
	(void)state;
	write_text("a b.yaml", "tasks: {a: {run: make}}");
	expect_refusal("a b.yaml", -SK_EUSAGE,
		       "a b.yaml: the name \"a b\" makes no workstream (use 1..64 of a-z A-Z 0-9 . "
		       "_ -, starting with a "
		       "letter or digit): nothing was started. Try: add workstream: NAME");
}

static void foreach_reads_files_and_lines(void **state)
{
	CLEANUP(loaded_release) struct loaded l;
	char cwd[4096];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(mkdir("src [x]", 0700), 0);
	write_text("src [x]/b.c", "");
	write_text("src [x]/a.c", "");
	write_text("src [x]/c.h", "");
	write_text("src [x]/list", "one two\r\n\nthree");
	write_text("each.yaml", "working_directory: src [x]\n"
				"tasks:\n"
				"  file: {run: \"cc ${{item}}\", foreach: {glob: \"*.c\"}}\n"
				"  line: {run: [echo, \"${{item}}\"], foreach: {lines: list}}\n");
	load_in(&l, "each.yaml", cwd);
	assert_string_equal(l.e.text, "");
	assert_int_equal(l.s.task_count, 4);
	assert_true(span_is(l.s.tasks[0].name, "file-1"));
	assert_true(
		span_is(l.s.tasks[0].def, "{\"run\":\"cc a.c\",\"env\":{\"SK_ITEM\":\"a.c\"}}"));
	assert_true(
		span_is(l.s.tasks[1].def, "{\"run\":\"cc b.c\",\"env\":{\"SK_ITEM\":\"b.c\"}}"));
	assert_true(span_is(l.s.tasks[2].def,
			    "{\"argv\":[\"echo\",\"one two\"],\"env\":{\"SK_ITEM\":\"one two\"}}"));
	assert_true(span_is(l.s.tasks[3].def,
			    "{\"argv\":[\"echo\",\"three\"],\"env\":{\"SK_ITEM\":\"three\"}}"));
}

/* A binary tree of needs in both forms; the last task names the one in the middle. */
static void many_tasks(void **state)
{
	CLEANUP(buf_release) struct buf yaml = BUF_INIT, json = BUF_INIT;
	CLEANUP(loaded_release) struct loaded y, j;

	(void)state;
	buf_puts(&yaml, "tasks:\n  t0: {run: /bin/true}\n");
	buf_puts(&json, "{\"tasks\":{\"t0\":{\"run\":\"/bin/true\"}");
	for (int i = 1; i < MANY; i++) {
		buf_putf(&yaml, "  t%d: {run: /bin/true, needs: [t%d]}\n", i, i / 2);
		buf_putf(&json, ",\n\"t%d\":{\"run\":\"/bin/true\",\"needs\":[\"t%d\"]}", i, i / 2);
	}
	buf_puts(&json, "}}");
	write_file("many.yaml", yaml.p, yaml.len);
	write_file("many.json", json.p, json.len);
	load_in(&y, "many.yaml", "/where");
	load_in(&j, "many.json", "/where");
	assert_string_equal(y.e.text, "");
	assert_string_equal(j.e.text, "");
	assert_int_equal(y.s.task_count, MANY);
	assert_int_equal(j.s.task_count, MANY);
	assert_int_equal(j.s.needs[j.s.tasks[MANY - 1].needs_at], MANY / 2 - 1);
	assert_memory_equal(y.s.needs, j.s.needs, y.s.needs_count * sizeof(uint32_t));
	assert_int_equal(y.s.tasks[MANY - 1].line, MANY + 1);
	assert_int_equal(j.s.tasks[MANY - 1].line, MANY);
}

static void a_long_chain_and_its_cycle(void **state)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	CLEANUP(loaded_release) struct loaded chain, cycle;
	size_t first;

	(void)state;
	buf_puts(&json, "{\"tasks\":{\"t0\":{\"run\":\"x\"");
	first = json.len;
	buf_puts(&json, "                    }");
	for (int i = 1; i < MANY; i++)
		buf_putf(&json, ",\"t%d\":{\"run\":\"x\",\"needs\":\"t%d\"}", i, i - 1);
	buf_puts(&json, "}}");
	write_file("chain.json", json.p, json.len);
	load_in(&chain, "chain.json", "/where");
	assert_string_equal(chain.e.text, "");
	memcpy(json.p + first, ",\"needs\":\"t99999\"", 17);
	write_file("chain.json", json.p, json.len);
	load_in(&cycle, "chain.json", "/where");
	assert_string_equal(cycle.e.text,
			    "chain.json:1:35: dependency cycle: t0 \u2192 t99999 \u2192 t99998 "
			    "\u2192 t99997 \u2192 t99996 "
			    "\u2192 t99995 \u2192 t99994 \u2192 t99993 \u2192 t99992 \u2192 t99991 "
			    "\u2192 t99990 "
			    "\u2192 t99989 \u2192 ... (99988 more) \u2192 t0: nothing was started. "
			    "Try: take one of these needs out, or add --halt-on-cycle");
}

static void limits_of_one_task(void **state)
{
	static const char *const names[] = { "left", "right" };
	CLEANUP(buf_release) struct buf yaml = BUF_INIT;
	CLEANUP(loaded_release) struct loaded l;

	(void)state;
	buf_puts(&yaml, "tasks:\n  wide: {run: make, needs: [left, right]}\n  long: {run: \"");
	for (int i = 0; i <= COMMAND_BYTES_MAX; i++)
		buf_putc(&yaml, 'x');
	buf_puts(&yaml, "\"}\n");
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		buf_putf(&yaml, "  %s:\n    run: make\n    foreach: [", names[n]);
		for (int i = 0; i < NEEDS_MAX / 2 + 1; i++)
			buf_putf(&yaml, "%s%d", i ? "," : "", i);
		buf_puts(&yaml, "]\n");
	}
	write_file("limits.yaml", yaml.p, yaml.len);
	load_in(&l, "limits.yaml", "/where");
	assert_int_equal(l.rc, -SK_EUSAGE);
	assert_string_equal(
		l.problems.lines.p,
		"limits.yaml:2:35: more than 10000 dependencies of one task. Try: fewer\n"
		"limits.yaml:3:15: command longer than 128 KiB. Try: put it into a file\n");
}

static int enter(void **state)
{
	static char dir[] = "/tmp/test_plan_files.XXXXXX";

	*state = mkdtemp(dir);
	return *state ? chdir(dir) : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int leave(void **state)
{
	if (chdir("/") < 0)
		return -1;
	return nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file_is_refused_at_once),
		cmocka_unit_test(large_files_are_refused_unread),
		cmocka_unit_test(the_first_byte_tells_when_the_name_does_not),
		cmocka_unit_test(a_name_that_is_no_workstream),
		cmocka_unit_test(foreach_reads_files_and_lines),
		cmocka_unit_test(many_tasks),
		cmocka_unit_test(a_long_chain_and_its_cycle),
		cmocka_unit_test(limits_of_one_task),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
