/* Words typed, in every form and every wrong form: nothing is ignored, guessed or half taken. */
#include "test.h"

#include "base/limits.h"
#include "cmd/cmd.h"

static const struct option_row rows[] = {
	{ .name = "from-iteration",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "x",
	  .max = 12 },
	{ .name = "lines",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "x",
	  .min = 1 },
	{ .name = "follow", .letter = 'f', .kind = OPTION_FLAG, .summary = "x" },
	{ .name = "raw", .letter = 'r', .kind = OPTION_FLAG, .summary = "x" },
	{ .name = "param",
	  .letter = 'p',
	  .repeats = true,
	  .kind = OPTION_TEXT,
	  .value = "K=V",
	  .summary = "x" },
	{ .name = "wait", .kind = OPTION_DURATION, .value = "TIME", .summary = "x" },
	{ .name = NULL },
};

static const struct cmd row = {
	.path = "try", .usage = "", .options = rows, .args_min = 0, .args_max = 2
};

#define PARSE(o, e, ...)                                  \
	options_parse(o, &row, (char *[]){ __VA_ARGS__ }, \
		      sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *), NULL, e)

static void every_form_of_a_value(void **state)
{
	char s1[] = "--lines", s2[] = "7", s3[] = "--lines=7", s4[] = "-n", s5[] = "-n7",
	     s6[] = "-fn7";
	char *forms[][2] = { { s1, s2 }, { s3, NULL }, { s4, s2 }, { s5, NULL }, { s6, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		CLEANUP(options_release) struct options o = OPTIONS_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(options_parse(&o, &row, forms[i], forms[i][1] ? 2 : 1, NULL, &e),
				 0);
		assert_int_equal(options_number(&o, "lines", 0), 7);
		assert_int_equal(o.arg_count, 0);
	}
}

static void what_a_command_takes(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char[]){ "--follow" }), 0);
	assert_true(options_take(&o, "follow"));
	assert_true(options_take(&o, "lines")); /* given or not */
	assert_true(options_take(&o, "json"));
	assert_false(options_take(&o, "foll"));
	assert_false(options_take(&o, "n"));
	assert_false(options_take(&o, "reason"));
}

static void two_dashes_end_options(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char *)"a", (char *)"--", (char *)"-f"), 0);
	assert_false(options_has(&o, "follow"));
	assert_int_equal(o.arg_count, 2);
	assert_string_equal(o.args[1], "-f");
}

static void a_dash_is_a_plain_word(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char *)"-"), 0);
	assert_string_equal(o.args[0], "-");
}

static void repeated_values_keep_their_order(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char *)"-p", (char *)"a=1", (char *)"--param=b=2"), 0);
	assert_string_equal(options_each(&o, "param", 0), "a=1");
	assert_string_equal(options_each(&o, "param", 1), "b=2");
	assert_null(options_each(&o, "param", 2));
}

static void durations_become_milliseconds(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char *)"--wait", (char *)"1m30s"), 0);
	assert_int_equal(options_number(&o, "wait", 0), 90000);
}

static void refused_with(char **words, size_t count, const char *part)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(options_parse(&o, &row, words, count, NULL, &e), -SK_EUSAGE);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
	assert_non_null(strstr(e.text, "Try: sk help"));
}

