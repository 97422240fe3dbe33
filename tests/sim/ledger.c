/*
 * What the checks believe. The twin is a second state, folded from the bytes of the journal alone,
 * turn by turn, and never from a snapshot: whatever the orchestrator holds in memory, whatever a
 * start makes of snapshot and tail, must be the same bytes. Beside it stands the truth about every
 * attempt, which no journal knows.
 */
#include <string.h>

#include "core/apply.h"
#include "world.h"

void ledger_release(struct ledger *l)
{
	state_release(&l->twin);
	mem_free(&l->tracks);
	mem_free(&l->attempts);
}

/* What would be done next is of no interest to a twin. */
static void forget_agenda(struct state *st)
{
	st->unblocked_count = 0;
	while (st->dirty_count)
		st->ws[st->dirty_ws[--st->dirty_count]].dirty = false;
}

static int take_event(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct world *w = ctx;
	struct state *twin = &w->ledger.twin;
	int rc;

	(void)line;
	if (ev->seq != twin->last_seq + 1)
		wrong(w, "seq %llu follows %llu", (unsigned long long)ev->seq,
		      (unsigned long long)twin->last_seq);
	if (ev->at_ms < twin->last_at_ms)
		wrong(w, "event %llu is older than the one before it", (unsigned long long)ev->seq);
	note(w, "%llu %s %.*s%.*s %.*s", (unsigned long long)ev->seq, event_rows[ev->kind].word,
	     SPAN_ARG(ev->task_id), SPAN_ARG(ev->worker_id), SPAN_ARG(ev->edge));
	ledger_event(w, ev);
	rc = core_apply(twin, ev, NULL, why);
	if (rc < 0)
		return rc;
	forget_agenda(twin);
	return 0;
}

bool ledger_read(struct world *w)
{
	struct ledger *l = &w->ledger;
	struct journal_end end;
	struct err e = ERR_INIT;
	int rc = journal_read(&w->disk.vfs, JOURNAL_FILE, l->place, JOURNAL_NO_LIMIT, take_event, w,
			      &end, &e);

	if (rc < 0)
		wrong(w, "what was committed cannot be read back: %s", e.text);
	else if (end.torn)
		wrong(w, "a committed turn is torn at byte %llu",
		      (unsigned long long)end.place.offset);
	l->place = end.place;
	return !w->out->failed;
}

void ledger_promise(struct world *w)
{
	if (w->chief.st.last_seq > w->ledger.promised_seq)
		w->ledger.promised_seq = w->chief.st.last_seq;
}

/* A rotation that was under way when the orchestrator died may have come to its end. */
static void find_place(struct world *w)
{
	CLEANUP(journal_head_release) struct journal_head head = JOURNAL_HEAD_INIT;
	struct err e = ERR_INIT;

	if (journal_head_read(&w->disk.vfs, JOURNAL_FILE, &head, &e) == 1 &&
	    head.ev.seq == w->ledger.place.seq + 1)
		w->ledger.place.offset = 0;
}

void ledger_check_start(struct world *w)
{
	struct ledger *l = &w->ledger;
	uint64_t kept = w->chief.st.last_seq - (w->chief.report.torn_bytes > 0);

	if (kept < l->promised_seq)
		wrong(w, "the world was told of %llu, after the crash the journal ends at %llu",
		      (unsigned long long)l->promised_seq, (unsigned long long)kept);
	else if (kept < l->place.seq)
		wrong(w, "%llu was committed, after the crash the journal ends at %llu",
		      (unsigned long long)l->place.seq, (unsigned long long)kept);
	if (w->out->failed)
		return;
	if (kept > l->place.seq && l->place.seq)
		saw(w, SAW_TAIL_KEPT);
	find_place(w);
}

/* --- the truth about attempts --- */

struct sim_attempt *ledger_attempt(struct world *w, const struct hand_task *t)
{
	struct ledger *l = &w->ledger;

	for (size_t i = l->attempt_count; i-- > 0;) {
		struct sim_attempt *a = &l->attempts[i];
		const struct sim_track *track = &l->tracks[a->task];

		if (a->number == t->number && track->run_no == t->run_no &&
		    strcmp(track->ws, t->ws) == 0 && span_is(l->twin.tasks[a->task].id, t->id))
			return a;
	}
	return NULL;
}

void ledger_begin(struct world *w, const struct hand *h, const struct hand_task *t)
{
	struct sim_attempt *a = ledger_attempt(w, t);
	const struct state *twin = &w->ledger.twin;
	const struct task *task;

	if (!a) {
		wrong(w, "%s runs attempt %llu, which was never recorded as assigned", t->id,
		      (unsigned long long)t->number);
		return;
	}
	task = &twin->tasks[a->task];
	if (task_gone(task) || task_state_final(task->state))
		wrong(w, "%s begins although it is over", t->id);
	else if (task->attempt != t->number || task->worker == NO_ID ||
		 !span_is(twin->workers[task->worker].id, w->places[h->worker].id) ||
		 twin->workers[task->worker].incarnation != h->incarnation)
		wrong(w, "%s attempt %llu begins with a worker it was taken from", t->id,
		      (unsigned long long)t->number);
	if (t->phase == HAND_MAIN && a->begun++)
		wrong(w, "%s attempt %llu is run twice", t->id, (unsigned long long)t->number);
	if (t->phase == HAND_AFTER && a->rules_begun++)
		saw(w, SAW_RULES_ELSEWHERE);
}

void ledger_end(struct world *w, const struct hand_task *t, enum outcome outcome)
{
	struct sim_attempt *a = ledger_attempt(w, t);

	note(w, "%s %llu ends: %d", t->id, (unsigned long long)t->number, (int)outcome);
	if (!a || outcome == OUTCOME_KILLED)
		return; /* says nothing about the work */
	if (t->validation) {
		a->rules_ended = true;
		a->rules_good |= t->script.after_good;
		return;
	}
	a->ended = true;
	a->report_lost = false;
	a->outcome = outcome;
	a->exit_code = t->script.exit_code;
}

void ledger_lose_reports(struct world *w, const struct hand *h)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	const char *at = h->kept.p;
	size_t left = h->kept.len;

	for (unsigned i = 0; i < h->report_count; i++) {
		size_t len = h->reports[i].len;
		struct worker_msg m;

		buf_truncate(&scratch, 0);
		if (left <= h->unsaved &&
		    worker_msg_decode((struct span){ at, len - 1 }, &scratch, &m) == 0) {
			for (size_t k = 0; k < w->ledger.attempt_count; k++) {
				struct sim_attempt *a = &w->ledger.attempts[k];

				if (a->number == m.attempt &&
				    span_eq(w->ledger.twin.tasks[a->task].id, m.task_id))
					a->report_lost = true;
			}
		}
		at += len;
		left -= len;
	}
}
