/*
 * current.json, the state as one document, and its backups. A snapshot only saves time: the journal
 * alone is enough.
 */
#ifndef SK_SNAPSHOT_H
#define SK_SNAPSHOT_H

#include "base/err.h"
#include "core/state_codec.h"
#include "os/vfs.h"

#define SNAPSHOT_FILE "current.json"
#define BACKUP_DIR "backups"

enum snapshot_found {
	SNAPSHOT_NONE,
	SNAPSHOT_GOOD,
	SNAPSHOT_UNREADABLE, /* empty, half a document, rotten, not ours: the journal rebuilds it */
};

/*
 * Reads current.json into *st (empty, after state_init; empty again unless SNAPSHOT_GOOD). Returns
 * an enum snapshot_found; -SK_EREFUSED when it is no regular file, -SK_EIO when the disk refuses.
 */
int snapshot_load(const struct vfs *vfs, struct state *st, struct snapshot_place *place,
		  struct err *e);

/*
 * The same of any file that should be one, current.json or a backup: an enum snapshot_found, with
 * *why told of one that is unreadable, or -errno when the file cannot be read at all.
 */
int snapshot_read(const struct vfs *vfs, const char *path, struct state *st,
		  struct snapshot_place *place, char why[200]);

/* What stands at the head of such a document. */
struct snapshot_head {
	uint64_t last_seq, segment, offset, sum;
	int64_t at_ms;      /* when it was written */
	char workspace[33]; /* NUL-terminated */
	uint64_t bytes;     /* of the file */
};

/*
 * Reads only the head, after the checksum over all of it was found to fit: many times faster than
 * snapshot_read, and sure of everything but that the values agree with each other. Returns as
 * snapshot_read.
 */
int snapshot_glance(const struct vfs *vfs, const char *path, struct snapshot_head *out,
		    char why[200]);

/*
 * The same of the beginning of a document, cut off anywhere behind its head: nothing is checked.
 * False when it does not begin like one of ours. *out is zero before.
 */
bool snapshot_head_read(struct span text, struct snapshot_head *out);

/* Closes a document of state_encode with a checksum over all of it, its new last member. */
void snapshot_seal(struct buf *document);

/* Replaces current.json by a sealed document. After a return of 0 the new one survives anything,
 * before that the old one does. */
int snapshot_save(const struct vfs *vfs, struct span document, struct err *e);

/* Keeps an unreadable current.json as current.json.corrupt-<time>. */
int snapshot_set_aside(const struct vfs *vfs, int64_t now_ms, struct err *e);

/*
 * Keeps the current.json of now as backups/current_YYYY-MM-DDTHH-MM-SS.json when the newest backup
 * is BACKUP_INTERVAL_MS old. *newest_ms is its time, -1 = not looked up yet; it is kept up to date.
 * Returns 1 if one was made, 0 if none was due or there is no snapshot yet.
 */
int backup_make(const struct vfs *vfs, int64_t now_ms, int64_t *newest_ms, struct err *e);

/*
 * Removes the oldest backups beyond BACKUPS_KEPT, at most BACKUPS_PRUNED_MAX at once. Files that
 * are not named like a backup are never touched. Call it only when the newest backup is durable, as
 * it is after backup_make.
 */
int backup_prune(const struct vfs *vfs, struct err *e);

/* The time in a backup's name, or -EINVAL when it is not in the form
 * current_YYYY-MM-DDTHH-MM-SS.json. */
int backup_name_decode(struct span name, int64_t *out_ms);

/* The times of all well-named backups, oldest first. */
struct backups {
	int64_t *v;
	size_t count, capacity;
};

void backups_release(struct backups *b);

/* Returns 0, also when there is no such folder, or -errno. */
int backups_list(const struct vfs *vfs, struct backups *out);

#define BACKUP_NAME_BYTES 33

/* The name of a backup of this time, NUL-terminated. */
void backup_name_encode(int64_t ms, char out[BACKUP_NAME_BYTES]);

/* "2026-11-21T08-43-00", NUL-terminated: a time as part of a file name. */
#define FILE_TIME_BYTES 20
void file_time_encode(int64_t ms, char out[FILE_TIME_BYTES]);

#endif
