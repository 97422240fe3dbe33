/* What the parts of a simulated world share. Nobody outside tests/sim/ includes this. */
#ifndef SK_WORLD_H
#define SK_WORLD_H

#include "../crash/faulty.h"
#include "base/err.h"
#include "core/decide.h"
#include "ctl/worker_msg.h"
#include "shaky.h"
#include "sim.h"
#include "store/journal.h"
#include "store/store.h"

#define SIM_TASKS_MAX 30
#define SIM_WS_MAX 3
#define SIM_NEEDS_MAX 5
#define SIM_RESOURCES 3
#define SIM_WORKERS_MAX 3
#define SIM_SLOTS_MAX 3
#define SIM_HANDS_MAX 10 /* processes at the same time; several may claim to be one worker */
#define SIM_PEERS_MAX 16
#define SIM_ID_BYTES 24
#define SIM_WS_BYTES 8

/* --- the plan (draw.c) --- */

struct sim_task {
	char name[12];
	unsigned ws;
	unsigned needs[SIM_NEEDS_MAX], needs_count; /* tasks in front of it in the plan */
	unsigned retries, backoff_ms, timeout_ms;
	int priority;
	bool jitter, critical, before, after, gpu;
	unsigned amount[SIM_RESOURCES]; /* 0 = does not want it; EXCLUSIVE = all of it */
};

#define EXCLUSIVE 99

struct sim_plan {
	unsigned ws_count, task_count, resource_count;
	struct sim_task tasks[SIM_TASKS_MAX];
	unsigned limits[SIM_RESOURCES], max_parallel[SIM_WS_MAX], max_duration_ms[SIM_WS_MAX];
	bool crossing; /* tasks need tasks of other workstreams: they are submitted together */
};

/* What one attempt of a task does. */
struct sim_script {
	unsigned before_ms, run_ms, after_ms;
	bool before_good, starts, after_good, outputs;
	enum outcome outcome; /* EXIT or SIGNAL; a time-out follows from run_ms */
	int exit_code;
};

/* --- the truth about attempts, and the fold of the journal (ledger.c) --- */

struct sim_attempt {
	uint32_t task; /* index in the twin */
	uint32_t worker;
	uint64_t number, incarnation;
	unsigned begun, rules_begun;
	bool ended, rules_ended, rules_good, report_lost;
	enum outcome outcome;
	int64_t exit_code;
};

struct sim_track {
	uint8_t state;
	char ws[SIM_WS_BYTES];
	unsigned run_no, completed;
	uint32_t retries_seen;
};

struct ledger {
	struct state twin;          /* every committed event applied, snapshots never looked at */
	struct journal_place place; /* behind the last event applied, in the live journal file */
	struct sim_track *tracks;   /* by task index of the twin */
	size_t track_count, track_capacity;
	struct sim_attempt *attempts;
	size_t attempt_count, attempt_capacity;
	uint64_t promised_seq; /* the world was told something that follows from all up to here */
};

/* --- processes --- */

enum hand_phase { HAND_BEFORE, HAND_MAIN, HAND_AFTER };

/* One attempt at a worker. */
struct hand_task {
	char id[SIM_ID_BYTES], ws[SIM_WS_BYTES];
	uint64_t number, run_no;
	bool validation, cancelled, timed_out;
	bool has_before, has_after;
	int64_t timeout_ms, begun_ms, end_ms;
	enum hand_phase phase;
	struct sim_script script;
	uint64_t duration_ms;
};

struct hand_list {
	struct hand_task v[32];
	unsigned count;
};

/* One end of a connection: lines on their way, and whether the other side is gone. */
struct sim_pipe {
	struct buf lines;
	bool closed;
	int64_t held_until_ms; /* nothing arrives before */
};

struct peer {
	bool used, leaving;
	unsigned hand;
	uint32_t worker; /* in the state; NO_ID before it has registered */
	uint64_t serial, acked;
	struct buf out; /* messages of the turn, sent behind the commit */
	struct sim_pipe in;
};

