/* What the parts of the orchestrator share. Nobody outside src/daemon/ includes this. */
#ifndef SK_ORCHESTRATOR_IMPL_H
#define SK_ORCHESTRATOR_IMPL_H

#include <sys/types.h>

#include "base/limits.h"
#include "ctl/control_msg.h"
#include "ctl/worker_msg.h"
#include "daemon/notify.h"
#include "daemon/orchestrator.h"
#include "daemon/errand.h"
#include "daemon/views_keeper.h"
#include "daemon/views_watch.h"
#include "os/lock.h"

/* One connected worker. Slot i of the table has token i in the loop. */
struct peer {
	int fd; /* -1 = free */
	struct buf in, out;
	uint32_t worker; /* index in the state, NO_ID before it has registered */
	uint64_t serial; /* last report processed */
	uint64_t acked;  /* last report acknowledged */
	bool wants_write;
	bool leaving;         /* said bye, or was told to go */
	char *turned_away;    /* id of a worker that was rejected, or NULL */
	uint64_t incarnation; /* of that one */
};

/* One command that asks over the control socket. Place i of the table has token CONTROL_TOKEN + i.
 */
struct control_peer {
	int fd; /* -1 = free */
	struct buf in, out;
	int64_t heard_ms;      /* monotonic: it connected, said or took something last */
	bool asked, answered;  /* its one request was read; the reply is in `out` */
	bool waits;            /* for a copy; it was told that its turn comes */
	bool copied;           /* or comes from a copy of ours, whose end is the connection's */
	uint32_t first, count; /* its events in the batch of this turn */
	struct control_reply reply;
	struct buf message;          /* of the reply */
	struct control_request show; /* with words: a page is wanted; it points into `in` */
};

/* A copy of ours that prints a page (aside.c). */
struct copy {
	pid_t pid;    /* not reaped yet, or 0 */
	size_t place; /* in the table of who asks, NO_PLACE = gone meanwhile */
	int fd;       /* what it has learned of files can be read from here */
};

#define NO_PLACE SIZE_MAX

/* A worker process that we started. */
struct child {
	pid_t pid;           /* not reaped yet, or 0 */
	unsigned starts;     /* since it finished anything */
	int64_t start_at_ms; /* monotonic: not again before */
};

struct orchestrator {
	struct orchestrator_options options;
	struct orchestrator_observer observer;
	const struct clock *clock;
	struct lock lock;
	struct vfs vfs;
	struct store *store;
	struct state st;
	struct views_keeper views;
	struct views_watch views_watch;
	struct notifier notifier;
	struct errand errands[ORCHESTRATOR_ERRANDS];
	struct events batch;
	struct effects fx;
	struct loop loop;
	int workers_fd, logs_fd, listen_fd;
	struct peer peers[WORKERS_MAX];
	struct buf scratch, message;
	struct child children[WORKERS_MAX];   /* by worker */
	int64_t silent_since_ms[WORKERS_MAX]; /* monotonic, by worker: when it became unresponsive
					       */
	bool crowded;                         /* that no worker can be added was told */
	bool given_up[WORKERS_MAX];           /* by worker: silent for so long that we killed it */
	struct orchestrator_timing timing;
	double mean_ms;        /* of the last results, to size the prefetch */
	int64_t look_again_ms; /* monotonic: when to look whether a silent worker is alive, or
				  INT64_MAX */
	int64_t heard_ms[WORKERS_MAX]; /* monotonic, by worker: when it said something last, or 0 */
	int64_t home_ms;               /* monotonic: when to look whether the folder is there */
	int64_t snapshot_after_ms;     /* monotonic: not before */
	int64_t wall_offset_ms;        /* wall time less monotonic time; see orchestrator_now */
	struct orchestrator_start *start; /* while opening */
	int control_fd;
	bool control_full; /* nobody is accepted until a place is free */
	struct control_peer controls[CONTROL_PEERS_MAX];
	struct copy copies[CONTROL_COPIES_MAX];
	enum orchestrator_wish wish;
	bool paused;
	int64_t started_ms; /* wall */
};

#define LISTEN_TOKEN WORKERS_MAX
#define CONTROL_LISTEN_TOKEN (WORKERS_MAX + 1)
#define CONTROL_TOKEN (WORKERS_MAX + 2)
#define VIEWS_TOKEN (CONTROL_TOKEN + CONTROL_PEERS_MAX)
#define LOOK_AGAIN_MS 20
#define LOCK_NAME "orchestrator.lock" /* who holds it is the one writer */

