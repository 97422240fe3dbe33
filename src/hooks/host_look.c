/*
 * Settings belong to people, who add hooks of their own, put ours into another order and format the
 * file as they like. So nothing is compared as text: whatever stands below an event and is called
 * with our words counts, in the form of any host.
 */
#include "hooks/host_config.h"

#include "base/scan.h"

static void take_text(struct scan *s, struct buf *out)
{
	struct scan_text text;

	if (scan_peek(s) != '"') {
		scan_skip(s, NULL);
		return;
	}
	scan_string(s, &text);
	scan_unescape(out, text);
}

/* Whether a call is ours. The program in front of our words is noted, the first one. */
static bool is_ours(struct span call, struct span words, struct host_look *out)
{
	struct span program = { call.p, call.len - words.len };

	if (call.len <= words.len || memcmp(call.p + program.len, words.p, words.len) != 0)
		return false;
	if (!out->program.len)
		buf_put(&out->program, program.p, program.len);
	return true;
}

/* Looks below one event, for a member that runs something in any depth. */
static bool find_call(struct scan *s, struct span words, struct host_look *out)
{
	CLEANUP(buf_release) struct buf call = BUF_INIT, args = BUF_INIT;
	struct scan_text key;
	bool found = false;

	if (scan_peek(s) == '[') {
		scan_array(s);
		while (scan_item(s))
			found |= find_call(s, words, out);
		return found;
	}
	if (scan_peek(s) != '{') {
		scan_skip(s, NULL);
		return false;
	}
	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "command") || span_is(key.raw, "exec")) {
			take_text(s, &call);
		} else if (span_is(key.raw, "args") && scan_peek(s) == '[') {
			scan_array(s);
			while (scan_item(s)) {
				buf_putc(&args, ' ');
				take_text(s, &args);
			}
		} else {
			found |= find_call(s, words, out);
		}
	}
	buf_put(&call, args.p, args.len);
	return is_ours((struct span){ call.p, call.len }, words, out) || found;
}

static void look_at_events(struct scan *s, enum hook_agent agent, struct host_look *out)
{
	struct scan_text key;

	if (scan_peek(s) != '{') {
		scan_skip(s, NULL);
		return;
	}
	scan_object(s);
	while (scan_key(s, &key)) {
		CLEANUP(buf_release) struct buf words = BUF_INIT;
		int event = host_config_event(agent, key.raw);

		buf_putf(&words, " hooks run --agent %s %.*s", hook_agent_word(agent),
			 SPAN_ARG(key.raw));
		if (event < 0)
			scan_skip(s, NULL);
		else if (find_call(s, (struct span){ words.p, words.len }, out))
			out->told |= UINT32_C(1) << event;
	}
}

void host_look_release(struct host_look *look)
{
	buf_release(&look->program);
}

int host_config_look(enum hook_agent agent, struct span text, struct host_look *out)
{
	struct scan_text key;
	struct scan s;

	*out = (struct host_look){ .program = BUF_INIT };
	scan_init(&s, text);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "hooks"))
			look_at_events(&s, agent, out);
		else if (span_is(key.raw, "disableAllHooks") && scan_peek(&s) == 't')
			scan_bool(&s, &out->off);
		else
			scan_skip(&s, NULL);
	}
	return scan_end(&s);
}
