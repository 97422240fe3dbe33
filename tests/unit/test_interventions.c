/* The diary of what people did: a line comes back as it was given, and no torn one swallows the
 * next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "store/interventions.h"

struct place {
	char dir[40];
	int fd;
};

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_interventions.XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	p->fd = fd_open_dir(p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlinkat(p->fd, INTERVENTIONS_FILE, 0);
	close(p->fd);
	rmdir(p->dir);
	mem_free(&p);
	return 0;
}

struct seen {
	struct buf lines, scripts, last;
	size_t count, args, ids;
	struct intervention in;
	bool stop;
};

static void seen_release(struct seen *s)
{
	buf_release(&s->lines);
	buf_release(&s->scripts);
	buf_release(&s->last);
}

static int look(void *ctx, const struct intervention *in, struct span line)
{
	struct seen *s = ctx;

	s->count++;
	s->in = *in;
	s->args = in->arg_count;
	s->ids = in->event_id_count;
	buf_put(&s->lines, line.p, line.len);
	buf_putc(&s->lines, '\n');
	buf_putf(&s->scripts, "%.*s;", SPAN_ARG(in->script));
	s->last.len = 0;
	buf_putf(&s->last, "%.*s|%.*s|%.*s|%.*s|%.*s", SPAN_ARG(in->operator_name),
		 SPAN_ARG(in->reason), SPAN_ARG(in->entity_type), SPAN_ARG(in->entity_id),
		 SPAN_ARG(in->message));
	for (size_t i = 0; i < in->arg_count; i++)
		buf_putf(&s->last, "|%.*s", SPAN_ARG(in->args[i]));
	for (size_t i = 0; i < in->event_id_count; i++)
		buf_putf(&s->last, "|%.*s", SPAN_ARG(in->event_ids[i]));
	return s->stop;
}

static void add(struct place *p, const char *script)
{
	struct intervention in = { .at_ms = 1000, .script = span_of(script) };
	struct err e = ERR_INIT;

	assert_int_equal(interventions_add(p->fd, &in, &e), 0);
}

static void put_raw(struct place *p, const char *text)
{
	int fd = openat(p->fd, INTERVENTIONS_FILE, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void test_line_comes_back(void **state)
{
	static const struct span args[] = { SPAN_LIT("--task-id"), SPAN_LIT("a\"b\n\xff") };
	static const struct span ids[] = { SPAN_LIT("evt_1"), SPAN_LIT("evt_2") };
	struct intervention in = { .at_ms = 1795250580123,
				   .operator_name = SPAN_LIT("ann"),
				   .script = SPAN_LIT("task retry"),
				   .args = args,
				   .arg_count = 2,
				   .reason = SPAN_LIT("flaky\tnetwork"),
				   .entity_type = SPAN_LIT("task"),
				   .entity_id = SPAN_LIT("t1"),
				   .confirmed = true,
				   .result = INTERVENTION_REFUSED,
				   .message = SPAN_LIT("it runs"),
				   .event_ids = ids,
				   .event_id_count = 2 };
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	struct place *p = *state;
	struct err e = ERR_INIT;
	uint64_t unreadable;
	struct stat st;

	assert_int_equal(interventions_add(p->fd, &in, &e), 0);
	assert_int_equal(interventions_read(p->fd, 0, look, &s, &unreadable, &e), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(unreadable, 0);
	assert_string_equal(s.last.p,
			    "ann|flaky\tnetwork|task|t1|it runs|--task-id|a\"b\n\xef\xbf\xbd|"
			    "evt_1|evt_2");
	assert_string_equal(s.lines.p, "{\"timestamp\":\"2026-11-21T08:43:00.123Z\",\"operator\":"
				       "\"ann\",\"script\":\"task "
				       "retry\",\"args\":[\"--task-id\",\"a\\\"b\\n\xef\xbf\xbd\"],"
				       "\"reason\":\"flaky\\tnetwork\","
				       "\"entity_type\":\"task\",\"entity_id\":\"t1\",\"dry_run\":"
				       "false,\"confirmed\":true,"
				       "\"result\":\"refused\",\"message\":\"it "
				       "runs\",\"event_ids\":[\"evt_1\",\"evt_2\"]}\n");
	assert_true(s.in.confirmed);
	assert_false(s.in.dry_run);
	assert_int_equal(s.in.result, INTERVENTION_REFUSED);
	assert_true(s.in.at_ms == in.at_ms);
	assert_int_equal(fstatat(p->fd, INTERVENTIONS_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_torn_line_swallows_nothing(void **state)
{
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	struct place *p = *state;
	struct err e = ERR_INIT;
	uint64_t unreadable;

	add(p, "one");
	put_raw(p, "{\"timestamp\":\"2026-11");
	add(p, "two");
	put_raw(p, "\n\n[1]\n{}\n{\"timestamp\":\"x\",\"script\":\"s\"}\n");
	add(p, "three");
	assert_int_equal(interventions_read(p->fd, 0, look, &s, &unreadable, &e), 0);
	assert_string_equal(s.scripts.p, "one;two;three;");
	assert_int_equal(unreadable, 4);
}

static void test_newest_are_handed_oldest_first(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char name[16];

	for (int i = 0; i < 2000; i++) { /* far more than the first window holds */
		snprintf(name, sizeof(name), "s%d", i);
		add(p, name);
	}
	for (size_t newest = 0; newest <= 2001; newest = newest < 3 ? newest + 1 : newest + 666) {
		CLEANUP(seen_release) struct seen s = { BUF_INIT };
		size_t wanted = newest && newest < 2000 ? newest : 2000;

		assert_int_equal(interventions_read(p->fd, newest, look, &s, NULL, &e), 0);
		assert_int_equal(s.count, wanted);
		snprintf(name, sizeof(name), "s%zu;", 2000 - wanted);
		assert_memory_equal(s.scripts.p, name, strlen(name));
	}
}

