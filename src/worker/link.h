/*
 * The worker's line to the orchestrator: connects, keeps what is not acknowledged, saves it to the
 * outbox while nobody listens. A report handed in is never lost: it is in memory until
 * acknowledged, and on disk as soon as there is no orchestrator to take it. Nothing here blocks but
 * the outbox's sync.
 */
#ifndef SK_LINK_H
#define SK_LINK_H

#include "worker/outbox.h"

struct link_report {
	uint64_t serial;
	uint64_t subject; /* a hash of task and attempt */
	size_t len;
};

struct link {
	int dir_fd; /* borrowed: the state folder */
	int fd;     /* the connection, or -1 */
	struct outbox outbox;
	struct buf in, wire;         /* half a line received; bytes to be written */
	struct buf kept;             /* the lines of all reports that are not acknowledged */
	struct link_report *reports; /* one for each line of kept, oldest first */
	size_t report_count, report_capacity, report_first;
	size_t unsent;   /* bytes at the end of kept that this connection has not been given */
	size_t unsaved;  /* bytes at the end of kept that are not in the outbox */
	uint64_t serial; /* of the last report */
	uint64_t saved_serial; /* last one in the outbox, 0 when it is empty */
	int64_t unsent_since_us;
};

/* Prepares; not connected. The caller holds the worker's lock. Returns 0 or a negative code with *e
 * filled. */
int link_open(struct link *l, int state_fd, int workers_fd, const char *worker_id, struct err *e);
void link_close(struct link *l);

/* Tries once. Returns 0 when connected now, or -errno: nobody listens. */
int link_connect(struct link *l);

/* Drops the connection; everything not acknowledged will be sent again on the next. */
void link_drop(struct link *l);

/* Queues a message that is no report. */
void link_put(struct link *l, const struct worker_msg *m);

/* Keeps a report, giving it the next serial. */
void link_report(struct link *l, struct worker_msg *m, int64_t now_us);

/* Whether a report about this attempt may be among the kept ones; false is sure. */
bool link_may_have(const struct link *l, struct span task_id, uint64_t attempt);

/* Queues the reports that this connection has not been given. */
void link_queue_reports(struct link *l);

/* Appends to *active the raw elements for finished attempts whose report is not acknowledged. */
void link_put_unacknowledged(const struct link *l, struct buf *active);

/* The orchestrator has all reports up to this one. Empties the outbox when all of it is
 * acknowledged. */
int link_acknowledge(struct link *l, uint64_t serial, struct err *e);

/* Writes what the socket takes. Returns 1 when something is left, 0 when not, or -errno: the
 * connection is dead. */
int link_write(struct link *l);

/* Saves what is not yet in the outbox, behind `head` (a register line) when the outbox is empty.
 * Synced on return. */
int link_save(struct link *l, struct span head, struct err *e);

/* Reads what has come. Returns 0, -EPIPE when the other side is gone, or another -errno. */
int link_read(struct link *l);

/* The next whole line of what was read, without newline; false when there is none. *at starts at 0.
 */
bool link_line(struct link *l, size_t *at, struct span *line);

/* Forgets the lines given out. */
void link_lines_done(struct link *l, size_t at);

#endif
