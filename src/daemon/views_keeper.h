/*
 * Keeps the views (src/views/) true while the state changes. What changed is marked in constant
 * time per event; written is at most once a second, in slices of at most VIEWS_PASS_MS, and at most
 * a fiftieth of the time goes into it, so the cost of a transition does not grow with the state.
 *
 * Never needed for safety: a view that cannot be written stays as it was, is told once, and is
 * tried again. After a crash views are old or new, each whole; views_keeper_look finds the old
 * ones.
 */
#ifndef SK_VIEWS_KEEPER_H
#define SK_VIEWS_KEEPER_H

#include "base/err.h"
#include "core/decide.h"
#include "os/clock.h"
#include "store/known.h"
#include "views/metrics.h"
#include "views/view.h"

struct views_keeper {
	const struct vfs *vfs; /* borrowed, as are clock and state */
	const struct clock *clock;
	const struct state *st;
	struct view_source src;
	uint8_t *marks; /* of each workstream */
	size_t marks_count, marks_capacity;
	uint32_t *changed; /* workstreams with marks: changed[next..count) are to be written */
	size_t next, until, count, capacity; /* [next..until) in this pass */
	bool passing, indexes, folder;       /* a pass is under way; ...; checkpoints/ is there */
	bool failing;                        /* the last pass was not whole, and that was told */
	int64_t due_ms;                      /* monotonic: not before */
	int64_t metrics_ms;                  /* monotonic: when metrics.json is written next */
	int state_fd;                 /* the folder, for what metrics tell of the disk; or -1 */
	struct known_files *known;    /* where what was written is noted; or NULL */
	const int64_t *heard_ms;      /* monotonic, by worker: when it said something; or NULL */
	int64_t pruned_ms;            /* wall: when old archives were looked for last */
	bool looked;                  /* what was missing at the start is marked */
	unsigned checkpoints;         /* written since the history was thinned out */
	unsigned failures;            /* in this pass */
	struct buf scratch, new_runs; /* ids, each with a NUL, whose logs are to be moved */
};

/*
 * All zero is an empty keeper that may be released. Nothing is read or written yet. The caller may
 * set state_fd, known and heard_ms.
 */
void views_keeper_init(struct views_keeper *k, const struct vfs *vfs, const struct clock *clock,
		       const struct state *st);
void views_keeper_release(struct views_keeper *k);

/*
 * Marks what is missing on disk or not of this state: from an earlier one, or from one that a
 * restore gave up. At a start; _finish does it for who did not.
 */
void views_keeper_look(struct views_keeper *k);

/*
 * Somebody removed the file at this path below the state folder, or wrote over it: when it is one
 * of ours it is written again, in its turn. An archive does not come back by that.
 */
void views_keeper_lost(struct views_keeper *k, struct span path);

/* Marks the checkpoints that are missing, and nothing else: their folder is watched only from now
 * on. */
void views_keeper_look_at_checkpoints(struct views_keeper *k);

/* Before an input is decided on: what it is about to forget is archived. */
void views_keeper_before(struct views_keeper *k, const struct input *in, int64_t now_ms);

/* Behind a commit: marks what the events changed. Writes nothing. */
void views_keeper_note(struct views_keeper *k, const struct events *batch);

/*
 * Between a commit and its effects, because they may give out tasks of a new run: the logs that it
 * would write into are moved out of its way. Does nothing unless there is a new run.
 */
void views_keeper_settle(struct views_keeper *k);

/* When there is something to write next: monotonic. */
int64_t views_keeper_due(const struct views_keeper *k);

/*
 * Writes a slice of what is due. Returns 0, also when there was nothing to do; a negative code with
 * *e filled when something could not be written for the first time since all could.
 */
int views_keeper_run(struct views_keeper *k, int64_t now_ms, struct err *e);

/* Writes all there is, within VIEWS_STOP_MS, and thins out what is old. Returns as _run. */
int views_keeper_finish(struct views_keeper *k, int64_t now_ms, struct err *e);

#endif
