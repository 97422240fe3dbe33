/*
 * What agents and services say at their limits, as samples: each with the kind, the provider, the
 * line that decides and when to come back. As important are the samples that are none: an agent
 * that works on code about limits prints the same words all day.
 */
#include "test.h"

#include "base/when.h"
#include "core/quota.h"

/* 2026-11-21T12:00:00Z, a Saturday; the walls show 13:00. */
static const struct quota_now now = { 1795262400000LL, 60 };

static int64_t at(const char *text)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT;
	int64_t ms;

	if (!text)
		return 0;
	buf_putf(&full, "%s.000Z", text);
	assert_int_equal(when_decode((struct span){ full.p, full.len }, &ms), 0);
	return ms;
}

struct sample {
	const char *text;
	enum quota_kind kind;
	enum quota_provider provider;
	size_t line;
	const char *retry_at; /* UTC without its fraction, or NULL */
};

static void check(const struct sample *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct quota_verdict got;

		quota_classify(span_of(v[i].text), &now, QUOTA_BY_UNKNOWN, &got);
		if (got.kind != v[i].kind || got.provider != v[i].provider ||
		    got.line != v[i].line || got.retry_at_ms != at(v[i].retry_at)) {
			char when[WHEN_TEXT_LEN];

			when_encode(got.retry_at_ms, when);
			fail_msg("%.300s\n-> %s by %s, line %zu, \"%s\", at %.24s", v[i].text,
				 quota_kind_word(got.kind), quota_provider_word(got.provider),
				 got.line, got.words, when);
		}
		assert_true((got.kind == QUOTA_NONE) == (got.words[0] == '\0'));
	}
}

static void test_messages(void **unused)
{
	static const struct sample samples[] = {
		{ "Quota exhausted \xe2\x80\x94 blocked", QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1,
		  NULL },
		{ "billing", QUOTA_BILLING, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "BLOCKED: rate limit", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "too many requests", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "Too  Many\tRequests", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "quota exceeded", QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "overloaded", QUOTA_OVERLOADED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "HTTP 429", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "429", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "HTTP/1.1 429 Too Many Requests\nRetry-After: 30\n", QUOTA_RATE_LIMIT,
		  QUOTA_BY_UNKNOWN, 1, "2026-11-21T12:00:30" },
		{ "HTTP/2 503\nretry-after: Sat, 21 Nov 2026 12:05:00 GMT", QUOTA_OVERLOADED,
		  QUOTA_BY_UNKNOWN, 1, "2026-11-21T12:05:00" },
		{ "The daily limit was reached.", QUOTA_DAILY_QUOTA, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "monthly quota is used up", QUOTA_MONTHLY_QUOTA, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "token quota exceeded", QUOTA_TOKEN_QUOTA, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "weekly limit reached", QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "resource exhausted", QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "credits exhausted", QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "context window exceeded", QUOTA_CONTEXT_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "402 Payment Required", QUOTA_BILLING, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "error: 529 overloaded", QUOTA_OVERLOADED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "## [2026-11-21 11:58 UTC]\n\nTried twice.\n\nQuota exhausted, see "
		  "billing\nSTATUS: BLOCKED\n",
		  QUOTA_BILLING, QUOTA_BY_UNKNOWN, 5, NULL },
	};

	(void)unused;
	check(samples, ARRAY_LEN(samples));
}

