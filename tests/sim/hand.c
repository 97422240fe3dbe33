/*
 * A worker process, as src/worker is one: it has its lock or leaves, receives, runs tasks, reports,
 * and goes when it is told to or has been alone for too long. What it keeps on disk outlives it and
 * is in its place; everything else dies with it.
 */
#include <string.h>

#include "base/limits.h"
#include "world.h"

#define NEVER INT64_MAX

void hand_spawn(struct world *w, unsigned worker, uint64_t incarnation)
{
	for (unsigned i = 0; i < SIM_HANDS_MAX; i++) {
		struct hand *h = &w->hands[i];

		if (h->there)
			continue;
		hand_release(h);
		*h = (struct hand){ .there = true,
				    .ours = true,
				    .worker = worker,
				    .incarnation = incarnation,
				    .slots = w->slots[worker],
				    .peer = -1,
				    .alone_ms = w->mono_ms };
		note(w, "worker %s starts, incarnation %llu", w->places[worker].id,
		     (unsigned long long)incarnation);
		return;
	}
}

void hand_release(struct hand *h)
{
	buf_release(&h->in.lines);
	buf_release(&h->kept);
}

/* The process is no more. What it had sent can still be read. */
static void gone(struct world *w, struct hand *h)
{
	struct sim_place *at = &w->places[h->worker];

	if (h->peer >= 0)
		w->chief.peers[h->peer].in.closed = true;
	if (h->locked)
		at->holder = -1;
	if (h->ours && w->chief.up)
		w->chief.look_again_ms = 0;
	h->there = h->locked = h->ours = false;
	h->peer = -1;
	h->running_count = 0;
	hand_release(h);
}

/* Killed while it was writing its outbox, perhaps: a part of the lines is there. */
static void tear_outbox(struct world *w, struct hand *h)
{
	struct sim_place *at = &w->places[h->worker];
	size_t part = h->peer >= 0 || !h->unsaved ? 0 : below(w, (unsigned)h->unsaved + 1);

	if (at->outbox.len == 0)
		return; /* without its first line nobody knows whose reports these are */
	buf_put(&at->outbox, h->kept.p + h->kept.len - h->unsaved, part);
}

void hand_kill(struct world *w, struct hand *h)
{
	struct sim_place *at = &w->places[h->worker];

	note(w, "worker %s is killed with %u tasks", at->id, h->running_count);
	if (h->locked) {
		ledger_lose_reports(w, h);
		tear_outbox(w, h);
		for (unsigned i = 0; i < h->running_count; i++)
			if (at->orphan_count < ARRAY_LEN(at->orphans))
				at->orphans[at->orphan_count++] = h->running[i];
	}
	gone(w, h);
}

/* What an earlier incarnation left goes behind what still earlier ones left. */
static void put_aside(struct sim_place *at)
{
	if (!at->outbox.len)
		return;
	buf_put(&at->outbox_old, at->outbox.p, at->outbox.len);
	buf_putc(&at->outbox_old, '\n');
	buf_truncate(&at->outbox, 0);
}

static bool take_lock(struct world *w, struct hand *h)
{
	struct sim_place *at = &w->places[h->worker];

	if (at->holder >= 0) {
		note(w, "worker %s: another one lives, no second is started", at->id);
		saw(w, SAW_LOCK_TAKEN);
		gone(w, h);
		return false;
	}
	at->holder = (int)(h - w->hands);
	h->locked = true;
	if (w->plant != PLANT_NO_SWEEP)
		at->orphan_count = 0;
	put_aside(at);
	return true;
}

static bool idle(const struct hand *h)
{
	return h->running_count + h->waiting.count + h->validations.count == 0;
}

static bool may_leave(struct world *w, struct hand *h)
{
	if (!idle(h))
		return false;
	if (h->peer < 0)
		return ((h->stopping || h->rejected) &&
			(!h->unsaved || w->plant == PLANT_LEFT_UNSAVED)) ||
		       w->mono_ms >= h->alone_ms + WORKER_LINGER_MS;
	if (!h->stopping || h->report_count)
		return false;
	worker_msg_encode(&w->chief.peers[h->peer].in.lines,
			  &(struct worker_msg){ .kind = MSG_BYE });
	return true;
}

void hand_turn(struct world *w, struct hand *h)
{
	if (!h->locked && !take_lock(w, h))
		return;
	hand_receive(w, h);
	hand_tick(w, h);
	hand_start_tasks(w, h);
	if (h->peer < 0 && !h->in.closed && w->mono_ms >= h->retry_ms)
		hand_connect(w, h);
	if (h->peer < 0 && !idle(h))
		h->alone_ms = w->mono_ms;
	hand_flush(w, h);
	if (may_leave(w, h)) {
		note(w, "worker %s leaves", w->places[h->worker].id);
		if (w->plant != PLANT_LEFT_UNSAVED)
			ledger_lose_reports(w, h);
		gone(w, h);
	}
}

int64_t hand_deadline(const struct hand *h)
{
	int64_t next = h->peer < 0 ? h->retry_ms : NEVER;

	for (unsigned i = 0; i < h->running_count; i++)
		if (h->running[i].end_ms < next)
			next = h->running[i].end_ms;
	if (h->unsent && h->unsent_since_ms + REPORT_DELAY_MS < next)
		next = h->unsent_since_ms + REPORT_DELAY_MS;
	return next;
}
