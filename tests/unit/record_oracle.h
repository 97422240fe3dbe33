/*
 * Random events, lines sealed again after a change, and the verdict of a general JSON library on a
 * line. Shared by the unit test and the fuzzer of records.
 */
#ifndef SK_RECORD_ORACLE_H
#define SK_RECORD_ORACLE_H

#include <jansson.h>

#include "base/limits.h"
#include "base/when.h"
#include "store/record.h"
#include "store/record_strict.h"

/* Puts the checksum that fits behind what the line says now; a line without one is left alone. */
static inline void oracle_seal(struct buf *line, uint64_t sum_before)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;
	struct span text = { line->p, line->len };

	if (line->len < RECORD_TAIL_BYTES ||
	    memcmp(line->p + line->len - RECORD_TAIL_BYTES, ",\"sum\":\"", 8) != 0)
		return;
	buf_put_hex64(&hex, record_sum(text, sum_before));
	memcpy(line->p + line->len - 18, hex.p, 16);
}

static inline bool oracle_same_text(const json_t *object, const char *key, struct span text)
{
	const json_t *v = json_object_get(object, key);

	if (!v)
		return text.len == 0;
	return json_is_string(v) && json_string_length(v) == text.len &&
	       (text.len == 0 || memcmp(json_string_value(v), text.p, text.len) == 0);
}

static inline bool oracle_same_number(const json_t *object, const char *key, int64_t number)
{
	const json_t *v = json_object_get(object, key);

	return v ? json_is_integer(v) && json_integer_value(v) == number : number == 0;
}

static inline bool oracle_same_when(const json_t *object, const char *key, int64_t ms)
{
	const json_t *v = json_object_get(object, key);
	int64_t found;

	if (!v)
		return ms == 0;
	return json_is_string(v) && when_decode(span_of(json_string_value(v)), &found) == 0 &&
	       found == ms;
}

static inline bool oracle_same_raw(const json_t *object, const char *key, struct span raw)
{
	const json_t *v = json_object_get(object, key);
	json_t *parsed;
	bool same;

	if (!v)
		return raw.len == 0;
	parsed = json_loadb(raw.p, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	same = parsed && json_equal(parsed, v);
	json_decref(parsed);
	return same;
}

static inline bool oracle_same_field(const json_t *meta, const struct event *ev,
				     const struct field_row *field)
{
	const void *at = (const char *)ev + field->offset;

	switch (field->kind) {
	case FIELD_KIND_TEXT:
		return oracle_same_text(meta, field->key, *(const struct span *)at);
	case FIELD_KIND_RAW:
		return oracle_same_raw(meta, field->key, *(const struct span *)at);
	case FIELD_KIND_TIME:
		return oracle_same_when(meta, field->key, *(const int64_t *)at);
	default:
		return oracle_same_number(meta, field->key, *(const int64_t *)at);
	}
}

static inline const char *oracle_state(enum event_type type, unsigned state)
{
	if (type == EVENT_TYPE_TASK)
		return task_state_word(state);
	return type == EVENT_TYPE_WORKSTREAM ? ws_state_word(state) : worker_state_word(state);
}

static inline bool oracle_same_transition(const json_t *root, const struct event *ev)
{
	enum event_type type = event_rows[ev->kind].type;
	const char *from;

	if (!ev->transition)
		return !json_object_get(root, "from_state") && !json_object_get(root, "to_state");
	from = oracle_state(type, ev->from);
	if (from ? !oracle_same_text(root, "from_state", span_of(from))
		 : !json_is_null(json_object_get(root, "from_state")))
		return false;
	return oracle_same_text(root, "to_state", span_of(oracle_state(type, ev->to))) &&
	       oracle_same_text(root, "trigger", span_of(trigger_word(ev->trigger)));
}

/* Whether a general library reads the same values from the line. Duplicate keys are refused by it
 * as by us. */
static inline bool oracle_agrees(struct span line, const struct event *ev, struct record_turn turn)
{
	json_error_t error;
	json_t *root = json_loadb(line.p, line.len, JSON_ALLOW_NUL, &error), *meta;
	bool same = root != NULL;

	/* Numbers nobody asked for may be of any size; the library wants to hold them. */
	if (!root && json_error_code(&error) == json_error_numeric_overflow)
		return true;
	meta = json_object_get(root, "metadata");
	same = same && oracle_same_number(root, "seq", (int64_t)ev->seq) &&
	       oracle_same_when(root, "timestamp", ev->at_ms) &&
	       oracle_same_text(root, "event", span_of(event_rows[ev->kind].word)) &&
	       oracle_same_text(root, "task_id", ev->task_id) &&
	       oracle_same_text(root, "workstream_id", ev->workstream_id) &&
	       oracle_same_text(root, "worker_id", ev->worker_id) &&
	       oracle_same_text(root, "resource_id", ev->resource_id) &&
	       oracle_same_text(root, "operator", ev->operator_name) &&
	       oracle_same_text(root, "reason", ev->reason) &&
	       oracle_same_text(root, "error", ev->error) &&
	       oracle_same_raw(root, "tasks", ev->tasks) &&
	       oracle_same_number(root, "caused_by", (int64_t)ev->caused_by) &&
	       oracle_same_number(root, "epoch", (int64_t)turn.epoch) &&
	       oracle_same_number(root, "turn", (int64_t)turn.lines) &&
	       oracle_same_transition(root, ev);
	for (int f = 0; f < FIELD_COUNT && same; f++)
		if (event_rows[ev->kind].fields >> f & 1)
			same = oracle_same_field(meta, ev, &field_rows[f]);
	json_decref(root);
	return same;
}

static inline bool oracle_same_event(const struct event *a, const struct event *b)
{
	bool same =
		a->kind == b->kind && a->seq == b->seq && a->at_ms == b->at_ms &&
		a->from == b->from && a->to == b->to && a->trigger == b->trigger &&
		a->transition == b->transition && a->caused_by == b->caused_by &&
		span_eq(a->task_id, b->task_id) && span_eq(a->workstream_id, b->workstream_id) &&
		span_eq(a->worker_id, b->worker_id) && span_eq(a->resource_id, b->resource_id) &&
		span_eq(a->operator_name, b->operator_name) && span_eq(a->reason, b->reason) &&
		span_eq(a->error, b->error) && span_eq(a->tasks, b->tasks);

	for (int f = 0; f < FIELD_COUNT && same; f++) {
		const void *x = (const char *)a + field_rows[f].offset,
			   *y = (const char *)b + field_rows[f].offset;

		if (field_rows[f].kind == FIELD_KIND_TEXT || field_rows[f].kind == FIELD_KIND_RAW)
			same = span_eq(*(const struct span *)x, *(const struct span *)y);
		else
			same = memcmp(x, y, sizeof(uint64_t)) == 0;
	}
	return same;
}

#endif
