/*
 * Workers that come and go, as in src/daemon/reconcile.c: a worker lives as long as its lock is
 * held. Of a dead one the reports are read and committed, what it left running is ended, and only
 * then its tasks are given to others.
 */
#include <string.h>

#include "world.h"

#define LOOK_AGAIN_MS 20

static unsigned place_of(const struct world *w, struct span id)
{
	for (unsigned i = 0; i < w->worker_count; i++)
		if (span_is(id, w->places[i].id))
			return i;
	INVARIANT(!"a worker of this world");
	return 0;
}

/* As outbox.c reads: torn and foreign lines are passed over. */
static unsigned collect(struct world *w, struct span worker_id, const struct buf *text)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct chief *c = &w->chief;
	uint64_t incarnation = 0;
	unsigned count = 0;
	const char *end;

	for (const char *at = text->p;
	     at && (end = memchr(at, '\n', (size_t)(text->p + text->len - at))); at = end + 1) {
		struct worker_msg m;
		struct input in = { .kind = IN_FINISHED, .worker_id = worker_id };

		buf_truncate(&scratch, 0);
		if (worker_msg_decode((struct span){ at, (size_t)(end - at) }, &scratch, &m) < 0)
			continue;
		if (m.kind == MSG_REGISTER)
			incarnation = m.incarnation;
		if (m.kind != MSG_STARTED && m.kind != MSG_FINISHED)
			continue;
		in.kind = m.kind == MSG_STARTED ? IN_STARTED : IN_FINISHED;
		in.task_id = m.task_id;
		in.attempt = m.attempt;
		in.incarnation = incarnation;
		in.workstream_id = m.workstream_id;
		in.run_no = w->plant == PLANT_RUN_NOT_NAMED ? 0 : m.run_no;
		in.pid = m.pid;
		in.result = m.result;
		core_step(&c->st, &in, chief_now(w), &c->batch, &c->fx, NULL);
		count++;
	}
	return count;
}

static int bury(struct world *w, uint32_t worker)
{
	struct chief *c = &w->chief;
	struct sim_place *at = &w->places[place_of(w, c->st.workers[worker].id)];
	struct span id = span_of(at->id);
	struct input lost = { .kind = IN_WORKER_LOST,
			      .worker_id = id,
			      .incarnation = c->st.workers[worker].incarnation };
	int rc;

	note(w, "bury worker %s, incarnation %llu", at->id, (unsigned long long)lost.incarnation);
	saw(w, SAW_BURIED);
	if (w->plant != PLANT_OUTBOX_NOT_READ &&
	    collect(w, id, &at->outbox_old) + collect(w, id, &at->outbox))
		saw(w, SAW_COLLECTED);
	rc = chief_commit(w);
	if (rc < 0)
		return rc;
	if (w->plant != PLANT_NO_SWEEP) {
		if (at->orphan_count)
			saw(w, SAW_SWEPT);
		at->orphan_count = 0;
	}
	core_step(&c->st, &lost, chief_now(w), &c->batch, &c->fx, NULL);
	rc = chief_commit(w);
	if (rc < 0)
		return rc;
	buf_truncate(&at->outbox, 0);
	buf_truncate(&at->outbox_old, 0);
	return 0;
}

int chief_bury_dead(struct world *w)
{
	struct chief *c = &w->chief;
	bool waiting = false;

	for (uint32_t i = 0; i < c->st.worker_count; i++) {
		const struct worker *k = &c->st.workers[i];
		bool starting = false;
		int rc;

		if (k->state == WORKER_SHUTDOWN || k->connected)
			continue;
		for (unsigned h = 0; h < SIM_HANDS_MAX; h++)
			starting |= w->hands[h].there && w->hands[h].ours &&
				    span_is(k->id, w->places[w->hands[h].worker].id);
		if (starting || w->places[place_of(w, k->id)].holder >= 0) {
			if (k->leave & LEAVE_FORCED)
				effects_add(&c->fx,
					    (struct effect){ FX_END_WORKER, NO_ID, NO_ID, i, 0 });
			waiting = true;
			continue;
		}
		if (w->plant == PLANT_WORKER_FORGOTTEN)
			continue;
		rc = bury(w, i);
		if (rc < 0)
			return rc;
	}
	c->look_again_ms = waiting ? w->mono_ms + LOOK_AGAIN_MS : INT64_MAX;
	return 0;
}

int chief_spawn(struct world *w, unsigned worker)
{
	struct chief *c = &w->chief;
	struct input in = { .kind = IN_WORKER_SPAWNED, .worker_id = span_of(w->places[worker].id) };
	uint32_t index = state_worker(&c->st, in.worker_id);
	unsigned free_hands = 0;
	int rc;

	for (unsigned h = 0; h < SIM_HANDS_MAX; h++) {
		if (w->hands[h].there && w->hands[h].ours && w->hands[h].worker == worker)
			return 0;
		free_hands += !w->hands[h].there;
	}
	if (!free_hands || (index != NO_ID && c->st.workers[index].state != WORKER_SHUTDOWN))
		return 0;
	core_step(&c->st, &in, chief_now(w), &c->batch, &c->fx, NULL);
	rc = chief_commit(w);
	if (rc < 0)
		return rc;
	index = state_worker(&c->st, in.worker_id);
	hand_spawn(w, worker, c->st.workers[index].incarnation);
	c->look_again_ms = w->mono_ms + LOOK_AGAIN_MS;
	return 0;
}
