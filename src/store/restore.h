/*
 * Putting a store back: from a backup, from a journal, or to an earlier moment. In two steps, so
 * that a dry run and the act are the same code: a plan is worked out from what can be read, which
 * changes nothing; carrying it out writes the journal, the snapshot and what is kept of the old
 * ones.
 *
 * The caller holds the store's lock for both.
 */
#ifndef SK_RESTORE_H
#define SK_RESTORE_H

#include "core/state_codec.h"
#include "store/snapshot.h"
#include "store/travel.h"
#include "store/walk.h"

enum restore_source {
	RESTORE_BACKUP,      /* a backup, and behind it what the journal still tells */
	RESTORE_TRANSITIONS, /* a journal file alone */
	RESTORE_TRAVEL,      /* this store's own journal, up to an earlier record */
};

struct restore_request {
	enum restore_source source;
	const char *backup;      /* RESTORE_BACKUP: its path below the store; NULL = the newest */
	const struct vfs *files; /* RESTORE_TRANSITIONS: where the file is */
	const char *file;        /* its path there */
	const char *shown;       /* as the person typed it */
	bool live;               /* it is this store's own journal */
	struct travel_goal goal; /* RESTORE_TRANSITIONS and RESTORE_TRAVEL: how far */
};

/* What of the present journal will not be there any more. */
struct restore_loss {
	struct journal_rest rest; /* what stands behind the last record that is kept */
	uint64_t missing;         /* records that a snapshot proves, and that nobody has any more */
	uint64_t gap_first,
		gap_last; /* numbers whose effects are kept, but not they themselves; 0 */
};

struct restore_plan {
	struct state st;             /* what will be; released with the plan */
	struct snapshot_place place; /* in the old journal, behind its last record */
	bool swaps;                  /* the journal itself is replaced, not only the snapshot */
	bool branch;                 /* to another story than the present journal tells */
	bool nothing;                /* it is all there already */
	bool damaged;                /* the present journal is damaged or gone: `damage` says how */
	char damage[ERR_TEXT_MAX];
	char source_damage[ERR_TEXT_MAX]; /* of another journal file it is made from, or "" */
	char source[SEGMENT_PATH_BYTES];  /* what it is made from */
	uint64_t source_seq;              /* what that held, before more was replayed */
	uint64_t segment;                 /* number the new journal file gets */
	/* The front part of a journal file that is kept in the archive; path empty = none. */
	const struct vfs *history;
	char history_path[SEGMENT_PATH_BYTES];
	uint64_t history_first, history_last, history_bytes;
	/* current.json as it is now */
	enum snapshot_found snapshot;
	uint64_t snapshot_seq;
	bool snapshot_bad; /* unreadable, or of another history: kept as corrupt */
	bool loses;        /* records that were acknowledged will be gone */
	struct restore_loss loss;
};

void restore_plan_release(struct restore_plan *p);

/*
 * Works out what would be restored. *out is empty on failure. Returns 0; -SK_ENOTFOUND (no backup,
 * no journal, no such record); -SK_ECORRUPT (the source is damaged; the next one to try is named);
 * -SK_EREFUSED (it belongs to another place); -SK_EIO.
 */
int restore_plan_make(const struct vfs *vfs, const struct restore_request *request,
		      struct restore_plan *out, struct err *e);

/* Who, why and when. */
struct restore_by {
	struct span operator_name, reason;
	int64_t now_ms;
};

#define KEPT_NAME_BYTES 64

/* What was done. */
struct restore_done {
	char journal_kept[KEPT_NAME_BYTES], snapshot_kept[KEPT_NAME_BYTES]; /* "" = none */
	uint64_t seq;                                                       /* of state_restored */
	int64_t at_ms;                                                      /* its time */
	unsigned others; /* files of a dropped future that were set aside */
};

/*
 * Carries the plan out on the store it was made for. After a kill or a power cut at any moment the
 * store is the one before or the one after, and the same request can be made again. Returns 0;
 * -SK_EIO when the disk refuses: the store is as it was.
 */
int restore_apply(const struct vfs *vfs, struct restore_plan *p, const struct restore_by *by,
		  struct restore_done *out, struct err *e);

/* Writes the plan's state as a store of its own into an empty folder. Killed in between, the folder
 * holds no store. */
int restore_copy(const struct vfs *into, struct restore_plan *p, const struct restore_by *by,
		 struct restore_done *out, struct err *e);

/* Sets closed journal files of a dropped future aside; returns how many, or -errno. Done again by
 * repair. */
int restore_tidy(const struct vfs *vfs, int64_t now_ms);

#endif
