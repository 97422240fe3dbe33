/*
 * Comparing what is recorded with the world: which workers still live, and what follows from that.
 * A worker that was told to leave does so when nothing is left with it.
 */
#include "daemon/bury.h"
#include "daemon/orchestrator_impl.h"

static int step(void *ctx, const struct input *in)
{
	return orchestrator_step(ctx, in, NULL);
}

static int commit(void *ctx, struct err *e)
{
	return orchestrator_commit(ctx, e);
}

int bury_before(struct orchestrator *o, uint32_t worker)
{
	const struct burial b = { o->workers_fd, o->options.remains, &o->st, o, step, commit,
				  o->start };
	struct err e = ERR_INIT;

	return bury_predecessor(&b, worker, &e);
}

static int bury(struct orchestrator *o, uint32_t worker, struct err *e)
{
	const struct burial b = { o->workers_fd, o->options.remains, &o->st, o, step, commit,
				  o->start };
	bool expired = o->st.workers[worker].state == WORKER_UNRESPONSIVE && o->given_up[worker];

	o->given_up[worker] = false;
	return bury_worker(&b, worker, expired ? IN_WORKER_EXPIRED : IN_WORKER_LOST, e);
}

int reconcile_workers(struct orchestrator *o, struct err *e)
{
	bool waiting = false;

	for (uint32_t i = 0; i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		int rc;

		if (w->state == WORKER_SHUTDOWN || w->connected)
			continue;
		/* A child of ours that has not taken its lock yet is only starting. */
		if (is_child(o, i) || worker_holds_lock(o->workers_fd, w, NULL)) {
			if (w->leave & LEAVE_FORCED)
				end_worker_process(o->workers_fd, w, SIGKILL);
			waiting = true;
			continue;
		}
		rc = bury(o, i, e);
		if (rc < 0)
			return rc;
	}
	o->look_again_ms = waiting ? clock_mono_ms(o->clock) + LOOK_AGAIN_MS : INT64_MAX;
	return 0;
}

void release_workers(struct orchestrator *o)
{
	for (uint32_t i = 0; i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		struct peer *p = w->leave && !w->assigned ? peers_of_worker(o, i) : NULL;

		if (!p || p->leaving)
			continue;
		peers_send(o, p, &(struct worker_msg){ .kind = MSG_SHUTDOWN });
		p->leaving = true;
	}
	peers_flush(o);
}

int64_t worker_patience(const struct orchestrator *o)
{
	return o->look_again_ms;
}
