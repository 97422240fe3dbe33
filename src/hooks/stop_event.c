/* The whole tree is walked, because a name that is not found leaves a marker behind for hours. What
 * is found is compared with entries that exist and is never shown to a shell. */
#include "hooks/stop_event.h"

#include "base/json_repair.h"
#include "base/scan.h"

#define WORD_BYTES_MAX 128

static bool is_one_of(struct span key, const char *const *names)
{
	for (; *names; names++)
		if (span_is(key, *names))
			return true;
	return false;
}

static bool is_word(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '.' && c != '_' && c != ':' && c != '-')
			return false;
	}
	return text.len >= 1 && text.len <= WORD_BYTES_MAX;
}

static void keep(struct stop_event *out, struct span *list, size_t *count, struct span text)
{
	if (!is_word(text) || *count == STOP_WORDS_MAX)
		return;
	for (size_t i = 0; i < *count; i++)
		if (span_eq(list[i], text))
			return;
	list[(*count)++] = arena_copy(&out->arena, text);
}

static void take_value(struct scan *s, struct span key, struct stop_event *out)
{
	static const char *const names[] = { "tentacle",      "tentacleName",
					     "tentacle_name", "subagentName",
					     "subagent_name", "agentName",
					     "agent_name",    NULL };
	static const char *const ids[] = { "tentacleId", "tentacle_id", "subagentId", "subagent_id",
					   "agentId",    "agent_id",    NULL };
	struct scan_text text;

	scan_string(s, &text);
	if (s->error || text.escaped)
		return;
	if (is_one_of(key, names))
		keep(out, out->names, &out->name_count, text.raw);
	else if (is_one_of(key, ids))
		keep(out, out->ids, &out->id_count, text.raw);
}

/* The scanner bounds the depth. */
static void walk(struct scan *s, struct span key, struct stop_event *out)
{
	struct scan_text member;

	switch (scan_peek(s)) {
	case '{':
		scan_object(s);
		while (scan_key(s, &member))
			walk(s, member.raw, out);
		break;
	case '[':
		scan_array(s);
		while (scan_item(s))
			walk(s, key, out);
		break;
	case '"':
		take_value(s, key, out);
		break;
	default:
		scan_skip(s, NULL);
	}
}

void stop_event_read(struct span payload, struct stop_event *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct scan s;

	*out = (struct stop_event){ .id_count = 0 };
	json_repair(payload, &text);
	scan_init(&s, (struct span){ text.p, text.len });
	walk(&s, SPAN_NONE, out);
}

void stop_event_release(struct stop_event *s)
{
	arena_release(&s->arena);
	s->id_count = s->name_count = 0;
}
