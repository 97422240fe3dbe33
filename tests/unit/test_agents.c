/* From a template to words: what a prompt holds stays one argument, and nothing is left unfilled.
 */
#include "test.h"

#include "base/limits.h"
#include "work/agents.h"

static struct span words[8];

static struct agent agent_of(size_t count)
{
	return (struct agent){ .name = SPAN_LIT("a"), .command = { words, count } };
}

static void test_placeholders_stay_inside_of_their_word(void **state)
{
	struct agent_fill fill = { .prompt = SPAN_LIT("say \"hi\"; rm -rf $HOME\n{name}"),
				   .worktree = SPAN_LIT("/w"),
				   .name = SPAN_LIT("docs") };
	struct agent a = agent_of(4);
	enum agent_stdin input;
	struct err e = ERR_INIT;
	struct buf out = BUF_INIT;
	size_t count = 0;

	(void)state;
	words[0] = SPAN_LIT("run");
	words[1] = SPAN_LIT("--in={worktree}/{name}");
	words[2] = SPAN_LIT("{prompt}");
	words[3] = SPAN_LIT("{{x}");
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == 0);
	assert_true(count == 4 && input == AGENT_STDIN_EMPTY);
	assert_true(
		span_eq((struct span){ out.p, out.len },
			SPAN_LIT("run\0--in=/w/docs\0say \"hi\"; rm -rf $HOME\n{name}\0{x}\0")));
	buf_release(&out);
}

static void test_a_model_needs_a_place(void **state)
{
	struct agent_fill fill = { .model = SPAN_LIT("big"), .prompt = SPAN_LIT("p") };
	struct span args[2] = { SPAN_LIT("--model"), SPAN_LIT("{model}") };
	struct agent a = agent_of(2);
	enum agent_stdin input;
	struct err e = ERR_INIT;
	struct buf out = BUF_INIT;
	size_t count = 0;

	(void)state;
	words[0] = SPAN_LIT("run");
	words[1] = SPAN_LIT("-");
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == -SK_EUSAGE);
	err_clear(&e);
	buf_truncate(&out, 0);
	words[1] = SPAN_LIT("{model_args}");
	a.model_args = (struct texts){ args, 2 };
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == 0);
	assert_true(count == 3 && input == AGENT_STDIN_PROMPT);
	assert_true(span_eq((struct span){ out.p, out.len }, SPAN_LIT("run\0--model\0big\0")));
	buf_truncate(&out, 0);
	fill.model = SPAN_NONE;
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == 0 && count == 1);
	words[1] = SPAN_LIT("{model}");
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == -SK_EUSAGE);
	buf_release(&out);
}

static void test_a_prompt_that_is_too_long_is_refused(void **state)
{
	CLEANUP(mem_free) char *text = mem_zalloc(AGENT_ARGUMENT_BYTES_MAX + 1);
	struct agent_fill fill = { .prompt = { text, AGENT_ARGUMENT_BYTES_MAX + 1 } };
	struct agent a = agent_of(2);
	enum agent_stdin input;
	struct err e = ERR_INIT;
	struct buf out = BUF_INIT;
	size_t count = 0;

	(void)state;
	words[0] = SPAN_LIT("run");
	words[1] = SPAN_LIT("{prompt}");
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == -SK_EUSAGE);
	buf_truncate(&out, 0);
	words[1] = SPAN_LIT("-"); /* on standard input it may be as long as it likes */
	assert_true(agent_words(&a, &fill, &out, &count, &input, &e) == 0);
	buf_release(&out);
}

static void test_who_is_chosen(void **state)
{
	struct agents all = AGENTS_INIT;
	const struct agent *found = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(agents_load(NULL, NULL, &all, &e) == 0);
	assert_true(agents_choose(&all, SPAN_NONE, SPAN_NONE, &found, &e) == -SK_EUSAGE);
	err_clear(&e);
	all.chosen = SPAN_LIT("codex");
	assert_true(agents_choose(&all, SPAN_NONE, SPAN_NONE, &found, &e) == 0);
	assert_true(span_is(found->name, "codex"));
	assert_true(agents_choose(&all, SPAN_NONE, SPAN_LIT("copilot"), &found, &e) == 0);
	assert_true(span_is(found->name, "copilot"));
	assert_true(agents_choose(&all, SPAN_LIT("claude"), SPAN_LIT("copilot"), &found, &e) == 0);
	assert_true(span_is(found->name, "claude"));
	assert_true(agents_choose(&all, SPAN_LIT("x"), SPAN_NONE, &found, &e) == -SK_ENOTFOUND);
	agents_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placeholders_stay_inside_of_their_word),
		cmocka_unit_test(test_a_model_needs_a_place),
		cmocka_unit_test(test_a_prompt_that_is_too_long_is_refused),
		cmocka_unit_test(test_who_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
