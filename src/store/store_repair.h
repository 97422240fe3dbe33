/* What opening a store for writing puts right once it is known that nothing is damaged. */
#ifndef SK_STORE_REPAIR_H
#define SK_STORE_REPAIR_H

#include "store/store_impl.h"

/* Creates the folders and a journal whose first record names the workspace. After a crash: all of
 * it or nothing. */
int store_create(const struct vfs *vfs, const char *workspace, int64_t now_ms, struct err *e);

/* Removes *.tmp files that a crash left behind, counting them in *count. */
int repair_strays(const struct vfs *vfs, uint64_t *count, struct err *e);

/*
 * A journal with two names: 1 when the second one is the archive name of a rotation, or the name a
 * restore keeps the old journal under, that power cut short, with its path in `closed`; 0 when
 * nobody of ours made it.
 */
int repair_find_second_name(const struct vfs *vfs, const struct vfs_stat *journal,
			    char closed[SEGMENT_PATH_BYTES]);
int repair_drop_second_name(const struct vfs *vfs, const char *closed, struct err *e);

/*
 * Cuts the torn last turn off the journal at s->at.offset, after its bytes [at.offset, bytes) were
 * made durable in torn-<time>-<seq>.jsonl (unless they are all zero). A crash anywhere in between
 * only repeats it.
 */
int repair_torn_tail(struct store *s, uint64_t bytes, bool zeros, int64_t now_ms, struct err *e);

/* Fills the reserve for the day the disk is full. That it cannot be is no reason not to start. */
void repair_reserve(const struct vfs *vfs);

#endif
