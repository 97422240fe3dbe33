/*
 * One thread, one loop, no callbacks: wait, reap, receive, tick, start, flush. New tasks are
 * started before reports are written, so that a freed slot is busy again while the bytes go out.
 * One signalfd serves all children; a pidfd for each would cost three system calls a task.
 */
#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "worker/worker_impl.h"

#define EVENTS_AT_ONCE 8
#define EAGER_US 2000000    /* a new orchestrator's socket appeared: it listens any moment */
#define BYE_WAIT_US 5000000 /* for the last acknowledgement before leaving anyway */

static bool idle(const struct worker_run *w)
{
	return w->running == 0 && worker_waiting(w) == 0;
}

static int64_t linger_us(const struct worker_run *w)
{
	return (w->o->linger_ms > 0 ? w->o->linger_ms : WORKER_LINGER_MS) * 1000;
}

static void read_signals(struct worker_run *w)
{
	struct signalfd_siginfo v[16];
	ssize_t n = read(w->signal_fd, v, sizeof(v));
	bool children = false;

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(v[0]); i++) {
		children |= v[i].ssi_signo == SIGCHLD;
		if (v[i].ssi_signo == SIGTERM) {
			worker_say(w, "told to end by a signal from process %u", v[i].ssi_pid);
			worker_stop(w);
		}
	}
	if (children)
		attempts_reap(w);
}

/* Something was created in the state folder; only the orchestrator's socket matters, and trying
 * costs little. */
static void read_watch(struct worker_run *w)
{
	char text[4096] __attribute__((aligned(8)));

	while (read(w->watch_fd, text, sizeof(text)) > 0)
		;
	if (w->link.fd >= 0)
		return;
	w->eager_until_us = clock_mono_us(w->clock) + EAGER_US;
	worker_try_connect(w);
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the loop must wake up although nothing happens. */
static int64_t next_wake(const struct worker_run *w, int64_t next_us)
{
	if (w->link.fd >= 0) {
		next_us = earliest(next_us, w->heartbeat_us);
		if (w->link.unsent)
			next_us = earliest(next_us,
					   w->link.unsent_since_us + REPORT_DELAY_MS * 1000LL);
	} else {
		next_us = earliest(next_us, w->retry_us);
		if (idle(w))
			next_us = earliest(next_us, w->alone_since_us + linger_us(w));
		return next_us; /* nobody is there to acknowledge anything */
	}
	return earliest(next_us, w->stop_by_us);
}

static void wait_and_dispatch(struct worker_run *w, int64_t next_us)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int64_t now_us = clock_mono_us(w->clock), left_us = next_us - now_us;
	int timeout_ms = left_us <= 0         ? 0
			 : left_us > 60000000 ? 60000
					      : (int)((left_us + 999) / 1000);
	int n = epoll_wait(w->epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == w->signal_fd)
			read_signals(w);
		else if (events[i].data.fd == w->watch_fd)
			read_watch(w);
		else if (events[i].data.fd == w->link.fd && w->link.fd >= 0 &&
			 (events[i].events & ~EPOLLOUT))
			worker_receive(w);
	}
}

/* The state folder was removed: nobody will ever ask for the results. */
static bool is_homeless(const struct worker_run *w)
{
	struct stat home;

	return fstat(w->state_fd, &home) == 0 && home.st_nlink == 0;
}

/* Told to leave: once all is over and acknowledged, or saved because nobody listens. */
static bool may_leave(struct worker_run *w)
{
	struct worker_msg bye = { .kind = MSG_BYE };
	int64_t now_us = clock_mono_us(w->clock);

	if (!idle(w))
		return false;
	if (w->link.fd < 0)
		/* Results that the disk did not take either would be lost: it stays. */
		return ((w->stopping || w->rejected) && w->link.unsaved == 0) ||
		       now_us >= w->alone_since_us + linger_us(w) || is_homeless(w);
	if (!w->stopping)
		return false;
	if (w->stop_by_us == INT64_MAX)
		w->stop_by_us = now_us + BYE_WAIT_US;
	if (w->link.report_count > w->link.report_first && now_us < w->stop_by_us)
		return false;
	if (w->link.report_count == w->link.report_first) {
		link_put(&w->link, &bye);
		worker_flush(w);
	}
	link_drop(&w->link);
	worker_flush(w); /* saves what nobody acknowledged */
	return true;
}

static void turn(struct worker_run *w)
{
	int64_t next_us = INT64_MAX, now_us;

	attempts_tick(w, &next_us);
	attempts_start(w);
	next_us = INT64_MAX;
	attempts_tick(w, &next_us);
	now_us = clock_mono_us(w->clock);
	if (w->link.fd < 0 && now_us >= w->retry_us)
		worker_try_connect(w);
	if (w->link.fd < 0 && !idle(w))
		w->alone_since_us = now_us;
	worker_flush(w);
	if (may_leave(w))
		w->left = true;
	else
		wait_and_dispatch(w, next_wake(w, next_us));
}

int worker_main(const struct worker_options *o, struct err *e)
{
	struct worker_run w;
	int rc = worker_setup(&w, o, e);

	if (rc == 0) {
		worker_say(&w, "incarnation %llu starts with %u slots, ending trees by %s",
			   (unsigned long long)w.incarnation, o->slots, tree_kill_mode(&w.tree));
		w.alone_since_us = w.retry_us = clock_mono_us(w.clock);
		while (!w.left)
			turn(&w);
		worker_say(&w, "leaves");
		if (w.refusal[0])
			rc = err_set(e, -SK_EREFUSED, "worker '%s': the orchestrator says: %s",
				     o->worker_id, w.refusal);
	}
	worker_teardown(&w);
	return rc;
}
