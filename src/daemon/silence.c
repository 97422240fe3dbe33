/*
 * Workers that live but say nothing: stopped by a debugger, stuck in a dead file system. Nobody
 * enforces the time limits of their tasks meanwhile, so that a run would wait for ever. After three
 * heartbeats that did not come a worker gets nothing new and people are told; after three minutes
 * more its process is killed, and from then on it is a dead worker like any other (reconcile.c).
 *
 * Asked right behind reading, so that what came while we ourselves were stopped counts as heard.
 */
#include "daemon/orchestrator_impl.h"

#include <signal.h>
#include <stdio.h>

#include "os/proc.h"

#define SILENT_MS (3LL * HEARTBEAT_MS)
#define GIVEN_UP_MS (SILENT_MS + WORKER_SILENT_MAX_MS)

/* Born, and so far not dead: one that never registered has no process that we could name. */
static bool should_speak(const struct worker *w)
{
	return w->state == WORKER_IDLE || w->state == WORKER_BUSY ||
	       w->state == WORKER_UNRESPONSIVE;
}

void silence_heard(struct orchestrator *o, uint32_t worker)
{
	o->heard_ms[worker] = clock_mono_ms(o->clock);
}

static void kill_worker(const struct worker *w)
{
	struct proc_identity who = { .pid = w->pid, .start = w->pid_start };

	snprintf(who.boot_id, sizeof(who.boot_id), "%.*s", SPAN_ARG(w->boot_id));
	proc_signal(&who, SIGKILL); /* when it is gone already, its lock tells */
}

static int tell(struct orchestrator *o, const struct worker *w, enum input_kind kind)
{
	struct input in = { .kind = kind, .worker_id = w->id, .incarnation = w->incarnation };

	return orchestrator_step(o, &in, NULL);
}

int silence_check(struct orchestrator *o)
{
	int64_t now_ms = clock_mono_ms(o->clock);
	int rc = 0;

	for (uint32_t i = 0; i < o->st.worker_count && rc == 0; i++) {
		const struct worker *w = &o->st.workers[i];
		int64_t silent_ms = now_ms - o->heard_ms[i];

		if (!should_speak(w))
			continue;
		if (!o->heard_ms[i])
			silence_heard(o, i); /* of an earlier run: it has as long as any other */
		else if (w->state != WORKER_UNRESPONSIVE && silent_ms >= SILENT_MS)
			rc = tell(o, w, IN_WORKER_SILENT);
		else if (w->state == WORKER_UNRESPONSIVE && silent_ms < SILENT_MS && w->connected)
			rc = tell(o, w, IN_WORKER_HEARD);
		else if (w->state == WORKER_UNRESPONSIVE && silent_ms >= GIVEN_UP_MS)
			kill_worker(w);
	}
	return rc;
}

int64_t silence_deadline(const struct orchestrator *o)
{
	int64_t next_ms = INT64_MAX, again_ms = clock_mono_ms(o->clock) + HEARTBEAT_MS;

	for (uint32_t i = 0; i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		int64_t at_ms = o->heard_ms[i] +
				(w->state == WORKER_UNRESPONSIVE ? GIVEN_UP_MS : SILENT_MS);

		if (!should_speak(w))
			continue;
		if (w->state == WORKER_UNRESPONSIVE && at_ms < again_ms)
			at_ms = again_ms; /* killed already, or about to be */
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	return next_ms;
}
