/*
 * Only events that a rule listens to are asked for, and of those before and after a tool only the
 * first: each one starts a process while somebody waits for the agent. Where a host takes words
 * instead of a line of shell, it gets words.
 */
#include "hooks/host_config.h"

#include "base/str.h"

#define HOST_TIMEOUT_S 10 /* far more than sk takes: it ends by itself long before */
#define HOST_EVENTS_MAX 9

enum host_form { FORM_ARGS, FORM_EXEC, FORM_SHELL };

static const struct host_form_of {
	const char *file;
	enum host_form form;
	const char *timeout_key;
	unsigned timeout;
	bool version;
	const char *events[HOST_EVENTS_MAX]; /* in the host's words; ends with NULL */
} hosts[HOOK_AGENT_COUNT] = {
	[HOOK_BY_CLAUDE] = { ".claude/settings.json",
			     FORM_ARGS,
			     "timeout",
			     HOST_TIMEOUT_S,
			     false,
			     { "SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse",
			       "Stop", "StopFailure", "SubagentStop", "PreCompact" } },
	[HOOK_BY_COPILOT] = { ".copilot/hooks/holdfast.json",
			      FORM_EXEC,
			      "timeoutSec",
			      HOST_TIMEOUT_S,
			      true,
			      { "sessionStart", "sessionEnd", "userPromptSubmitted", "preToolUse",
				"agentStop", "errorOccurred", "subagentStop", "preCompact" } },
	[HOOK_BY_CODEX] = { ".codex/hooks.json",
			    FORM_SHELL,
			    "timeout",
			    HOST_TIMEOUT_S,
			    false,
			    { "SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse",
			      "Stop", "SubagentStop", "PreCompact" } },
	[HOOK_BY_GEMINI] = { ".gemini/settings.json",
			     FORM_SHELL,
			     "timeout",
			     HOST_TIMEOUT_S * 1000,
			     false,
			     { "SessionStart", "SessionEnd", "BeforeAgent", "BeforeTool",
			       "AfterAgent", "PreCompress" } },
};

const char *host_config_file(enum hook_agent agent)
{
	INVARIANT(hosts[agent].file);
	return hosts[agent].file;
}

size_t host_config_events(enum hook_agent agent)
{
	size_t count = 0;

	while (hosts[agent].events[count])
		count++;
	return count;
}

int host_config_event(enum hook_agent agent, struct span word)
{
	for (int i = 0; hosts[agent].events[i]; i++)
		if (span_is(word, hosts[agent].events[i]))
			return i;
	return -1;
}

static void put_text(struct buf *out, const char *text)
{
	buf_put_json(out, span_of(text));
}

/* The path as one word of a line of shell. */
static void put_shell_line(struct buf *out, const char *program, const char *event,
			   const char *agent)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putc(&line, '\'');
	for (const char *p = program; *p; p++)
		if (*p == '\'')
			buf_puts(&line, "'\\''");
		else
			buf_putc(&line, *p);
	buf_putf(&line, "' hooks run --agent %s %s", agent, event);
	put_text(out, line.p);
}

static void put_entry(struct buf *out, const struct host_form_of *host, enum hook_agent agent,
		      const char *event, const char *program)
{
	const char *word = hook_agent_word(agent);

	buf_puts(out, "{ \"type\": \"command\", ");
	if (host->form == FORM_SHELL) {
		buf_puts(out, "\"command\": ");
		put_shell_line(out, program, event, word);
	} else {
		buf_puts(out, host->form == FORM_EXEC ? "\"exec\": " : "\"command\": ");
		put_text(out, program);
		buf_putf(out,
			 ",\n          \"args\": [\"hooks\", \"run\", \"--agent\", \"%s\", \"%s\"]",
			 word, event);
	}
	buf_putf(out, ", \"%s\": %u }", host->timeout_key, host->timeout);
}

void host_config_encode(enum hook_agent agent, const char *program, struct buf *out)
{
	const struct host_form_of *host = &hosts[agent];

	INVARIANT(host->file);
	buf_puts(out, host->version ? "{\n  \"version\": 1,\n  \"hooks\": {" : "{\n  \"hooks\": {");
	for (size_t i = 0; host->events[i]; i++) {
		buf_putf(out, "%s\n    \"%s\": [\n      ", i ? "," : "", host->events[i]);
		if (host->form != FORM_EXEC)
			buf_puts(out, "{ \"hooks\": [\n        ");
		put_entry(out, host, agent, host->events[i], program);
		buf_puts(out, host->form == FORM_EXEC ? "\n    ]" : "\n      ] }\n    ]");
	}
	buf_puts(out, "\n  }\n}\n");
}