static void test_a_network_that_is_gone(void **unused)
{
	static const struct sample samples[] = {
		{ "Error: getaddrinfo ENOTFOUND api.anthropic.com", QUOTA_NETWORK,
		  QUOTA_BY_ANTHROPIC, 1, NULL },
		{ "fatal: request failed\nError: connect ECONNREFUSED 127.0.0.1:443", QUOTA_NETWORK,
		  QUOTA_BY_UNKNOWN, 2, NULL },
		{ "curl: (6) Could not resolve host: example.org", QUOTA_NETWORK, QUOTA_BY_UNKNOWN,
		  1, NULL },
		{ "Temporary failure in name resolution", QUOTA_NETWORK, QUOTA_BY_UNKNOWN, 1,
		  NULL },
		{ "error: connection refused", QUOTA_NETWORK, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "Error: getaddrinfo EAI_AGAIN example.org", QUOTA_NETWORK, QUOTA_BY_UNKNOWN, 1,
		  NULL },
		{ "request failed: ETIMEDOUT", QUOTA_NETWORK, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "Error: read ECONNRESET", QUOTA_NETWORK, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
		  "\"result\":\"API Error: Connection error.\"}",
		  QUOTA_NETWORK, QUOTA_BY_ANTHROPIC, 1, NULL },
		/* A service that answers says more. */
		{ "error: connection reset by peer\nHTTP 429", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN,
		  2, NULL },
		{ "Added a test: connection refused is retried", QUOTA_NONE, QUOTA_BY_UNKNOWN, 0,
		  NULL },
	};
	struct quota_verdict v;

	(void)unused;
	check(samples, ARRAY_LEN(samples));
	quota_classify(span_of(samples[0].text), &now, QUOTA_BY_UNKNOWN, &v);
	assert_true(v.retryable);
	quota_of_service(&v);
	assert_int_equal(v.kind, QUOTA_NONE);
	assert_false(v.retryable);
}

static void test_agents_in_words(void **unused)
{
	static const struct sample samples[] = {
		{ "Claude usage limit reached. Your limit will reset at 3pm (Europe/Berlin).",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_ANTHROPIC, 1, "2026-11-21T14:00:00" },
		{ "You've hit your limit \xc2\xb7 resets 9am (Europe/Berlin)", QUOTA_QUOTA_EXCEEDED,
		  QUOTA_BY_UNKNOWN, 1, "2026-11-22T08:00:00" },
		{ "5-hour limit reached \xe2\x88\x99 resets 10pm", QUOTA_QUOTA_EXCEEDED,
		  QUOTA_BY_UNKNOWN, 1, "2026-11-21T21:00:00" },
		{ "Claude AI usage limit reached|1795273200", QUOTA_QUOTA_EXCEEDED,
		  QUOTA_BY_ANTHROPIC, 1, "2026-11-21T15:00:00" },
		{ "Credit balance is too low", QUOTA_BILLING, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "API Error: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\","
		  "\"message\":\"This request would exceed your organization's rate limit\"}}",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "API Error (529 {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
		  "\"message\":\"Overloaded\"}}) \xc2\xb7 Retrying in 5 seconds\xe2\x80\xa6",
		  QUOTA_OVERLOADED, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "stream error: exceeded retry limit, last status: 429 Too Many Requests; "
		  "retrying 1/5 in 214ms\xe2\x80\xa6",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "You've hit your usage limit. Upgrade to Pro "
		  "(https://openai.com/chatgpt/pricing) "
		  "or try again in 3 days 4 hours 2 minutes.",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_OPENAI, 1, "2026-11-24T16:02:00" },
		{ "ERROR: You've hit your usage limit. Try again at Nov 24th, 2026 3:05 PM.",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, "2026-11-24T14:05:00" },
		{ "openai.RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded "
		  "your "
		  "current quota, please check your plan and billing details.', 'type': "
		  "'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}",
		  QUOTA_BILLING, QUOTA_BY_OPENAI, 1, NULL },
		{ "Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): "
		  "Limit "
		  "30000, Used 29000. Please try again in 1m30s.",
		  QUOTA_RATE_LIMIT, QUOTA_BY_OPENAI, 1, "2026-11-21T12:01:30" },
		{ "You have exceeded your premium request allowance for this month. "
		  "Your limit resets on Dec 1.",
		  QUOTA_MONTHLY_QUOTA, QUOTA_BY_GITHUB, 1, "2026-11-30T23:00:00" },
		{ "Sorry, you have been rate-limited. Please wait a moment before trying again. "
		  "[Learn more](https://gh.io/copilot)",
		  QUOTA_RATE_LIMIT, QUOTA_BY_GITHUB, 1, NULL },
		{ "You have exceeded a secondary rate limit. Please wait 2 minutes before you try "
		  "again.",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, "2026-11-21T12:02:00" },
		{ "Quota exceeded for quota metric 'Generate Content API requests per day'. Please "
		  "retry in 34s.",
		  QUOTA_DAILY_QUOTA, QUOTA_BY_UNKNOWN, 1, "2026-11-21T12:00:34" },
		{ "Error: The model is overloaded. Please try again later.", QUOTA_OVERLOADED,
		  QUOTA_BY_UNKNOWN, 1, NULL },
		{ "prompt is too long: 212033 tokens > 200000 maximum", QUOTA_CONTEXT_LIMIT,
		  QUOTA_BY_UNKNOWN, 1, NULL },
		{ "Codex ran out of room in the model's context window. Start a new thread.",
		  QUOTA_CONTEXT_LIMIT, QUOTA_BY_OPENAI, 1, NULL },
		{ "Limit resets at 15:00 UTC.\nError: usage limit reached", QUOTA_QUOTA_EXCEEDED,
		  QUOTA_BY_UNKNOWN, 2, "2026-11-21T15:00:00" },
	};
	struct quota_verdict got;

	(void)unused;
	check(samples, ARRAY_LEN(samples));
	quota_classify(span_of("usage limit reached, resets 4pm (Mars/Olympus)"), &now,
		       QUOTA_BY_GOOGLE, &got);
	assert_int_equal(got.kind, QUOTA_QUOTA_EXCEEDED);
	assert_int_equal(got.provider, QUOTA_BY_GOOGLE);
	assert_int_equal(got.time.form, QUOTA_TIME_NO_ZONE);
	assert_string_equal(got.time.zone, "Mars/Olympus");
	assert_int_equal(got.retry_at_ms, 0);
}

