/*
 * Plans as people write them. tests/plans/good holds plans and, beside each, what they compile to;
 * tests/plans/bad holds plans and what is said about them, every line of it.
 */
#include <dirent.h>
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

#include "core/task_def.h"
#include "plan/plan.h"

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

static void load(struct loaded *l, struct plan_options o)
{
	*l = (struct loaded){ .s = SUBMISSION_INIT,
			      .problems = { .lines = BUF_INIT },
			      .e = ERR_INIT };
	o.cwd = o.cwd ? o.cwd : "/where";
	l->rc = plan_load_all(&o, &l->s, &l->problems, &l->e);
}

static void load_file(struct loaded *l, const char *file)
{
	load(l, (struct plan_options){ .files = &file, .file_count = 1 });
}

/* Everything the core gets to see, one line or two a thing. */
static void dump(const struct submission *s, struct buf *out)
{
	for (uint32_t i = 0; i < s->ws_count; i++)
		buf_putf(out, "ws %.*s par %u dur %lld def %.*s\n", SPAN_ARG(s->ws[i].name),
			 s->ws[i].max_parallel, (long long)s->ws[i].max_duration_ms,
			 SPAN_ARG(s->ws[i].def));
	for (uint32_t i = 0; i < s->resource_count; i++)
		buf_putf(out, "res %.*s %u\n", SPAN_ARG(s->resources[i].name),
			 s->resources[i].limit);
	for (uint32_t i = 0; i < s->task_count; i++) {
		const struct task_spec *t = &s->tasks[i];

		buf_putf(out, "%u %.*s line %u%s needs", i, SPAN_ARG(t->name), t->line,
			 t->selected ? "" : " (left out)");
		for (uint32_t n = 0; n < t->needs_count; n++)
			buf_putf(out, " %u", s->needs[t->needs_at + n]);
		buf_putf(out, "\n   %.*s\n", SPAN_ARG(t->def));
	}
}

