/*
 * JSON is written as it is decided, without a tree in between: a status of a million tasks needs no
 * second million values. The only state is whether a comma is due.
 */
#include "base/when.h"
#include "cmd/print.h"

static void lead(struct json *j, const char *key)
{
	if (!j->fresh)
		out_puts(j->out, ",");
	j->fresh = false;
	if (!key)
		return;
	buf_put_json(&j->out->buf, span_of(key));
	out_puts(j->out, ":");
}

void json_open(struct json *j, struct out *out, const char *kind)
{
	*j = (struct json){ out, true };
	out_puts(out, "{");
	json_text(j, "schema_version", JSON_SCHEMA);
	if (kind)
		json_text(j, "kind", kind);
}

void json_close(struct json *j)
{
	out_puts(j->out, "}\n");
}

void json_object(struct json *j, const char *key)
{
	lead(j, key);
	out_puts(j->out, "{");
	j->fresh = true;
}

void json_object_end(struct json *j)
{
	out_puts(j->out, "}");
	j->fresh = false;
}

void json_array(struct json *j, const char *key)
{
	lead(j, key);
	out_puts(j->out, "[");
	j->fresh = true;
}

void json_array_end(struct json *j)
{
	out_puts(j->out, "]");
	j->fresh = false;
}

void json_span(struct json *j, const char *key, struct span text)
{
	lead(j, key);
	buf_put_json(&j->out->buf, text);
}

void json_text(struct json *j, const char *key, const char *text)
{
	if (text)
		json_span(j, key, span_of(text));
	else
		json_null(j, key);
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	lead(j, key);
	buf_put_u64(&j->out->buf, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	lead(j, key);
	buf_put_i64(&j->out->buf, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	lead(j, key);
	out_puts(j->out, v ? "true" : "false");
}

void json_time(struct json *j, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	if (ms == 0) {
		json_null(j, key);
		return;
	}
	when_encode(ms, text);
	json_span(j, key, (struct span){ text, sizeof(text) });
}

void json_raw(struct json *j, const char *key, struct span text)
{
	lead(j, key);
	if (text.len)
		out_put(j->out, text.p, text.len);
	else
		out_puts(j->out, "null");
}

void json_null(struct json *j, const char *key)
{
	lead(j, key);
	out_puts(j->out, "null");
}

void json_error(struct out *out, const char *code, int exit_code, const char *text)
{
	static const char mark[] = ". Try: ";
	const char *advice = strstr(text, mark);
	struct json j;

	json_open(&j, out, "error");
	json_object(&j, "error");
	json_text(&j, "code", code);
	json_i64(&j, "exit", exit_code);
	json_span(&j, "message",
		  (struct span){ text, advice ? (size_t)(advice - text) : strlen(text) });
	json_text(&j, "try", advice ? advice + strlen(mark) : NULL);
	json_object_end(&j);
	json_close(&j);
}
