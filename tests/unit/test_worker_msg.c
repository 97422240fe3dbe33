/* Every kind of message goes to bytes and back unchanged; everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "ctl/worker_msg.h"

static int decode(const char *line, struct worker_msg *out)
{
	static struct buf scratch;

	buf_release(&scratch);
	return worker_msg_decode(span_of(line), &scratch, out);
}

static const struct worker_msg full = {
	.task_id = { "t.1", 3 },
	.worker_id = { "w-1", 3 },
	.workstream_id = { "ws", 2 },
	.name = { "na\"me\n", 6 },
	.attempt = 3,
	.incarnation = 4,
	.serial = 5,
	.slots = 6,
	.pid = 7,
	.pid_start = 8,
	.epoch = 9,
	.run_no = 10,
	.active_count = 11,
	.grace_ms = 12,
	.at_ms = -13,
	.boot_id = { "b", 1 },
	.nonce = { "n", 1 },
	.version = { "1.0", 3 },
	.kill_mode = { "cgroup", 6 },
	.capabilities = { "[\"a\"]", 5 },
	.active = { "[{\"task\":\"x\"}]", 14 },
	.reason = { "\t\xc3\xa9", 3 },
	.def = { "{\"run\":\"x\"}", 11 },
	.cwd = { "/a b", 4 },
	.env = { "{\"A\":\"b\"}", 9 },
	.validation = true,
	.result = { .outcome = OUTCOME_SIGNAL,
		    .validation = true,
		    .exit_code = -1,
		    .signal = 9,
		    .duration_ms = 1,
		    .cpu_ms = 2,
		    .peak_kb = 3,
		    .leftovers = 4,
		    .error = { "no | way", 8 },
		    .outputs = { "{\"k\":\"v\"}", 9 } },
};

static void test_every_kind_round_trips(void **state)
{
	(void)state;
	for (int kind = 0; kind < MSG_COUNT; kind++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT, again = BUF_INIT;
		struct worker_msg m = full, back;

		m.kind = (enum worker_msg_kind)kind;
		worker_msg_encode(&line, &m);
		assert_int_equal(line.p[line.len - 1], '\n');
		assert_null(memchr(line.p, '\n', line.len - 1));
		line.p[line.len - 1] = '\0';
		assert_int_equal(decode(line.p, &back), 0);
		assert_int_equal(back.kind, kind);
		worker_msg_encode(&again, &back);
		again.p[again.len - 1] = '\0';
		assert_string_equal(line.p, again.p);
	}
}

static void test_values_come_back(void **state)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct worker_msg m = full, back;

	(void)state;
	m.kind = MSG_FINISHED;
	worker_msg_encode(&line, &m);
	line.p[line.len - 1] = '\0';
	assert_int_equal(decode(line.p, &back), 0);
	assert_int_equal(back.result.outcome, OUTCOME_SIGNAL);
	assert_int_equal(back.result.exit_code, -1);
	assert_int_equal(back.result.leftovers, 4);
	assert_true(span_is(back.result.error, "no | way"));
	assert_true(span_is(back.result.outputs, "{\"k\":\"v\"}"));
	assert_true(back.result.validation);
	buf_truncate(&line, 0);
	m.kind = MSG_ASSIGN;
	worker_msg_encode(&line, &m);
	line.p[line.len - 1] = '\0';
	assert_int_equal(decode(line.p, &back), 0);
	assert_true(span_is(back.name, "na\"me\n"));
	assert_true(back.validation);
	assert_true(span_is(back.env, "{\"A\":\"b\"}"));
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		"{\"msg\":\"ack\"}",
		"{\"msg\":\"nonsense\",\"serial\":1}",
		"{\"msg\":\"ack\",\"serial\":1}x",
		"{\"msg\":\"ack\",\"serial\":-1}",
		"{\"msg\":\"ack\",\"serial\":\"1\"}",
		"{\"msg\":\"ack\",\"serial\":9007199254740992}",
		"{\"msg\":\"ack\",\"serial\":1,\"serial\":2}",
		"{\"msg\":\"ack\",\"msg\":\"ack\",\"serial\":1}",
		"{\"serial\":1}",
		"{\"msg\":\"cancel\",\"task_id\":\"../x\",\"attempt\":1}",
		"{\"msg\":\"cancel\",\"task_id\":\"\",\"attempt\":1}",
		"{\"msg\":\"cancel\",\"task_id\":\"a\\u002fb\",\"attempt\":1}",
		"{\"msg\":\"assign\",\"task_id\":\"a\",\"attempt\":1,\"workstream_id\":\"w\","
		"\"def\":[]}",
		"{\"msg\":\"finished\",\"serial\":1,\"task_id\":\"a\",\"attempt\":1,\"outcome\":"
		"\"well\"}",
		"{\"msg\":\"rejected\",\"reason\":7}",
	};
	struct worker_msg m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (decode(bad[i], &m) != -EINVAL)
			fail_msg("was taken: %s", bad[i]);
}

static void test_unknown_members_pass(void **state)
{
	struct worker_msg m;

	(void)state;
	assert_int_equal(decode("{\"new\":{\"a\":[1]},\"serial\":4,\"msg\":\"ack\"}", &m), 0);
	assert_int_equal(m.serial, 4);
}

/* An id may be qualified by its workstream; nothing that leads elsewhere passes for one. */
static void test_long_task_ids(void **state)
{
	static const char *const last[] = { "a", "/", "..", ".", "\\u0000" };
	struct worker_msg m;
	char line[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(last); i++) {
		snprintf(line, sizeof(line),
			 "{\"msg\":\"cancel\",\"task_id\":\"%064d.%060d%s\",\"attempt\":1}", 1, 2,
			 last[i]);
		assert_int_equal(decode(line, &m), i == 0 ? 0 : -EINVAL);
	}
	snprintf(line, sizeof(line), "{\"msg\":\"cancel\",\"task_id\":\"%0100d\",\"attempt\":1}",
		 1);
	assert_int_equal(decode(line, &m), -EINVAL);
	snprintf(line, sizeof(line),
		 "{\"msg\":\"cancel\",\"task_id\":\"%064d.%065d\",\"attempt\":1}", 1, 2);
	assert_int_equal(decode(line, &m), -EINVAL);
}

static void test_size_is_limited(void **state)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, scratch = BUF_INIT;
	struct worker_msg m;

	(void)state;
	buf_puts(&line, "{\"msg\":\"rejected\",\"reason\":\"");
	while (line.len < MESSAGE_BYTES_MAX)
		buf_putc(&line, 'a');
	buf_puts(&line, "\"}");
	assert_int_equal(worker_msg_decode((struct span){ line.p, line.len }, &scratch, &m),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_round_trips),
		cmocka_unit_test(test_values_come_back),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unknown_members_pass),
		cmocka_unit_test(test_long_task_ids),
		cmocka_unit_test(test_size_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
