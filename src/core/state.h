/*
 * The orchestrator's whole memory: the fold of all events and nothing else. It owns everything in
 * it; others keep indexes (stable until the workstream is archived) or ids. Only apply.c writes it;
 * a task costs at most 512 bytes.
 */
#ifndef SK_STATE_H
#define SK_STATE_H

#include "base/arena.h"
#include "base/map.h"
#include "core/event.h"
#include "core/goal.h"
#include "core/lives.h"

#define NO_RESOURCE                                                                       \
	UINT16_MAX     /* task.waits_for: stands behind no resource and no kind of worker \
			*/
#define KIND_LINES 256 /* task.waits_for: from here on, behind a kind of worker */
#define WAIVED                                                                            \
	0x80000000u /* set on an entry of task.needs: the operator waived this dependency \
		     */

enum task_flags {
	TASK_CRITICAL = 1 << 0,
	TASK_JITTER = 1 << 1,
	TASK_HAS_BEFORE = 1 << 2,
	TASK_HAS_AFTER = 1 << 3,
	TASK_SKIPPED = 1 << 4,
	TASK_BLOCKED =
		1
		<< 5, /* pending behind something that failed: cannot run until an operator acts */
	TASK_CANCELLING =
		1 << 6, /* an end was asked for; terminal once the worker says that nothing lives */
	TASK_WAIVES = 1 << 7,  /* cancelled, or about to be, such that its dependents may go on */
	TASK_LINKED = 1 << 8,  /* its edges are in the graph (after workstream_ready) */
	TASK_DROPPED = 1 << 9, /* removed from the plan; kept for the record */
	TASK_NEEDS_CAPABILITY = 1 << 11,
	TASK_TIMEOUT_SET = 1 << 14, /* an operator gave it another time limit than its definition */
	TASK_FATAL = 1 << 12,       /* its failure counts in ws->critical_failed */
	TASK_RESTORE =
		1 << 15,      /* with TASK_CANCELLING: a rollback wants it pending after its end */
	TASK_HELD = 1 << 10,  /* left out of this run by --only or --from; not recorded */
	TASK_AGAIN = 1 << 13, /* being ended by an earlier run's word, but this one wants it; not
				 recorded */
};

struct task_need_resource {
	uint16_t resource; /* index */
	uint32_t amount;   /* 0 = all */
};

struct task {
	struct span id;
	struct span name; /* in the plan; same bytes as id unless the id was qualified */
	struct span def;  /* task_def.h */
	struct span error;
	struct span outputs;   /* raw JSON object */
	struct span reason;    /* operator's, of the last operator act */
	struct span needs_raw; /* JSON array of ids, until link_ws has resolved it into needs */
	uint32_t *needs;       /* indexes of tasks, possibly with WAIVED */
	uint32_t *dependents;  /* indexes of tasks */
	struct task_need_resource *resources;
	uint32_t needs_count, dependents_count, dependents_capacity;
	uint32_t ws;
	uint32_t worker;  /* index of the worker the current attempt is assigned to, or NO_ID */
	uint32_t heap_at; /* place in the one heap it is in, or NO_ID */
	uint32_t unmet;   /* needs that are neither completed nor waived */
	uint32_t attempt;
	uint32_t timeout_ms, backoff_ms;
	int32_t priority;
	uint32_t stage; /* 1-based topological level; 0 before workstream_ready */
	uint16_t retries, retry_count, reassign_count, flags;
	uint8_t state, resource_count;
	uint8_t signal;
	uint16_t waits_for; /* index of the resource, or KIND_LINES + that of the kind, in whose
			       line it stands */
	int32_t exit_code;
	uint32_t duration_ms, cpu_ms, peak_kb; /* of the last finished attempt */
	uint32_t estimate_ms;
	uint64_t rank_ms; /* longest remaining path, itself included */
	int64_t created_ms, queued_ms, started_ms, ended_ms, retry_at_ms;
	uint64_t last_seq; /* of the event that brought it into its state */
};

struct task_heap {
	uint32_t *v;
	size_t count, capacity;
};

enum ws_flags {
	WSF_KEEP_GOING = 1 << 0,
	WSF_FAIL_FAST = 1 << 1,
	WSF_HALTED = 1 << 2,
};

struct workstream {
	struct span id, name, plan, def, reason;
	uint8_t state;
	uint32_t flags;
	uint32_t run_no;
	uint32_t max_parallel;
	int64_t max_duration_ms;
	uint32_t *tasks;
	size_t task_count, task_capacity;
	uint32_t by_state[TASK_STATE_COUNT]; /* tasks in each state */
	uint32_t blocked;                    /* pending tasks with TASK_BLOCKED */
	uint32_t waived; /* cancelled tasks with TASK_WAIVES (or dropped): they count as settled */
	uint32_t critical_failed;
	uint32_t assigned;    /* tasks that are with a worker */
	uint64_t last_served; /* seq of its last assignment, for fairness */
	uint64_t last_seq;
	int64_t created_ms, started_ms, ended_ms;
	struct task_heap ready;
	/* not recorded: */
	bool active;        /* someone asked for it to run: only then is anything of it started */
	bool has_workers;   /* its def names some: worker_def.h */
	bool in_part;       /* only for tasks that an operator named; the others are held */
	bool dirty;         /* is on the agenda */
	bool listed;        /* is in state.open_ws */
	int64_t opened_ms;  /* when it became active */
	int64_t excused_ms; /* time that is not charged to it: the machine slept, the clock was set
			     */
	uint32_t waiting; /* tasks that stand in a heap: ready, waiting for a resource or a retry */
};

