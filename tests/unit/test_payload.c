/* Events as each host writes them: what is read of them, whose they are, and the one form of answer
 * that each of them takes. */
#include "test.h"

#include "hooks/answer.h"
#include "hooks/stop_event.h"

struct sample {
	const char *word; /* on the command line */
	const char *text;
	enum hook_agent agent;
	enum hook_event event;
	const char *session, *more; /* reason, source or trigger */
	const char *answer;         /* to the context "hi" */
};

#define NESTED(event)                                                                             \
	"{\"hookSpecificOutput\":{\"hookEventName\":\"" event "\",\"additionalContext\":\"hi\"}}" \
	"\n"
#define FLAT "{\"additionalContext\":\"hi\"}\n"

static const struct sample samples[] = {
	{ "SessionStart",
	  "{\"session_id\":\"c1\",\"transcript_path\":\"/t\",\"cwd\":\"/r\",\"hook_event_name\":"
	  "\"SessionStart\",\"source\":\"startup\",\"model\":\"m\"}",
	  HOOK_BY_CLAUDE, HOOK_SESSION_START, "c1", "startup", NESTED("SessionStart") },
	{ "UserPromptSubmit",
	  "{\"session_id\":\"c1\",\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"x\"}",
	  HOOK_BY_CLAUDE, HOOK_PROMPT, "c1", "", NESTED("UserPromptSubmit") },
	{ "StopFailure", "{\"session_id\":\"c1\",\"error\":\"rate_limit\"}", HOOK_BY_CLAUDE,
	  HOOK_TURN_FAILED, "c1", "", "" },
	{ "SessionEnd",
	  "{\"hook_event_name\":\"SessionEnd\",\"session_id\":\"c1\",\"reason\":\"clear\"}",
	  HOOK_BY_CLAUDE, HOOK_SESSION_END, "c1", "clear", "" },
	{ "sessionStart",
	  "{\"sessionId\":\"g1\",\"timestamp\":1795262400000,\"cwd\":\"/r\",\"source\":\"new\"}",
	  HOOK_BY_COPILOT, HOOK_SESSION_START, "g1", "new", FLAT },
	{ "userPromptSubmitted", "{\"sessionId\":\"g1\",\"prompt\":\"x\"}", HOOK_BY_COPILOT,
	  HOOK_PROMPT, "g1", "", "" },
	{ "SessionStart",
	  "{\"session_id\":\"g2\",\"timestamp\":\"2026-11-21T12:00:00Z\",\"hook_event_name\":"
	  "\"SessionStart\",\"source\":\"resume\"}",
	  HOOK_BY_COPILOT, HOOK_SESSION_START, "g2", "resume", FLAT },
	{ "ErrorOccurred", "{\"hook_event_name\":\"ErrorOccurred\",\"session_id\":\"g2\"}",
	  HOOK_BY_COPILOT, HOOK_TURN_FAILED, "g2", "", "" },
	{ "SessionStart",
	  "{\"session_id\":\"x1\",\"transcript_path\":null,\"hook_event_name\":\"SessionStart\","
	  "\"model\":\"m\",\"permission_mode\":\"plan\",\"source\":\"fork\"}",
	  HOOK_BY_CODEX, HOOK_SESSION_START, "x1", "fork", NESTED("SessionStart") },
	{ "Stop",
	  "{\"session_id\":\"x1\",\"turn_id\":\"t\",\"transcript_path\":\"/t\",\"hook_event_name\":"
	  "\"Stop\",\"stop_hook_active\":true}",
	  HOOK_BY_CODEX, HOOK_TURN_END, "x1", "", "" },
	{ "PreCompress",
	  "{\"session_id\":\"e1\",\"hook_event_name\":\"PreCompress\",\"trigger\":\"auto\","
	  "\"timestamp\":\"2026-11-21T12:00:00Z\"}",
	  HOOK_BY_GEMINI, HOOK_PRE_COMPACT, "e1", "auto", "" },
	{ "BeforeAgent", "{\"session_id\":\"e1\",\"hook_event_name\":\"BeforeAgent\"}",
	  HOOK_BY_GEMINI, HOOK_PROMPT, "e1", "", NESTED("BeforeAgent") },
	/* The payload's own word when the one that was typed means nothing. */
	{ "any", "{\"hook_event_name\":\"Stop\",\"session_id\":\"c1\"}", HOOK_BY_CLAUDE,
	  HOOK_TURN_END, "c1", "", "" },
	{ "SomethingNew", "{\"hook_event_name\":\"SomethingNew\",\"session_id\":\"c1\"}",
	  HOOK_BY_CLAUDE, HOOK_OTHER, "c1", "", "" },
	{ "session-start", "{}", HOOK_BY_UNKNOWN, HOOK_SESSION_START, "", "", "" },
	{ "SessionStart", "[]", HOOK_BY_UNKNOWN, HOOK_SESSION_START, "", "", "" },
	{ "sessionStart", "", HOOK_BY_COPILOT, HOOK_SESSION_START, "", "", FLAT },
	{ "sessionEnd", "{\"sessionId\":7,\"reason\":[\"x\"],\"cwd\":null}", HOOK_BY_COPILOT,
	  HOOK_SESSION_END, "", "", "" },
};

