/* Which command lines are executed as they stand and which need a shell, and how words are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "worker/command.h"

static int prepare(struct command *c, const char *run)
{
	struct command_def def = { .run = { span_of(run), false } };
	const char *why;

	return command_prepare(c, &def, &why);
}

static void test_plain_words_are_split(void **state)
{
	CLEANUP(command_release) struct command c = COMMAND_INIT;

	(void)state;
	assert_int_equal(prepare(&c, "  make  -j2\ttest,unit:x@y^z+1 "), 0);
	assert_false(c.shell);
	assert_int_equal(c.argc, 3);
	assert_string_equal(c.argv[0], "make");
	assert_string_equal(c.argv[1], "-j2");
	assert_string_equal(c.argv[2], "test,unit:x@y^z+1");
	assert_null(c.argv[3]);
	assert_int_equal(prepare(&c, "true"), 0); /* a builtin that is also a program */
	assert_false(c.shell);
	assert_int_equal(c.argc, 1);
}

static void test_syntax_goes_to_the_shell(void **state)
{
	static const char syntax[] = "|&;<>()$`\\\"'*?[]#~=%!{}\n";
	static const char *const words[] = { "cd /x", "exit 3",    ":",         ". ./env",
					     "if",    " export A", "umask 077", "exec x" };
	CLEANUP(command_release) struct command c = COMMAND_INIT;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(syntax); i++) {
		char line[] = "echo a_b";

		line[6] = syntax[i];
		assert_int_equal(prepare(&c, line), 0);
		assert_true(c.shell);
		assert_int_equal(c.argc, 3);
		assert_string_equal(c.argv[0], "sh");
		assert_string_equal(c.argv[1], "-c");
		assert_string_equal(c.argv[2], line);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_int_equal(prepare(&c, words[i]), 0);
		assert_true(c.shell);
	}
	assert_int_equal(prepare(&c, "cdrecord x"), 0);
	assert_false(c.shell);
}

static void test_lists(void **state)
{
	static const char *const bad[] = { "[]",        "[1]",    "[\"a\",null]",
					   "{\"a\":1}", "[\"\"]", "[[\"a\"]]" };
	CLEANUP(command_release) struct command c = COMMAND_INIT;
	struct command_def def = { .argv = SPAN_LIT("[\"a b\",\"\",\"\\u00e9\\n\"]") };
	const char *why;

	(void)state;
	assert_int_equal(command_prepare(&c, &def, &why), 0);
	assert_int_equal(c.argc, 3);
	assert_string_equal(c.argv[0], "a b");
	assert_string_equal(c.argv[1], "");
	assert_string_equal(c.argv[2], "\xc3\xa9\n");
	command_through_shell(&c);
	assert_int_equal(c.argc, 4);
	assert_string_equal(c.argv[0], "sh");
	assert_string_equal(c.argv[3], "\xc3\xa9\n");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		def.argv = span_of(bad[i]);
		if (command_prepare(&c, &def, &why) != -EINVAL)
			fail_msg("was taken: %s", bad[i]);
	}
}

static void test_nothing_is_refused(void **state)
{
	CLEANUP(command_release) struct command c = COMMAND_INIT;

	(void)state;
	assert_int_equal(prepare(&c, ""), -EINVAL);
	assert_int_equal(prepare(&c, " \t "), -EINVAL);
}

static void test_shown_is_safe_and_short(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct command_def def = { .run = { SPAN_LIT("a\\u001b[31m"), true } };

	(void)state;
	command_put_shown(&out, &def, 100);
	assert_null(memchr(out.p, '\033', out.len));
	buf_truncate(&out, 0);
	command_put_shown(&out, &def, 1);
	assert_string_equal(out.p, "a...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_words_are_split),
		cmocka_unit_test(test_syntax_goes_to_the_shell),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_nothing_is_refused),
		cmocka_unit_test(test_shown_is_safe_and_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
