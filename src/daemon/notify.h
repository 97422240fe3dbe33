/*
 * Tells people of errors: runs the command that a plan names under notify: for events of severity
 * error and critical. Never blocks a turn: what is to be told is queued behind the commit, started
 * two at a time, killed at its time limit. Nothing is decided here; a command that fails is told
 * once, and its message counts as sent.
 *
 * A message goes out at least once: one that was not sent when the orchestrator was killed is sent
 * by the next start, and one whose command ran at that moment a second time. Which are out stands
 * in the file `notified` of the state folder, as the number of an event.
 */
#ifndef SK_NOTIFY_H
#define SK_NOTIFY_H

#include <sys/types.h>

#include "base/err.h"
#include "base/limits.h"
#include "core/event.h"
#include "core/state.h"
#include "os/clock.h"
#include "os/vfs.h"

/* One message on its way. The lists hold texts, each with a NUL behind it. */
struct notice {
	struct buf argv; /* words; empty: `run` is given to the shell */
	struct buf run, cwd;
	struct buf vars; /* NAME=VALUE */
	struct buf json; /* for its standard input */
	int64_t timeout_ms;
	uint64_t seq; /* of its event */
};

struct notifier {
	const struct clock *clock; /* borrowed, as is state_fd */
	int state_fd;
	struct notice *queue; /* oldest first */
	size_t count, capacity;
	struct notice_run {
		pid_t pid; /* 0 = free; ours and not reaped, so the number is nobody else's */
		int64_t deadline_ms; /* monotonic */
		uint64_t seq;
	} running[NOTIFY_RUNNING_MAX];
	uint64_t dropped;  /* that did not fit the queue */
	bool told;         /* that one failed */
	uint64_t seen_seq; /* the last event of which we know */
	uint64_t kept_seq; /* what stands in the file */
	bool unkept;       /* and it should be another */
	int64_t keep_ms;   /* monotonic: not before */
};

/* Nothing is opened or started. */
void notifier_init(struct notifier *n, const struct clock *clock, int state_fd);

/* Kills what still runs. All zero may be released. */
void notifier_release(struct notifier *n);

/*
 * At a start, before anything is recorded: queues what earlier orchestrators could not send any
 * more, and what commands recorded since. What cannot be read of it is left out.
 */
void notifier_resume(struct notifier *n, const struct vfs *vfs, const struct state *st);

/* Behind a commit: queues what these events call for. */
void notifier_note(struct notifier *n, const struct state *st, const struct events *batch);

/*
 * Starts what may start, looks after what runs. Returns 0, or a negative code with *e filled when
 * one failed for the first time.
 */
int notifier_run(struct notifier *n, struct err *e);

/* When to call notifier_run again at the latest: monotonic, or INT64_MAX. The end of a child is
 * told by SIGCHLD. */
int64_t notifier_due(const struct notifier *n);

/* Sends what is queued and waits for it, at most NOTIFY_STOP_MS; the rest is left to the next
 * start. Returns as notifier_run. */
int notifier_finish(struct notifier *n, struct err *e);

#endif
