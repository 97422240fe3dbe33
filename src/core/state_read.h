/* Reading the members of a snapshot's objects: what the parts of state_decode share, and nobody
 * else uses. */
#ifndef SK_STATE_READ_H
#define SK_STATE_READ_H

#include "base/scan.h"
#include "core/state.h"

#define WHEN_MINUTE_LEN 17 /* 2026-11-21T08:43: */

/* What waivers a task has, until the needs they are about are known. */
struct waived_list {
	uint32_t task;
	struct span needs; /* raw JSON array */
};

struct value {
	struct scan_text text; /* of a text; raw for RAW */
	int64_t number;        /* of everything else */
};

#define TASK_MEMBERS 32

struct decoder {
	struct scan s;
	struct state *st;
	struct buf scratch;
	char *what; /* [200]: the problem, for people */
	bool contradiction;
	char minute[WHEN_MINUTE_LEN]; /* of the time that was read last, and its milliseconds */
	int64_t minute_ms;
	struct value task[TASK_MEMBERS]; /* of the task that was read last */
	uint64_t task_filled;            /* which of them it had */
	struct waived_list *waived;
	size_t waived_count, waived_capacity;
};

enum member_kind {
	MEMBER_TEXT,
	MEMBER_RAW,
	MEMBER_BOOL,
	MEMBER_TIME,
	MEMBER_NUMBER, /* up to INTEGER_MAX */
	MEMBER_U32,
	MEMBER_U16,
	MEMBER_U8,
	MEMBER_I32,
};

struct member {
	const char *key;
	uint8_t len;
	uint8_t kind;
};

#define MEMBER(key, kind)                           \
	{                                           \
		key, sizeof(key) - 1, MEMBER_##kind \
	}

/* Values that contradict each other: "<what> "<subject>"". The first problem sticks, as with
 * scan_fail. */
void decoder_fail(struct decoder *d, const char *what, struct span subject);

void read_value(struct decoder *d, enum member_kind kind, struct value *v);

/*
 * Reads one object into v[0..count), all zero where a member is missing. Unknown members are passed
 * over: a newer writer of the same format may add some.
 */
void read_members(struct decoder *d, const struct member *members, size_t count, struct value *v);

/* The same for a v of at most 64 that is all zero but for what a call before has filled: a bit of
 * *filled each. */
void read_members_again(struct decoder *d, const struct member *members, size_t count,
			struct value *v, uint64_t *filled);

/* A copy that lives as long as the state, with escapes resolved. */
struct span keep_text(struct decoder *d, struct scan_text text);

/* state_decode_task.c: one member of "tasks". */
void read_task(struct decoder *d, struct span id);

#endif
