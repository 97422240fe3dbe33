/*
 * Back to a checkpoint, as the runbook's six steps say: what runs is ended, what is queued waits
 * again, what failed or was cancelled since is to be done again, everything held is given back.
 * What is completed stays completed, because its changes are made. One turn, so a crash leaves all
 * of it or nothing; what runs is pending once its worker says that nothing of it lives, and that
 * wish is part of the same turn.
 *
 * Of the checkpoint only what is used comes in: {"seq","run_no","failed":[ids],"retry_count":{id:
 * count}}. Whatever it does not name was neither failed nor tried again then.
 */
#include "core/act_impl.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"

#define LISTED_BYTES_MAX \
	(RECORD_BYTES_MAX / 4) /* of before and after: the rest is in the journal */

/* What the checkpoint says of one task. */
struct remembered {
	bool failed;
	uint16_t retry_count;
};

struct rollback {
	struct turn *t;
	const struct act *act;
	uint32_t ws;
	uint64_t seq;
	struct remembered *then; /* by task */
};

static int refuse(const struct rollback *r, const char *problem)
{
	struct span id = r->t->st->ws[r->ws].id;

	return act_refuse(
		r->t, -SK_EREFUSED,
		"workstream \"%.*s\": %s: nothing was rolled back. Try: sk workstream show %.*s",
		SPAN_ARG(id), problem, SPAN_ARG(id));
}

/* A task of this workstream, or NULL: one that is not there any more has nothing to restore. */
static struct remembered *find(const struct rollback *r, struct span id)
{
	uint32_t task = state_task(r->t->st, id);

	return task != NO_ID && r->t->st->tasks[task].ws == r->ws ? &r->then[task] : NULL;
}

static void read_failed(const struct rollback *r, struct scan *s)
{
	struct scan_text id = { SPAN_NONE, false };
	struct remembered *one;

	scan_array(s);
	while (scan_item(s)) {
		scan_string(s, &id);
		one = s->error ? NULL : find(r, id.raw);
		if (one)
			one->failed = true;
	}
}

static void read_counts(const struct rollback *r, struct scan *s)
{
	struct scan_text id;
	struct remembered *one;

	scan_object(s);
	while (scan_key(s, &id)) {
		uint64_t count = 0;

		scan_u64(s, UINT16_MAX, &count);
		one = s->error ? NULL : find(r, id.raw);
		if (one)
			one->retry_count = (uint16_t)count;
	}
}

static int read_checkpoint(struct rollback *r)
{
	uint64_t run_no = 0;
	struct scan_text key;
	struct scan s;

	scan_init(&s, r->act->checkpoint);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "seq"))
			scan_u64(&s, INTEGER_MAX, &r->seq);
		else if (span_is(key.raw, "run_no"))
			scan_u64(&s, UINT32_MAX, &run_no);
		else if (span_is(key.raw, "failed"))
			read_failed(r, &s);
		else if (span_is(key.raw, "retry_count"))
			read_counts(r, &s);
		else
			scan_skip(&s, NULL);
	}
	if (scan_end(&s) < 0)
		return refuse(r, "the checkpoint cannot be read");
	if (run_no != r->t->st->ws[r->ws].run_no)
		return refuse(r, "the checkpoint is of another run of it");
	if (r->seq > r->t->st->last_seq)
		return refuse(r, "the checkpoint is ahead of the journal");
	return 0;
}

static int check_state(const struct rollback *r)
{
	unsigned state = r->t->st->ws[r->ws].state;

	if (state == WS_COMPLETED)
		return refuse(r, "it is completed, and what it did is done");
	if (state != WS_EXECUTING && state != WS_FAILED)
		return refuse(r,
			      "only what is executing or has failed can be rolled back (rule WO3)");
	return 0;
}

/* One that had failed it already would fail it again at once. */
static int check_fatal(const struct rollback *r)
{
	const struct state *st = r->t->st;
	const struct workstream *w = &st->ws[r->ws];

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *task = &st->tasks[w->tasks[i]];

		if (task->flags & TASK_FATAL && r->then[w->tasks[i]].failed)
			return act_refuse(
				r->t, -SK_EREFUSED,
				"workstream \"%.*s\": at that checkpoint its critical task "
				"\"%.*s\" had failed already: nothing was rolled back. Try: an "
				"earlier --to-checkpoint, or sk workstream retry-failed %.*s",
				SPAN_ARG(w->id), SPAN_ARG(task->id), SPAN_ARG(w->id));
	}
	return 0;
}

