/*
 * Why the whole line is read before anything is believed: what is reported should be the cause and
 * not a consequence. A byte that cannot be JSON is named by its place; then a sequence number that
 * is none (people edit those); then the checksum, because behind a wrong one every other complaint
 * is noise; and only then what the values mean.
 *
 * Unknown members pass: a newer version may add some. A known member may stand in any place, but
 * only once, because two readers would disagree about the second.
 */
#include "store/record_strict.h"

#include <errno.h>

#include "base/limits.h"
#include "base/when.h"
#include "store/record_words.h"

enum member {
	M_SEQ,
	M_TIMESTAMP,
	M_EVENT,
	M_EVENT_TYPE,
	M_SEVERITY,
	M_TASK_ID,
	M_WORKSTREAM_ID,
	M_WORKER_ID,
	M_RESOURCE_ID,
	M_GOAL_ID,
	M_TENTACLE,
	M_PROVIDER,
	M_FROM_STATE,
	M_TO_STATE,
	M_TRIGGER,
	M_OPERATOR,
	M_REASON,
	M_CAUSED_BY,
	M_ERROR,
	M_TASKS,
	M_METADATA,
	M_EPOCH,
	M_TURN,
	M_FORMAT,
	M_SUM,
	M_COUNT
};

enum member_kind { IS_TEXT, IS_TEXT_OR_NULL, IS_NUMBER, IS_ANY, IS_OBJECT };

static const struct {
	const char *key;
	enum member_kind kind;
} members[M_COUNT] = {
	[M_SEQ] = { "seq", IS_ANY },
	[M_TIMESTAMP] = { "timestamp", IS_TEXT },
	[M_EVENT] = { "event", IS_TEXT },
	[M_EVENT_TYPE] = { "event_type", IS_TEXT },
	[M_SEVERITY] = { "severity", IS_TEXT },
	[M_TASK_ID] = { "task_id", IS_TEXT },
	[M_WORKSTREAM_ID] = { "workstream_id", IS_TEXT },
	[M_WORKER_ID] = { "worker_id", IS_TEXT },
	[M_RESOURCE_ID] = { "resource_id", IS_TEXT },
	[M_GOAL_ID] = { "goal_id", IS_TEXT },
	[M_TENTACLE] = { "tentacle", IS_TEXT },
	[M_PROVIDER] = { "provider", IS_TEXT },
	[M_FROM_STATE] = { "from_state", IS_TEXT_OR_NULL },
	[M_TO_STATE] = { "to_state", IS_TEXT },
	[M_TRIGGER] = { "trigger", IS_TEXT },
	[M_OPERATOR] = { "operator", IS_TEXT },
	[M_REASON] = { "reason", IS_TEXT },
	[M_CAUSED_BY] = { "caused_by", IS_NUMBER },
	[M_ERROR] = { "error", IS_TEXT },
	[M_TASKS] = { "tasks", IS_ANY },
	[M_METADATA] = { "metadata", IS_OBJECT },
	[M_EPOCH] = { "epoch", IS_NUMBER },
	[M_TURN] = { "turn", IS_NUMBER },
	[M_FORMAT] = { "format", IS_NUMBER },
	[M_SUM] = { "sum", IS_TEXT },
};

struct strict {
	struct scan s;
	struct buf *scratch;
	size_t line_len;
	uint32_t seen;             /* bit m: member m stands in the line */
	struct span text[M_COUNT]; /* texts resolved, everything else raw */
	uint64_t number[M_COUNT];
	size_t at[M_COUNT]; /* where each value begins */
};

#define SEEN(t, m) ((t)->seen >> (m)&1)

struct span record_text(struct scan_text text, struct buf *scratch, size_t line_len)
{
	size_t from = scratch->len;

	if (!text.escaped)
		return text.raw;
	/* Room for all that the line can hold, so that what was handed out before never moves. */
	if (from == 0)
		buf_reserve(scratch, line_len);
	scan_unescape(scratch, text);
	return (struct span){ scratch->p + from, scratch->len - from };
}

static int find_member(struct span key)
{
	for (int m = 0; m < M_COUNT; m++)
		if (span_is(key, members[m].key))
			return m;
	return -1;
}

static void read_member(struct strict *t, int m)
{
	struct scan_text text = { SPAN_NONE, false };

	if (SEEN(t, m)) {
		scan_fail(&t->s, "member appears twice");
		return;
	}
	t->seen |= 1u << m;
	scan_peek(&t->s);
	t->at[m] = scan_offset(&t->s);
	switch (members[m].kind) {
	case IS_TEXT_OR_NULL:
		if (scan_peek(&t->s) == 'n') {
			scan_null(&t->s);
			break;
		}
		/* fall through */
	case IS_TEXT:
		scan_string(&t->s, &text);
		if (!t->s.error)
			t->text[m] = record_text(text, t->scratch, t->line_len);
		break;
	case IS_NUMBER:
		scan_u64(&t->s, INTEGER_MAX, &t->number[m]);
		break;
	case IS_OBJECT:
		if (scan_peek(&t->s) != '{')
			scan_fail(&t->s, "expected an object");
		/* fall through */
	case IS_ANY:
		scan_skip(&t->s, &t->text[m]);
		break;
	}
}

