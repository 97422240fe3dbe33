/*
 * The state as it was: folded from the journal, closed files included, up to a record or a moment.
 * Nothing here writes, and nothing needs the lock.
 */
#ifndef SK_TRAVEL_H
#define SK_TRAVEL_H

#include "core/state.h"
#include "store/journal.h"
#include "store/store_impl.h"

/* How far to fold: the records that are neither beyond `seq` nor later than `at_ms`. */
struct travel_goal {
	uint64_t seq;
	int64_t at_ms;
	bool whole_turns; /* stop behind the last whole turn in front of it, where a store can go on
			   */
};

#define TRAVEL_END ((struct travel_goal){ UINT64_MAX, INT64_MAX, true })

/* Where the fold ended. */
struct travel_point {
	char path[SEGMENT_PATH_BYTES]; /* the file it ended in */
	struct journal_place base;     /* before the first record of that file */
	struct journal_place place;    /* behind the last record folded */
	uint64_t segment;              /* number of the file */
	int64_t at_ms;                 /* of the last record folded */
	uint64_t epoch;                /* of the last whole turn, 0 when it is not known */
	bool torn;                     /* the file ends in an unfinished turn */
};

/*
 * Folds into *st, which is empty after state_init. Returns 0; -ENOENT (no sentence) when there is
 * no journal; -SK_ENOTFOUND when the goal lies before the first record that is kept or behind the
 * last one; -SK_ECORRUPT when the file is damaged in front of the goal; -SK_EIO.
 */
int travel_to(const struct vfs *vfs, struct travel_goal goal, struct state *st,
	      struct travel_point *out, struct err *e);

/*
 * The same in one file, which may stand anywhere: `path` on `vfs`. A goal behind its last record
 * ends at the last whole turn. With `salvage`, damage ends the fold as well: then 1 is returned and
 * *e says what it is. Returns 0, or as above; -SK_EREFUSED when the file does not hold the state
 * that its first record goes on from.
 */
int travel_file(const struct vfs *vfs, const char *path, struct travel_goal goal, bool salvage,
		struct state *st, struct travel_point *out, struct err *e);

/*
 * Goes on from a state that stands at `from` in the file, to its end. As travel_file with salvage.
 */
int travel_on(const struct vfs *vfs, const char *path, struct journal_place from, struct state *st,
	      struct travel_point *out, struct err *e);

#endif
