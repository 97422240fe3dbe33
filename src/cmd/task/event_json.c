/*
 * The journal keeps each fact once; here it is spread out again for readers that expect the long
 * form. The event_id is made from time and sequence number instead of chance, so that the same
 * record has the same id whenever it is asked.
 */
#include "cmd/task/event_text.h"

#include "base/when.h"

void event_id(int64_t at_ms, uint64_t seq, char out[EVENT_ID_LEN])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t time = (uint64_t)at_ms & 0xffffffffffffULL;

	memcpy(out, "evt_", 4);
	for (int i = 9; i >= 0; i--, time >>= 5)
		out[4 + i] = digits[time & 31];
	for (int i = 15; i >= 0; i--, seq >>= 5)
		out[14 + i] = digits[seq & 31];
}

static const char *entity_type(const struct event *ev)
{
	switch (event_rows[ev->kind].type) {
	case EVENT_TYPE_TASK:
		return "task";
	case EVENT_TYPE_WORKSTREAM:
		return "workstream";
	case EVENT_TYPE_WORKER:
		return "worker";
	case EVENT_TYPE_RESOURCE:
		return "resource";
	default:
		return ev->task_id.len ? "task" : ev->workstream_id.len ? "workstream" : "system";
	}
}

static const char *state_word(const struct event *ev, unsigned state)
{
	switch (event_rows[ev->kind].type) {
	case EVENT_TYPE_TASK:
		return task_state_word(state);
	case EVENT_TYPE_WORKSTREAM:
		return ws_state_word(state);
	case EVENT_TYPE_WORKER:
		return worker_state_word(state);
	default:
		return NULL;
	}
}

static void put_id(struct json *j, const char *key, struct span id)
{
	if (id.len)
		json_span(j, key, id);
}

static void put_span_or_null(struct json *j, const char *key, struct span text)
{
	if (text.len)
		json_span(j, key, text);
	else
		json_null(j, key);
}

static void put_field(struct json *j, const struct field_row *row, const void *at)
{
	switch (row->kind) {
	case FIELD_KIND_U64:
		if (*(const uint64_t *)at)
			json_u64(j, row->key, *(const uint64_t *)at);
		break;
	case FIELD_KIND_I64:
		if (*(const int64_t *)at)
			json_i64(j, row->key, *(const int64_t *)at);
		break;
	case FIELD_KIND_TIME:
		if (*(const int64_t *)at)
			json_time(j, row->key, *(const int64_t *)at);
		break;
	case FIELD_KIND_TEXT:
		put_id(j, row->key, *(const struct span *)at);
		break;
	case FIELD_KIND_RAW:
		if (((const struct span *)at)->len)
			json_raw(j, row->key, *(const struct span *)at);
		break;
	}
}

void event_put_json(struct out *out, const struct event *ev, int64_t cause_ms)
{
	const struct event_row *row = &event_rows[ev->kind];
	struct span subject = event_subject(ev);
	char id[EVENT_ID_LEN];
	struct json j;

	json_open(&j, out, NULL);
	json_u64(&j, "seq", ev->seq);
	event_id(ev->at_ms, ev->seq, id);
	json_span(&j, "event_id", (struct span){ id, sizeof(id) });
	json_time(&j, "timestamp", ev->at_ms);
	json_text(&j, "event", row->word);
	json_text(&j, "event_type", event_type_word(row->type));
	json_text(&j, "severity", severity_word(row->severity));
	json_text(&j, "entity_type", entity_type(ev));
	json_span(&j, "entity_id", span_is(subject, "sk") ? SPAN_LIT("system") : subject);
	put_id(&j, "workstream_id", ev->workstream_id);
	put_id(&j, "task_id", ev->task_id);
	put_id(&j, "worker_id", ev->worker_id);
	put_id(&j, "resource_id", ev->resource_id);
	if (ev->tasks.len)
		json_raw(&j, "tasks", ev->tasks);
	put_id(&j, "error", ev->error);
	if (ev->transition) {
		json_text(&j, "from_state", state_word(ev, ev->from));
		json_text(&j, "to_state", state_word(ev, ev->to));
	}
	if (ev->trigger)
		json_text(&j, "trigger", trigger_word(ev->trigger));
	event_id(cause_ms, ev->caused_by, id);
	put_span_or_null(&j, "caused_by",
			 ev->caused_by ? (struct span){ id, sizeof(id) } : SPAN_NONE);
	put_span_or_null(&j, "operator", ev->operator_name);
	put_span_or_null(&j, "reason", ev->reason);
	json_object(&j, "metadata");
	for (int f = 0; f < FIELD_COUNT; f++)
		if (row->fields >> f & 1)
			put_field(&j, &field_rows[f], (const char *)ev + field_rows[f].offset);
	json_object_end(&j);
	json_close(&j);
}