static void test_no_file_is_no_lines(void **state)
{
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	struct place *p = *state;
	struct err e = ERR_INIT;

	assert_int_equal(interventions_read(p->fd, 5, look, &s, NULL, &e), 0);
	assert_int_equal(s.count, 0);
}

static void test_long_text_is_cut(void **state)
{
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct span args[INTERVENTION_ARGS_MAX + 5];
	struct intervention in = { .at_ms = 1, .script = SPAN_LIT("s"), .args = args };
	struct place *p = *state;
	struct err e = ERR_INIT;

	for (int i = 0; i < INTERVENTION_TEXT_BYTES_MAX + 1; i++)
		buf_putc(&text, 'x');
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = SPAN_LIT("a");
	in.arg_count = ARRAY_LEN(args);
	in.message = (struct span){ text.p, text.len };
	assert_int_equal(interventions_add(p->fd, &in, &e), 0);
	assert_int_equal(interventions_read(p->fd, 1, look, &s, NULL, &e), 0);
	assert_int_equal(s.in.arg_count, INTERVENTION_ARGS_MAX + 1);
	assert_int_equal(s.in.message.len, INTERVENTION_TEXT_BYTES_MAX + 3);
	assert_non_null(strstr(s.last.p, "|...") ? s.last.p : NULL);
}

static void test_foreign_file_is_refused(void **state)
{
	struct intervention in = { .at_ms = 1, .script = SPAN_LIT("s") };
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	struct place *p = *state;
	struct err e = ERR_INIT;

	assert_int_equal(symlinkat("/dev/null", p->fd, INTERVENTIONS_FILE), 0);
	assert_int_equal(interventions_add(p->fd, &in, &e), -SK_EREFUSED);
	err_clear(&e);
	assert_int_equal(interventions_read(p->fd, 0, look, &s, NULL, &e), -SK_EREFUSED);
	assert_int_equal(unlinkat(p->fd, INTERVENTIONS_FILE, 0), 0);
	assert_int_equal(mkfifoat(p->fd, INTERVENTIONS_FILE, 0600), 0);
	err_clear(&e);
	assert_int_equal(interventions_add(p->fd, &in, &e), -SK_EREFUSED);
}

/* Eight processes at once: every line whole, none lost. */
static void test_many_writers(void **state)
{
	CLEANUP(seen_release) struct seen s = { BUF_INIT };
	struct place *p = *state;
	struct err e = ERR_INIT;
	uint64_t unreadable;
	int status;

	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct intervention in = { .at_ms = 1, .script = SPAN_LIT("many") };

			for (int k = 0; k < 25; k++)
				if (interventions_add(p->fd, &in, &e) != 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(interventions_read(p->fd, 0, look, &s, &unreadable, &e), 0);
	assert_int_equal(s.count, 200);
	assert_int_equal(unreadable, 0);
}

static void test_result_of_code(void **state)
{
	(void)state;
	assert_int_equal(intervention_result_of(0), INTERVENTION_OK);
	assert_int_equal(intervention_result_of(1), INTERVENTION_OK);
	assert_int_equal(intervention_result_of(-SK_ECONFIRM), INTERVENTION_REFUSED);
	assert_int_equal(intervention_result_of(-SK_EBUSY), INTERVENTION_REFUSED);
	assert_int_equal(intervention_result_of(-SK_EIO), INTERVENTION_FAILED);
	assert_int_equal(intervention_result_of(-5), INTERVENTION_FAILED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_line_comes_back),
		CASE(test_torn_line_swallows_nothing),
		CASE(test_newest_are_handed_oldest_first),
		CASE(test_no_file_is_no_lines),
		CASE(test_long_text_is_cut),
		CASE(test_foreign_file_is_refused),
		CASE(test_many_writers),
		cmocka_unit_test(test_result_of_code),
	};

	return cmocka_run_group_tests_name("interventions", tests, NULL, NULL);
}