/* What an operator asked of an incarnation. The numbers are in journals for ever. */
enum worker_leave {
	LEAVE_ASKED = 1 << 0,    /* begins nothing more, and leaves when it is done */
	LEAVE_RESTART = 1 << 1,  /* a new incarnation is to follow */
	LEAVE_FORCED = 1 << 2,   /* its process is ended at once */
	LEAVE_REASSIGN = 1 << 3, /* what it had begun is given to others; else it has failed */
	LEAVE_ALL = LEAVE_ASKED | LEAVE_RESTART | LEAVE_FORCED | LEAVE_REASSIGN,
};

struct worker {
	struct span id, version, boot_id, nonce, kill_mode, capabilities;
	uint8_t state;
	uint32_t incarnation;
	uint32_t slots;
	uint32_t assigned; /* tasks assigned to it, waiting or running */
	uint32_t *tasks;   /* their indexes, unordered */
	size_t task_capacity;
	uint64_t pid, pid_start;
	int64_t registered_ms, ended_ms;
	bool watched;   /* it was silent for long in this life: less patience from now on */
	uint32_t leave; /* enum worker_leave; of one that has ended, only LEAVE_RESTART */
	/* not recorded, set by the running program through inputs: */
	bool connected;
	uint32_t ahead; /* how many tasks to assign beyond the slots just now */
};

struct resource {
	struct span id;
	uint32_t limit;    /* 0 = unlimited */
	uint32_t planned;  /* the limit that plans give it; an operator may have set another one */
	uint64_t held;     /* units, by the present limit */
	uint32_t *holders; /* task indexes */
	size_t holder_count, holder_capacity;
	struct task_heap waiters;
	int64_t exhausted_ms; /* since when an episode was announced, or 0 */
	bool woken;           /* something was freed: look at the waiters */
	uint32_t claim; /* not recorded: a task that waited so long that no less urgent one may pass
			   it, or NO_ID */
	int64_t waiting_since_ms; /* since when somebody waits without a break, or 0; not recorded
				   */
};

/* Tasks that no worker with room can do, by what they want of one. Not recorded. */
struct kind {
	struct span capabilities; /* raw JSON array, as in the definition */
	struct task_heap waiters;
};

struct state {
	struct task *tasks;
	struct workstream *ws;
	struct worker *workers;
	struct resource *resources;
	size_t task_count, task_capacity;
	size_t ws_count, ws_capacity;
	size_t worker_count, worker_capacity;
	size_t resource_count, resource_capacity;
	struct map task_ids, ws_ids, worker_ids, resource_ids;
	struct goals goals; /* of a goal store; a store of tasks has none */
	struct arena text;
	struct task_heap retry; /* retrying tasks by retry_at */
	struct kind *kinds;
	size_t kind_count, kind_capacity;
	uint32_t *open_ws; /* not recorded: workstreams that are active and may have something to
			      start */
	size_t open_count, open_capacity;
	uint32_t *unblocked; /* agenda: pending tasks that may have become ready */
	size_t unblocked_count, unblocked_capacity;
	uint32_t *dirty_ws; /* agenda: workstreams whose derived state must be looked at */
	size_t dirty_count, dirty_capacity;
	uint64_t last_seq;
	int64_t last_at_ms;
	struct span workspace; /* id given when the store was created */
	uint64_t epoch;        /* incarnation of the orchestrator that wrote last */
	uint64_t orchestrator_pid, orchestrator_start;
	struct span orchestrator_boot;
	bool orchestrator_running; /* no orchestrator_stopped since its start: it may also have died
				    */
	uint64_t outputs_bytes;    /* of all tasks: 0 lets assignment skip the search for outputs */
	int64_t exhausted_after_ms; /* not recorded: how long somebody waits for a resource before
				       it counts as exhausted; 0 = at once */
	bool draining;              /* not recorded: nothing new is assigned */
	bool serves_all; /* not recorded: who is at work is so for every workstream, not one plan */
	uint32_t tasks_per_workstream;  /* not recorded: for those without max_parallel; 0 = any */
	uint32_t workstreams_at_once;   /* not recorded: 0 = any number are at work together */
	uint64_t happened[EVENT_COUNT]; /* how often each kind of event was folded in, ever */
};

void state_init(struct state *st);
void state_release(struct state *st);

/* By id; NO_ID when there is none. */
uint32_t state_task(const struct state *st, struct span id);
uint32_t state_ws(const struct state *st, struct span id);
uint32_t state_worker(const struct state *st, struct span id);
uint32_t state_resource(const struct state *st, struct span id);

/* Whether this can be an id: it stands in documents and file names as it is, and in the maps. */
bool id_valid(struct span id);

/* Whether a task of it is with a worker or will start without an operator's help. */
bool ws_live(const struct workstream *ws);

/*
 * A slot stays taken when its workstream was archived for a new run: its ws is NO_ID. Whoever walks
 * over tasks or workstreams passes over such (task->ws == NO_ID; ws->id.len == 0).
 */
static inline bool task_gone(const struct task *t)
{
	return t->ws == NO_ID;
}

/* Units of resource `r` that a task wants which asks for `amount` (0 = all of it). */
uint64_t resource_amount(const struct resource *r, uint32_t amount);

/* Whether the resource has that many units free. */
bool resource_fits(const struct resource *r, uint32_t amount);

/* Bytes of memory held, for the budget test. */
size_t state_bytes(const struct state *st);

#endif
