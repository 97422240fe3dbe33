/*
 * One recorded fact, as a value. decide() makes it, apply() folds it into the state, store/record
 * writes and reads it. Live and in replay the same struct reaches the same apply(); a fact that is
 * not in here does not exist.
 */
#ifndef SK_EVENT_H
#define SK_EVENT_H

#include "base/arena.h"
#include "base/str.h"
#include "core/event_list.h"
#include "core/lives.h"

#define NO_ID UINT32_MAX

enum event_field {
#define X(name, key, kind, member) FIELD_##name,
	FIELDS(X)
#undef X
		FIELD_COUNT
};

enum event_kind {
#define X(name, word, type, severity, fields) EV_##name,
	EVENTS(X)
#undef X
		EVENT_COUNT
};

enum event_type {
#define X(name, word) EVENT_TYPE_##name,
	EVENT_TYPES(X)
#undef X
		EVENT_TYPE_COUNT
};

enum severity {
#define X(name, word) SEVERITY_##name,
	SEVERITIES(X)
#undef X
		SEVERITY_COUNT
};

enum field_kind {
	FIELD_KIND_U64,
	FIELD_KIND_I64,
	FIELD_KIND_TEXT,
	FIELD_KIND_RAW,
	FIELD_KIND_TIME
};

/*
 * Spans are borrowed: from the batch's arena while live, from the line being read in replay;
 * apply() copies what the state keeps. A number that is 0, a span that is empty and a time that is
 * 0 are not written ("absent" and "zero" mean the same in every field, so nothing is lost).
 */
struct event {
	enum event_kind kind;
	uint8_t from, to; /* states of the life that event_type names; 255 = none (null at birth) */
	uint8_t trigger;  /* enum trigger; ON_NONE = not a transition */
	bool transition;  /* from_state and to_state are written */
	uint64_t seq;     /* given at commit */
	uint64_t caused_by; /* seq of the cause, 0 = none */
	int64_t at_ms;      /* wall clock; never before the event before it */
	struct span task_id, workstream_id, worker_id, resource_id;
	struct span goal_id, tentacle_id, provider_id; /* of a goal store */
	struct span operator_name, reason, error;
	struct span tasks; /* RAW: a JSON array of task ids */
	/* metadata; the names are the members named in FIELDS */
	struct span edge, name, needs, outputs, boot_id, nonce, version, kill_mode, capabilities,
		plan, failed_tasks, def, state, changes, set;
	uint64_t attempt, retry_count, reassign_count, incarnation, signal, duration_ms, cpu_ms,
		peak_kb, leftovers;
	uint64_t waive, timeout_ms, run_no, max_parallel, max_duration_ms, flags, limit, requested,
		available, slots;
	uint64_t pid, pid_start;
	int64_t exit_code, retry_at_ms;
};

struct event_row {
	const char *word;
	enum event_type type;
	enum severity severity;
	uint64_t fields; /* HAS(...) of the metadata this kind may carry */
};

struct field_row {
	const char *key;
	enum field_kind kind;
	size_t offset; /* of the member in struct event: uint64_t, int64_t or struct span by kind */
};

extern const struct event_row event_rows[EVENT_COUNT];
extern const struct field_row field_rows[FIELD_COUNT];

const char *event_type_word(enum event_type type);
const char *severity_word(enum severity severity);
int event_kind_decode(struct span word);
int severity_decode(struct span word);

/* Which numbers were given to the records of one writer: others may have some in between. */
struct event_range {
	uint64_t first, last, count; /* count 0 = none */
};

/* Adds numbers that were given just now; 0 as the last one adds nothing. */
void event_range_add(struct event_range *r, uint64_t first, uint64_t last);

/* The events of one turn, in order. Text that decide() makes up lives in the arena until the batch
 * is reset. */
struct events {
	struct event *v;
	size_t count, capacity;
	struct arena text;
};

#define EVENTS_INIT                    \
	{                              \
		NULL, 0, 0, ARENA_INIT \
	}

void events_release(struct events *batch);

/* Forgets all events and their text, keeping the array's memory. */
void events_reset(struct events *batch);

/* Adds a batch that was committed. */
void event_range_add_batch(struct event_range *r, const struct events *batch);

/* Appends an empty event of this kind and time; valid until the next call. */
struct event *events_add(struct events *batch, enum event_kind kind, int64_t at_ms);

#endif
