/*
 * Why two readers of one format: replay is start-up time, so a line of the form we write is
 * compared with the literal bytes between its values in one pass and never searched. Whatever
 * differs, by a single blank or a damaged byte, goes to record_strict.c, which reads any JSON and
 * knows every flaw by name. Strings and nested values are read by the same scanner in both, so both
 * give the same verdict; the tests and a fuzzer hold them to it.
 */
#include "store/record.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "store/record_strict.h"
#include "store/record_words.h"

/* The literal bytes between values; false leaves the place unchanged. */
#define SKIP(s, text) skip_bytes(s, text, sizeof(text) - 1)

static inline bool skip_bytes(struct scan *s, const char *text, size_t len)
{
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
		return false;
	s->p += len;
	return true;
}

static inline bool skip_span(struct scan *s, struct span text)
{
	return skip_bytes(s, text.p, text.len);
}

/* Digits without sign or leading zero, as span_to_u64 would have them. */
static bool fast_number(struct scan *s, uint64_t *out)
{
	const char *p = s->p;
	uint64_t v = 0;

	while (p < s->end && (unsigned)(*p - '0') < 10 && p - s->p < 17)
		v = v * 10 + (unsigned)(*p++ - '0');
	if (p == s->p || (p - s->p > 1 && *s->p == '0') || v > INTEGER_MAX)
		return false;
	s->p = p;
	*out = v;
	return true;
}

struct fast {
	struct scan s;
	struct buf *scratch;
	size_t line_len;
};

static bool fast_text(struct fast *f, struct span *out)
{
	struct scan_text text = { SPAN_NONE, false };

	if (f->s.p == f->s.end || *f->s.p != '"')
		return false;
	scan_string(&f->s, &text);
	if (f->s.error)
		return false;
	*out = record_text(text, f->scratch, f->line_len);
	return true;
}

/* A word in quotes, up to the next quote: the lookup decides whether it is one. */
static bool fast_word(struct scan *s, struct span *out)
{
	const char *p = s->p;

	while (p < s->end && *p != '"')
		p++;
	if (p == s->end)
		return false;
	*out = (struct span){ s->p, (size_t)(p - s->p) };
	s->p = p + 1;
	return true;
}

static bool fast_raw(struct fast *f, unsigned depth, struct span *out)
{
	f->s.depth = depth;
	scan_skip(&f->s, out);
	f->s.depth = 0;
	return !f->s.error;
}

static bool fast_when(struct scan *s, int64_t *out)
{
	struct span text = { s->p, WHEN_TEXT_LEN };

	if (s->end - s->p < WHEN_TEXT_LEN + 1 || s->p[WHEN_TEXT_LEN] != '"' ||
	    when_decode(text, out) < 0)
		return false;
	s->p += WHEN_TEXT_LEN + 1;
	return true;
}

static bool fast_head(struct fast *f, struct event *ev)
{
	const struct event_row *row;
	struct span word;
	int kind;

	if (!SKIP(&f->s, "{\"seq\":") || !fast_number(&f->s, &ev->seq) || ev->seq == 0 ||
	    !SKIP(&f->s, ",\"timestamp\":\"") || !fast_when(&f->s, &ev->at_ms) ||
	    !SKIP(&f->s, ",\"event\":\"") || !fast_word(&f->s, &word))
		return false;
	kind = record_event_find(word);
	if (kind < 0)
		return false;
	ev->kind = (enum event_kind)kind;
	row = &event_rows[kind];
	return SKIP(&f->s, ",\"event_type\":\"") &&
	       skip_span(&f->s, record_type_words[row->type]) &&
	       SKIP(&f->s, "\",\"severity\":\"") &&
	       skip_span(&f->s, record_severity_words[row->severity]) && SKIP(&f->s, "\"");
}

static bool fast_transition(struct fast *f, struct event *ev)
{
	enum event_type type = event_rows[ev->kind].type;
	struct span word;
	int from = 255, to, trigger;

	if (!SKIP(&f->s, "null")) {
		if (!SKIP(&f->s, "\"") || !fast_word(&f->s, &word))
			return false;
		from = record_state_find(type, word);
	}
	if (from < 0 || !SKIP(&f->s, ",\"to_state\":\"") || !fast_word(&f->s, &word))
		return false;
	to = record_state_find(type, word);
	if (to < 0 || !SKIP(&f->s, ",\"trigger\":\"") || !fast_word(&f->s, &word))
		return false;
	trigger = record_trigger_find(word);
	if (trigger < 0)
		return false;
	ev->from = (uint8_t)from;
	ev->to = (uint8_t)to;
	ev->trigger = (uint8_t)trigger;
	ev->transition = true;
	return true;
}