static void read_members(struct strict *t)
{
	struct scan_text key;
	int m;

	scan_object(&t->s);
	while (scan_key(&t->s, &key)) {
		m = find_member(record_text(key, t->scratch, t->line_len));
		if (m >= 0)
			read_member(t, m);
		else
			scan_skip(&t->s, NULL);
	}
	scan_end(&t->s);
}

static int flaw(struct record_problem *problem, enum record_flaw kind, const char *what, size_t at)
{
	problem->flaw = kind;
	problem->what = what;
	problem->at = at;
	return -EINVAL;
}

static int check_seq(const struct strict *t, uint64_t *seq, struct record_problem *problem)
{
	if (SEEN(t, M_SEQ) && span_to_u64(t->text[M_SEQ], INTEGER_MAX, seq) == 0 && *seq > 0)
		return 0;
	problem->bad_seq = true;
	return flaw(problem, RECORD_BAD_JSON, "seq is not an integer in 1..9007199254740991",
		    t->at[M_SEQ]);
}

/* event, event_type and severity belong together. */
static int check_event(const struct strict *t, struct event *ev, struct record_problem *problem)
{
	int kind;

	for (int m = M_TIMESTAMP; m <= M_SEVERITY; m++)
		if (!SEEN(t, m))
			return flaw(problem, RECORD_BAD_JSON,
				    "timestamp, event, event_type and severity are needed", 0);
	if (when_decode(t->text[M_TIMESTAMP], &ev->at_ms) < 0)
		return flaw(problem, RECORD_BAD_JSON,
			    "timestamp is not like 2026-11-21T08:43:00.123Z", t->at[M_TIMESTAMP]);
	kind = record_event_find(t->text[M_EVENT]);
	if (kind < 0)
		return flaw(problem, RECORD_TOO_NEW, "unknown event", t->at[M_EVENT]);
	ev->kind = (enum event_kind)kind;
	if (!span_eq(t->text[M_EVENT_TYPE], record_type_words[event_rows[kind].type]))
		return flaw(problem, RECORD_BAD_JSON, "event_type does not belong to the event",
			    t->at[M_EVENT_TYPE]);
	if (!span_eq(t->text[M_SEVERITY], record_severity_words[event_rows[kind].severity]))
		return flaw(problem, RECORD_BAD_JSON, "severity does not belong to the event",
			    t->at[M_SEVERITY]);
	return 0;
}

static int check_transition(const struct strict *t, struct event *ev,
			    struct record_problem *problem)
{
	const uint32_t all = 1u << M_FROM_STATE | 1u << M_TO_STATE | 1u << M_TRIGGER;
	enum event_type type = event_rows[ev->kind].type;
	int from = 255, to, trigger;

	if (!(t->seen & all))
		return 0;
	if ((t->seen & all) != all)
		return flaw(problem, RECORD_BAD_JSON,
			    "from_state, to_state and trigger stand together", 0);
	if (t->text[M_FROM_STATE].p)
		from = record_state_find(type, t->text[M_FROM_STATE]);
	if (from < 0)
		return flaw(problem, RECORD_BAD_JSON, "unknown state", t->at[M_FROM_STATE]);
	to = record_state_find(type, t->text[M_TO_STATE]);
	if (to < 0)
		return flaw(problem, RECORD_BAD_JSON, "unknown state", t->at[M_TO_STATE]);
	trigger = record_trigger_find(t->text[M_TRIGGER]);
	if (trigger < 0)
		return flaw(problem, RECORD_BAD_JSON, "unknown trigger", t->at[M_TRIGGER]);
	ev->from = (uint8_t)from;
	ev->to = (uint8_t)to;
	ev->trigger = (uint8_t)trigger;
	ev->transition = true;
	return 0;
}

static int check_ids(const struct strict *t, struct event *ev, struct record_problem *problem)
{
	for (int m = M_TASK_ID; m <= M_PROVIDER; m++)
		if (t->text[m].len > RECORD_ID_BYTES_MAX)
			return flaw(problem, RECORD_BAD_JSON, "id longer than 255 bytes", t->at[m]);
	ev->task_id = t->text[M_TASK_ID];
	ev->workstream_id = t->text[M_WORKSTREAM_ID];
	ev->worker_id = t->text[M_WORKER_ID];
	ev->resource_id = t->text[M_RESOURCE_ID];
	ev->goal_id = t->text[M_GOAL_ID];
	ev->tentacle_id = t->text[M_TENTACLE];
	ev->provider_id = t->text[M_PROVIDER];
	return 0;
}

