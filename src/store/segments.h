/* The files that a journal consists of over time: closed ones in the archive, the live one last. */
#ifndef SK_SEGMENTS_H
#define SK_SEGMENTS_H

#include "core/state.h"
#include "store/journal.h"
#include "store/snapshot.h"

/* A closed journal file; segment_path_encode makes its path. */
struct segment {
	uint64_t first, last; /* seq of its first and last record */
};

struct segments {
	struct segment *v;
	size_t count, capacity;
};

#define SEGMENTS_INIT      \
	{                  \
		NULL, 0, 0 \
	}

void segments_release(struct segments *s);

/*
 * The closed files that hold records from `from_seq` on and end in front of the live journal,
 * oldest first. Files that reach beyond its first record belong to a future that was dropped by a
 * restore; so do those whose numbers a longer file has as well.
 */
void segments_list(const struct vfs *vfs, uint64_t from_seq, struct segments *out);

/* Those that do not count: what a restore left behind when it was killed. */
void segments_list_dropped(const struct vfs *vfs, struct segments *out);

/* What stands before the first record of a file, and what that record is. */
struct journal_base {
	struct journal_place from; /* where reading begins */
	uint64_t segment;          /* number of the file, from 1 */
	uint64_t first_seq;        /* of the first record; 0 when there is no whole one */
	int64_t first_ms;
	bool complete;      /* the state before it is known: it is a snapshot, or the very first */
	char workspace[33]; /* as far as the first record tells, NUL-terminated */
};

/*
 * Reads the first record of a journal file; the state before it goes to *st (empty, after
 * state_init; NULL when it is not wanted). Returns 0; -ENOENT without a sentence; -SK_EIO;
 * -SK_ECORRUPT when the state inside it is damaged. A file that does not begin with a record is
 * left for journal_read to judge.
 */
int journal_base_find(const struct vfs *vfs, const char *path, struct state *st,
		      struct journal_base *out, struct err *e);

/*
 * What the file says at its very front of the state that it begins with: for who reads all of it
 * next, and checks then whether it is so. False when no rotation of ours wrote it.
 */
bool journal_base_glance(const struct vfs *vfs, const char *path, struct snapshot_head *out);

/*
 * Calls fn for each file that may hold records from `from_seq` on, oldest first and the live one
 * last, with its path and where it begins, until it returns nonzero; that is returned, else 0. A
 * file that is closed meanwhile is not missed. -ENOENT (no sentence) when there is no journal;
 * -SK_ECORRUPT, -SK_EREFUSED, -SK_EIO.
 */
int segments_each(const struct vfs *vfs, uint64_t from_seq,
		  int (*fn)(void *ctx, const char *path, const struct journal_base *base,
			    struct err *e),
		  void *ctx, struct err *e);

/* The number of the first record, unchecked; 0 when the file does not begin with one. */
uint64_t journal_first_seq(const struct vfs *vfs, const char *path);

#endif
