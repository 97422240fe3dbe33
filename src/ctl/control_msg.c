/*
 * Requests and replies. The members of an act come from its own table (core/act.h), so that a new
 * one is carried without a line here.
 */
#include "ctl/control_msg.h"

#include <errno.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/scan.h"

static const char *const words[CONTROL_COUNT] = {
#define X(name, word) word,
	CONTROLS(X)
#undef X
};

enum value_kind { VALUE_TEXT, VALUE_RAW, VALUE_NUMBER, VALUE_FLAG };

struct place {
	const char *key;
	enum value_kind kind;
	size_t offset;
};

static const struct place act_places[] = {
#define X(key, kind, member) { key, VALUE_##kind, offsetof(struct act, member) },
	ACT_FIELDS(X)
#undef X
};

#define REPLY(key, kind, member)                                          \
	{                                                                 \
		key, VALUE_##kind, offsetof(struct control_reply, member) \
	}

static const struct place reply_places[] = {
	REPLY("code", NUMBER, code),
	REPLY("first_seq", NUMBER, first_seq),
	REPLY("last_seq", NUMBER, last_seq),
	REPLY("events", RAW, events),
	REPLY("message", TEXT, message),
	REPLY("output", TEXT, output),
	REPLY("exit_code", NUMBER, exit_code),
	REPLY("output_bytes", NUMBER, output_bytes),
	REPLY("pid", NUMBER, pid),
	REPLY("started_ms", NUMBER, started_ms),
	REPLY("tasks", NUMBER, tasks),
	REPLY("workstreams", NUMBER, workstreams),
	REPLY("version", TEXT, version),
	REPLY("command", TEXT, command),
	REPLY("serves", FLAG, serves),
	REPLY("paused", FLAG, paused),
	REPLY("draining", FLAG, draining),
	REPLY("gone", FLAG, gone),
};

#define REQUEST(key, kind, member)                                          \
	{                                                                   \
		key, VALUE_##kind, offsetof(struct control_request, member) \
	}

static const struct place request_places[] = {
	REQUEST("submission", RAW, submission),
	REQUEST("asked_by", TEXT, operator_name),
	REQUEST("submit_flags", NUMBER, submit_flags),
	REQUEST("stop", NUMBER, stop),
	REQUEST("words", RAW, words),
	REQUEST("columns", NUMBER, columns),
	REQUEST("terminal", FLAG, terminal),
	REQUEST("color", FLAG, color),
	REQUEST("aside", FLAG, aside),
	REQUEST("cwd", TEXT, cwd),
};

static void put_key(struct buf *out, const char *key)
{
	buf_puts(out, ",\"");
	buf_puts(out, key);
	buf_puts(out, "\":");
}

/* What is empty is not written. */
static void put_places(struct buf *out, const struct place *places, size_t count, const void *from)
{
	for (size_t i = 0; i < count; i++) {
		const void *at = (const char *)from + places[i].offset;
		const struct span *text = at;

		if (places[i].kind == VALUE_NUMBER && *(const uint64_t *)at) {
			put_key(out, places[i].key);
			buf_put_u64(out, *(const uint64_t *)at);
		} else if (places[i].kind == VALUE_FLAG && *(const bool *)at) {
			put_key(out, places[i].key);
			buf_puts(out, "true");
		} else if (places[i].kind == VALUE_TEXT && text->len) {
			put_key(out, places[i].key);
			buf_put_json(out, *text);
		} else if (places[i].kind == VALUE_RAW && text->len) {
			put_key(out, places[i].key);
			buf_put(out, text->p, text->len);
		}
	}
}

void control_request_encode(struct buf *out, const struct control_request *r)
{
	buf_puts(out, "{\"control\":\"");
	buf_puts(out, words[r->kind]);
	buf_putc(out, '"');
	if (r->kind == CONTROL_ACT) {
		put_key(out, "act");
		buf_put_json(out, span_of(act_word(r->act.kind)));
		put_places(out, act_places, ARRAY_LEN(act_places), &r->act);
	}
	put_places(out, request_places, ARRAY_LEN(request_places), r);
	buf_puts(out, "}\n");
}