#define INIT "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\",\"model\":\"m\"}\n"
#define SAID                                                                                  \
	"{\"type\":\"assistant\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":" \
	"\"text\",\"text\":\"The server answers 429 rate limit exceeded\"}]}}\n"
#define TOOL                                                                                   \
	"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\",\"is_error\":" \
	"true,\"content\":\"HTTP 429 Too Many Requests\"}]}}\n"
#define GOOD                                                                                    \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"Done: a " \
	"429 is retried now\"}\n"

static void test_structured(void **unused)
{
	static const struct sample samples[] = {
		{ "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"result\":"
		  "\"Claude AI "
		  "usage limit reached|1795273200\"}",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_ANTHROPIC, 1, "2026-11-21T15:00:00" },
		{ "{\n  \"type\": \"result\",\n  \"is_error\": true,\n  \"result\": \"Credit "
		  "balance is "
		  "too low\"\n}\n",
		  QUOTA_BILLING, QUOTA_BY_ANTHROPIC, 4, NULL },
		{ "[" INIT "," SAID ",{\"type\":\"result\",\"is_error\":true,\"result\":\"API "
		  "Error: 529 overloaded\"}]",
		  QUOTA_OVERLOADED, QUOTA_BY_ANTHROPIC, 3, NULL },
		{ INIT
		  "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"rejected\","
		  "\"resetsAt\":1795273200,\"rateLimitType\":\"five_hour\"},\"session_id\":\"s\"}"
		  "\n",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_ANTHROPIC, 2, "2026-11-21T15:00:00" },
		{ INIT
		  "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"rejected\","
		  "\"resetsAt\":1795273200}}\n"
		  "{\"type\":\"assistant\",\"message\":{\"content\":[]},\"error\":\"rate_limit\"}\n"
		  "{\"type\":\"result\",\"is_error\":true,\"result\":\"You've hit your limit\"}\n",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_ANTHROPIC, 4, "2026-11-21T15:00:00" },
		{ INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":3,"
		       "\"retry_delay_ms\":4000,\"error_status\":529,\"error\":\"server_error\"}\n",
		  QUOTA_OVERLOADED, QUOTA_BY_ANTHROPIC, 2, "2026-11-21T12:00:04" },
		{ "{\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":\"Your "
		  "account "
		  "is disabled\"}}",
		  QUOTA_BILLING, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "{\"error\":{\"message\":\"You exceeded your current quota, please check your "
		  "plan\","
		  "\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}"
		  "}",
		  QUOTA_BILLING, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"turn.started\"}\n"
		  "{\"type\":\"turn.failed\",\"error\":{\"message\":\"exceeded retry limit, last "
		  "status: "
		  "429 Too Many Requests\"}}\n",
		  QUOTA_RATE_LIMIT, QUOTA_BY_OPENAI, 3, NULL },
		{ "{\"id\":\"0\",\"msg\":{\"type\":\"error\",\"message\":\"You've hit your usage "
		  "limit. "
		  "Try again in 2 hours.\"}}",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_UNKNOWN, 1, "2026-11-21T14:00:00" },
		{ "{\"type\":\"item.completed\",\"item\":{\"id\":\"i\",\"type\":\"error\","
		  "\"message\":"
		  "\"context_length_exceeded\"}}",
		  QUOTA_CONTEXT_LIMIT, QUOTA_BY_OPENAI, 1, NULL },
		{ "{\"type\":\"session.error\",\"data\":{\"errorType\":\"quota\",\"message\":\"You "
		  "have "
		  "exceeded your monthly quota\",\"statusCode\":402},\"timestamp\":\"2026-11-21\"}",
		  QUOTA_BILLING, QUOTA_BY_GITHUB, 1, NULL },
		{ "{\"message\":\"API rate limit exceeded for user ID 7.\",\"documentation_url\":"
		  "\"https://docs.github.com/rest\"}",
		  QUOTA_RATE_LIMIT, QUOTA_BY_GITHUB, 1, NULL },
		{ "{\n\"error\": {\n\"code\": 429,\n\"message\": \"Resource has been exhausted "
		  "(e.g. "
		  "check quota).\",\n\"status\": \"RESOURCE_EXHAUSTED\",\n\"details\": "
		  "[{\"@type\": "
		  "\"type.googleapis.com/google.rpc.RetryInfo\", \"retryDelay\": \"34s\"}]}}",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_GOOGLE, 4, "2026-11-21T12:00:34" },
		{ "{\"error\":{\"code\":429,\"details\":[{\"violations\":[{\"quotaId\":"
		  "\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\"}]}]}}",
		  QUOTA_DAILY_QUOTA, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "{\"error\":{\"message\":\"429\",\"name\":\"RateLimitError\"},\"errorContext\":"
		  "\"model_call\",\"recoverable\":true}",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 1, NULL },
		{ "{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"is_error\":true,"
		  "\"errors\":[\"x\",\"API Error: 429 rate_limit_error\"]}",
		  QUOTA_RATE_LIMIT, QUOTA_BY_ANTHROPIC, 1, NULL },
		{ "openai: 429 {\"error\":{\"type\":\"rate_limit_exceeded\"}}", QUOTA_RATE_LIMIT,
		  QUOTA_BY_OPENAI, 1, NULL },
		/* The last one counts, and a torn line tells by its error. */
		{ INIT "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}\n" SAID
		       "{\"type\":\"result\",\"is_error\":true,\"result\":\"quota exceeded\"}\n",
		  QUOTA_QUOTA_EXCEEDED, QUOTA_BY_ANTHROPIC, 4, NULL },
		{ INIT "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"mess",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 2, NULL },
		/* Structured before words. */
		{ "Error: monthly "
		  "quota\n{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}\n",
		  QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 2, NULL },
		/* Words behind a good end are of somebody else's. */
		{ INIT GOOD "Error: 429 Too Many Requests\n", QUOTA_RATE_LIMIT, QUOTA_BY_UNKNOWN, 3,
		  NULL },
	};

	(void)unused;
	check(samples, ARRAY_LEN(samples));
}

static void test_structured_none(void **unused)
{
	static const char *const none[] = {
		INIT SAID TOOL GOOD,
		INIT SAID,
		INIT TOOL,
		/* It was met, and got over. */
		INIT
		"{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":429,\"error\":"
		"\"rate_limit\"}\n" SAID,
		"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}\n" GOOD,
		"Error: 429 Too Many Requests\n" INIT GOOD,
		/* Allowed is not refused. */
		"{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed\","
		"\"resetsAt\":"
		"1795273200}}\n",
		"{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed_"
		"warning\"}}\n",
		/* What a tool met. */
		"{\"type\":\"item.completed\",\"item\":{\"type\":\"command_execution\",\"status\":"
		"\"failed\",\"aggregated_output\":\"429 Too Many Requests\"}}\n",
		"{\"type\":\"item.completed\",\"item\":{\"type\":\"mcp_tool_call\",\"error\":{"
		"\"message\":"
		"\"rate limit exceeded\"}}}\n",
		"{\"type\":\"tool.execution_complete\",\"data\":{\"success\":false,\"error\":{"
		"\"message\":"
		"\"429\"}}}\n",
		/* Other errors. */
		"{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":"
		"\"invalid "
		"x-api-key\"}}",
		"{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true}",
		"{\"level\":\"info\",\"msg\":\"rate limit is 5 a minute\"}",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct quota_verdict got;

		quota_classify(span_of(none[i]), &now, QUOTA_BY_UNKNOWN, &got);
		if (got.kind != QUOTA_NONE)
			fail_msg("%s\n-> %s: %s", none[i], quota_kind_word(got.kind), got.words);
		assert_int_equal(got.line, 0);
		assert_int_equal(got.retry_at_ms, 0);
		assert_false(got.retryable);
	}
}

static const char *const innocent[] = {
	"",
	"\n\n",
	"{",
	"[",
	"src/http.c:429: warning: unused variable",
	"see line 429",
	"lines 429-503 are new",
	"port 503 is free",
	"#429: the quick fix",
	"429 tests passed",
	"took 429 ms, 503 files, 529 MB",
	"if (status == 429) {",
	"+\tthrow new Error(\"rate limit exceeded\");",
	"-\treturn HTTP_TOO_MANY_REQUESTS; // 429 Too Many Requests",
	"  429\treturn quota_exceeded(limit);",
	"raise RateLimitError(\"quota exceeded\")",
	"const overloaded = true;",
	"the overloaded operator of class Matrix",
	"expect(response.status).toBe(429);",
	"Added handling of 429 Too Many Requests",
	"- Implemented rate limit middleware",
	"* fixed the billing page",
	"\xe2\x9c\x93 answers 429 when the quota is exceeded (12 ms)",
	"test_rate_limit_exceeded ... ok",
	"ok 12 - too many requests are refused",
	"tests/test_billing.py::test_quota PASSED",
	"Refactored src/billing/invoice.c",
	"feat: rate limit exceeded is told to the caller",
	"The rate limiter module has 3 files",
	"v429.1.0",
	"1.429",
	"sha 4295034a",
	"the accelerated rates limited liability",
};

static void test_innocent(void **unused)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	struct quota_verdict got;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(innocent); i++) {
		quota_classify(span_of(innocent[i]), &now, QUOTA_BY_UNKNOWN, &got);
		if (got.kind != QUOTA_NONE)
			fail_msg("%s\n-> %s: %s", innocent[i], quota_kind_word(got.kind),
				 got.words);
	}
	/* And in the log of an agent that works. */
	for (unsigned round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_LEN(innocent); i++)
			buf_putf(&all, "%s\n", innocent[i]);
	buf_puts(&all, "I looked at billing and at the rate limit of the service.\n");
	quota_classify((struct span){ all.p, all.len }, &now, QUOTA_BY_UNKNOWN, &got);
	if (got.kind != QUOTA_NONE)
		fail_msg("line %zu: %s: %s", got.line, quota_kind_word(got.kind), got.words);
}

