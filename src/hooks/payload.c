/*
 * Hosts differ in the case of their words and in little else, so members are looked up in one
 * table. Which host it is matters for the answer alone: Codex refuses a hook whose answer has one
 * member too many, so when in doubt nothing is said.
 */
#include "hooks/payload.h"

#include "base/json_repair.h"
#include "base/scan.h"

#define X(name, word) word,
static const char *const agents[] = { HOOK_AGENTS(X) };
static const char *const events[] = { HOOK_EVENTS(X) };
#undef X

static const struct event_name {
	const char *word;
	enum hook_event event;
	enum hook_agent only; /* the host that alone has this word */
} names[] = {
	{ "sessionStart", HOOK_SESSION_START, HOOK_BY_COPILOT },
	{ "SessionStart", HOOK_SESSION_START, HOOK_BY_UNKNOWN },
	{ "sessionEnd", HOOK_SESSION_END, HOOK_BY_COPILOT },
	{ "SessionEnd", HOOK_SESSION_END, HOOK_BY_UNKNOWN },
	{ "userPromptSubmitted", HOOK_PROMPT, HOOK_BY_COPILOT },
	{ "UserPromptSubmit", HOOK_PROMPT, HOOK_BY_UNKNOWN },
	{ "BeforeAgent", HOOK_PROMPT, HOOK_BY_GEMINI },
	{ "preToolUse", HOOK_PRE_TOOL, HOOK_BY_COPILOT },
	{ "PreToolUse", HOOK_PRE_TOOL, HOOK_BY_UNKNOWN },
	{ "BeforeTool", HOOK_PRE_TOOL, HOOK_BY_GEMINI },
	{ "permissionRequest", HOOK_PERMISSION, HOOK_BY_COPILOT },
	{ "PermissionRequest", HOOK_PERMISSION, HOOK_BY_UNKNOWN },
	{ "postToolUse", HOOK_POST_TOOL, HOOK_BY_COPILOT },
	{ "PostToolUse", HOOK_POST_TOOL, HOOK_BY_UNKNOWN },
	{ "AfterTool", HOOK_POST_TOOL, HOOK_BY_GEMINI },
	{ "postToolUseFailure", HOOK_POST_TOOL, HOOK_BY_COPILOT },
	{ "PostToolUseFailure", HOOK_POST_TOOL, HOOK_BY_UNKNOWN },
	{ "agentStop", HOOK_TURN_END, HOOK_BY_COPILOT },
	{ "Stop", HOOK_TURN_END, HOOK_BY_UNKNOWN },
	{ "AfterAgent", HOOK_TURN_END, HOOK_BY_GEMINI },
	{ "errorOccurred", HOOK_TURN_FAILED, HOOK_BY_COPILOT },
	{ "ErrorOccurred", HOOK_TURN_FAILED, HOOK_BY_COPILOT },
	{ "StopFailure", HOOK_TURN_FAILED, HOOK_BY_CLAUDE },
	{ "subagentStart", HOOK_SUBAGENT_START, HOOK_BY_COPILOT },
	{ "SubagentStart", HOOK_SUBAGENT_START, HOOK_BY_UNKNOWN },
	{ "subagentStop", HOOK_SUBAGENT_STOP, HOOK_BY_COPILOT },
	{ "SubagentStop", HOOK_SUBAGENT_STOP, HOOK_BY_UNKNOWN },
	{ "preCompact", HOOK_PRE_COMPACT, HOOK_BY_COPILOT },
	{ "PreCompact", HOOK_PRE_COMPACT, HOOK_BY_UNKNOWN },
	{ "PreCompress", HOOK_PRE_COMPACT, HOOK_BY_GEMINI },
	{ "PostCompact", HOOK_POST_COMPACT, HOOK_BY_UNKNOWN },
	{ "notification", HOOK_NOTICE, HOOK_BY_COPILOT },
	{ "Notification", HOOK_NOTICE, HOOK_BY_UNKNOWN },
	{ "Interrupt", HOOK_INTERRUPT, HOOK_BY_CODEX },
};

const char *hook_agent_word(enum hook_agent agent)
{
	return agents[agent];
}

const char *hook_event_word(enum hook_event event)
{
	return events[event];
}

bool hook_agent_of(struct span word, enum hook_agent *out)
{
	for (unsigned i = 0; i < HOOK_AGENT_COUNT; i++)
		if (span_is(word, agents[i])) {
			*out = (enum hook_agent)i;
			return true;
		}
	return false;
}

static const struct event_name *name_of(struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_is(word, names[i].word))
			return &names[i];
	return NULL;
}

enum hook_event hook_event_of(struct span word)
{
	const struct event_name *name = name_of(word);

	if (name)
		return name->event;
	for (unsigned i = 0; i < HOOK_EVENT_COUNT; i++)
		if (span_is(word, events[i]))
			return (enum hook_event)i;
	return HOOK_OTHER;
}

/* --- members --- */

static const struct text_member {
	const char *key;
	size_t offset;
} texts[] = {
	{ "session_id", offsetof(struct payload, session) },
	{ "sessionId", offsetof(struct payload, session) },
	{ "cwd", offsetof(struct payload, cwd) },
	{ "reason", offsetof(struct payload, reason) },
	{ "source", offsetof(struct payload, source) },
	{ "trigger", offsetof(struct payload, trigger) },
	{ "tool_name", offsetof(struct payload, tool) },
	{ "toolName", offsetof(struct payload, tool) },
	{ "agent_id", offsetof(struct payload, agent_id) },
	{ "agentId", offsetof(struct payload, agent_id) },
	{ "agent_name", offsetof(struct payload, agent_name) },
	{ "agentName", offsetof(struct payload, agent_name) },
};

