/* Reading the members of a snapshot's objects: what the parts of state_decode share, and nobody
 * else uses. */
#ifndef SK_STATE_READ_H
#define SK_STATE_READ_H

#include "base/scan.h"
#include "core/state.h"

/* What waivers a task has, until the needs they are about are known. */
struct waived_list {
	uint32_t task;
	struct span needs; /* raw JSON array */
};

struct decoder {
	struct scan s;
	struct state *st;
	struct buf scratch;
	char *what; /* [200]: the problem, for people */
	bool contradiction;
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

struct value {
	struct scan_text text; /* of a text; raw for RAW */
	int64_t number;        /* of everything else */
};

/* Values that contradict each other: "<what> "<subject>"". The first problem sticks, as with
 * scan_fail. */
void decoder_fail(struct decoder *d, const char *what, struct span subject);

void read_value(struct decoder *d, enum member_kind kind, struct value *v);

/*
 * Reads one object into v[0..count), all zero where a member is missing. Unknown members are passed
 * over: a newer writer of the same format may add some.
 */
void read_members(struct decoder *d, const struct member *members, size_t count, struct value *v);

/* A copy that lives as long as the state, with escapes resolved. */
struct span keep_text(struct decoder *d, struct scan_text text);

/* state_decode_task.c: one member of "tasks". */
void read_task(struct decoder *d, struct span id);

#endif