static bool fast_i64(struct scan *s, int64_t *out)
{
	bool negative = SKIP(s, "-");
	uint64_t v;

	if (!fast_number(s, &v))
		return false;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool fast_field(struct fast *f, const struct field_row *field, struct event *ev)
{
	void *at = (char *)ev + field->offset;

	switch (field->kind) {
	case FIELD_KIND_U64:
		return fast_number(&f->s, at);
	case FIELD_KIND_I64:
		return fast_i64(&f->s, at);
	case FIELD_KIND_TEXT:
		return fast_text(f, at);
	case FIELD_KIND_RAW:
		return fast_raw(f, 2, at);
	case FIELD_KIND_TIME:
		return SKIP(&f->s, "\"") && fast_when(&f->s, at);
	}
	return false;
}

static bool fast_metadata(struct fast *f, struct event *ev)
{
	uint64_t fields = event_rows[ev->kind].fields;
	bool first = true;

	for (; fields; fields &= fields - 1) {
		unsigned i = (unsigned)__builtin_ctzll(fields);
		const char *from = f->s.p;

		if (!first && !SKIP(&f->s, ","))
			break;
		if (!skip_span(&f->s, record_field_keys[i])) {
			f->s.p = from;
			continue;
		}
		if (!fast_field(f, &field_rows[i], ev))
			return false;
		first = false;
	}
	return SKIP(&f->s, "}");
}

static bool fast_subjects(struct fast *f, struct event *ev)
{
	if (SKIP(&f->s, ",\"task_id\":") && !fast_text(f, &ev->task_id))
		return false;
	if (SKIP(&f->s, ",\"workstream_id\":") && !fast_text(f, &ev->workstream_id))
		return false;
	if (SKIP(&f->s, ",\"worker_id\":") && !fast_text(f, &ev->worker_id))
		return false;
	if (SKIP(&f->s, ",\"resource_id\":") && !fast_text(f, &ev->resource_id))
		return false;
	if (SKIP(&f->s, ",\"goal_id\":") && !fast_text(f, &ev->goal_id))
		return false;
	if (SKIP(&f->s, ",\"tentacle\":") && !fast_text(f, &ev->tentacle_id))
		return false;
	if (SKIP(&f->s, ",\"provider\":") && !fast_text(f, &ev->provider_id))
		return false;
	return ev->task_id.len <= RECORD_ID_BYTES_MAX && ev->goal_id.len <= RECORD_ID_BYTES_MAX &&
	       ev->tentacle_id.len <= RECORD_ID_BYTES_MAX &&
	       ev->provider_id.len <= RECORD_ID_BYTES_MAX &&
	       ev->workstream_id.len <= RECORD_ID_BYTES_MAX &&
	       ev->worker_id.len <= RECORD_ID_BYTES_MAX &&
	       ev->resource_id.len <= RECORD_ID_BYTES_MAX;
}

static bool fast_line(struct fast *f, struct event *ev, struct record_turn *turn)
{
	if (!fast_head(f, ev) || !fast_subjects(f, ev))
		return false;
	if (SKIP(&f->s, ",\"from_state\":") && !fast_transition(f, ev))
		return false;
	if (SKIP(&f->s, ",\"operator\":") && !fast_text(f, &ev->operator_name))
		return false;
	if (SKIP(&f->s, ",\"reason\":") && !fast_text(f, &ev->reason))
		return false;
	if (SKIP(&f->s, ",\"caused_by\":") && !fast_number(&f->s, &ev->caused_by))
		return false;
	if (SKIP(&f->s, ",\"error\":") && !fast_text(f, &ev->error))
		return false;
	if (SKIP(&f->s, ",\"tasks\":") && !fast_raw(f, 1, &ev->tasks))
		return false;
	if (SKIP(&f->s, ",\"metadata\":{") && !fast_metadata(f, ev))
		return false;
	if (SKIP(&f->s, ",\"epoch\":") &&
	    (!fast_number(&f->s, &turn->epoch) || !SKIP(&f->s, ",\"turn\":") ||
	     !fast_number(&f->s, &turn->lines) || turn->lines == 0))
		return false;
	return f->s.p == f->s.end;
}

int record_decode(struct span line, uint64_t sum_before, struct buf *scratch, struct event *out,
		  struct record_turn *turn, uint64_t *sum, struct record_problem *problem)
{
	struct record_turn found_turn = { 0, 0 };
	uint64_t found = 0, expected = 0;
	struct fast f;
	bool has_sum;
	int rc;

	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	has_sum = record_sum_find(line, &found);
	if (has_sum)
		expected = record_sum(line, sum_before);
	scratch->len = 0;
	if (has_sum && found == expected) {
		f = (struct fast){ .scratch = scratch, .line_len = line.len };
		scan_init(&f.s, (struct span){ line.p, line.len - RECORD_TAIL_BYTES });
		*out = (struct event){ .from = 255, .to = 255 };
		if (fast_line(&f, out, &found_turn)) {
			*turn = found_turn;
			*sum = found;
			return 0;
		}
	}
	*problem = (struct record_problem){ .expected_sum = expected, .found_sum = found };
	rc = record_decode_strict(line, has_sum && found == expected, scratch, out, turn, problem);
	if (rc == 0)
		*sum = found;
	return rc;
}
