/* What agents write and the strict reader refuses: after the repair it is read, with the right
 * meaning; and what was good stays as it was, byte for byte. */
#include "test.h"

#include "base/json_repair.h"
#include "base/scan.h"

static void check(struct span in, const char *expected)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct scan s;

	json_repair(in, &out);
	if (!out.p || strcmp(out.p, expected) != 0)
		fail_msg("%.*s\n-> %s", SPAN_ARG(in), out.p ? out.p : "(nothing)");
	scan_init(&s, (struct span){ out.p, out.len });
	scan_skip(&s, NULL);
	assert_int_equal(scan_end(&s), 0);
}

static void test_repairs(void **unused)
{
	(void)unused;
	check(SPAN_LIT("{\"a\":[1,\"x\\u00e9\\\"\\\\ud83d\"]}"),
	      "{\"a\":[1,\"x\\u00e9\\\"\\\\ud83d\"]}");
	check(SPAN_LIT("\xef\xbb\xbf{}"), "{}");
	check(SPAN_LIT("\xef\xbb\xbf\xef\xbb\xbf{}"), "{}");
	check(SPAN_LIT("{\"a\":\"\\ud83d\\ude00\"}"), "{\"a\":\"\\ud83d\\ude00\"}");
	check(SPAN_LIT("{\"a\":\"\\ud83d\"}"), "{\"a\":\"\xef\xbf\xbd\"}");
	check(SPAN_LIT("{\"a\":\"\\ude00\\ud83d x\"}"), "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd x\"}");
	check(SPAN_LIT("{\"a\":\"\\ud83d\\u0041\"}"), "{\"a\":\"\xef\xbf\xbd\\u0041\"}");
	check(SPAN_LIT("{\"a\":\"\\u0000\"}"), "{\"a\":\"\xef\xbf\xbd\"}");
	check(SPAN_LIT("{\"a\":\"x\0y\"}"), "{\"a\":\"x\xef\xbf\xbdy\"}");
	check(SPAN_LIT("{\"a\":\"x\ny\t\"}"), "{\"a\":\"x\\u000ay\\u0009\"}");
	check(SPAN_LIT("{\"a\":\"\xff\xc0\x80\"}"),
	      "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
	check(SPAN_LIT("{\"a\":1} {\"b\":2}"), "{\"a\":1}");
	check(SPAN_LIT("[{}]]]"), "[{}]");
	check(SPAN_LIT("\"}\""), "\"}\"");
}

/* Cut anywhere it reads nothing outside and ends. */
static void test_cut(void **unused)
{
	static const char text[] = "{\"a\":\"\\ud83d\\ude00\\u00\xc3\xa9\\\",[{\\ud8\",\"b\":[1]}";

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		char *exact = mem_alloc(len + 1);

		memcpy(exact, text, len);
		json_repair((struct span){ exact, len }, &out);
		assert_true(out.len <= 3 * len);
		mem_free(&exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