/* In a log weak words need trouble beside them, and what was said long ago has been got over. */
static void test_log(void **unused)
{
	CLEANUP(buf_release) struct buf log = BUF_INIT;
	struct quota_verdict got;
	size_t long_ago;

	(void)unused;
	buf_puts(&log, "Error: 429 Too Many Requests\n");
	for (unsigned i = 0; i < QUOTA_WORDS_LINES - 2; i++)
		buf_putf(&log, "compiled file %u\n", i);
	quota_classify((struct span){ log.p, log.len }, &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_RATE_LIMIT);
	assert_int_equal(got.line, 1);
	assert_int_equal(got.status, 429);
	buf_puts(&log, "one more\none more\none more\n");
	quota_classify((struct span){ log.p, log.len }, &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_NONE);
	long_ago = log.len;
	buf_puts(&log, "Request failed: billing\n");
	quota_classify((struct span){ log.p, log.len }, &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_BILLING);
	assert_int_equal(got.line, QUOTA_WORDS_LINES + 3);
	assert_false(got.retryable);
	buf_truncate(&log, long_ago);
	/* Lines close together are one statement: the most exact kind of it counts. */
	buf_puts(&log,
		 "Error: quota exceeded for today\nrequest failed with status 429\nresets in 2h\n");
	quota_classify((struct span){ log.p, log.len }, &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_DAILY_QUOTA);
	assert_int_equal(got.status, 429);
	assert_int_equal(got.retry_at_ms, now.ms + 7200000);
	/* Farther apart, the last one does. */
	for (unsigned i = 0; i < 10; i++)
		buf_puts(&log, "working\n");
	buf_puts(&log, "Error: the server is overloaded\n");
	quota_classify((struct span){ log.p, log.len }, &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_OVERLOADED);
	assert_int_equal(got.time.form, QUOTA_TIME_NONE);
}