static int check_turn(const struct strict *t, struct record_turn *turn,
		      struct record_problem *problem)
{
	if (SEEN(t, M_FORMAT) && t->number[M_FORMAT] == 0)
		return flaw(problem, RECORD_BAD_JSON, "format is not an integer from 1",
			    t->at[M_FORMAT]);
	if (SEEN(t, M_EPOCH) != SEEN(t, M_TURN))
		return flaw(problem, RECORD_BAD_JSON, "epoch and turn stand together", 0);
	if (SEEN(t, M_TURN) && t->number[M_TURN] == 0)
		return flaw(problem, RECORD_BAD_JSON, "turn is not an integer from 1",
			    t->at[M_TURN]);
	*turn = (struct record_turn){ t->number[M_EPOCH], t->number[M_TURN] };
	return 0;
}

static void read_when(struct strict *t, int64_t *out)
{
	struct scan_text text = { SPAN_NONE, false };
	size_t from = scan_offset(&t->s);

	scan_string(&t->s, &text);
	if (t->s.error || when_decode(record_text(text, t->scratch, t->line_len), out) == 0)
		return;
	t->s.p = t->s.start + from;
	scan_fail(&t->s, "expected a time like 2026-11-21T08:43:00.123Z");
}

static void read_field(struct strict *t, const struct field_row *field, struct event *ev)
{
	struct scan_text text = { SPAN_NONE, false };
	void *at = (char *)ev + field->offset;

	scan_peek(&t->s);
	switch (field->kind) {
	case FIELD_KIND_U64:
		scan_u64(&t->s, INTEGER_MAX, at);
		break;
	case FIELD_KIND_I64:
		scan_i64(&t->s, at);
		break;
	case FIELD_KIND_TEXT:
		scan_string(&t->s, &text);
		if (!t->s.error)
			*(struct span *)at = record_text(text, t->scratch, t->line_len);
		break;
	case FIELD_KIND_RAW:
		scan_skip(&t->s, at);
		break;
	case FIELD_KIND_TIME:
		read_when(t, at);
		break;
	}
}

static int find_field(struct span key, uint64_t fields)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		if (span_is(key, field_rows[f].key))
			return fields >> f & 1 ? f : -1;
	return -1;
}

/* The metadata were read as JSON already; now that the event is known, for their meaning. */
static int check_metadata(struct strict *t, struct event *ev, struct record_problem *problem)
{
	uint64_t seen = 0;
	struct scan_text key;
	int f;

	if (!SEEN(t, M_METADATA))
		return 0;
	scan_init(&t->s, t->text[M_METADATA]);
	scan_object(&t->s);
	while (scan_key(&t->s, &key)) {
		f = find_field(record_text(key, t->scratch, t->line_len),
			       event_rows[ev->kind].fields);
		if (f < 0) {
			scan_skip(&t->s, NULL);
			continue;
		}
		if (seen >> f & 1)
			scan_fail(&t->s, "member appears twice");
		seen |= 1ULL << f;
		read_field(t, &field_rows[f], ev);
	}
	if (scan_end(&t->s) < 0)
		return flaw(problem, RECORD_BAD_JSON, t->s.error,
			    t->at[M_METADATA] + t->s.error_at);
	return 0;
}

static int check_meaning(struct strict *t, struct event *ev, struct record_turn *turn,
			 struct record_problem *problem)
{
	int rc;

	if (t->number[M_FORMAT] > RECORD_FORMAT) {
		problem->format = t->number[M_FORMAT];
		return flaw(problem, RECORD_TOO_NEW, "newer format", t->at[M_FORMAT]);
	}
	rc = check_event(t, ev, problem);
	if (rc == 0)
		rc = check_ids(t, ev, problem);
	if (rc == 0)
		rc = check_transition(t, ev, problem);
	if (rc == 0)
		rc = check_turn(t, turn, problem);
	if (rc == 0)
		rc = check_metadata(t, ev, problem);
	return rc;
}

int record_decode_strict(struct span line, bool sum_fits, struct buf *scratch, struct event *out,
			 struct record_turn *turn, struct record_problem *problem)
{
	struct strict t = { .scratch = scratch, .line_len = line.len };
	struct record_turn found = { 0, 0 };
	struct event ev = { .from = 255, .to = 255 };
	uint64_t stored;
	int rc;

	scratch->len = 0;
	scan_init(&t.s, line);
	read_members(&t);
	if (t.s.error)
		return flaw(problem, RECORD_BAD_JSON, t.s.error, t.s.error_at);
	rc = check_seq(&t, &ev.seq, problem);
	if (rc < 0)
		return rc;
	problem->seq = ev.seq;
	if (!record_sum_find(line, &stored))
		return flaw(problem, RECORD_BAD_JSON, "the line does not end in its checksum",
			    line.len);
	if (!sum_fits)
		return flaw(problem, RECORD_BAD_SUM, "checksum does not fit",
			    line.len - RECORD_TAIL_BYTES);
	rc = check_meaning(&t, &ev, &found, problem);
	if (rc < 0)
		return rc;
	ev.operator_name = t.text[M_OPERATOR];
	ev.reason = t.text[M_REASON];
	ev.caused_by = t.number[M_CAUSED_BY];
	ev.error = t.text[M_ERROR];
	ev.tasks = t.text[M_TASKS];
	*out = ev;
	*turn = found;
	return 0;
}
