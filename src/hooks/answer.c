/* Saying nothing is right everywhere, so it is what happens where no row says otherwise. */
#include "hooks/answer.h"

enum form {
	FORM_NONE,
	FORM_FLAT,   /* {"additionalContext":...} */
	FORM_NESTED, /* {"hookSpecificOutput":{"hookEventName":...,"additionalContext":...}} */
};

static const struct form_row {
	enum hook_agent agent;
	enum hook_event event;
	enum form form;
} forms[] = {
	{ HOOK_BY_CLAUDE, HOOK_SESSION_START, FORM_NESTED },
	{ HOOK_BY_CLAUDE, HOOK_PROMPT, FORM_NESTED },
	{ HOOK_BY_CODEX, HOOK_SESSION_START, FORM_NESTED },
	{ HOOK_BY_CODEX, HOOK_PROMPT, FORM_NESTED },
	{ HOOK_BY_GEMINI, HOOK_SESSION_START, FORM_NESTED },
	{ HOOK_BY_GEMINI, HOOK_PROMPT, FORM_NESTED },
	{ HOOK_BY_COPILOT, HOOK_SESSION_START, FORM_FLAT },
};

void answer_encode(const struct payload *p, struct span context, struct buf *out)
{
	enum form form = FORM_NONE;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (forms[i].agent == p->agent && forms[i].event == p->event)
			form = forms[i].form;
	if (form == FORM_NONE || !context.len)
		return;
	if (form == FORM_NESTED) {
		buf_puts(out, "{\"hookSpecificOutput\":{\"hookEventName\":");
		buf_put_json(out, p->event_name);
		buf_puts(out, ",\"additionalContext\":");
		buf_put_json(out, context);
		buf_puts(out, "}}\n");
		return;
	}
	buf_puts(out, "{\"additionalContext\":");
	buf_put_json(out, context);
	buf_puts(out, "}\n");
}

static const struct {
	enum hook_agent agent;
	const char *open, *reason, *close;
} refusals[] = {
	/* "%" stands for the name of the event. */
	{ HOOK_BY_CLAUDE, "{\"hookSpecificOutput\":{\"hookEventName\":%",
	  ",\"permissionDecision\":\"deny\",\"permissionDecisionReason\":", "}}\n" },
	{ HOOK_BY_CODEX, "{\"hookSpecificOutput\":{\"hookEventName\":%",
	  ",\"permissionDecision\":\"deny\",\"permissionDecisionReason\":", "}}\n" },
	{ HOOK_BY_COPILOT, "{\"permissionDecision\":\"deny\"",
	  ",\"permissionDecisionReason\":", "}\n" },
	{ HOOK_BY_GEMINI, "{\"decision\":\"deny\"", ",\"reason\":", "}\n" },
};

bool answer_refuse(const struct payload *p, struct span reason, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		size_t len = strcspn(refusals[i].open, "%");

		if (refusals[i].agent != p->agent || p->event != HOOK_PRE_TOOL)
			continue;
		buf_put(out, refusals[i].open, len);
		if (refusals[i].open[len])
			buf_put_json(out, p->event_name);
		buf_puts(out, refusals[i].reason);
		buf_put_json(out, reason);
		buf_puts(out, refusals[i].close);
		return true;
	}
	return false;
}