/* A worker process. */
struct hand {
	bool there, locked;
	bool ours;       /* a child of the orchestrator that lives */
	unsigned worker; /* of the world */
	uint64_t incarnation;
	unsigned slots;
	struct hand_task running[SIM_SLOTS_MAX];
	unsigned running_count;
	struct hand_list waiting, validations;
	int peer; /* its connection, -1 = none */
	struct sim_pipe in;
	struct buf kept; /* lines of the reports that are not acknowledged */
	struct hand_report {
		uint64_t serial;
		size_t len;
	} reports[128];
	unsigned report_count;
	size_t unsent, unsaved;
	uint64_t serial, saved_serial;
	bool rejected, draining, stopping;
	int64_t retry_ms, alone_ms, unsent_since_ms;
};

/* What stays when the process of a worker is gone. */
struct sim_place {
	char id[8];
	struct buf outbox, outbox_old;
	unsigned outbox_fails; /* as many appends from now on */
	int holder;            /* hand that has the lock, -1 = nobody */
	struct hand_task orphans[2 * SIM_SLOTS_MAX * 4];
	unsigned orphan_count;
};

/* The orchestrator process. */
struct chief {
	bool up;
	struct state st;
	struct store *store;
	struct store_report report;
	struct events batch;
	struct effects fx;
	struct peer peers[SIM_PEERS_MAX];
	struct buf scratch;
	struct err e;
	bool stopping; /* told the workers to leave */
	int64_t stop_by_ms;
	int64_t look_again_ms;
	int64_t wall_offset_ms; /* its wall time less monotonic time: it never goes back */
	unsigned kept_units;    /* planted: units of resource 0 that were never given back */
};

struct world {
	uint64_t seed, chance;
	enum sim_plant plant;
	struct sim_result *out;
	FILE *trace;
	struct buf line;
	int64_t mono_ms, offset_ms;
	struct simdisk disk;
	struct faulty faulty;
	struct shaky shaky;
	struct chief chief;
	unsigned worker_count, slots[SIM_WORKERS_MAX];
	struct sim_place places[SIM_WORKERS_MAX];
	struct hand hands[SIM_HANDS_MAX];
	struct ledger ledger;
	struct sim_plan plan;
	enum shaky_kind armed;              /* what the disk was armed with last */
	bool gentle;                        /* every attempt succeeds */
	bool submitted;                     /* at least once */
	bool quiet;                         /* no more faults, no more operator */
	unsigned fault_rate, operator_rate; /* per thousand steps */
	uint32_t faults_on;                 /* kinds that may happen in this world */
	unsigned favourite; /* the fault that comes half of the time; SIM_FAULT_COUNT = none */
	unsigned habit;     /* what the operator does half of the time, from 1; 0 = this and that */
	bool restless;      /* he always begins a new run */
	struct buf stale_snapshot, stale_journal; /* what these files held at some time before */
	uint64_t stale_journal_seq;
};