static void read_expected(const char *plan, struct buf *out)
{
	char path[512], bytes[4096];
	size_t got;
	FILE *f;

	snprintf(path, sizeof(path), "%s.txt", plan);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is missing", path);
	while ((got = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_put(out, bytes, got);
	fclose(f);
}

static void check_good(const char *path)
{
	CLEANUP(loaded_release) struct loaded l;
	CLEANUP(buf_release) struct buf expected = BUF_INIT, actual = BUF_INIT;

	load_file(&l, path);
	if (l.rc < 0)
		fail_msg("%s", l.e.text);
	dump(&l.s, &actual);
	read_expected(path, &expected);
	assert_string_equal(actual.p, expected.p);
	for (uint32_t i = 0; i < l.s.task_count; i++) {
		struct task_def def;

		assert_int_equal(task_def_decode(l.s.tasks[i].def, &def), 0);
	}
}

/* The part of the first line that says what is wrong; what to do follows it. */
static size_t problem_len(const char *line)
{
	const char *advice = strstr(line, "; did you mean "), *other = strstr(line, ". Try: ");

	if (!advice || (other && other < advice))
		advice = other;
	return advice ? (size_t)(advice - line) : strcspn(line, "\n");
}

static void check_bad(const char *path)
{
	CLEANUP(loaded_release) struct loaded l;
	CLEANUP(buf_release) struct buf expected = BUF_INIT;

	load_file(&l, path);
	assert_int_equal(l.rc, l.e.code);
	assert_true(l.rc < 0);
	read_expected(path, &expected);
	assert_string_equal(l.problems.lines.p, expected.p);
	assert_memory_equal(l.e.text, expected.p, problem_len(expected.p));
	assert_non_null(strstr(l.e.text, ": nothing was started"));
}

/* Runs `check` on each plan in a folder; returns how many there were. */
static int each_plan(const char *folder, void (*check)(const char *path))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		char path[512];

		if (entry->d_name[0] == '.' ||
		    (len > 4 && strcmp(entry->d_name + len - 4, ".txt") == 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		check(path);
		count++;
	}
	closedir(dir);
	return count;
}

static void good_plans_compile_to_this(void **state)
{
	(void)state;
	assert_true(each_plan("good", check_good) >= 8);
}

static void bad_plans_are_told_why(void **state)
{
	(void)state;
	assert_true(each_plan("bad", check_bad) >= 85);
}

static void json_and_yaml_say_the_same(void **state)
{
	static const char yaml[] = "good/same.yaml", json[] = "good/same.json";
	CLEANUP(loaded_release) struct loaded a, b;
	CLEANUP(buf_release) struct buf x = BUF_INIT, y = BUF_INIT;

	(void)state;
	load_file(&a, yaml);
	load_file(&b, json);
	assert_int_equal(a.rc, 0);
	assert_int_equal(b.rc, 0);
	for (uint32_t i = 0; i < a.s.task_count; i++)
		a.s.tasks[i].line = b.s.tasks[i].line = 0;
	dump(&a.s, &x);
	dump(&b.s, &y);
	assert_string_equal(x.p, y.p);
}

static void parameters_from_outside(void **state)
{
	static const char *const file = "good/architecture.yaml";
	struct plan_param given = { "jobs", "16; rm" },
			  wrong[] = { { "jbos", "1" }, { "jobs", "2" }, { "jobs", "3" } },
			  binary = { "jobs", "\xff" };
	struct plan_options o = {
		.files = &file, .file_count = 1, .params = &given, .param_count = 1
	};
	CLEANUP(loaded_release) struct loaded a, b, c;

	(void)state;
	load(&a, o);
	assert_int_equal(a.rc, 0);
	assert_true(span_is(a.s.tasks[0].def,
			    "{\"run\":\"make -j16; rm\",\"retries\":3,\"backoff_ms\":2000}"));
	o.params = wrong;
	o.param_count = 3;
	load(&b, o);
	assert_int_equal(b.rc, -SK_EUSAGE);
	assert_string_equal(b.problems.lines.p,
			    "-p \"jbos\": no plan declares this parameter; did you mean \"jobs\"?\n"
			    "-p \"jobs\" is given twice. Try: keep one\n");
	o.params = &binary;
	o.param_count = 1;
	load(&c, o);
	assert_int_equal(c.rc, -SK_EUSAGE);
	assert_string_equal(c.problems.lines.p,
			    "-p \"jobs\": the value is not UTF-8. Try: save it as UTF-8\n");
}

static void selected(const struct submission *s, char *out)
{
	for (uint32_t i = 0; i < s->task_count; i++)
		*out++ = s->tasks[i].selected ? 'x' : '-';
	*out = '\0';
}

static void only_and_from_select(void **state)
{
	static const char *const file = "good/matrix.yaml";
	static const struct {
		const char *only, *from, *expected;
	} cases[] = {
		{ "compile", NULL, "xxxxx-------" },
		{ "run-gcc-O2", NULL, "-x---x------" },
		{ "run*", NULL, "-xx--xx-----" },
		{ "*-a", NULL, "--------x---" },
		{ "matrix/report", NULL, "-xx-xxxx----" },
		{ "mat*/rep*", NULL, "-xx-xxxx----" },
		{ NULL, "compile-tcc-O1", "----x--x--xx" },
		{ NULL, "run", "-----xxx--xx" },
		{ NULL, NULL, "xxxxxxxxxxxx" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct plan_options o = { .files = &file,
					  .file_count = 1,
					  .only = &cases[i].only,
					  .only_count = cases[i].only != NULL,
					  .from = cases[i].from };
		CLEANUP(loaded_release) struct loaded l;
		char marks[32];

		load(&l, o);
		assert_int_equal(l.rc, 0);
		selected(&l.s, marks);
		assert_string_equal(marks, cases[i].expected);
	}
}

static void unknown_selections_are_refused(void **state)
{
	static const char *const file = "good/matrix.yaml";
	static const char *const words[] = { "reprot", "zzz*" };
	struct plan_options o = { .files = &file, .file_count = 1, .only = words, .only_count = 2 };
	CLEANUP(loaded_release) struct loaded a, b, c;

	(void)state;
	load(&a, o);
	assert_int_equal(a.rc, -SK_EUSAGE);
	assert_string_equal(a.problems.lines.p,
			    "--only \"reprot\": no such task; did you mean \"report\"?\n"
			    "--only \"zzz*\": no such task. Try: one of compile, run, report, "
			    "only-include, each\n");
	o.from = "report";
	load(&b, o);
	assert_string_equal(b.problems.lines.p,
			    "--only and --from exclude each other. Try: one of them\n");
	o.only_count = 0;
	o.from = "other/report";
	load(&c, o);
	assert_string_equal(
		c.problems.lines.p,
		"--from \"other/report\": no such task; no plan of this run is that workstream. "
		"Try: add its plan to the command\n");
}

static void several_files_are_one_run(void **state)
{
	static const char *const same[] = { "good/minimal.yaml", "good/minimal.yaml" };
	static const char *const two[] = { "several/app.yaml", "several/lib.yaml" };
	static const char *const broken[] = { "several/app.yaml", "bad/empty.yaml",
					      "several/resource.yaml" };
	CLEANUP(loaded_release) struct loaded a, b, c;

	(void)state;
	load(&a, (struct plan_options){ .files = same, .file_count = 2 });
	assert_string_equal(a.problems.lines.p,
			    "good/minimal.yaml: workstream \"minimal\" is already that of "
			    "good/minimal.yaml. Try: name them apart\n");
	load(&b, (struct plan_options){ .files = two, .file_count = 2 });
	assert_int_equal(b.rc, 0);
	assert_int_equal(b.s.ws_count, 2);
	assert_int_equal(b.s.resource_count, 1);
	assert_int_equal(b.s.tasks[0].needs_count, 1);
	assert_int_equal(b.s.needs[b.s.tasks[0].needs_at], 1);
	/* What lies in the broken file is not called unknown; all else is still told. */
	load(&c, (struct plan_options){ .files = broken, .file_count = 3 });
	assert_string_equal(c.problems.lines.p,
			    "bad/empty.yaml:1:1: empty file, expected a plan. Try: tasks: {hello: "
			    "{run: echo hello}}\n"
			    "several/resource.yaml:1:13: resource db has the limit 2 "
			    "here and 1 in several/app.yaml:1; "
			    "it is one resource. Try: the same limit\n");
}

static void nothing_to_read(void **state)
{
	CLEANUP(loaded_release) struct loaded l;

	(void)state;
	load(&l, (struct plan_options){ .file_count = 0 });
	assert_int_equal(l.rc, -SK_EUSAGE);
	assert_string_equal(l.e.text,
			    "expected 1..1000 plan files: nothing was started. Try: sk run PLAN");
}

static int enter(void **state)
{
	(void)state;
	return chdir(SK_SOURCE_ROOT "/tests/plans");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_plans_compile_to_this),
		cmocka_unit_test(bad_plans_are_told_why),
		cmocka_unit_test(json_and_yaml_say_the_same),
		cmocka_unit_test(parameters_from_outside),
		cmocka_unit_test(only_and_from_select),
		cmocka_unit_test(unknown_selections_are_refused),
		cmocka_unit_test(several_files_are_one_run),
		cmocka_unit_test(nothing_to_read),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