static void test_no_retry(void **unused)
{
	struct quota_verdict got;

	(void)unused;
	quota_classify(span_of("{\"error\":{\"type\":\"rate_limit_error\"},\"headers\":"
			       "{\"x-should-retry\":\"false\"}}"),
		       &now, QUOTA_BY_UNKNOWN, &got);
	assert_int_equal(got.kind, QUOTA_RATE_LIMIT);
	assert_false(got.retryable);
}

/* Sixteen mebibytes of the worst a sender can think of are read once or a few times, not squared.
 */
static void test_large(void **unused)
{
	static const char *const pieces[] = { "{\"a\":[\n",   "{",       "429 ", "a~b limit ",
					      "{\"error\":{", "resets ", "\n" };
	struct quota_verdict got;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		while (text.len < 2 * 1024 * 1024)
			buf_puts(&text, pieces[i]);
		quota_classify((struct span){ text.p, text.len }, &now, QUOTA_BY_UNKNOWN, &got);
		assert_true(strlen(got.words) < QUOTA_EVIDENCE_BYTES_MAX);
	}
}

static void test_words(void **unused)
{
	enum quota_provider provider;
	enum quota_kind kind;

	(void)unused;
	for (unsigned i = 0; i < QUOTA_KIND_COUNT; i++) {
		assert_true(quota_kind_of(span_of(quota_kind_word((enum quota_kind)i)), &kind));
		assert_int_equal(kind, i);
		assert_true(strlen(quota_kind_text(kind)) > 0);
	}
	for (unsigned i = 0; i < QUOTA_PROVIDER_COUNT; i++) {
		assert_true(quota_provider_of(span_of(quota_provider_word((enum quota_provider)i)),
					      &provider));
		assert_int_equal(provider, i);
	}
	assert_false(quota_kind_of(span_of("RATE_LIMIT"), &kind));
	assert_false(quota_provider_of(span_of(""), &provider));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_a_network_that_is_gone),
		cmocka_unit_test(test_agents_in_words),
		cmocka_unit_test(test_structured),
		cmocka_unit_test(test_structured_none),
		cmocka_unit_test(test_innocent),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_no_retry),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