void control_reply_encode(struct buf *out, const struct control_reply *r)
{
	struct control_reply line = *r;

	if (r->output_bytes)
		line.output = SPAN_NONE;
	buf_puts(out, r->code ? "{\"ok\":false" : "{\"ok\":true");
	put_places(out, reply_places, ARRAY_LEN(reply_places), &line);
	buf_puts(out, "}\n");
}

/* Room was reserved for everything the line can hold, so what was unescaped before stays in place.
 */
static struct span take_text(struct scan *s, struct buf *scratch, size_t bytes_max)
{
	struct scan_text text = { SPAN_NONE, false };
	size_t from = scratch->len;

	scan_string(s, &text);
	if (s->error)
		return SPAN_NONE;
	if (text.escaped) {
		scan_unescape(scratch, text);
		text.raw = (struct span){ scratch->p + from, scratch->len - from };
	}
	if (text.raw.len > bytes_max)
		scan_fail(s, "a text that is too long");
	return text.raw;
}

/* Reads the member when it is one of these; false when it is none. */
static bool take_place(struct scan *s, struct span key, const struct place *places, size_t count,
		       struct buf *scratch, size_t text_max, void *into)
{
	for (size_t i = 0; i < count; i++) {
		void *at = (char *)into + places[i].offset;

		if (!span_is(key, places[i].key))
			continue;
		if (places[i].kind == VALUE_NUMBER)
			scan_u64(s, INTEGER_MAX, at);
		else if (places[i].kind == VALUE_FLAG)
			scan_bool(s, at);
		else if (places[i].kind == VALUE_RAW)
			scan_skip(s, at);
		else
			*(struct span *)at = take_text(s, scratch, text_max);
		return true;
	}
	return false;
}

static int find_word(struct span word)
{
	for (int i = 0; i < CONTROL_COUNT; i++)
		if (span_is(word, words[i]))
			return i;
	return -1;
}

int control_request_decode(struct span line, struct buf *scratch, struct control_request *out)
{
	struct scan_text key, word = { SPAN_NONE, false };
	int kind = -1, act = -1;
	struct scan s;

	*out = (struct control_request){ .kind = CONTROL_PING };
	buf_truncate(scratch, 0);
	buf_reserve(scratch, line.len + 64);
	scan_init(&s, line);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "control")) {
			scan_string(&s, &word);
			kind = find_word(word.raw);
		} else if (span_is(key.raw, "act")) {
			scan_string(&s, &word);
			act = act_decode_word(word.raw);
		} else if (!take_place(&s, key.raw, act_places, ARRAY_LEN(act_places), scratch,
				       ARGUMENT_BYTES_MAX, &out->act) &&
			   !take_place(&s, key.raw, request_places, ARRAY_LEN(request_places),
				       scratch, ARGUMENT_BYTES_MAX, out)) {
			scan_skip(&s, NULL);
		}
	}
	if (scan_end(&s) < 0 || kind < 0 || (kind == CONTROL_ACT && act < 0) ||
	    (kind == CONTROL_SUBMIT && !out->submission.len) ||
	    (kind == CONTROL_SHOW && !out->words.len) || out->stop > STOP_CANCEL)
		return -EINVAL;
	out->kind = (enum control_kind)kind;
	if (kind == CONTROL_ACT)
		out->act.kind = (enum act_kind)act;
	return 0;
}

int control_reply_decode(struct span line, struct buf *scratch, struct control_reply *out)
{
	struct scan_text key;
	bool ok = false, told = false;
	struct scan s;

	*out = (struct control_reply){ .code = 0 };
	buf_truncate(scratch, 0);
	buf_reserve(scratch, line.len + 64);
	scan_init(&s, line);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "ok")) {
			scan_bool(&s, &ok);
			told = true;
		} else if (!take_place(&s, key.raw, reply_places, ARRAY_LEN(reply_places), scratch,
				       CONTROL_REPLY_BYTES_MAX, out)) {
			scan_skip(&s, NULL);
		}
	}
	return scan_end(&s) < 0 || !told || ok != (out->code == 0) ? -EINVAL : 0;
}