/* What tells hosts apart. */
struct signs {
	struct span event_name;
	bool camel, turn, null_transcript, time_text;
};

static struct span take_text(struct scan *s, struct arena *arena)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	struct scan_text text;

	scan_string(s, &text);
	if (s->error)
		return SPAN_NONE;
	scan_unescape(&plain, text);
	return arena_copy(arena, (struct span){ plain.p, plain.len });
}

/* Words as a list, as one line of shell. */
static void take_words(struct scan *s, struct buf *line)
{
	scan_array(s);
	while (scan_item(s)) {
		CLEANUP(buf_release) struct buf plain = BUF_INIT;
		struct scan_text text;

		if (scan_peek(s) != '"') {
			scan_skip(s, NULL);
			continue;
		}
		scan_string(s, &text);
		if (s->error)
			return;
		scan_unescape(&plain, text);
		buf_puts(line, line->len ? " '" : "'");
		for (size_t i = 0; i < plain.len; i++)
			if (plain.p[i] == '\'')
				buf_puts(line, "'\\''");
			else
				buf_putc(line, plain.p[i]);
		buf_putc(line, '\'');
	}
}

static void take_arguments(struct scan *s, struct payload *p)
{
	struct scan_text key;

	scan_object(s);
	while (scan_key(s, &key)) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;
		bool command = span_is(key.raw, "command") || span_is(key.raw, "cmd");
		char next = scan_peek(s);

		if (command && next == '"') {
			p->command = take_text(s, &p->arena);
		} else if (command && next == '[') {
			take_words(s, &line);
			p->command = arena_copy(&p->arena, (struct span){ line.p, line.len });
		} else {
			scan_skip(s, NULL);
		}
	}
}

/* What a tool is given: an object, or the text of one. */
static void take_tool_input(struct scan *s, struct payload *p)
{
	struct scan inner;

	if (scan_peek(s) == '{') {
		take_arguments(s, p);
	} else if (scan_peek(s) == '"') {
		scan_init(&inner, take_text(s, &p->arena));
		if (scan_peek(&inner) == '{')
			take_arguments(&inner, p);
	} else {
		scan_skip(s, NULL);
	}
}

static bool is_tool_input(struct span key)
{
	return span_is(key, "tool_input") || span_is(key, "toolArgs") ||
	       span_is(key, "toolInput") || span_is(key, "tool_args");
}

static bool take_truth(struct scan *s)
{
	struct span value = SPAN_NONE;

	scan_skip(s, &value);
	return span_is(value, "true");
}

static void take_member(struct scan *s, struct span key, struct payload *p, struct signs *signs)
{
	char next = scan_peek(s);

	signs->camel |= span_is(key, "sessionId") || span_is(key, "toolName") ||
			span_is(key, "toolArgs") || span_is(key, "transcriptPath");
	signs->turn |= span_is(key, "turn_id");
	signs->null_transcript |= span_is(key, "transcript_path") && next == 'n';
	signs->time_text |= span_is(key, "timestamp") && next == '"';
	for (size_t i = 0; next == '"' && i < ARRAY_LEN(texts); i++)
		if (span_is(key, texts[i].key)) {
			*(struct span *)((char *)p + texts[i].offset) = take_text(s, &p->arena);
			return;
		}
	if (span_is(key, "hook_event_name") && next == '"')
		signs->event_name = take_text(s, &p->arena);
	else if (is_tool_input(key))
		take_tool_input(s, p);
	else if (span_is(key, "recoverable"))
		p->recoverable = take_truth(s);
	else if (span_is(key, "stop_hook_active") || span_is(key, "stopHookActive"))
		p->stop_hook_active = take_truth(s);
	else
		scan_skip(s, NULL);
}

static enum hook_agent agent_of(const struct payload_hints *hints, const struct signs *signs,
				const struct event_name *name)
{
	if (hints->agent != HOOK_BY_UNKNOWN)
		return hints->agent;
	if (hints->gemini)
		return HOOK_BY_GEMINI;
	if (name && name->only != HOOK_BY_UNKNOWN)
		return name->only;
	if (signs->camel)
		return HOOK_BY_COPILOT;
	if (signs->turn || signs->null_transcript)
		return HOOK_BY_CODEX;
	if (!signs->event_name.len)
		return HOOK_BY_UNKNOWN;
	return signs->time_text ? HOOK_BY_COPILOT : HOOK_BY_CLAUDE;
}

void payload_read(struct span raw, const struct payload_hints *hints, struct payload *out)
{
	struct payload p = { .readable = false };
	struct signs signs = { .camel = false };
	const struct event_name *name;
	struct scan_text key;
	struct scan s;

	json_repair(raw, &p.text);
	scan_init(&s, (struct span){ p.text.p, p.text.len });
	if (scan_peek(&s) == '{') {
		scan_object(&s);
		while (scan_key(&s, &key))
			take_member(&s, key.raw, &p, &signs);
		p.readable = scan_end(&s) == 0;
	}
	p.event_name = hook_event_of(hints->event) != HOOK_OTHER || !signs.event_name.len
			       ? arena_copy(&p.arena, hints->event)
			       : signs.event_name;
	p.event = hook_event_of(p.event_name);
	name = name_of(p.event_name);
	p.agent = agent_of(hints, &signs, name);
	if (!p.session.len)
		p.session = arena_copy(&p.arena, hints->session);
	*out = p;
}

void payload_release(struct payload *p)
{
	arena_release(&p->arena);
	buf_release(&p->text);
}
