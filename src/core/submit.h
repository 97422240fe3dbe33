/*
 * A request to run plans: what the plan compiler hands to the core. Plain values, nothing looked up
 * yet; the core turns them into events (or into an explanation why not) in submit.c.
 */
#ifndef SK_SUBMIT_H
#define SK_SUBMIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "core/event.h"

struct state;

struct task_spec {
	struct span name;  /* as in the plan; unique within its workstream */
	struct span def;   /* task_def.h */
	uint32_t ws;       /* index into submission.ws */
	uint32_t needs_at; /* needs[needs_at .. needs_at + needs_count): indexes into
			      submission.tasks, sorted, unique */
	uint32_t needs_count;
	uint32_t line; /* in its file, for messages */
	bool selected; /* false: left out by --only / --from */
};

struct ws_spec {
	struct span name;      /* the workstream's id */
	struct span plan;      /* path as the user gave it */
	struct span def;       /* {"cwd": ..., "env": ...} */
	uint32_t max_parallel; /* 0 = no limit of its own */
	int64_t max_duration_ms;
};

struct resource_spec {
	struct span name;
	uint32_t limit; /* holders at the same time; 0 = unlimited */
};

struct submission {
	struct ws_spec *ws;
	struct task_spec *tasks;
	struct resource_spec *resources;
	uint32_t *needs;
	uint32_t ws_count, task_count, resource_count, needs_count;
	struct arena text; /* everything above points in here or is freed by submission_release */
};

#define SUBMISSION_INIT                                        \
	{                                                      \
		NULL, NULL, NULL, NULL, 0, 0, 0, 0, ARENA_INIT \
	}

void submission_release(struct submission *s);

enum submit_flags {
	SUBMIT_NEW_RUN = 1 << 0, /* start over: every task anew, the old run goes to the archive */
	SUBMIT_ACCEPT_CHANGES = 1 << 1, /* take over what the plan changed meanwhile */
	SUBMIT_KEEP_GOING = 1 << 2,     /* a critical failure does not end the workstream */
	SUBMIT_FAIL_FAST = 1 << 3,      /* any failure does */
	SUBMIT_HALT_ON_CYCLE = 1 << 4,  /* a circle within one workstream is taken, and halts it */
};

/* What a submission would do, worked out without doing it. */
struct submit_report {
	uint32_t created, kept_completed, live, retried, changed, removed;
	bool fresh;         /* no workstream of it existed before */
	bool all_completed; /* nothing left to do */
	struct buf changes; /* one line per difference between plan and state; empty = the same */
};

void submit_report_release(struct submit_report *r);

/*
 * Compares the submission with the state. Fills *out, which the caller releases. Never changes the
 * state. Returns 0, or -SK_EREFUSED when the plan differs from what is recorded and neither NEW_RUN
 * nor ACCEPT_CHANGES is given (the differences are in out->changes), or when NEW_RUN meets live
 * tasks.
 */
int submit_check(const struct state *st, const struct submission *s, unsigned flags,
		 struct submit_report *out);

/*
 * Whether this is what the plan compiler makes: definitions that can be read, numbers and lists
 * within their limits, resources that are listed or known. For a submission that comes from another
 * program: an event that apply refuses would end the orchestrator. Returns 0 or -EINVAL.
 */
int submit_sound(const struct state *st, const struct submission *s);

#endif
