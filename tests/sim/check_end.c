/*
 * What must be true of processes at any time, of the journal as a whole, and of a world that was
 * left in peace: everything came to an end, or waits for something that has a name.
 */
#include <string.h>

#include "core/apply.h"
#include "world.h"

#define WAKE_STEPS 5000
#define REST_MS                                                                           \
	7200000 /* far longer than all attempts and delays of a plan, one after the other \
		 */

struct living {
	const struct hand_task *v[SIM_HANDS_MAX * SIM_SLOTS_MAX + SIM_WORKERS_MAX * 24];
	unsigned count;
};

static void gather_living(const struct world *w, struct living *l)
{
	l->count = 0;
	for (unsigned i = 0; i < SIM_HANDS_MAX; i++)
		for (unsigned k = 0; w->hands[i].there && k < w->hands[i].running_count; k++)
			l->v[l->count++] = &w->hands[i].running[k];
	for (unsigned i = 0; i < w->worker_count; i++)
		for (unsigned k = 0; k < w->places[i].orphan_count; k++)
			l->v[l->count++] = &w->places[i].orphans[k];
}

void check_processes(struct world *w)
{
	const struct state *twin = &w->ledger.twin;
	struct living l;

	gather_living(w, &l);
	for (unsigned i = 0; i < l.count; i++) {
		const struct hand_task *t = l.v[i];
		const struct sim_attempt *a = ledger_attempt(w, t);
		const struct task *task = a ? &twin->tasks[a->task] : NULL;

		if (!task)
			wrong(w, "%s lives, which was never recorded as assigned", t->id);
		else if (task_gone(task) || task_state_final(task->state))
			wrong(w, "%s attempt %llu lives although it is over", t->id,
			      (unsigned long long)t->number);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(l.v[k]->id, t->id) == 0)
				wrong(w, "%s lives twice, as attempts %llu and %llu", t->id,
				      (unsigned long long)l.v[k]->number,
				      (unsigned long long)t->number);
	}
}

struct fold {
	struct state st;
	struct world *w;
};

static int fold_event(void *ctx, const struct event *ev, struct span line)
{
	struct fold *f = ctx;
	char why[200] = "";

	(void)line;
	if (ev->seq != f->st.last_seq + 1)
		wrong(f->w, "in the archive seq %llu follows %llu", (unsigned long long)ev->seq,
		      (unsigned long long)f->st.last_seq);
	if (core_apply(&f->st, ev, NULL, why) < 0)
		wrong(f->w, "the archive cannot be folded at %llu: %s", (unsigned long long)ev->seq,
		      why);
	return f->w->out->failed;
}

void check_fold(struct world *w)
{
	struct fold f = { .w = w };
	struct err e = ERR_INIT;

	state_init(&f.st);
	if (store_scan(&w->disk.vfs, 1, fold_event, &f, &e) < 0)
		wrong(w, "the journal cannot be read from its beginning: %s", e.text);
	check_same(w, &f.st, &w->ledger.twin, "all segments together");
	state_release(&f.st);
}

/* Whether something of it goes on without a person. */
static bool goes_on(const struct world *w)
{
	const struct state *st = &w->chief.st;

	if (!w->chief.up || w->chief.stopping)
		return true;
	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].active && ws_live(&st->ws[i]))
			return true;
	return false;
}

static void pass_time(struct world *w)
{
	int64_t next = w->chief.up ? chief_deadline(w) : INT64_MAX;

	for (unsigned i = 0; i < SIM_HANDS_MAX; i++) {
		const struct hand *h = &w->hands[i];

		if (h->there && h->locked && hand_deadline(h) < next)
			next = hand_deadline(h);
	}
	if (next == INT64_MAX || next <= w->mono_ms)
		next = w->mono_ms + 5;
	w->mono_ms = next;
}

static void quiet_step(struct world *w)
{
	if (!w->chief.up)
		chief_start(w);
	else
		chief_turn(w);
	for (unsigned i = 0; i < SIM_HANDS_MAX && !w->out->failed; i++)
		if (w->hands[i].there)
			hand_turn(w, &w->hands[i]);
	check_processes(w);
	pass_time(w);
}

