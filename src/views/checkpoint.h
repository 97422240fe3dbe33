/*
 * Where a workstream stood at some event: .state/checkpoints/<workstream>_latest.json and a short
 * history <workstream>_<seq>.json. A checkpoint is what a rollback goes back to, and the only view
 * that a command reads: sealed with a checksum, checked against the state, and refused with a
 * sentence when it does not fit. What it says about tasks that were completed since is never used.
 */
#ifndef SK_CHECKPOINT_H
#define SK_CHECKPOINT_H

#include "views/view.h"

#define CHECKPOINT_DIR "checkpoints"
#define CHECKPOINT_LATEST "_latest.json"
#define CHECKPOINT_HEAD_BYTES 512 /* holds every member in front of the lists */

/* See struct view_row. */
void checkpoint_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp,
		       struct buf *out);

struct checkpoint_task {
	uint32_t task; /* index in the state */
	uint8_t state; /* enum task_state, then */
	uint16_t retry_count, reassign_count;
};

struct checkpoint {
	uint64_t seq;  /* the last event it contains */
	int64_t at_ms; /* when it was written */
	uint64_t run_no;
	struct checkpoint_task *tasks; /* in the order of the file; tasks made since are missing */
	size_t count, capacity;
};

#define CHECKPOINT_INIT             \
	{                           \
		0, 0, 0, NULL, 0, 0 \
	}

void checkpoint_release(struct checkpoint *c);

/*
 * Reads a checkpoint of workstream `ws`. `which` is "latest", the number of an event for which
 * there is one, or the exact checkpoint_at of one. *out is initialised, and filled only on success.
 * Returns 0, or
 *   -SK_ENOTFOUND  there is none, or none of that number or time (e lists what there is)
 *   -SK_EUSAGE     `which` is none of the three
 *   -SK_EREFUSED   it is of another workstream or run, ahead of the journal, or names tasks that
 *                  are not there
 *   -SK_ECORRUPT   the file is damaged
 *   -SK_EIO        the disk refused
 * with *e filled: the sentence ends with what was not done, "nothing was rolled back".
 */
int checkpoint_read(const struct vfs *vfs, const struct state *st, uint32_t ws, const char *which,
		    struct checkpoint *out, struct err *e);

/* One file of the history. */
struct checkpoint_name {
	struct span ws; /* into the name that was read */
	uint64_t seq;
};

/* Takes the name (without folder) of a file of the history apart; false when it is none. */
bool checkpoint_name_decode(struct span name, struct checkpoint_name *out);

/* Appends the path of a file of the history, below the state folder. */
void checkpoint_path(struct span ws, uint64_t seq, struct buf *out);

/*
 * Writes the workstream's checkpoint: <ws>_<seq>.json and <ws>_latest.json are two names of the
 * same bytes. The folder's names are durable only after checkpoint_settle. After a power cut a name
 * leads to a whole document. Returns 0 or -errno.
 */
int checkpoint_write(const struct vfs *vfs, struct view_source *src, uint32_t ws,
		     struct view_stamp stamp, struct buf *scratch);

/*
 * The event that the workstream's latest checkpoint is of, as it says itself: enough to see whether
 * it is old. 0 when it is not ours to read; -ENOENT when there is none, or another -errno.
 */
int64_t checkpoint_seq(const struct vfs *vfs, struct span ws);

/*
 * Removes every checkpoint of an event behind `seq`: after a restore that gave up a part of the
 * journal they tell of what did not happen. Returns 0 or -errno.
 */
int checkpoint_forget(const struct vfs *vfs, uint64_t seq);

/* Makes the folder, which may exist. */
int checkpoint_prepare(const struct vfs *vfs);
int checkpoint_settle(const struct vfs *vfs);

/* Removes the oldest of each workstream's history beyond CHECKPOINTS_KEPT files or
 * CHECKPOINT_HISTORY_BYTES, the latest always stays; and what a crash left half written. Returns 0
 * or -errno. */
int checkpoint_prune(const struct vfs *vfs);

#endif
