/*
 * What `sk state repair` and `sk recover` may put right, as a plan with a proof for each item. The
 * list is closed: what is not one of these kinds is reported and never touched.
 */
#ifndef SK_MEND_H
#define SK_MEND_H

#include "cmd/state/hand.h"
#include "store/restore.h"

/* name, word in JSON, what is done */
#define MENDS(X)                                                                         \
	X(RESTORE, "restore_journal", "go back to the last good record")                 \
	X(TEMP, "stale_temp_file", "remove")                                             \
	X(TORN, "torn_tail", "cut off, and keep the bytes aside")                        \
	X(NAME, "second_name", "take back the second name")                              \
	X(DROPPED, "dropped_future", "set aside")                                        \
	X(SNAPSHOT, "snapshot", "replay the journal and write it anew")                  \
	X(WORKER, "dead_worker", "read its last word, end what it left, free its tasks") \
	X(WORKSTREAM, "workstream_state", "derive its state from its tasks")             \
	X(VIEW, "view", "write it anew")                                                 \
	X(CHECKPOINT, "checkpoint", "write it anew")                                     \
	X(REPORT, "not_touched", "not touched: look at it yourself")

#define X(name, word, deed) MEND_##name,
enum mend_kind { MENDS(X) MEND_COUNT };
#undef X

const char *mend_word(enum mend_kind kind);
const char *mend_deed(enum mend_kind kind);

struct mend_item {
	enum mend_kind kind;
	char subject[160]; /* a path, or "worker local" */
	char proof[600];
};

struct mend_plan {
	struct mend_item *v;
	size_t count, capacity;
	size_t by_kind[MEND_COUNT];
	bool damaged;  /* the journal: nothing but a restore can be done about it */
	bool restores; /* `restore` is filled */
	bool loses;    /* and drops something that is on record */
	struct restore_plan restore;
};

void mend_plan_init(struct mend_plan *p);
void mend_plan_release(struct mend_plan *p);
void mend_add(struct mend_plan *p, enum mend_kind kind, const char *subject, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* How many items there are that can be mended. */
size_t mend_count(const struct mend_plan *p);

/*
 * Looks at everything and changes nothing. With `may_restore` a damaged journal leads to the plan
 * of a restore, else it is only reported. The lock is held by the caller; or (h->beside) an
 * orchestrator is at work, and what it sees to by itself is not listed: workers, the snapshot,
 * files that are being written and views of an earlier moment. -SK_EBUSY: in a copy of the
 * orchestrator it cannot be told, everything has to be read.
 */
int mend_find(struct hand *h, bool may_restore, struct mend_plan *out, struct err *e);

/* Carries the plan out. Killed at any moment, it can be made and carried out again. */
int mend_do(struct hand *h, struct mend_plan *p, struct err *e);

/*
 * Writes the snapshot and the views of the state as it is now: those of a future that was dropped
 * say something else. The lock is held by the caller. What cannot be written is left to the next
 * start, which does the same.
 */
void mend_views(struct hand *h);

/* Both for a command: finds, prints, and with --yes does. The exit code or a negative code. */
int mend_run(struct hand *h, bool may_restore, struct err *e);

#endif
