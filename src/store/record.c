/*
 * Writing a line. Members stand in one fixed order, so that reading can compare instead of search,
 * and what is empty is left out, so that a line is mostly what happened.
 *
 * Why the checksum stands last and covers the line's bytes rather than its values: it can be
 * checked before anything is believed, and an editor that only reformats a line is noticed as well.
 */
#include "store/record.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/when.h"
#include "store/record_words.h"

#define PUT(out, text) buf_put(out, text, sizeof(text) - 1)

static void put_span(struct buf *out, struct span text)
{
	buf_put(out, text.p, text.len);
}

/* Plain text of our own, such as an id, needs no escapes; everything else takes the long way. */
static void put_json(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
			buf_put_json(out, text);
			return;
		}
	}
	buf_putc(out, '"');
	put_span(out, text);
	buf_putc(out, '"');
}

#define PUT_TEXT(out, key, text)                   \
	do {                                       \
		if ((text).len) {                  \
			PUT(out, ",\"" key "\":"); \
			put_json(out, text);       \
		}                                  \
	} while (0)

static void put_raw(struct buf *out, struct span json)
{
	INVARIANT(!memchr(json.p, '\n', json.len)); /* one record is one line */
	put_span(out, json);
}

static void put_state(struct buf *out, enum event_type type, unsigned state)
{
	struct span word = record_state_word(type, state);

	if (!word.len) {
		PUT(out, "null");
		return;
	}
	buf_putc(out, '"');
	put_span(out, word);
	buf_putc(out, '"');
}

static void put_transition(struct buf *out, const struct event *ev, enum event_type type)
{
	INVARIANT(record_state_word(type, ev->to).len);
	INVARIANT(ev->trigger > ON_NONE && ev->trigger < TRIGGER_COUNT);
	PUT(out, ",\"from_state\":");
	put_state(out, type, ev->from);
	PUT(out, ",\"to_state\":");
	put_state(out, type, ev->to);
	PUT(out, ",\"trigger\":\"");
	put_span(out, record_trigger_words[ev->trigger]);
	buf_putc(out, '"');
}

static uint64_t number_of(const struct event *ev, const struct field_row *field)
{
	return *(const uint64_t *)((const char *)ev + field->offset);
}

static bool field_empty(const struct event *ev, const struct field_row *field)
{
	if (field->kind == FIELD_KIND_TEXT || field->kind == FIELD_KIND_RAW)
		return ((const struct span *)((const char *)ev + field->offset))->len == 0;
	return number_of(ev, field) == 0;
}

static void put_field(struct buf *out, const struct event *ev, const struct field_row *field)
{
	const struct span *text = (const struct span *)((const char *)ev + field->offset);
	char when[WHEN_TEXT_LEN];

	switch (field->kind) {
	case FIELD_KIND_U64:
		INVARIANT(number_of(ev, field) <= INTEGER_MAX);
		buf_put_u64(out, number_of(ev, field));
		break;
	case FIELD_KIND_I64:
		buf_put_i64(out, (int64_t)number_of(ev, field));
		break;
	case FIELD_KIND_TEXT:
		put_json(out, *text);
		break;
	case FIELD_KIND_RAW:
		put_raw(out, *text);
		break;
	case FIELD_KIND_TIME:
		when_encode((int64_t)number_of(ev, field), when);
		buf_putc(out, '"');
		buf_put(out, when, sizeof(when));
		buf_putc(out, '"');
		break;
	}
}

static void put_metadata(struct buf *out, const struct event *ev, uint64_t fields)
{
	bool first = true;

	for (; fields; fields &= fields - 1) {
		unsigned f = (unsigned)__builtin_ctzll(fields);

		if (field_empty(ev, &field_rows[f]))
			continue;
		if (first)
			PUT(out, ",\"metadata\":{");
		else
			buf_putc(out, ',');
		first = false;
		put_span(out, record_field_keys[f]);
		put_field(out, ev, &field_rows[f]);
	}
	if (!first)
		buf_putc(out, '}');
}

