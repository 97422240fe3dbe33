/*
 * decide: state + input + now -> events, each applied at once (apply.h), until nothing more
 * follows. Pure: the caller commits the events before it carries out any effect.
 */
#ifndef SK_DECIDE_H
#define SK_DECIDE_H

#include "core/act.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/state.h"
#include "core/submit.h"

/* What the tasks of a workstream record as the reason when it ends because of one of them. */
#define CRITICAL_FAILED_REASON "a critical task failed"
/* And when a person interrupts the run. */
#define INTERRUPTED_REASON "the run was interrupted"

enum input_kind {
	IN_ORCHESTRATOR_STARTED, /* pid, pid_start, boot_id, version */
	IN_ORCHESTRATOR_STOPPED,
	IN_SUBMIT, /* submission, submit_flags; submit_check said yes */
	IN_TIME,   /* deadlines that passed: retries, workstream time-outs, exhausted resources */
	IN_WORKER_SPAWNED,    /* worker_id: a new incarnation; incarnation: at least, or 0 */
	IN_WORKER_REGISTERED, /* worker_id, incarnation, slots, ... */
	IN_WORKER_LOST,     /* worker_id, incarnation: its process is gone, and all its reports have
			       been read */
	IN_WORKER_EXPIRED,  /* the same, of one that was ended because it was silent for too long */
	IN_WORKER_SHUTDOWN, /* worker_id, incarnation: it left as it was told */
	IN_WORKER_SILENT, /* worker_id, incarnation: it lives, but has said nothing for too long */
	IN_WORKER_HEARD,  /* worker_id, incarnation: it says something again after silent_ms; watch
			     = that was long */
	IN_STARTED,       /* task_id, attempt, incarnation, pid: the command runs */
	IN_FINISHED,      /* task_id, attempt, incarnation, outcome, result */
	IN_UNKNOWN_TO_WORKER, /* task_id, attempt: assigned, but its live worker has never heard of
				 it or lost it */
	IN_CANCEL_TASK,       /* task_id, operator, reason, waive */
	IN_ACT,               /* act: an operator's. live: what it frees may start at once; of a
				 workstream that nobody asked for, only what it names */
	IN_ACTIVATE_ALL,      /* every workstream that has not ended goes on */
	IN_INTERRUPT, /* operator: cancel what active workstreams have at work, leave the rest */
	IN_SCHEDULE,  /* assign what may be assigned now */
	IN_KIND_COUNT
};

enum outcome {
	OUTCOME_EXIT,     /* exit_code */
	OUTCOME_SIGNAL,   /* signal */
	OUTCOME_TIMEOUT,  /* killed by its time limit */
	OUTCOME_KILLED,   /* ended because it was cancelled (or was still waiting and never started)
			   */
	OUTCOME_PRECHECK, /* a before rule failed; the command did not run */
	OUTCOME_SPAWN_FAILED, /* could not be started: error says why */
	OUTCOME_COUNT
};

struct result {
	enum outcome outcome;
	bool validation; /* of the after rules, not of the command */
	int64_t exit_code;
	uint64_t signal, duration_ms, cpu_ms, peak_kb, leftovers;
	struct span error; /* for people: the rule that failed, why the start failed, the last lines
			      of output */
	struct span outputs; /* raw JSON object or empty */
};

struct input {
	enum input_kind kind;
	struct span task_id, worker_id;
	uint64_t attempt, incarnation;
	/* Of the run the report is about; run_no 0: not told, then any will do. */
	struct span workstream_id;
	uint64_t run_no;
	struct result result;
	const struct act *act;
	bool live;
	const struct submission *submission;
	unsigned submit_flags;
	struct span operator_name, reason;
	bool waive, watch;
	uint64_t silent_ms;
	uint64_t slots, pid, pid_start;
	struct span boot_id, nonce, version, kill_mode, capabilities;
};

/*
 * Appends what follows from the input to batch and applies it to st; effects go to fx. now_ms is
 * wall time; it is raised to the last event's time when the clock stepped back. The input's spans
 * are borrowed for the call. Returns 0; -SK_EREFUSED, -SK_ENOTFOUND with a sentence in *why (may be
 * NULL) when the state forbids it: then nothing was appended. Reports of workers are never refused:
 * late ones become stale_result_ignored.
 */
int core_step(struct state *st, const struct input *in, int64_t now_ms, struct events *batch,
	      struct effects *fx, struct buf *why);

/* Wall time at which IN_TIME has something to do, or INT64_MAX. */
int64_t core_deadline(const struct state *st);

#endif
