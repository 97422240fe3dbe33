/* What the files of the worker share: its whole memory, and one running or waiting attempt. */
#ifndef SK_WORKER_IMPL_H
#define SK_WORKER_IMPL_H

#include "base/limits.h"
#include "core/task_def.h"
#include "ctl/worker_msg.h"
#include "os/lock.h"
#include "worker/command.h"
#include "worker/env.h"
#include "worker/program.h"
#include "worker/task_log.h"
#include "worker/link.h"
#include "worker/output.h"
#include "worker/tree.h"
#include "worker/worker.h"

enum phase { PHASE_BEFORE, PHASE_MAIN, PHASE_AFTER };

/* How far the ending of a step's processes has come. */
enum stage {
	STAGE_RUN,  /* the process runs */
	STAGE_TERM, /* TERM was sent; KILL follows at the deadline */
	STAGE_KILL, /* KILL was sent, and is repeated until nothing is left */
};

enum ending { END_BY_ITSELF, END_TIMEOUT, END_CANCEL };

struct attempt {
	struct attempt *next;     /* in its list of waiting ones */
	struct buf line, scratch; /* the assignment; all spans below point in here */
	struct span task_id, workstream_id, name, def, cwd, env;
	struct span refusal; /* why it must not be started, or empty */
	uint64_t number, run_no;
	int64_t limit_ms; /* of its command, when an operator gave it another; or 0 */
	bool validation, cancelled;
	/* from the definition, once it has a slot */
	struct span def_cwd, def_env;
	struct scan_text def_cwd_text;
	struct proc_limits limits;
	bool has_before;
	/* the step that runs */
	unsigned slot;
	enum phase phase;
	unsigned rule;
	struct span rule_name; /* of the current rule */
	int64_t timeout_ms;
	pid_t pid;
	bool main_gone;
	unsigned left_most; /* most processes seen that it left behind */
	int status;         /* of wait */
	enum stage stage;
	enum ending ending;
	int64_t begun_us, deadline_us, poll_us;
	int64_t pause_us;                    /* between two looks at what is left */
	int64_t log_due_us;                  /* when people must see its log although it goes on */
	struct output_folder outputs_before; /* before its command began */
	struct result result;                /* gathered over the steps */
};

struct attempt_list {
	struct attempt *first, **end;
	unsigned count;
};

struct worker_run {
	const struct worker_options *o;
	const struct clock *clock;
	char *state_dir; /* absolute */
	int state_fd, workers_fd, outputs_fd, log_fd, null_fd;
	struct log_folder log_folder;
	struct output_folder outputs; /* as last seen */
	struct lock lock;
	struct proc_identity who;
	uint64_t incarnation;
	uint64_t left_before; /* see identity.h */
	char nonce[NONCE_LEN + 1];
	struct tree tree;
	struct link link;
	struct env base, env;   /* inherited; being built */
	struct command command; /* being built */
	struct program_finder programs;
	struct task_log logs[LOGS_NAMELESS_MAX]; /* of the first slots */
	sigset_t ignored;                        /* signals, by this process */
	struct attempt **slots;
	unsigned slot_count;      /* there are */
	unsigned slots_wanted;    /* may be taken; no more than there are */
	unsigned running, ending; /* of those in slots, how many are past STAGE_RUN */
	struct attempt_list waiting, validations;
	unsigned refilled_to; /* waiting ones when the last assignment came */
	unsigned asked_at;    /* waiting ones when reports were sent, not answered yet; or 0 */
	unsigned begun_since; /* how many begin before such an answer comes: rises fast, falls slow
			       */
	struct attempt *spare;
	int epoll_fd, signal_fd, watch_fd;
	bool writable_wanted; /* the socket was full */
	char refusal[512];    /* why the orchestrator rejected it */
	int terminal_fd;      /* where who started it by hand reads, or -1 */
	bool registered, rejected, draining, stopping, left;
	int64_t grace_ms, heartbeat_ms, retry_us, eager_until_us, heartbeat_us, alone_since_us,
		stop_by_us;
};

/* A line in the worker's own log. */
void worker_say(struct worker_run *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* worker_setup.c: everything up to the first turn, and back. */
int worker_setup(struct worker_run *w, const struct worker_options *o, struct err *e);
void worker_teardown(struct worker_run *w);
/* How many tasks may run at once from now on. What runs already goes on. */
void worker_set_slots(struct worker_run *w, unsigned slots);

/* worker_talk.c: the conversation with the orchestrator. */
void worker_try_connect(struct worker_run *w);
void worker_receive(struct worker_run *w);
void worker_flush(struct worker_run *w);
void worker_stop(struct worker_run *w);
unsigned worker_waiting(const struct worker_run *w);

/* task_run.c: the life of an attempt. */
void attempt_free(struct attempt *a);
void attempts_start(struct worker_run *w); /* fills free slots from the waiting ones */
void attempts_reap(struct worker_run *w);  /* after SIGCHLD */
void attempts_tick(struct worker_run *w,
		   int64_t *next_us); /* deadlines; lowers *next_us to the next one */
void attempt_cancel(struct worker_run *w, struct attempt *a); /* one in a slot */
/* Reports the end of an attempt and frees it; it is in no list and no slot any more. */
void attempt_report(struct worker_run *w, struct attempt *a);

/* task_start.c */
/* Reads what the worker needs of the definition. Returns 0 or -EINVAL. */
int attempt_read_def(struct attempt *a);
/* Starts one command of the attempt in its slot. Returns the pid, or a negative code with the
 * reason in *why. */
pid_t attempt_spawn(struct worker_run *w, struct attempt *a, const struct command_def *def,
		    struct buf *why);
/* The name of its SK_OUTPUT file in outputs/. */
void attempt_output_name(const struct attempt *a, struct buf *out);

/* attempt_log.c */
/*
 * Opens the log for the next step of the attempt, headed by a line that says what is run.
 * Returns a descriptor or -errno.
 */
int attempt_begin_log(struct worker_run *w, const struct attempt *a, const struct command_def *def);
/*
 * Writes into its log how the attempt ended, when nothing that it printed itself would tell: it was
 * ended, or could not be started. A log that cannot be written is passed over.
 */
void attempt_log_end(struct worker_run *w, const struct attempt *a, struct span how);
/* Opens its log under its name, for reading too: descriptor or -errno. */
int attempt_open_log(struct worker_run *w, const struct attempt *a);
/* Whether it writes into a file that people do not see. */
bool attempt_hides_log(struct worker_run *w, const struct attempt *a);
/* Lets people see it. `last`: nothing more will be written into it by a process. */
void attempt_show_log(struct worker_run *w, const struct attempt *a, bool last);
/* A step is over: what it printed, or that it went wrong, people must see. */
void attempt_log_step(struct worker_run *w, const struct attempt *a, bool good);
/* The attempt is over. If its log is not shown by now, there was nothing to show. */
void attempt_close_log(struct worker_run *w, const struct attempt *a);

#endif