static void put_turn(struct buf *out, struct record_turn turn)
{
	if (!turn.lines)
		return;
	PUT(out, ",\"epoch\":");
	buf_put_u64(out, turn.epoch);
	PUT(out, ",\"turn\":");
	buf_put_u64(out, turn.lines);
	if (RECORD_FORMAT != 1) {
		PUT(out, ",\"format\":");
		buf_put_u64(out, RECORD_FORMAT);
	}
}

/* seq, timestamp, event, event_type, severity: what every line has. */
static void put_head(struct buf *out, const struct event *ev, const struct event_row *row)
{
	char when[WHEN_TEXT_LEN];

	when_encode(ev->at_ms, when);
	PUT(out, "{\"seq\":");
	buf_put_u64(out, ev->seq);
	PUT(out, ",\"timestamp\":\"");
	buf_put(out, when, sizeof(when));
	PUT(out, "\",\"event\":\"");
	put_span(out, record_event_words[ev->kind]);
	PUT(out, "\",\"event_type\":\"");
	put_span(out, record_type_words[row->type]);
	PUT(out, "\",\"severity\":\"");
	put_span(out, record_severity_words[row->severity]);
	buf_putc(out, '"');
}

void record_encode(struct buf *out, const struct event *ev, struct record_turn turn, uint64_t *sum)
{
	const struct event_row *row;
	size_t from = out->len;

	INVARIANT(ev->kind < EVENT_COUNT);
	INVARIANT(ev->seq > 0 && ev->seq <= INTEGER_MAX);
	row = &event_rows[ev->kind];
	buf_reserve(out, 512);
	put_head(out, ev, row);
	PUT_TEXT(out, "task_id", ev->task_id);
	PUT_TEXT(out, "workstream_id", ev->workstream_id);
	PUT_TEXT(out, "worker_id", ev->worker_id);
	PUT_TEXT(out, "resource_id", ev->resource_id);
	PUT_TEXT(out, "goal_id", ev->goal_id);
	PUT_TEXT(out, "tentacle", ev->tentacle_id);
	PUT_TEXT(out, "provider", ev->provider_id);
	if (ev->transition)
		put_transition(out, ev, row->type);
	PUT_TEXT(out, "operator", ev->operator_name);
	PUT_TEXT(out, "reason", ev->reason);
	if (ev->caused_by) {
		PUT(out, ",\"caused_by\":");
		buf_put_u64(out, ev->caused_by);
	}
	PUT_TEXT(out, "error", ev->error);
	if (ev->tasks.len) {
		PUT(out, ",\"tasks\":");
		put_raw(out, ev->tasks);
	}
	put_metadata(out, ev, row->fields);
	put_turn(out, turn);
	*sum = hash64(out->p + from, out->len - from, *sum);
	PUT(out, ",\"sum\":\"");
	buf_put_hex64(out, *sum);
	PUT(out, "\"}\n");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool record_sum_find(struct span line, uint64_t *sum)
{
	static const char before[] = ",\"sum\":\"";
	const char *tail = line.p + line.len - RECORD_TAIL_BYTES;
	uint64_t v = 0;
	int bad = 0;

	if (line.len < RECORD_TAIL_BYTES || memcmp(tail, before, sizeof(before) - 1) != 0 ||
	    memcmp(tail + RECORD_TAIL_BYTES - 2, "\"}", 2) != 0)
		return false;
	tail += sizeof(before) - 1;
	for (int i = 0; i < 16; i++) {
		int digit = hex_digit(tail[i]);

		bad |= digit;
		v = v << 4 | (unsigned)(digit & 15);
	}
	if (bad < 0)
		return false;
	*sum = v;
	return true;
}

uint64_t record_sum(struct span line, uint64_t sum_before)
{
	INVARIANT(line.len >= RECORD_TAIL_BYTES);
	return hash64(line.p, line.len - RECORD_TAIL_BYTES, sum_before);
}
