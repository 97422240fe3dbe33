/*
 * The state as one JSON document, and back: .state/current.json, backups, and the record at the
 * head of a rotated journal. Shape: docs/journal.md. Decoding is as strict as the journal: a
 * document we would not write is refused.
 */
#ifndef SK_STATE_CODEC_H
#define SK_STATE_CODEC_H

#include "core/state.h"

/* What the document holds maps of. name, key in current.json, word for people */
#define STATE_PARTS(X)                             \
	X(WORKSTREAM, "workstreams", "workstream") \
	X(TASK, "tasks", "task")                   \
	X(WORKER, "workers", "worker")             \
	X(RESOURCE, "resources", "resource")

#define X(name, key, word) PART_##name,
enum state_part { STATE_PARTS(X) PART_COUNT };
#undef X

const char *state_part_key(enum state_part part);
const char *state_part_word(enum state_part part);

/* Where the snapshot stands in the journal. */
struct snapshot_place {
	uint64_t segment; /* number of the journal segment */
	uint64_t offset;  /* bytes of it that the snapshot contains */
	uint64_t sum;     /* chained checksum of the last record contained */
};

/* Appends the document, ending in a newline. */
void state_encode(const struct state *st, const struct snapshot_place *place, int64_t now_ms,
		  struct buf *out);

/* Appends the part of it that is about one workstream: for people and the archive, nobody decodes
 * it. */
void state_encode_ws(const struct state *st, uint32_t ws, int64_t now_ms, struct buf *out);

/*
 * Appends the object of one thing as it stands in the document; false when there is no thing of
 * exactly this id.
 */
bool state_encode_thing(const struct state *st, enum state_part part, struct span id,
			struct buf *out);

/*
 * Reads a document into *st, which is empty after state_init. On failure *st may be released only.
 * Returns 0; -EINVAL with *what naming the problem and *at its byte; -SK_ECORRUPT when the values
 * contradict each other.
 */
int state_decode(struct span text, struct state *st, struct snapshot_place *place, char what[200],
		 size_t *at);

#endif
