/*
 * A folder is watched rather than asked every few milliseconds; it is asked once a second all the
 * same, because an orchestrator that dies writes nothing, and some file systems report nothing.
 */
#include "cmd/run/follow.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/watch.h"

#define WATCH_TOKEN 0
#define PROBE_MS 500

int follow_open(const struct cmd_ctx *c, struct follow *out, struct err *e)
{
	sigset_t signals;
	int rc;

	*out = (struct follow)FOLLOW_INIT;
	out->c = c;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGWINCH);
	out->watch = rc = watch_open();
	if (rc >= 0)
		rc = loop_open(&out->loop, &signals);
	if (rc >= 0)
		rc = loop_add(&out->loop, out->watch, WATCH_TOKEN);
	if (rc < 0)
		return err_set(e, rc, "cannot look on: %s", strerror(-rc));
	rc = view_open(c->paths, c->now_ms, &out->v, e);
	out->alive_ms = clock_mono_ms(&clock_real);
	if (rc == 0 && !out->v)
		rc = view_missing(c->paths, e);
	if (rc == 0 && (rc = watch_add(out->watch, out->v->dir)) < 0)
		err_set(e, rc, "%s: cannot be watched: %s", c->paths->state_dir, strerror(-rc));
	return rc;
}

void follow_release(struct follow *f)
{
	view_free(f->v);
	loop_close(&f->loop);
	fd_close(&f->watch);
	*f = (struct follow)FOLLOW_INIT;
}

/* Who died can have written until then, so the journal is read behind the look at the lock. */
static int probe(struct follow *f, struct err *e)
{
	int64_t now_ms = clock_mono_ms(&clock_real);
	int rc;

	if (now_ms < f->probe_ms)
		return 0;
	f->probe_ms = now_ms + PROBE_MS;
	rc = lock_probe(f->v->dir, ORCHESTRATOR_LOCK, &f->v->holder);
	if (rc < 0)
		return err_set(e, rc, "cannot tell whether an orchestrator runs: %s: %s",
			       ORCHESTRATOR_LOCK, strerror(-rc));
	f->v->alive = rc == 1;
	return 0;
}

static int read_new(struct follow *f, store_follower *fn, void *ctx, struct err *e)
{
	int rc = store_follow(f->v->store, &f->v->st, fn, ctx, e);

	if (rc == -ESTALE) /* the state is read anew; what led there is in events */
		rc = view_reopen(f->c->paths, clock_wall_ms(&clock_real), &f->v, e);
	return rc < 0 ? rc : 0;
}

int follow_turn(struct follow *f, int timeout_ms, store_follower *fn, void *ctx, struct err *e)
{
	struct loop_ready ready[LOOP_READY_MAX];
	int wait_ms = timeout_ms < 0 || timeout_ms > PROBE_MS ? PROBE_MS : timeout_ms;
	int count = loop_wait(&f->loop, wait_ms, ready), number = 0, rc;

	if (count < 0)
		return err_set(e, count, "cannot wait: %s", strerror(-count));
	for (int i = 0; i < count; i++) {
		if (ready[i].token == LOOP_SIGNAL)
			number = ready[i].signal_number;
		else
			(void)watch_wait(f->watch, -1, 0); /* takes the notices away */
	}
	rc = probe(f, e);
	if (rc == 0)
		rc = read_new(f, fn, ctx, e);
	if (f->v && f->v->alive) {
		if (f->gone_ms || !f->alive_ms)
			f->alive_ms = clock_mono_ms(&clock_real);
		f->gone_ms = 0;
	} else if (!f->gone_ms) {
		f->gone_ms = clock_mono_ms(&clock_real);
	}
	return rc < 0 ? rc : number;
}

bool follow_is_lost(const struct follow *f)
{
	return f->gone_ms && clock_mono_ms(&clock_real) - f->gone_ms >= LOCK_PATIENCE_MS;
}

bool follow_goes_on(const struct workstream *w)
{
	return !ws_state_final(w->state) &&
	       (w->assigned || w->by_state[TASK_QUEUED] || w->by_state[TASK_RETRYING] ||
		w->by_state[TASK_VALIDATING]);
}

bool follow_may_begin(const struct follow *f, const struct workstream *w)
{
	const struct state *st = &f->v->st;

	if (ws_state_final(w->state) ||
	    (f->v->alive && clock_mono_ms(&clock_real) - f->alive_ms >= LOCK_PATIENCE_MS))
		return false;
	for (size_t i = 0; i < w->task_count; i++)
		if (st->tasks[w->tasks[i]].state == TASK_PENDING && !st->tasks[w->tasks[i]].unmet)
			return true;
	return false;
}
