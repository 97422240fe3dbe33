/* What working out a restore shares: choosing (restore_plan.c) and counting (restore_loss.c). */
#ifndef SK_RESTORE_IMPL_H
#define SK_RESTORE_IMPL_H

#include "store/restore.h"
#include "store/segments.h"

/* The present journal, read as far as it goes. */
struct present {
	bool there; /* a file that begins with a record */
	struct journal_base base;
	struct journal_end end; /* behind the last good whole turn */
	bool damaged;
	struct vfs_stat file;
};

struct planning {
	const struct vfs *vfs;
	const struct restore_request *request;
	struct restore_plan *p;
	struct present now;
	char workspace[33]; /* of this store, as far as anything tells; "" */
	struct err *e;
};

/* What follows from the state that was chosen: whether the journal is replaced, where its history
 * goes, and what is lost. Returns 0 or -SK_EIO. */
int restore_conclude(struct planning *g);

#endif
