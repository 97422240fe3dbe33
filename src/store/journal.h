/*
 * Reading a journal file: its whole turns, its torn end, its damage. Format: docs/journal.md.
 * Nothing here writes.
 */
#ifndef SK_JOURNAL_H
#define SK_JOURNAL_H

#include "base/err.h"
#include "core/event.h"
#include "os/vfs.h"

#define JOURNAL_FILE "transitions.jsonl"
#define JOURNAL_NO_LIMIT UINT64_MAX

/* A place between two records: what stands before it is known. */
struct journal_place {
	uint64_t offset; /* byte of the file */
	uint64_t seq;    /* of the record before, 0 = none */
	uint64_t sum;    /* its checksum, 0 at the very start of the store */
};

/* What reading found. */
struct journal_end {
	struct journal_place place; /* behind the last whole turn */
	uint64_t bytes;             /* size of the file, as far as it was read */
	uint64_t records;           /* in whole turns */
	uint64_t surplus;           /* handed to fn although their turn turned out to be torn */
	uint64_t epoch;             /* of the last whole turn; 0 when none was read */
	bool torn;                  /* bytes behind place.offset are an unfinished turn */
	bool torn_zeros;            /* and all of them are zero */
	uint64_t flaw; /* torn, or damaged: byte at which the first line begins that does not fit */
};

/*
 * Called for each record in order. Returns 0 to go on, 1 to stop in front of this record, which is
 * not counted then, or negative with *why filled when it cannot follow those before it, which makes
 * it damage.
 */
typedef int (*journal_fn)(void *ctx, const struct event *ev, struct span line, char why[200]);

/*
 * Reads the records from `from` to `limit` bytes or the end of the file. fn (may be NULL) is called
 * as soon as a record is checked, so it may see records of a torn last turn: out->surplus counts
 * them, and a caller that minds starts over with out->place.offset as limit. Returns 0;
 * -SK_ECORRUPT with a sentence naming line and byte; -SK_EIO.
 */
int journal_read(const struct vfs *vfs, const char *path, struct journal_place from, uint64_t limit,
		 journal_fn fn, void *ctx, struct journal_end *out, struct err *e);

/*
 * journal_read for those who recover: damage ends the reading, but what was read in front of it
 * counts. Returns 0; 1 when there is damage (*e says which, out->place stands behind the last whole
 * turn in front of it, out->flaw at it); negative when the file cannot be read at all: -ENOENT
 * without a sentence, -SK_EIO.
 */
int journal_salvage(const struct vfs *vfs, const char *path, struct journal_place from,
		    journal_fn fn, void *ctx, struct journal_end *out, struct err *e);

/* The first record of a file, of which nothing is checked but that it is one. */
struct journal_head {
	struct buf line, scratch; /* ev points in here */
	struct event ev;
};

#define JOURNAL_HEAD_INIT           \
	{                           \
		BUF_INIT, BUF_INIT, \
		{                   \
			0           \
		}                   \
	}

void journal_head_release(struct journal_head *h);

/* Returns 1, 0 when the file does not begin with a whole record (journal_read will say why), or
 * -SK_EIO. */
int journal_head_read(const struct vfs *vfs, const char *path, struct journal_head *out,
		      struct err *e);

/* The checksum of the record that ends at byte `offset` of the file; false when none ends there. */
bool journal_sum_at(const struct vfs *vfs, const char *path, uint64_t offset, uint64_t *sum);

/*
 * Refuses what is not a plain private file: -SK_ECORRUPT for another type, -SK_EREFUSED for a
 * symlink, another owner or a file others may write. Returns 0 with *st filled, or -ENOENT (no
 * sentence). Hard links are the caller's to judge.
 */
int journal_check_file(const struct vfs *vfs, const char *path, struct vfs_stat *st, struct err *e);

#endif