/*
 * Wall time as the core gets to know it. It never goes back and never stands still: when the clock
 * is set back by hours it goes on at the pace of the monotonic clock, so that what waits for a
 * time, a retry above all, comes when it was promised.
 */
int64_t orchestrator_now(struct orchestrator *o);

/* turn.c of the daemon: decide on one input; the events wait for orchestrator_commit. */
int orchestrator_step(struct orchestrator *o, const struct input *in, struct buf *why);

/* One write, one sync; then the world hears of it: messages, acknowledgements, the observer. */
int orchestrator_commit(struct orchestrator *o, struct err *e);

/* Opens the socket `name` of the state folder as *fd, and watches it in the loop as `token`. */
int orchestrator_listen(struct orchestrator *o, const char *name, int backlog, uint32_t token,
			int *fd, struct err *e);

/* Nothing begins while it is paused; the lock's file says so to whoever looks. */
void orchestrator_set_paused(struct orchestrator *o, bool paused);

/* peers.c */
int peers_listen(struct orchestrator *o, struct err *e);
void peers_accept(struct orchestrator *o);
int peers_read(struct orchestrator *o, struct peer *p, struct err *e);
void peers_send(struct orchestrator *o, struct peer *p, const struct worker_msg *m);
void peers_flush(struct orchestrator *o);
void peers_acknowledge(struct orchestrator *o);
void peers_close(struct orchestrator *o, struct peer *p);
struct peer *peers_of_worker(struct orchestrator *o, uint32_t worker);

/* control.c: commands. What they ask is decided with everything else of the turn and answered
 * behind its commit. */
int control_listen(struct orchestrator *o, struct err *e);
void control_accept(struct orchestrator *o);
void control_listen_again(struct orchestrator *o);
int64_t control_deadline(struct orchestrator *o); /* monotonic: when that may help, or INT64_MAX */
void control_refuse_new(struct orchestrator *o);  /* from now on; who waits is told */
void control_end(struct orchestrator *o);         /* whoever was not read is told */
int control_read(struct orchestrator *o, struct control_peer *p);
void control_answer(struct orchestrator *o); /* committed; the batch is still there */
void control_flush(struct orchestrator *o, struct control_peer *p);
void control_close(struct orchestrator *o, struct control_peer *p);
/* Prints the page that is wanted to *output; code, message and exit code go to p. */
void control_show(struct orchestrator *o, struct control_peer *p, struct buf *output);

/* aside.c: what would make a turn long is answered by a copy of the process, in a later turn when
 * there are as many as may be. False when there can be none: p then holds a refusal like any other.
 */
bool aside_answer(struct orchestrator *o, struct control_peer *p);
void aside_reap(struct orchestrator *o); /* copies that have ended */
void aside_forget(struct orchestrator *o, const struct control_peer *p); /* it is being closed */
void aside_end(struct orchestrator *o);                                  /* all of them */

/* home.c: whether the folder that is served is still where everybody looks for it. 0, or
 * -SK_EIO with a sentence; _look asks only now and then (home_ms). */
int home_check(struct orchestrator *o, struct err *e);
int home_look(struct orchestrator *o, struct err *e);

/* silence.c: workers that live but say nothing. */
void silence_heard(struct orchestrator *o, uint32_t worker);
int silence_check(struct orchestrator *o);
int64_t silence_deadline(const struct orchestrator *o); /* monotonic, or INT64_MAX */

/* effects.c: carries out what the core asked for, once it is on disk. */
void effects_perform(struct orchestrator *o);

/* reconcile.c: workers that are gone. */
int bury_before(struct orchestrator *o, uint32_t worker); /* a newer incarnation is there */
int reconcile_workers(struct orchestrator *o, struct err *e);
void release_workers(struct orchestrator *o); /* those that are to leave and have nothing to do */
int64_t worker_patience(const struct orchestrator *o);

/* children.c: worker processes that we start. */
struct worker_order {
	struct span id, capabilities;
	unsigned slots;
};
int spawn_workers(struct orchestrator *o, struct err *e);
/* Unless it lives, or may not yet be started again. */
int start_worker(struct orchestrator *o, const struct worker_order *order, struct err *e);
void reap_workers(struct orchestrator *o);
bool is_child(const struct orchestrator *o, uint32_t worker); /* our own process runs as it */

/* plan_workers.c: those that plans name (core/worker_def.h). */
int spawn_plan_workers(struct orchestrator *o, struct err *e);
void dismiss_plan_workers(struct orchestrator *o);
bool worker_is_of_plan(const struct orchestrator *o, uint32_t worker);

#endif
