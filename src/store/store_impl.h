/* What the parts of the store share: opening (store_open.c), writing (store.c) and rotation
 * (rotate.c). */
#ifndef SK_STORE_IMPL_H
#define SK_STORE_IMPL_H

#include "store/journal.h"
#include "store/known.h"
#include "store/store.h"

#define RESERVE_FILE "reserve"
#define ARCHIVE_DIR "archive"
#define SEGMENTS_DIR "archive/transitions"
#define SEGMENT_PATH_BYTES 96

struct store {
	const struct vfs *vfs;
	int handle;              /* of the journal; -1 when read-only */
	bool unusable;           /* a write failed: memory and disk no longer agree */
	bool orchestrator_runs;  /* by its records; decides whether a full disk is recorded as its
				    stop */
	struct journal_place at; /* behind the last durable turn */
	uint64_t file_id;        /* of the journal file, as it was opened */
	struct known_file self;  /* the journal as it looked when we had written or read it last */
	bool touched;            /* and once it looked otherwise: somebody else writes to it */
	struct journal_place
		checked;     /* what stands behind it in the file we have read or written */
	uint64_t folded_seq; /* and records behind this one were folded by us */
	int64_t opened_ms;   /* when we opened it, and the last record then */
	uint64_t opened_seq;
	struct known_files known;
	uint64_t segment;         /* number of the journal file, from 1 */
	uint64_t first_seq;       /* of its first record */
	uint64_t snapshot_seq;    /* what current.json holds */
	int64_t snapshot_ms;      /* when it was written by us; 0 = not yet */
	int64_t newest_backup_ms; /* -1 = not looked up */
	size_t document_bytes;    /* of the newest snapshot */
	struct buf lines;         /* reused for each turn */
};

/*
 * Encodes the events with seq from `at` on as one turn, appending to *out, and moves *at behind it.
 * Returns 0, or -SK_EREFUSED when a record would be longer than any reader takes.
 */
int turn_encode(struct buf *out, struct event *events, size_t count, uint64_t epoch,
		struct journal_place *at, struct err *e);

/* Makes the events durable in the open journal; see store_commit. */
int store_append(struct store *s, struct event *events, size_t count, uint64_t epoch,
		 struct err *e);

/* Remembers how the journal's file looks now: behind our own writing. */
void store_note_self(struct store *s);

/* "archive/transitions/<first>-<last>.jsonl" */
void segment_path_encode(uint64_t first, uint64_t last, char out[SEGMENT_PATH_BYTES]);
/* The numbers in such a name (without the directory); false when it is none. */
bool segment_name_decode(struct span name, uint64_t *first, uint64_t *last);

/* Makes a directory and what leads to it durable; one that exists is fine. */
int store_ensure_dir(const struct vfs *vfs, const char *path, const char *parent);

#endif
