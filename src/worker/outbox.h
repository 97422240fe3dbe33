/*
 * Reports kept on disk while no orchestrator listens: .state/workers/<id>.outbox, lines as they go
 * over the socket. The first line of each stretch is the worker's register message, which tells
 * whose reports follow. After outbox_append returned 0 they survive the worker's death and a power
 * cut; the orchestrator reads them from the file of a dead worker.
 *
 * A new incarnation never overwrites what its predecessor left: it moves it to <id>.outbox.old,
 * which is read first.
 */
#ifndef SK_OUTBOX_H
#define SK_OUTBOX_H

#include "base/err.h"
#include "ctl/worker_msg.h"

struct outbox {
	int dir_fd; /* borrowed: the folder workers/ */
	int fd;
	char name[80];
	bool empty;
};

/*
 * Opens the outbox of a worker whose lock the caller holds, putting aside what an earlier
 * incarnation left. Returns 0 or a negative code with *e filled.
 */
int outbox_open(struct outbox *o, int workers_fd, const char *worker_id, struct err *e);

/* Closes it; the content stays. */
void outbox_close(struct outbox *o);

/* Appends whole lines and syncs. On failure none of them counts and all may be appended again; the
 * reader tolerates a torn last line. */
int outbox_append(struct outbox *o, const void *lines, size_t len, struct err *e);

/* Everything in it has been acknowledged: empties it, durably. */
int outbox_clear(struct outbox *o, struct err *e);

/* One report of the incarnation; its spans are valid during the call. A negative result stops the
 * reading. */
typedef int outbox_reader(void *ctx, uint64_t incarnation, const struct worker_msg *report,
			  struct err *e);

/*
 * Hands every report of a dead worker to `reader`, oldest first. Torn or foreign lines are skipped:
 * a report that was acknowledged to nobody was promised to nobody. Returns how many were read (0
 * when there is no outbox), the reader's negative result, or a negative code with *e filled.
 */
int outbox_read(int workers_fd, const char *worker_id, outbox_reader *reader, void *ctx,
		struct err *e);

/* Removes the outbox of a dead worker, once what was in it is committed. A missing one is fine. */
int outbox_discard(int workers_fd, const char *worker_id, struct err *e);

#endif
