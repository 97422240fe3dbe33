/*
 * The plan was compiled here, so mistakes are told to the person who made them and relative paths
 * are theirs. From then on the journal is all we look at: if the orchestrator dies, what it had
 * recorded stays, and the caller goes on from there.
 */
#include "cmd/run/run_beside.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/run/ask.h"
#include "cmd/run/follow.h"
#include "cmd/run/live.h"
#include "cmd/run/run_names.h"
#include "cmd/run/run_say.h"
#include "cmd/run/run_summary.h"
#include "os/clock.h"

struct beside {
	struct cmd_ctx *c;
	const struct run_request *request;
	struct follow follow;
	struct live live;
	struct submit_report report;
	struct run_summary summary;
	uint64_t pid;
};

static bool is_ours(const struct beside *b, struct span workstream_id)
{
	const struct submission *s = &b->request->submission;

	for (uint32_t i = 0; i < s->ws_count; i++)
		if (span_eq(s->ws[i].name, workstream_id))
			return true;
	return false;
}

static void on_event(void *ctx, const struct state *st, const struct event *ev)
{
	struct beside *b = ctx;
	struct event copy = *ev;
	struct events one = { .v = &copy, .count = 1 };

	if (is_ours(b, ev->workstream_id))
		live_events(&b->live, st, &one);
}

static bool goes_on(const struct beside *b)
{
	const struct submission *s = &b->request->submission;
	const struct state *st = &b->follow.v->st;

	for (uint32_t i = 0; i < s->ws_count; i++) {
		uint32_t ws = state_ws(st, s->ws[i].name);

		if (ws != NO_ID && follow_goes_on(&st->ws[ws]))
			return true;
	}
	return false;
}

/* Returns 1 when it was taken, 0 when nobody was there to take it. */
static int hand_over(struct beside *b, struct err *e)
{
	CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
	CLEANUP(buf_release) struct buf plan = BUF_INIT;
	struct control_request request = { .kind = CONTROL_SUBMIT,
					   .submit_flags = b->request->flags,
					   .operator_name = span_of(b->request->operator_name) };
	int rc;

	if (submit_check(&b->follow.v->st, &b->request->submission, b->request->flags, &b->report) <
	    0)
		return run_refuse_changes(b->request, &b->report, e);
	submission_encode(&plan, &b->request->submission);
	request.submission = (struct span){ plan.p, plan.len };
	rc = ask(b->follow.v->dir, &request, &answer, e);
	if (rc < 1)
		return rc;
	b->pid = answer.reply.pid;
	event_range_add(&b->c->done->tasks, answer.reply.first_seq, answer.reply.last_seq);
	live_say(&b->live, "handed to the orchestrator that is at work (pid %llu, %.*s)%s",
		 (unsigned long long)b->pid, SPAN_ARG(answer.reply.command),
		 answer.reply.paused ? "; it is paused, and begins with: sk daemon release" : "");
	run_say_submission(&b->live, b->c, b->request, &b->report, &b->follow.v->st, 0);
	return 1;
}

static int on_signal(struct beside *b, int number)
{
	if (number == SIGWINCH) {
		live_draw(&b->live, &b->follow.v->st, clock_wall_ms(&clock_real));
		return 0;
	}
	live_clear(&b->live);
	live_say(&b->live,
		 "not looking on any more; the orchestrator (pid %llu) goes on with it. To look "
		 "again: sk wait %.*s; to end it: sk workstream cancel --yes %.*s",
		 (unsigned long long)b->pid, SPAN_ARG(b->request->submission.ws[0].name),
		 SPAN_ARG(b->request->submission.ws[0].name));
	return number == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
}

/* Until it has ended (0), somebody has had enough (an exit code), or nobody works on it any more.
 */
static int look_on(struct beside *b, enum beside_end *end, struct err *e)
{
	int rc = follow_turn(&b->follow, 0, on_event, b, e);

	if (rc > 0 && (rc = on_signal(b, rc)) > 0) /* it came while the plan was handed over */
		return rc;
	if (rc == 0 && b->report.created)
		run_say_names(&b->live, &b->follow.v->st, &b->request->submission, b->c->now_ms);
	while (rc >= 0 && goes_on(b)) {
		rc = follow_turn(&b->follow, live_interval_ms(&b->live), on_event, b, e);
		if (rc > 0 && (rc = on_signal(b, rc)) > 0)
			return rc;
		if (rc == 0 && follow_is_lost(&b->follow) && goes_on(b)) {
			*end = BESIDE_LOST;
			return 0;
		}
		if (rc == 0 && b->live.terminal)
			live_draw(&b->live, &b->follow.v->st, clock_wall_ms(&clock_real));
	}
	live_clear(&b->live);
	return rc < 0 ? rc : 0;
}

static int summarize(struct beside *b)
{
	struct run_summary summary = { .counts = { 0 } };
	int code;

	run_summary_init(&summary, &b->request->submission);
	run_summary_fill(&summary, &b->follow.v->st, b->c->paths);
	summary.took_ms = clock_wall_ms(&clock_real) - b->c->now_ms;
	code = run_summary_print(&summary, b->c, b->report.all_completed, 0);
	run_summary_release(&summary);
	return code;
}

int run_beside(struct cmd_ctx *c, const struct run_request *request, int logs_fd, bool look,
	       enum beside_end *end, struct err *e)
{
	const char *no_color = getenv("NO_COLOR");
	struct beside b = {
		.c = c, .request = request, .follow = FOLLOW_INIT, .report = { .changes = BUF_INIT }
	};
	int rc;

	*end = BESIDE_DONE;
	live_open(&b.live, logs_fd,
		  !options_has(c->options, "no-color") && !(no_color && *no_color),
		  options_has(c->options, "quiet"), request->submission.task_count, c->now_ms);
	rc = follow_open(c, &b.follow, e);
	if (rc == -SK_ENOTFOUND) { /* it has the lock but no state yet */
		err_clear(e);
		rc = 0;
	} else if (rc == 0) {
		rc = hand_over(&b, e);
	}
	if (rc == 0)
		*end = BESIDE_NOBODY;
	else if (rc == 1)
		rc = look ? look_on(&b, end, e) : 0;
	if (rc == 0 && *end == BESIDE_DONE && look)
		rc = summarize(&b);
	if (*end == BESIDE_LOST)
		live_say(&b.live,
			 "the orchestrator (pid %llu) is gone before the end; nothing "
			 "recorded is lost",
			 (unsigned long long)b.pid);
	follow_release(&b.follow);
	live_release(&b.live);
	submit_report_release(&b.report);
	return rc;
}
