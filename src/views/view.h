/*
 * Views: files below the state folder that are worked out from the state, for people and other
 * programs. Each is a row of one table; what it must hold is a pure function of the state, so it
 * can be compared and made again at any time. None of them is ever read back as truth. metrics.h
 * and checkpoint.h have what is special about theirs; docs/files.md lists all files.
 */
#ifndef SK_VIEW_TABLE_H
#define SK_VIEW_TABLE_H

#include "base/err.h"
#include "core/state.h"
#include "os/vfs.h"

/* When a view was made, and from which state: it stands in the document. */
struct view_stamp {
	int64_t at_ms;
	uint64_t seq; /* of the last event that the state contains */
};

/* The state in the order of the ids, which every index needs. Borrows the state. */
struct view_source {
	const struct state *st;
	uint32_t *by_id; /* all tasks that are not gone */
	size_t count;
	bool ordered; /* by_id is filled; see view_source_order */
};

void view_source_init(struct view_source *src, const struct state *st);
void view_source_release(struct view_source *src);

/* Fills by_id, unless that was done. */
void view_source_order(struct view_source *src);

/*
 * Whether this id can be part of a file name of ours. Every plan's can; but a journal that somebody
 * wrote may hold others, and nothing is read or written for them.
 */
bool view_name_fits(struct span id);

enum view_id {
	VIEW_BY_WORKSTREAM,
	VIEW_BY_STATUS,
	VIEW_BY_WORKER,
	VIEW_DAG,
	VIEW_EXECUTION_PLAN,
	VIEW_CHECKPOINT,
	VIEW_COUNT
};

struct view_row {
	const char *before, *after; /* of the workstream's id in the path */
	bool per_workstream;        /* else the path is `before` */
	/* Appends the document, ending in a newline. `ws` only when per_workstream. */
	void (*encode)(struct view_source *src, uint32_t ws, struct view_stamp stamp,
		       struct buf *out);
};

extern const struct view_row view_rows[VIEW_COUNT];

/* Appends the path below the state folder; `ws` is not looked at unless the row is per_workstream.
 */
void view_path(enum view_id view, struct span ws, struct buf *out);

/* A view as a file: which row, and of which workstream (index, or NO_ID). */
struct view_file {
	enum view_id view;
	uint32_t ws;
};

/* What this path below the state folder is a view of; false when it is none that belongs to this
 * state. */
bool view_find(const struct state *st, struct span path, struct view_file *out);

/*
 * Calls fn for every view this state must have, with its path, until it returns nonzero; that is
 * returned, else 0.
 */
int views_each(const struct state *st,
	       int (*fn)(void *ctx, struct view_file file, const char *path), void *ctx);

/* Appends what the view at this path must hold. Returns 0, or -SK_ENOTFOUND. */
int views_expected(const struct state *st, const char *path, struct view_stamp stamp,
		   struct buf *out);

enum view_verdict {
	VIEW_CURRENT, /* holds what the state says */
	VIEW_STALE,   /* made from an earlier state, and since then something changed: harmless */
	VIEW_WRONG,   /* claims to be of this very state, and is not */
	VIEW_LATER,   /* claims to be of a later state: wrong, unless that may be one not known */
	VIEW_UNREADABLE, /* no document of ours */
};

/* Compares a file's bytes with what the state says, whenever it was made. */
enum view_verdict views_compare(const struct state *st, struct view_file file, struct span bytes);

/* Whether this folder's *.json at `path` is a view of a kind we write, of whatever workstream. */
bool view_named(struct span path);

/*
 * Writes the view such that, whatever happens, its name leads to the old or the new document,
 * whole; the name is durable with the next sync_dir. Returns 0 or -errno.
 */
int views_write(const struct vfs *vfs, struct view_source *src, struct view_file file,
		struct view_stamp stamp, struct buf *scratch);

/*
 * Writes the view anew, durably. Returns 0, or a negative code with *e filled. Only the one writer
 * of the state may do that.
 */
int views_rebuild(const struct vfs *vfs, const struct state *st, struct view_file file,
		  int64_t now_ms, struct err *e);

#endif
