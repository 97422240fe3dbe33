/* Requests, replies and submissions: there and back, and nonsense refused. */
#include "ctl/control_msg.h"

#include <errno.h>

#include "test.h"

static void encode_line(struct buf *out, const struct control_request *r)
{
	control_request_encode(out, r);
	assert_int_equal(out->p[out->len - 1], '\n');
	buf_truncate(out, out->len - 1);
	assert_null(memchr(out->p, '\n', out->len));
}

static void test_every_act_travels(void **unused)
{
	(void)unused;
	for (int kind = 0; kind < ACT_COUNT; kind++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;
		CLEANUP(buf_release) struct buf scratch = BUF_INIT;
		struct control_request r = { .kind = CONTROL_ACT }, back;

		r.act = (struct act){ .kind = (enum act_kind)kind,
				      .task_id = SPAN_LIT("a\"\n\\"),
				      .workstream_id = SPAN_LIT("w\t"),
				      .reason = SPAN_LIT("because \x01"),
				      .timeout_ms = 12,
				      .force = true };
		encode_line(&line, &r);
		assert_int_equal(
			control_request_decode((struct span){ line.p, line.len }, &scratch, &back),
			0);
		assert_int_equal(back.kind, CONTROL_ACT);
		assert_int_equal(back.act.kind, kind);
		assert_true(span_eq(back.act.task_id, r.act.task_id));
		assert_true(span_eq(back.act.workstream_id, r.act.workstream_id));
		assert_true(span_eq(back.act.reason, r.act.reason));
		assert_int_equal(back.act.timeout_ms, 12);
		assert_true(back.act.force);
		assert_false(back.act.keep_completed);
	}
}

static void test_a_reply_travels(void **unused)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct control_reply r = { .code = 4098,
				   .message = SPAN_LIT("task \"x\": no"),
				   .pid = 7,
				   .paused = true,
				   .version = SPAN_LIT("1.0") },
			     back;

	(void)unused;
	control_reply_encode(&line, &r);
	assert_int_equal(
		control_reply_decode((struct span){ line.p, line.len - 1 }, &scratch, &back), 0);
	assert_int_equal(back.code, 4098);
	assert_int_equal(back.pid, 7);
	assert_true(back.paused);
	assert_false(back.serves);
	assert_true(span_eq(back.message, r.message));
}

/* What a copy prints does not stand in the line. */
static void test_long_output_stands_behind_the_line(void **unused)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct control_reply r = { .output = SPAN_LIT("a page"), .output_bytes = 6 }, back;

	(void)unused;
	control_reply_encode(&line, &r);
	assert_null(strstr(line.p, "a page"));
	assert_int_equal(
		control_reply_decode((struct span){ line.p, line.len - 1 }, &scratch, &back), 0);
	assert_int_equal(back.output_bytes, 6);
	assert_int_equal(back.output.len, 0);
}

static void test_nonsense_is_refused(void **unused)
{
	static const char *const lines[] = {
		"",
		"{}",
		"[]",
		"null",
		"{\"control\":\"dance\"}",
		"{\"control\":\"act\"}",
		"{\"control\":\"act\",\"act\":\"dance\"}",
		"{\"control\":\"act\",\"act\":\"task_retry\",\"force\":1}",
		"{\"control\":\"act\",\"act\":\"task_retry\",\"task_id\":3}",
		"{\"control\":\"submit\"}",
		"{\"control\":\"stop\",\"stop\":3}",
		"{\"control\":\"ping\"} x",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		CLEANUP(buf_release) struct buf scratch = BUF_INIT;
		struct control_request out;

		if (control_request_decode(span_of(lines[i]), &scratch, &out) != -EINVAL)
			fail_msg("accepted: %s", lines[i]);
	}
}

static void test_what_a_newer_program_adds_is_passed_over(void **unused)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct control_request out;

	(void)unused;
	assert_int_equal(control_request_decode(SPAN_LIT("{\"later\":[{}],\"control\":\"ping\"}"),
						&scratch, &out),
			 0);
	assert_int_equal(out.kind, CONTROL_PING);
}

static const char plan[] =
	"{\"workstreams\":[{\"name\":\"w\",\"plan\":\"p\\\"q.yaml\",\"def\":{\"cwd\":\"/\"},"
	"\"max_parallel\":2,\"max_duration_ms\":5}],"
	"\"resources\":[{\"name\":\"r\",\"limit\":3}],"
	"\"tasks\":[{\"name\":\"a\",\"ws\":0,\"needs\":[],\"def\":{\"run\":\"true\"}},"
	"{\"name\":\"b\",\"ws\":0,\"needs\":[0],\"left_out\":true,\"def\":{\"run\":\"x\"}}]}";

static void test_a_submission_travels(void **unused)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	(void)unused;
	assert_int_equal(submission_decode(span_of(plan), &s), 0);
	assert_int_equal(s.task_count, 2);
	assert_false(s.tasks[1].selected);
	assert_int_equal(s.needs[s.tasks[1].needs_at], 0);
	assert_true(span_is(s.ws[0].plan, "p\"q.yaml"));
	submission_encode(&out, &s);
	assert_string_equal(out.p, plan);
}

static void test_a_broken_submission_is_refused(void **unused)
{
	static const char *const texts[] = {
		"{}",
		"{\"workstreams\":[],\"tasks\":[]}",
		"{\"workstreams\":[{\"name\":\"w\"}],\"tasks\":[{\"name\":\"a\",\"ws\":1,\"def\":{}"
		"}]}",
		"{\"workstreams\":[{\"name\":\"w\"}],\"tasks\":[{\"name\":\"a\",\"ws\":0}]}",
		"{\"workstreams\":[{\"name\":\"w\"}],\"tasks\":[{\"name\":\"a\",\"ws\":0,\"needs\":"
		"[9],"
		"\"def\":{}}]}",
		"{\"workstreams\":[{\"name\":\"w\"}],\"tasks\":[{\"name\":\"a\",\"ws\":0,"
		"\"needs\":[0,0],\"def\":{}}]}",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct submission s = SUBMISSION_INIT;

		if (submission_decode(span_of(texts[i]), &s) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_act_travels),
		cmocka_unit_test(test_a_reply_travels),
		cmocka_unit_test(test_long_output_stands_behind_the_line),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_what_a_newer_program_adds_is_passed_over),
		cmocka_unit_test(test_a_submission_travels),
		cmocka_unit_test(test_a_broken_submission_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
