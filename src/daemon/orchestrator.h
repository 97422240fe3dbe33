/*
 * The running orchestrator: the one writer of a store. It owns the store's kernel lock, the state,
 * the socket that workers connect to, and the worker it starts by itself. It may die at any moment;
 * orchestrator_open is the recovery.
 */
#ifndef SK_ORCHESTRATOR_H
#define SK_ORCHESTRATOR_H

#include "base/err.h"
#include "core/decide.h"
#include "core/worker_def.h"
#include "daemon/errand.h"
#include "os/clock.h"
#include "os/loop.h"
#include "store/store.h"

/* Stands behind the command in the lock's file while it is so: for people, and for their pages. */
#define ORCHESTRATOR_PAUSED ", paused until: sk daemon release"
#define EXHAUSTED_AT_ONCE (-1)
#define ORCHESTRATOR_ERRANDS 2

struct orchestrator;

struct worker_msg;
struct control_request;

/* One report of a dead worker's incarnation; spans are valid during the call. A negative result
 * stops the reading. */
typedef int report_reader(void *ctx, uint64_t incarnation, const struct worker_msg *report,
			  struct err *e);

/* What can be done about a worker that is dead (its lock is free). Given from above: the floor of
 * workers is our own. */
struct orchestrator_remains {
	/* Hands every report it left on disk to `reader`, oldest first; the number, or a negative
	 * code. */
	int (*collect)(int workers_fd, const char *worker_id, report_reader *reader, void *ctx,
		       struct err *e);
	/* Removes them, once they are committed. */
	int (*discard)(int workers_fd, const char *worker_id, struct err *e);
	/* Ends every process it left behind; the number, or -errno. */
	int (*sweep)(int workers_fd, const char *worker_id, int wait_ms);
	/* Whether this incarnation ended by itself, whoever heard its good-bye. */
	bool (*left)(int workers_fd, const char *worker_id, uint64_t incarnation);
};

/* How long is waited for workers. 0 = as in base/limits.h, in proportion to the heartbeat. */
struct orchestrator_timing {
	int64_t heartbeat_ms; /* how often they speak; three times nothing = unresponsive */
	int64_t calm_ms;      /* unresponsive for longer: watched closely when it comes back */
	int64_t give_up_ms;   /* unresponsive for longer: its process is ended */
	int64_t restart_ms;   /* pause before a worker that died is started again, doubled each time
			       */
};

struct orchestrator_options {
	int state_fd;               /* the state folder, open; borrowed */
	const char *state_dir;      /* its absolute path */
	const char *program;        /* path of this very program, to start the worker with */
	const char *command;        /* for people: what holds the lock */
	unsigned slots;             /* tasks at the same time on the own worker */
	const char *capabilities;   /* of the own worker: raw JSON array, or NULL */
	unsigned tasks;             /* of a workstream without max_parallel; 0 = any number */
	unsigned workstreams;       /* that are at work at the same time; 0 = any number */
	int64_t exhausted_after_ms; /* a resource that someone waits for is announced after this;
				       0 = EXHAUSTED_AFTER_MS, EXHAUSTED_AT_ONCE */
	bool serves;                /* a daemon: it stays when all is done */
	/* What other processes do now and then, each of another kind; all zero = nothing. */
	struct errand_rule errands[ORCHESTRATOR_ERRANDS];
	bool paused; /* opens everything and starts nothing until released */
	const struct orchestrator_remains *remains;
	struct orchestrator_timing timing;
	const struct clock *clock; /* NULL = the real one */
	/*
	 * Asked once the state is known and before anything is recorded: a refusal (negative, *e
	 * filled) closes everything again and leaves no trace. NULL = always welcome.
	 */
	int (*admit)(void *ctx, const struct state *st, struct err *e);
	void *admit_ctx;
	/*
	 * Prints a page for a command that only looks and asked over the control socket: the exit
	 * code, or a negative code with *e. It changes nothing. With request->aside it is called in
	 * a copy of the process that ends behind it; `store` tells what is known of the files, as
	 * they were in front of the copy, else it is NULL. NULL = nobody can.
	 */
	int (*show)(void *ctx, const struct state *st, struct store *store,
		    const struct control_request *request, struct buf *out, struct err *e);
	void *show_ctx;
};

/* Someone who is told what was committed: the view of `sk run`. Called after the sync, never
 * before. */
struct orchestrator_observer {
	void *ctx;
	void (*committed)(void *ctx, const struct state *st, const struct events *batch);
	/* Something that does not stop the work and that people should hear of, once. */
	void (*trouble)(void *ctx, const char *sentence);
};

/* What was found at the start, for people. It outlives the orchestrator, which goes on counting in
 * it. */
struct orchestrator_start {
	struct store_report store;
	bool unclean;       /* the one before did not stop by itself */
	uint32_t adopted;   /* tasks that went on meanwhile: their worker lives */
	uint32_t lost;      /* tasks whose worker was gone: done again without using up a retry */
	uint32_t collected; /* results read from the outbox of a dead worker */
	uint32_t killed;    /* processes that a dead worker had left behind */
};

/*
 * Takes the lock, opens the store (replaying what is to be replayed), records the start, settles
 * what dead workers left behind, and listens. -SK_EBUSY when another orchestrator lives (e names
 * it). On failure nothing is left open.
 */
int orchestrator_open(const struct orchestrator_options *options,
		      const struct orchestrator_observer *observer, struct orchestrator **out,
		      struct orchestrator_start *start, struct err *e);

/* Feeds one input of the caller's and commits what follows. Returns 0, a refusal with *e, or a
 * fatal failure. */
int orchestrator_input(struct orchestrator *o, const struct input *in, struct err *e);

/*
 * One turn: waits at most timeout_ms for something to happen, gathers it, decides, commits, then
 * acts. signals[0..*signal_count) are the signals that arrived (at most 8). Returns 0, or a
 * negative code: then the orchestrator can only be closed. Tasks that run go on in their worker.
 */
int orchestrator_turn(struct orchestrator *o, int timeout_ms, int signals[8], int *signal_count,
		      struct err *e);

const struct state *orchestrator_state(const struct orchestrator *o);

/* What a command asked for over the control socket: a stop, or nothing yet. */
enum orchestrator_wish {
	WISH_NONE,
	WISH_DRAIN,  /* what runs goes to its end, then stop */
	WISH_CANCEL, /* end what runs, then stop */
	WISH_LEAVE   /* stop; what runs stays with its worker */
};
enum orchestrator_wish orchestrator_wish(const struct orchestrator *o);

/* Whether it waits to be released, and a command has not done so yet. */
bool orchestrator_paused(const struct orchestrator *o);

/* Makes every workstream that is not at its end go on: for one that serves all, not one plan. */
int orchestrator_activate_all(struct orchestrator *o, struct err *e);

/* From now on nothing new is started, not even what workers were given ahead of need. */
void orchestrator_drain(struct orchestrator *o);

/*
 * Ends in good order: tells the workers that have nothing to do to leave, records the stop, writes
 * the snapshot. A worker that is still at something, for a workstream nobody asked for this time,
 * goes on with it. Then frees everything, as does orchestrator_free, which writes nothing.
 */
int orchestrator_stop(struct orchestrator *o, struct err *e);
void orchestrator_free(struct orchestrator *o);

#endif