static void wrong_words_are_refused(void **state)
{
	static const struct {
		const char *words[2];
		const char *says;
	} cases[] = {
		{ { "--fromiteration", "3" },
		  "unknown option --fromiteration; did you mean --from-iteration?" },
		{ { "--xyzzy", NULL },
		  "unknown option --xyzzy (there is --from-iteration, --lines, " },
		{ { "-x", NULL }, "unknown option -x" },
		{ { "--lin", "3" }, "unknown option --lin" },
		{ { "--from-iteration", "99" },
		  "--from-iteration \"99\": expected a whole number in 0..12" },
		{ { "--from-iteration", "abc" }, "expected a whole number" },
		{ { "--from-iteration", "1e2" }, "expected a whole number" },
		{ { "--from-iteration", "0x3" }, "expected a whole number" },
		{ { "--from-iteration", "+3" }, "expected a whole number" },
		{ { "--from-iteration", "-3" }, "expected a whole number" },
		{ { "--from-iteration", " 3" }, "expected a whole number" },
		{ { "--from-iteration", "03" }, "expected a whole number" },
		{ { "--from-iteration", "" }, "expected a whole number" },
		{ { "--from-iteration", "18446744073709551617" }, "expected a whole number" },
		{ { "--lines", "0" }, "expected a whole number, at least 1" },
		{ { "--lines", NULL }, "--lines needs a value" },
		{ { "-n", NULL }, "--lines needs a value" },
		{ { "--follow=yes", NULL }, "--follow takes no value" },
		{ { "--lines=1", "--lines=2" }, "--lines is given twice" },
		{ { "--format", "xml" }, "--format \"xml\": expected one of text|json" },
		{ { "--format", "tex" }, "expected one of" },
		{ { "--param", "" }, "expected a value that is not empty" },
		{ { "--wait", "soon" }, "expected a duration" },
		{ { "--\x1b]0;x", NULL }, "unknown option --^[]0;x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *words[2] = { (char *)cases[i].words[0], (char *)cases[i].words[1] };

		refused_with(words, words[1] ? 2 : 1, cases[i].says);
	}
}

static void too_many_words_are_refused(void **state)
{
	CLEANUP(options_release) struct options o = OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE(&o, &e, (char *)"a", (char *)"b", (char *)"c"), 0);
	assert_int_equal(options_check_args(&o, &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "unexpected word \"c\""));
}

static void hostile_argument_lists(void **state)
{
	char *huge = mem_alloc(ARGUMENT_BYTES_MAX + 2);
	char *argv[3] = { (char *)"sk", (char *)"a", huge };
	struct err e = ERR_INIT;

	(void)state;
	memset(huge, 'x', ARGUMENT_BYTES_MAX + 1);
	huge[ARGUMENT_BYTES_MAX + 1] = '\0';
	assert_int_equal(options_check_argv(3, argv, &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "argument 2 longer than 64 KiB"));
	huge[ARGUMENT_BYTES_MAX] = '\0';
	err_clear(&e);
	assert_int_equal(options_check_argv(3, argv, &e), 0);
	assert_int_equal(options_check_argv(0, argv, &e), -SK_EUSAGE);
	err_clear(&e);
	assert_int_equal(options_check_argv(ARGUMENTS_MAX + 1, argv, &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "are more than 10000"));
	mem_free(&huge);
}

static void codes_and_exits(void **state)
{
	(void)state;
	assert_int_equal(exit_of(-SK_EUSAGE), 2);
	assert_int_equal(exit_of(-SK_ENOTFOUND), 3);
	assert_int_equal(exit_of(-SK_EREFUSED), 4);
	assert_int_equal(exit_of(-SK_ECONFIRM), 5);
	assert_int_equal(exit_of(-SK_EBUSY), 6);
	assert_int_equal(exit_of(-SK_ECORRUPT), 7);
	assert_int_equal(exit_of(-SK_EIO), 8);
	assert_int_equal(exit_of(-SK_EWORK), 1);
	assert_int_equal(exit_of(-28), 8);
}

static void rows_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < cmd_count; i++) {
		const struct cmd *cmd = cmd_table[i];

		assert_non_null(cmd->path);
		assert_non_null(cmd->summary);
		assert_non_null(cmd->usage);
		assert_non_null(cmd->run);
		assert_true(cmd->args_min <= cmd->args_max);
		for (const struct option_row *o = cmd->options; o && o->name; o++) {
			assert_non_null(o->summary);
			assert_true(o->kind == OPTION_FLAG || o->value);
			for (const struct option_row *other = common_options; other->name; other++)
				/* a drawing has formats of its own */
				assert_true(strcmp(o->name, other->name) != 0 ||
					    (strcmp(o->name, "format") == 0 &&
					     o->kind == OPTION_CHOICE));
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(cmd->path, cmd_table[k]->path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_value),
		cmocka_unit_test(what_a_command_takes),
		cmocka_unit_test(two_dashes_end_options),
		cmocka_unit_test(a_dash_is_a_plain_word),
		cmocka_unit_test(repeated_values_keep_their_order),
		cmocka_unit_test(durations_become_milliseconds),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(too_many_words_are_refused),
		cmocka_unit_test(hostile_argument_lists),
		cmocka_unit_test(codes_and_exits),
		cmocka_unit_test(rows_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