static void settle(struct world *w)
{
	unsigned most = 600 + 200 * w->plan.task_count;
	int64_t until_ms = w->mono_ms + REST_MS;

	for (unsigned i = 0; i < most && !w->out->failed; i++) {
		if (!goes_on(w))
			return;
		quiet_step(w);
		if (w->mono_ms > until_ms)
			break;
	}
	for (uint32_t i = 0; i < w->chief.st.task_count && w->chief.up; i++) {
		const struct task *t = &w->chief.st.tasks[i];

		if (!task_gone(t) && !task_state_final(t->state))
			note(w, "%.*s is %s, worker %d, in line %d, behind resource %u, flags %x",
			     SPAN_ARG(t->id), task_state_word(t->state), (int)t->worker,
			     (int)t->heap_at, t->waits_for, t->flags);
	}
	for (uint32_t i = 0; i < w->chief.st.worker_count && w->chief.up; i++) {
		const struct worker *k = &w->chief.st.workers[i];

		note(w, "worker %.*s is %s, %u of %u + %u, connected %d", SPAN_ARG(k->id),
		     worker_state_word(k->state), k->assigned, k->slots, k->ahead, k->connected);
	}
	wrong(w, "nothing settles");
}

/* Why a task that is not over will stay as it is, in words; NULL when there is no reason. */
static const char *waits_for(const struct state *st, const struct task *t)
{
	if (t->flags & TASK_HELD)
		return "being selected";
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *n = &st->tasks[t->needs[i] & ~WAIVED];

		if (t->needs[i] & WAIVED || n->state == TASK_COMPLETED ||
		    (n->state == TASK_CANCELLED && n->flags & TASK_WAIVES))
			continue;
		if (n->state == TASK_FAILED || n->state == TASK_CANCELLED)
			return "a need that failed or was cancelled";
		if (n->state == TASK_PENDING && waits_for(st, n))
			return "a need that waits";
	}
	return NULL;
}

static void check_settled(struct world *w)
{
	const struct state *st = &w->chief.st;

	for (uint32_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];

		if (task_gone(t) || task_state_final(t->state) || !st->ws[t->ws].active)
			continue;
		if (st->ws[t->ws].state == WS_FAILED)
			continue; /* named by its workstream */
		if (t->state != TASK_PENDING || !waits_for(st, t))
			wrong(w, "%.*s rests as %s and waits for nothing", SPAN_ARG(t->id),
			      task_state_word(t->state));
		saw(w, SAW_BLOCKED_AT_END);
	}
}

static bool all_completed(const struct state *st)
{
	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len && st->ws[i].active && st->ws[i].state != WS_COMPLETED)
			return false;
	return true;
}

/* An orchestrator that takes orders. */
static void wake(struct world *w)
{
	for (unsigned i = 0; i < WAKE_STEPS && !w->out->failed; i++) {
		if (w->chief.up && !w->chief.stopping && !w->chief.st.draining)
			return;
		if (w->chief.up && !w->chief.stopping)
			operator_stop(w);
		quiet_step(w);
	}
	wrong(w, "no orchestrator comes up, or the one that stops does not end");
}

void check_rest(struct world *w)
{
	w->quiet = true;
	shaky_arm(&w->shaky, SHAKY_NEVER, 0, 0);
	for (unsigned i = 0; i < SIM_WORKERS_MAX; i++)
		w->places[i].outbox_fails = 0;
	for (unsigned round = 0; round < 3 && !w->out->failed; round++) {
		note(w, "rest, round %u", round);
		wake(w);
		if (w->out->failed || operator_submit(w, SUBMIT_ACCEPT_CHANGES, ~0U, false) < 0)
			break;
		settle(w);
		if (!w->out->failed)
			check_settled(w);
		if (w->out->failed || all_completed(&w->chief.st))
			break;
	}
	if (!w->out->failed && w->gentle && !all_completed(&w->chief.st))
		wrong(w, "a plan in which nothing fails does not come to its end");
	if (!w->out->failed && w->gentle)
		saw(w, SAW_GENTLE_COMPLETED);
	if (!w->out->failed)
		check_fold(w);
}
