/* The person at the keyboard: runs plans, runs them again, changes his mind, interrupts. */
#include "world.h"

#define STOP_WAIT_MS 10000

int operator_submit(struct world *w, unsigned flags, unsigned wanted, bool select)
{
	struct submit_report report = { .changes = BUF_INIT };
	struct submission s;
	struct input in = { .kind = IN_SUBMIT,
			    .submission = &s,
			    .submit_flags = flags,
			    .operator_name = SPAN_LIT("op") };
	int rc;

	plan_submission(w, wanted, &s);
	if (select)
		plan_select(w, &s);
	rc = submit_check(&w->chief.st, &s, flags, &report);
	note(w, "submit %u workstreams, %u tasks, flags %u: %d %s", s.ws_count, s.task_count, flags,
	     rc, report.changes.p ? report.changes.p : "");
	if (rc < 0)
		saw(w, SAW_SUBMIT_REFUSED);
	if (rc < 0 && w->quiet)
		wrong(w, "the plan is refused at the end: %s", report.changes.p);
	if (rc == 0) {
		w->submitted = true;
		rc = chief_input(w, &in);
	}
	submit_report_release(&report);
	submission_release(&s);
	return rc;
}

static unsigned draw_workstreams(struct world *w)
{
	unsigned wanted = w->plan.crossing || one_in(w, 2) ? ~0U : 1U << below(w, w->plan.ws_count);

	return wanted;
}

static void submit(struct world *w)
{
	unsigned flags = 0, how = below(w, 10);

	if (how == 0) {
		plan_change(w);
		flags = one_in(w, 4) ? 0 : SUBMIT_ACCEPT_CHANGES;
	} else if (how == 1 || w->restless) {
		flags = SUBMIT_NEW_RUN;
	} else if (how == 2) {
		flags = SUBMIT_ACCEPT_CHANGES;
	}
	if (one_in(w, 10))
		flags |= one_in(w, 2) ? SUBMIT_KEEP_GOING : SUBMIT_FAIL_FAST;
	operator_submit(w, flags, draw_workstreams(w), one_in(w, 8));
}

static void cancel(struct world *w)
{
	struct state *st = &w->chief.st;
	struct input in = { .kind = IN_CANCEL_TASK,
			    .operator_name = SPAN_LIT("op"),
			    .reason = SPAN_LIT("not needed"),
			    .waive = one_in(w, 2) };
	const struct task *t;

	if (!st->task_count)
		return;
	t = &st->tasks[below(w, (unsigned)st->task_count)];
	if (task_gone(t))
		return;
	note(w, "cancel %.*s, waive %d", SPAN_ARG(t->id), in.waive);
	saw(w, t->worker == NO_ID ? SAW_CANCEL_WAITING : SAW_CANCEL_LIVE);
	in.task_id = t->id;
	chief_input(w, &in);
}

static void interrupt(struct world *w)
{
	struct input in = { .kind = IN_INTERRUPT,
			    .operator_name = SPAN_LIT("op"),
			    .reason = SPAN_LIT("the run was interrupted") };

	note(w, "interrupt");
	chief_drain(w);
	saw(w, SAW_INTERRUPTED);
	chief_input(w, &in);
}

void operator_stop(struct world *w)
{
	note(w, "stop");
	chief_drain(w);
	w->chief.stopping = true;
	w->chief.stop_by_ms = w->mono_ms + STOP_WAIT_MS;
}

/* As kill(1) does. */
static void end_worker(struct world *w)
{
	struct hand *h = &w->hands[below(w, 3)];

	if (!h->there || !h->locked)
		return;
	note(w, "worker %s is told to end", w->places[h->worker].id);
	saw(w, SAW_WORKER_SIGNALLED);
	hand_stop(w, h);
}

/* `sk worker shutdown` and `sk worker restart`. */
static void dismiss_worker(struct world *w)
{
	const struct sim_place *at = &w->places[below(w, w->worker_count)];
	struct act act = { .kind = one_in(w, 2) ? ACT_WORKER_SHUTDOWN : ACT_WORKER_RESTART,
			   .worker_id = span_of(at->id),
			   .operator_name = SPAN_LIT("op"),
			   .force = one_in(w, 2) };
	struct input in = { .kind = IN_ACT, .act = &act, .live = true };

	act.reassign = act.force && one_in(w, 2);
	note(w, "%s %s, force %d, reassign %d", act_word(act.kind), at->id, act.force,
	     act.reassign);
	if (chief_input(w, &in) == 0)
		saw(w, act.force ? SAW_WORKER_FORCED : SAW_WORKER_ASKED);
}

/* `sk workstream rollback`, to a checkpoint that says what any could. */
static void roll_back(struct world *w)
{
	CLEANUP(buf_release) struct buf from = BUF_INIT;
	const struct state *st = &w->chief.st;
	const struct workstream *ws =
		st->ws_count ? &st->ws[below(w, (unsigned)st->ws_count)] : NULL;
	struct act act = { .kind = ACT_WS_ROLLBACK, .operator_name = SPAN_LIT("op") };
	struct input in = { .kind = IN_ACT, .act = &act, .live = one_in(w, 2) };
	bool any = false;

	if (!ws || !ws->id.len)
		return;
	buf_putf(&from, "{\"seq\":%u,\"run_no\":%u,\"retry_count\":{},\"failed\":[",
		 1 + below(w, (unsigned)st->last_seq), (unsigned)ws->run_no);
	for (size_t i = 0; i < ws->task_count; i++) {
		if (!one_in(w, 5))
			continue;
		buf_puts(&from, any ? "," : "");
		buf_put_json(&from, st->tasks[ws->tasks[i]].id);
		any = true;
	}
	buf_puts(&from, "]}");
	act.workstream_id = ws->id;
	act.checkpoint = (struct span){ from.p, from.len };
	note(w, "roll back %.*s to %s", SPAN_ARG(ws->id), from.p);
	if (chief_input(w, &in) == 0)
		saw(w, SAW_ROLLED_BACK);
}

void operator_act(struct world *w)
{
	if (!w->chief.up || w->chief.stopping)
		return;
	if (w->chief.st.draining) {
		if (one_in(w, 3))
			interrupt(w);
		else
			operator_stop(w);
		return;
	}
	if (!w->submitted) {
		submit(w);
		return;
	}
	switch (w->habit && one_in(w, 2) ? w->habit - 1 : below(w, HABIT_COUNT)) {
	case HABIT_SUBMIT:
	case HABIT_SUBMIT_TOO:
	case HABIT_SUBMIT_AGAIN:
		submit(w);
		break;
	case HABIT_CANCEL:
	case HABIT_CANCEL_TOO:
		cancel(w);
		break;
	case HABIT_INTERRUPT:
		interrupt(w);
		break;
	case HABIT_DRAIN:
		note(w, "drain");
		chief_drain(w);
		break;
	case HABIT_DISMISS_WORKER:
		dismiss_worker(w);
		break;
	case HABIT_ROLL_BACK:
		roll_back(w);
		break;
	case HABIT_END_WORKER:
		end_worker(w);
		break;
	default:
		operator_stop(w);
	}
}
