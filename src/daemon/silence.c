/*
 * Workers that live but say nothing: stopped by a debugger, stuck in a dead file system. Nobody
 * enforces the time limits of their tasks meanwhile, so that a run would wait for ever. After three
 * heartbeats that did not come a worker gets nothing new and people are told. That moment is zero:
 * who answers within 30 seconds from there goes on as if nothing had been, who answers later is
 * watched closely (less silence is enough the next time), and after three minutes its process is
 * ended, and from then on it is a dead worker like any other (reconcile.c).
 *
 * Asked right behind reading, so that what came while we ourselves were stopped counts as heard.
 */
#include "daemon/orchestrator_impl.h"

#include "daemon/bury.h"

#define MISSES 3         /* heartbeats that do not come */
#define MISSES_WATCHED 2 /* of a worker that was silent for long before */

static int64_t silent_limit_ms(const struct orchestrator *o, const struct worker *w)
{
	return o->timing.heartbeat_ms * (w->watched ? MISSES_WATCHED : MISSES);
}

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

static int tell(struct orchestrator *o, uint32_t worker, enum input_kind kind, int64_t silent_ms)
{
	const struct worker *w = &o->st.workers[worker];
	struct input in = { .kind = kind,
			    .worker_id = w->id,
			    .incarnation = w->incarnation,
			    .silent_ms = (uint64_t)silent_ms,
			    .watch = silent_ms > o->timing.calm_ms };

	return orchestrator_step(o, &in, NULL);
}

static int fall_silent(struct orchestrator *o, uint32_t worker, int64_t now_ms)
{
	o->silent_since_ms[worker] = now_ms;
	return tell(o, worker, IN_WORKER_SILENT, 0);
}

/* Ended again as long as it is there: the kernel may have been busy with it. */
static void give_up(struct orchestrator *o, uint32_t worker)
{
	o->given_up[worker] = true;
	end_worker_process(o->workers_fd, &o->st.workers[worker], SIGKILL);
}

int silence_check(struct orchestrator *o)
{
	int64_t now_ms = clock_mono_ms(o->clock);
	int rc = 0;

	for (uint32_t i = 0; i < o->st.worker_count && rc == 0; i++) {
		const struct worker *w = &o->st.workers[i];
		int64_t limit_ms = silent_limit_ms(o, w), zero_ms = o->silent_since_ms[i];

		if (!should_speak(w))
			continue;
		if (!o->heard_ms[i]) { /* of an earlier run: it has as long as any other */
			silence_heard(o, i);
			o->silent_since_ms[i] = now_ms;
		} else if (w->state != WORKER_UNRESPONSIVE) {
			if (now_ms - o->heard_ms[i] >= limit_ms)
				rc = fall_silent(o, i, now_ms);
		} else if (now_ms - o->heard_ms[i] < limit_ms && w->connected && !o->given_up[i]) {
			rc = tell(o, i, IN_WORKER_HEARD, o->heard_ms[i] - zero_ms);
		} else if (now_ms - zero_ms >= o->timing.give_up_ms) {
			give_up(o, i);
		}
	}
	return rc;
}

int64_t silence_deadline(const struct orchestrator *o)
{
	int64_t next_ms = INT64_MAX, now_ms = clock_mono_ms(o->clock);

	for (uint32_t i = 0; i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		int64_t at_ms = o->heard_ms[i] + silent_limit_ms(o, w);

		if (!should_speak(w))
			continue;
		if (w->state == WORKER_UNRESPONSIVE)
			at_ms = o->silent_since_ms[i] + o->timing.give_up_ms;
		if (w->state == WORKER_UNRESPONSIVE && o->given_up[i])
			at_ms = now_ms + o->timing.heartbeat_ms; /* ended already, or about to be */
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	return next_ms;
}