/* chance.c: numbers, notes */
uint64_t draw(struct world *w);
unsigned below(struct world *w, unsigned limit);
bool one_in(struct world *w, unsigned n);
int64_t wall_ms(const struct world *w);
void note(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
void saw(struct world *w, enum sim_sight sight);
void fault_fired(struct world *w, enum sim_fault fault);
/* Records the first thing that is wrong; the world ends. */
void wrong(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Whether the fault may happen in this world. */
bool fault_on(const struct world *w, enum sim_fault fault);

/* draw.c */
void plan_draw(struct world *w);
void plan_change(struct world *w);
/* `wanted` has a bit for each workstream. The caller releases *out. */
void plan_submission(struct world *w, unsigned wanted, struct submission *out);
void plan_select(struct world *w, struct submission *s);
struct sim_script script_of(const struct world *w, const char *id, uint64_t run_no,
			    uint64_t attempt, int64_t timeout_ms);

/* chief.c */
int64_t chief_now(struct world *w);
void chief_start(struct world *w);
void chief_turn(struct world *w);
/* Nothing new is started from now on; only a new orchestrator begins again. */
void chief_drain(struct world *w);
/* The process ends at once, wherever it is. */
void chief_die(struct world *w);
/* One decision and its commit. Returns core_step's refusal, or -SK_EIO when the chief died of it.
 */
int chief_input(struct world *w, const struct input *in);
void chief_send(struct world *w, struct peer *p, const struct worker_msg *m);
int chief_commit(struct world *w);
struct peer *chief_peer_of(struct world *w, uint32_t worker);
int64_t chief_deadline(const struct world *w);

/* chief_peers.c: what workers say */
int chief_gather(struct world *w);
void chief_effects(struct world *w);
void chief_acknowledge(struct world *w);

/* chief_bury.c: workers that come and go */
int chief_bury_dead(struct world *w);
int chief_spawn(struct world *w, unsigned worker);

/* hand.c */
void hand_spawn(struct world *w, unsigned worker, uint64_t incarnation);
void hand_turn(struct world *w, struct hand *h);
void hand_kill(struct world *w, struct hand *h);
void hand_release(struct hand *h);
int64_t hand_deadline(const struct hand *h);
/* hand_talk.c */
void hand_connect(struct world *w, struct hand *h);
void hand_receive(struct world *w, struct hand *h);
void hand_flush(struct world *w, struct hand *h);
void hand_hang_up(struct world *w, struct hand *h);
void hand_report(struct world *w, struct hand *h, struct worker_msg *m);
void hand_stop(struct world *w, struct hand *h);
/* hand_run.c */
void hand_start_tasks(struct world *w, struct hand *h);
void hand_tick(struct world *w, struct hand *h);
void hand_cancel(struct world *w, struct hand *h, struct span id, uint64_t number);
void hand_finish(struct world *w, struct hand *h, struct hand_task t, enum outcome outcome);

/* Whether no whole line is in it: half a one may be left of a broken connection. */
bool pipe_empty(const struct sim_pipe *p);
/* The next whole line, which is taken out of the pipe into *out. False: none, or held back. */
bool pipe_line(struct world *w, struct sim_pipe *p, struct buf *out);

/* ledger.c */
void ledger_release(struct ledger *l);
/* Reads what the journal has that the ledger has not; false when something is wrong. */
bool ledger_read(struct world *w);
/* The world is about to hear of what the chief has in memory. */
void ledger_promise(struct world *w);
/* After the store was opened: nothing promised is missing. */
void ledger_check_start(struct world *w);
void ledger_begin(struct world *w, const struct hand *h, const struct hand_task *t);
void ledger_end(struct world *w, const struct hand_task *t, enum outcome outcome);
struct sim_attempt *ledger_attempt(struct world *w, const struct hand_task *t);
/* Reports of a worker that died unsaved: nobody will ever hear of them. */
void ledger_lose_reports(struct world *w, const struct hand *h);
/* ledger_events.c: one committed event against the truth; called before it is applied to the twin.
 */
void ledger_event(struct world *w, const struct event *ev);

/* check.c */
void check_state(struct world *w, const struct state *st);
void check_twin(struct world *w, const char *when);
/* Both as documents; the caller releases them. Lists without order are sorted first. */
bool same_state(struct state *a, struct state *b, struct buf *left, struct buf *right);
void check_same(struct world *w, struct state *a, struct state *b, const char *what);
void check_processes(struct world *w);
/* check_end.c */
void check_fold(struct world *w);
void check_rest(struct world *w);

/* operator.c; some acts come more often than others */
enum sim_act {
	HABIT_SUBMIT,
	HABIT_SUBMIT_TOO,
	HABIT_SUBMIT_AGAIN,
	HABIT_CANCEL,
	HABIT_CANCEL_TOO,
	HABIT_INTERRUPT,
	HABIT_DRAIN,
	HABIT_DISMISS_WORKER,
	HABIT_ROLL_BACK,
	HABIT_END_WORKER,
	HABIT_STOP,
	HABIT_COUNT
};
void operator_act(struct world *w);
void operator_stop(struct world *w); /* in good order */
int operator_submit(struct world *w, unsigned flags, unsigned wanted, bool select);

/* mishap.c */
void mishap(struct world *w);
void mishap_after_chief_death(struct world *w, bool power);
void power_loss(struct world *w);

#endif