/*
 * Cancelled such that others may go on without it, and some of another workstream did: they are
 * beyond this rollback, and must not stand behind a task that waits again.
 */
static bool relied_on(const struct rollback *r, const struct task *subject)
{
	const struct state *st = r->t->st;

	if (subject->state != TASK_CANCELLED || !(subject->flags & TASK_WAIVES))
		return false;
	for (uint32_t i = 0; i < subject->dependents_count; i++) {
		const struct task *other = &st->tasks[subject->dependents[i]];

		if (!task_gone(other) && other->ws != r->ws && other->state != TASK_PENDING)
			return true;
	}
	return false;
}

static bool stays(const struct rollback *r, uint32_t task)
{
	const struct task *subject = &r->t->st->tasks[task];

	return relied_on(r, subject) || subject->flags & TASK_DROPPED ||
	       !(subject->flags & TASK_LINKED) || subject->state == TASK_COMPLETED ||
	       subject->state == TASK_PENDING ||
	       (subject->state == TASK_FAILED && r->then[task].failed);
}

/* The rollback itself comes first in the journal, with what each task was and is to be; the rest
 * names it as its cause. */
static void tell(struct rollback *r)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	const struct state *st = r->t->st;
	const struct workstream *w = &st->ws[r->ws];
	uint64_t count = 0;
	struct event *ev;

	buf_putc(&list, '{');
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *task = &st->tasks[w->tasks[i]];

		if (stays(r, w->tasks[i]))
			continue;
		count++;
		if (list.len > LISTED_BYTES_MAX)
			continue;
		if (list.len > 1)
			buf_putc(&list, ',');
		buf_put_json(&list, task->id);
		buf_putf(&list, ":[\"%s\",\"pending\"]", task_state_word(task->state));
	}
	buf_putc(&list, '}');
	ev = turn_ws_event(r->t, EV_WS_ROLLBACK, r->ws);
	ev->changes = turn_copy(r->t, (struct span){ list.p, list.len });
	ev->available = r->seq;
	ev->requested = count;
	act_sign(r->t, ev, r->act);
	r->t->cause = turn_apply(r->t);
}

static void ask_to_end(struct rollback *r, uint32_t task)
{
	struct event *ev = turn_task_event(r->t, EV_TASK_ROLLBACK, task);

	ev->attempt = r->t->st->tasks[task].attempt;
	ev->retry_count = r->then[task].retry_count;
	turn_apply(r->t);
}

static void roll_back_task(struct rollback *r, uint32_t task)
{
	struct turn *t = r->t;
	const struct task *subject = &t->st->tasks[task];
	uint64_t retry_count = r->then[task].retry_count;

	if (stays(r, task))
		return;
	if (subject->worker != NO_ID) {
		ask_to_end(r, task);
		return;
	}
	if (subject->state == TASK_QUEUED) {
		act_reset_task(t, task, ON_WORKSTREAM_ROLLBACK, retry_count, 0, r->act);
		return;
	}
	if (!task_state_final(subject->state))
		act_end_task(t, task, ON_WORKSTREAM_ROLLBACK, false, r->act);
	act_reset_task(t, task, ON_ROLLBACK_RESTORE, retry_count, 0, r->act);
}

int act_ws_rollback(struct turn *t, const struct act *act)
{
	CLEANUP(mem_free)
	struct remembered *then = mem_zalloc((t->st->task_count + 1) * sizeof(*then));
	struct rollback r = { .t = t, .act = act, .then = then };
	struct event *ev;
	int rc = act_find_ws(t, act->workstream_id, &r.ws);

	if (rc == 0)
		rc = check_state(&r);
	if (rc == 0)
		rc = read_checkpoint(&r);
	if (rc == 0)
		rc = check_fatal(&r);
	if (rc < 0)
		return rc;
	tell(&r);
	for (size_t i = 0; i < t->st->ws[r.ws].task_count; i++)
		roll_back_task(&r, t->st->ws[r.ws].tasks[i]);
	ev = turn_ws_move(t, r.ws, ON_WORKSTREAM_ROLLBACK);
	INVARIANT(ev != NULL);
	act_sign(t, ev, act);
	turn_apply(t);
	return 0;
}