static void test_samples(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct payload_hints hints = { .event = span_of(samples[i].word) };
		CLEANUP(buf_release) struct buf answer = BUF_INIT;
		struct payload p;
		struct span more;

		payload_read(span_of(samples[i].text), &hints, &p);
		more = p.reason.len ? p.reason : p.source.len ? p.source : p.trigger;
		answer_encode(&p, SPAN_LIT("hi"), &answer);
		if (p.agent != samples[i].agent || p.event != samples[i].event ||
		    !span_is(p.session, samples[i].session) || !span_is(more, samples[i].more) ||
		    strcmp(answer.p ? answer.p : "", samples[i].answer) != 0)
			fail_msg("%s %s\n-> %s %s session %.*s more %.*s answer %s",
				 samples[i].word, samples[i].text, hook_agent_word(p.agent),
				 hook_event_word(p.event), SPAN_ARG(p.session), SPAN_ARG(more),
				 answer.p ? answer.p : "");
		answer_encode(&p, SPAN_NONE, &answer);
		assert_int_equal(answer.len, strlen(samples[i].answer));
		payload_release(&p);
	}
}

/* What the command line and the environment say goes before what the payload looks like. */
static void test_hints(void **unused)
{
	struct payload_hints hints = { .event = SPAN_LIT("SessionStart"),
				       .gemini = true,
				       .session = SPAN_LIT("env") };
	struct payload p;

	(void)unused;
	payload_read(SPAN_LIT("{\"hook_event_name\":\"SessionStart\"}"), &hints, &p);
	assert_int_equal(p.agent, HOOK_BY_GEMINI);
	assert_true(span_is(p.session, "env"));
	payload_release(&p);
	hints.agent = HOOK_BY_CODEX;
	payload_read(SPAN_LIT("{\"session_id\":\"own\"}"), &hints, &p);
	assert_int_equal(p.agent, HOOK_BY_CODEX);
	assert_true(span_is(p.session, "own"));
	payload_release(&p);
}

static void test_words(void **unused)
{
	enum hook_agent agent;

	(void)unused;
	for (unsigned i = 0; i < HOOK_AGENT_COUNT; i++) {
		assert_true(hook_agent_of(span_of(hook_agent_word((enum hook_agent)i)), &agent));
		assert_int_equal(agent, i);
	}
	for (unsigned i = 0; i < HOOK_EVENT_COUNT; i++)
		assert_int_equal(hook_event_of(span_of(hook_event_word((enum hook_event)i))), i);
	assert_false(hook_agent_of(SPAN_LIT("Claude"), &agent));
	assert_int_equal(hook_event_of(SPAN_NONE), HOOK_OTHER);
}

static void test_stop_event(void **unused)
{
	static const char text[] =
		"{\"agent_id\":\"a-1\",\"x\":[{\"tentacleName\":\"docs\"},{\"agentName\":\"docs\"},"
		"[\"no\"]],\"agentId\":\"b.2\",\"subagent_name\":\"a b\",\"tentacle_id\":\"\","
		"\"tool_input\":{\"tentacle\":\"deep\"}} trailing";
	struct stop_event s;

	(void)unused;
	stop_event_read(span_of(text), &s);
	assert_int_equal(s.id_count, 2);
	assert_true(span_is(s.ids[0], "a-1"));
	assert_true(span_is(s.ids[1], "b.2"));
	assert_int_equal(s.name_count, 2);
	assert_true(span_is(s.names[0], "docs"));
	assert_true(span_is(s.names[1], "deep"));
	stop_event_release(&s);
	assert_int_equal(s.id_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_stop_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
