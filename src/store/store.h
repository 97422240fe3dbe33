/*
 * A store: one journal and its snapshot, in one directory. Open = snapshot + replay of the tail.
 * One writer holds the kernel lock of `orchestrator.lock` (taken by the caller before store_open
 * for writing); any number of readers need none.
 */
#ifndef SK_STORE_H
#define SK_STORE_H

#include "base/err.h"
#include "core/event.h"
#include "core/state.h"
#include "os/vfs.h"

struct store;
struct known_files;

enum store_open_flags {
	STORE_READ_ONLY =
		1 << 0, /* repairs nothing, creates nothing; an unfinished last turn is not seen */
	STORE_EXISTING = 1 << 1, /* creates nothing */
	STORE_SETTLED = 1 << 3,  /* the caller knows that all bytes of the journal are durable, and
				    its  name */
	STORE_HISTORY_READ = 1 << 2, /* the caller has just read what stands in front of the
					snapshot, under the same lock */
};

/* What opening found and did, for the start-up message. */
struct store_report {
	bool created;
	bool snapshot_used;
	bool snapshot_rebuilt; /* unreadable: replayed from the journal, kept aside as
				  current.json.corrupt-<time> */
	uint64_t records_replayed;
	uint64_t torn_line, torn_offset,
		torn_bytes;   /* a torn last turn was dropped into torn-<time>-<seq>.jsonl */
	bool torn_zeros;      /* the dropped bytes were zeros */
	uint64_t stray_temps; /* abandoned *.tmp files removed */
};

/*
 * Opens the store below `vfs` into *st (empty, after state_init). Creates it when there is nothing
 * and writing is allowed; `workspace` is 16 hex digits of chance for that case. Damage is
 * -SK_ECORRUPT with file, line and byte, and changes nothing. Loss (snapshot ahead of the journal)
 * is -SK_ECORRUPT too. -ENOENT: there is no store, and none is to be made. A file that is no
 * regular file, is a symlink, has two links or is writable by others is refused (-SK_EREFUSED).
 */
int store_open(const struct vfs *vfs, unsigned flags, const char *workspace, int64_t now_ms,
	       struct state *st, struct store **out, struct store_report *report, struct err *e);

/* Told of each event behind its folding; the spans of ev are valid during the call. */
typedef void store_follower(void *ctx, const struct state *st, const struct event *ev);

/*
 * For one that opened read-only and looks on: folds into st what was committed since. Returns 1
 * when there was something, 0 when not; -ESTALE (no sentence) when the journal was rotated or
 * replaced meanwhile: open again; -SK_ECORRUPT, -SK_EIO.
 */
int store_follow(struct store *s, struct state *st, store_follower *fn, void *ctx, struct err *e);

/* What a writer knows of the bytes of its journal. */
struct store_knowledge {
	/* Nobody but us has written to it since we opened it, as far as the file system told when
	 * store_look asked last. */
	bool untouched;
	uint64_t file_id;
	int64_t opened_ms;                   /* wall: when we read it */
	uint64_t opened_seq;                 /* its last record then */
	uint64_t first_seq, last_seq, bytes; /* of the file */
	uint64_t checked_seq;   /* records behind this one were read or written by us; 0 = all */
	uint64_t folded_seq;    /* and behind this one folded into the state; 0 = all */
	uint64_t checked_bytes; /* where the first of them begins */
};

/* Looks whether somebody else has written to the journal: call it between turns. */
void store_look(struct store *s);
void store_know(const struct store *s, struct store_knowledge *out);

/* The other files that are known to hold what was written to them, or read; the store's own. */
struct known_files *store_known(struct store *s);

/* Closes without writing. Accepts NULL. */
void store_close(struct store *s);

/*
 * Makes the batch durable: gives seq to each event, writes all lines as one unit with one append
 * and syncs. When it returns 0 the events survive anything. On failure nothing is promised about
 * this batch, the store is unusable, and the process must end: the next start finds the batch whole
 * or not at all. An empty batch does nothing.
 */
int store_commit(struct store *s, struct events *batch, uint64_t epoch, struct err *e);

/*
 * Writes current.json (and a backup of the one before, at most one a minute) when it is due: at
 * most once a second, or at once when `force`; only when something was committed since. st is the
 * state behind the last commit. Never needed for safety: a failure is reported and the store stays
 * usable.
 */
int store_snapshot(struct store *s, const struct state *st, int64_t now_ms, bool force,
		   struct err *e);

/*
 * Moves the journal to archive/transitions/ and begins a new one that opens with the whole state.
 * The two records of that are applied to st. Call it between turns, when store_rotate_due says so
 * or an operator asks. After a failure the store is usable unless store_usable says otherwise.
 */
int store_rotate(struct store *s, struct state *st, int64_t now_ms, struct err *e);
bool store_rotate_due(const struct store *s);

/* The same question for a store that has no snapshot and is opened often: whether the journal is
 * longer than `bytes`, and most of it is not the state it begins with. */
bool store_bytes_beyond(const struct store *s, uint64_t bytes);

/* False after a write failed in a way that only a new start can clear up. */
bool store_usable(const struct store *s);

/* Whether store_snapshot without force would write now, and when it will next (INT64_MAX: nothing
 * to write). */
int64_t store_snapshot_due(const struct store *s);

/* The journal from a sequence number on, for people's commands: calls fn for each whole record
 * until it returns nonzero. Finding the first one costs O(log n); what stands before is not
 * checked. */
int store_scan(const struct vfs *vfs, uint64_t from_seq,
	       int (*fn)(void *ctx, const struct event *ev, struct span line), void *ctx,
	       struct err *e);

/* The number of a record that is not far in front of the last one, found by a few reads; 0 when
 * only reading all can tell. */
uint64_t store_near_end(const struct vfs *vfs);

#endif
