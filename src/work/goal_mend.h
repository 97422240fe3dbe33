/*
 * Going on where the journal of goals is damaged, gone, or behind the files. Nothing of this
 * happens by itself: every command refuses such a store (-SK_ECORRUPT) until a person says from
 * what it goes on.
 */
#ifndef SK_GOAL_MEND_H
#define SK_GOAL_MEND_H

#include "store/restore.h"
#include "work/goal_store.h"

enum goal_mend_from {
	MEND_FROM_FILES,   /* goals and tentacles as their files tell; the history ends here */
	MEND_FROM_JOURNAL, /* a backup and what the journal goes on to tell, or its good part; files
			      that are ahead of it are put aside */
};

/* What is wrong, and what is done about it. */
struct goal_mend {
	char problem[ERR_TEXT_MAX]; /* empty: the journal and the files fit, nothing is to be done
				     */
	char source[SEGMENT_PATH_BYTES]; /* MEND_FROM_JOURNAL: what it goes on from */
	uint64_t seq;                    /* and the last record of that */
	struct restore_loss loss;        /* and what is in nothing but the file that is kept */
	struct buf aside;                /* one line for each file: "old name\tnew name\n" */
};

void goal_mend_release(struct goal_mend *m); /* all zero is an empty one */

/*
 * Looks what is wrong and, with `act`, begins anew from what is asked for, under the store's lock.
 * Whatever is taken out of use is renamed, never removed. Returns 0; -SK_ENOTFOUND when there is
 * nothing to go on from; -SK_EBUSY, -SK_EIO. Killed or without power in between, the store refuses
 * as before, and the same can be asked for again.
 */
int goal_store_mend(const struct paths *where, const char *command, enum goal_mend_from from,
		    const struct restore_by *by, bool act, struct goal_mend *out, struct err *e);

#endif
