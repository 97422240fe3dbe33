/*
 * From words to an act and back to a page. The diary's line comes last, so that it can say how the
 * act ended; the journal has operator and reason as well, so a line lost to a kill loses no fact. A
 * rehearsal is the same decision on a state that is thrown away: on that of a live orchestrator, in
 * a copy of it, where reading it would take long, else on one that is read.
 */
#include "cmd/task/act.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/run/ask.h"
#include "cmd/task/diary.h"
#include "cmd/task/event_text.h"
#include "cmd/hint.h"
#include "cmd/task/remains.h"
#include "cmd/run/served.h"
#include "cmd/view.h"
#include "cmd/who.h"
#include "core/decide.h"
#include "core/find.h"
#include "daemon/alone.h"
#include "os/clock.h"
#include "os/fd.h"
#include "store/interventions.h"

#define LOOK_AGAIN_MS 10

struct acting {
	struct cmd_ctx *c;
	const struct act_page *page;
	struct act *act;
	const char *typed; /* id of the subject */
	char operator_name[WHO_BYTES];
	int state_fd;
	bool dry_run;
	bool shown; /* the page was printed by a copy of the orchestrator */
	struct view *own;
	uint64_t recorded;
	char ids[INTERVENTION_EVENTS_MAX][EVENT_ID_LEN]; /* of the first records it made */
	size_t id_count;
	struct buf next;
};

static void find_operator(struct acting *a)
{
	const char *reason = options_text(a->c->options, "reason");

	who_acts(options_text(a->c->options, "operator"), a->operator_name);
	a->act->operator_name = span_of(a->operator_name);
	a->act->reason = span_of(reason);
}

/* The option or the plain argument; both, or neither, is a mistake. */
static int find_subject(struct acting *a, const char **out, struct err *e)
{
	const struct options *o = a->c->options;
	const char *option = options_text(o, a->page->option),
		   *plain = o->arg_count ? o->args[0] : NULL;

	if (!option && !plain)
		return err_set(e, -SK_EUSAGE,
			       "%s: --%s is missing: nothing was changed. Try: sk help %s",
			       a->c->cmd->path, a->page->option, a->c->cmd->path);
	if (option && plain && strcmp(option, plain) != 0)
		return err_set(e, -SK_EUSAGE,
			       "%s: --%s and the plain word name two different things: nothing was "
			       "changed. Try: sk help %s",
			       a->c->cmd->path, a->page->option, a->c->cmd->path);
	*out = option ? option : plain;
	return 0;
}

static void put_subject(struct acting *a, struct span id)
{
	if (a->page->subject == ACT_ON_TASK)
		a->act->task_id = id;
	else if (a->page->subject == ACT_ON_WORKSTREAM)
		a->act->workstream_id = id;
	else if (a->page->subject == ACT_ON_WORKER)
		a->act->worker_id = id;
	else
		a->act->resource_id = id;
}

/* What to type behind it. Where nobody is at work, somebody has to begin. */
static void find_next(struct acting *a, const struct state *st)
{
	uint32_t found = NO_ID, ws = NO_ID;

	if (a->page->subject == ACT_ON_TASK && find_task(st, a->act->task_id, &found, NULL) == 0)
		ws = st->tasks[found].ws;
	else if (a->page->subject == ACT_ON_WORKSTREAM)
		(void)find_workstream(st, a->act->workstream_id, &ws, NULL);
	if (ws == NO_ID || ws_state_final(st->ws[ws].state)) {
		buf_puts(&a->next, "sk status");
		return;
	}
	put_run_command(st, ws, &a->next);
}

/* For the diary: from there a reader finds the records. */
static void note_event(void *ctx, const struct event *ev)
{
	struct acting *a = ctx;

	if (a->dry_run || a->id_count == INTERVENTION_EVENTS_MAX)
		return;
	event_id(ev->at_ms, ev->seq, a->ids[a->id_count++]);
}

static void tell_event(void *ctx, const struct event *ev)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct acting *a = ctx;

	event_put_sentence(ev, &text);
	out_putf(a->c->out, "%s%.*s  %.*s\n", a->dry_run ? "would: " : "",
		 SPAN_ARG(event_subject(ev)), (int)text.len, text.p);
}

static void tell_json(struct acting *a, uint64_t first_seq, uint64_t last_seq, bool live)
{
	struct json j;

	json_open(&j, a->c->out, "act");
	json_text(&j, "act", act_word(a->act->kind));
	json_bool(&j, "dry_run", a->dry_run);
	json_bool(&j, "orchestrator", live);
	json_u64(&j, "recorded", a->recorded);
	if (a->recorded && !a->dry_run) {
		json_u64(&j, "first_seq", first_seq);
		json_u64(&j, "last_seq", last_seq);
	}
	json_next(&j, &a->next);
	json_close(&j);
}

static void tell_rest(struct acting *a, uint64_t first_seq)
{
	if (a->recorded <= CONTROL_EVENTS_MAX)
		return;
	out_putf(a->c->out, "and %llu more",
		 (unsigned long long)(a->recorded - CONTROL_EVENTS_MAX));
	if (!a->dry_run)
		out_putf(a->c->out, ": sk events --since %llu",
			 (unsigned long long)(first_seq + CONTROL_EVENTS_MAX - 1));
	out_puts(a->c->out, "\n");
}

static void told(void *ctx, const struct state *st, const struct events *batch)
{
	struct acting *a = ctx;
	uint64_t first = batch->count ? batch->v[0].seq : 0;

	a->recorded = batch->count;
	if (!a->dry_run)
		event_range_add_batch(&a->c->done->tasks, batch);
	find_next(a, st);
	if (a->c->json)
		tell_json(a, first, batch->count ? batch->v[batch->count - 1].seq : 0,
			  a->c->view && a->c->view->lent);
	for (size_t i = 0; i < batch->count && i < CONTROL_EVENTS_MAX && !a->c->json; i++)
		tell_event(a, &batch->v[i]);
	if (!a->c->json)
		tell_rest(a, first);
	for (size_t i = 0; i < batch->count && i < INTERVENTION_EVENTS_MAX; i++)
		note_event(a, &batch->v[i]);
}

static void tell_answer(struct acting *a, const struct answer *answer)
{
	const struct control_reply *r = &answer->reply;

	a->recorded = r->last_seq ? r->last_seq - r->first_seq + 1 : 0;
	event_range_add(&a->c->done->tasks, r->first_seq, r->last_seq);
	buf_puts(&a->next, "sk status");
	answer_each_event(answer, note_event, a);
	if (a->c->json)
		tell_json(a, r->first_seq, r->last_seq, true);
	else
		answer_each_event(answer, tell_event, a);
	if (!a->c->json)
		tell_rest(a, r->first_seq);
}

/* The page may have to look at the state; not where somebody else answers who has it at hand. */
static int make_ready(struct acting *a, struct err *e)
{
	int rc = 0;

	if (!a->page->prepare)
		return 0;
	if (!a->c->view)
		rc = view_open(a->c->paths, a->c->now_ms, &a->own, e);
	if (a->own)
		a->c->view = a->own;
	if (rc == 0)
		rc = a->page->prepare(a->c, a->typed, a->act, e);
	if (a->own)
		a->own = a->c->view; /* it may have looked again */
	return rc;
}

/* In a copy of the orchestrator: what it decides on its state is told and forgotten. */
static int rehearse_here(struct acting *a, struct err *e)
{
	CLEANUP(events_release) struct events batch = EVENTS_INIT;
	CLEANUP(effects_release) struct effects fx = EFFECTS_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	const struct input in = { .kind = IN_ACT, .act = a->act, .live = true };
	struct state *st = &a->c->view->st;
	int rc = make_ready(a, e);

	if (rc < 0)
		return rc;
	rc = core_step(st, &in, a->c->now_ms, &batch, &fx, &why);
	if (rc < 0)
		return err_set(e, rc, "%s", why.p ? why.p : "refused");
	told(a, st, &batch);
	return 0;
}

/* With `tell` what it would do is printed, else only a refusal shows. */
static int rehearse(struct acting *a, bool tell, struct err *e)
{
	struct alone_options o = { .state_fd = a->state_fd,
				   .state_dir = a->c->paths->state_dir,
				   .command = a->c->cmd->path,
				   .dry_run = true,
				   .remains = &worker_remains,
				   .told = tell ? told : NULL,
				   .ctx = a };
	const char *more[4] = { NULL };
	const struct served_wish wish = { .more = more, .quiet = !tell };
	size_t count = 0;
	int code = 0, rc;

	if (a->c->view && a->c->view->lent)
		return rehearse_here(a, e);
	if (!options_has(a->c->options, "dry-run"))
		more[count++] = "--dry-run";
	if (!options_text(a->c->options, "operator")) {
		more[count++] = "--operator";
		more[count++] = a->operator_name;
	}
	rc = served_aside(a->c, &wish, &code, e);
	a->shown = rc == 1;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = make_ready(a, e);
	return rc < 0 ? rc : act_alone(&o, a->act, e);
}

/* Nobody is asked to confirm what is refused anyway: it is rehearsed first. */
static int ask_to_confirm(struct acting *a, struct err *e)
{
	int rc = rehearse(a, false, e);

	if (rc < 0)
		return rc;
	return err_set(e, -SK_ECONFIRM,
		       "%s: %s: nothing was changed. Try: the same with --yes, or with "
		       "--dry-run to see what it would do",
		       a->c->cmd->path, a->page->danger);
}

/*
 * Asks the orchestrator, or is the one writer itself for a moment. Between the two somebody may
 * start, stop, or be another command like this one, so both are tried until one of them answers.
 */
static int perform(struct acting *a, struct err *e)
{
	struct alone_options o = { .state_fd = a->state_fd,
				   .state_dir = a->c->paths->state_dir,
				   .command = a->c->cmd->path,
				   .remains = &worker_remains,
				   .told = told,
				   .ctx = a };
	struct control_request request = { .kind = CONTROL_ACT };
	int64_t until_ms = clock_mono_ms(&clock_real) + CONTROL_PATIENCE_MS;
	int ready;

	if (a->page->danger && !a->dry_run && !options_has(a->c->options, "yes"))
		return ask_to_confirm(a, e);
	if (a->dry_run)
		return rehearse(a, true, e);
	ready = make_ready(a, e);
	if (ready < 0)
		return ready;
	request.act = *a->act;
	for (;;) {
		CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
		int rc = ask(a->state_fd, &request, &answer, e);

		if (rc == 1)
			tell_answer(a, &answer);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		rc = act_alone(&o, a->act, e);
		if (rc != -SK_EBUSY || clock_mono_ms(&clock_real) >= until_ms)
			return rc;
		err_clear(e);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static int write_diary(struct acting *a, struct span id, int result, const struct err *why,
		       struct err *e)
{
	static const char *const kinds[] = { "task", "workstream", "resource", "worker" };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(mem_free)
	struct span *words = mem_alloc(INTERVENTION_ARGS_MAX * sizeof(*words));
	struct span ids[INTERVENTION_EVENTS_MAX];
	const struct options *o = a->c->options;
	struct intervention line = { .at_ms = a->c->now_ms,
				     .operator_name = a->act->operator_name,
				     .script = span_of(a->c->cmd->path),
				     .args = words,
				     .arg_count = diary_words(o, &text, words),
				     .reason = a->act->reason,
				     .entity_type = span_of(kinds[a->page->subject]),
				     .entity_id = id,
				     .dry_run = a->dry_run,
				     .confirmed = options_has(o, "yes"),
				     .result = intervention_result_of(result),
				     .message = result < 0   ? span_of(why->text)
						: a->dry_run ? SPAN_LIT("tried only")
							     : SPAN_LIT("done"),
				     .event_ids = ids,
				     .event_id_count = a->id_count };

	for (size_t i = 0; i < a->id_count; i++)
		ids[i] = (struct span){ a->ids[i], EVENT_ID_LEN };
	return interventions_add(a->state_fd, &line, e);
}

static void tell_end(struct acting *a)
{
	if (a->c->json || a->shown)
		return;
	if (!a->recorded)
		out_puts(a->c->out, "nothing to change: it is so already\n");
	out_next(a->c->out, &a->next);
}

static int run_open(struct acting *a, struct err *e)
{
	struct err diary = ERR_INIT;
	int rc = find_subject(a, &a->typed, e), wrote;

	if (rc < 0)
		return rc;
	put_subject(a, span_of(a->typed));
	rc = perform(a, e);
	if (rc == -ENOENT)
		rc = view_missing(a->c->paths, e);
	if (a->c->view && a->c->view->lent)
		wrote = 0; /* whoever asked writes it */
	else
		wrote = write_diary(a, span_of(a->typed), rc, e, &diary);
	if (rc == 0 && wrote < 0)
		return err_set(e, wrote, "it was done, but %s", diary.text);
	if (rc == 0)
		tell_end(a);
	return rc < 0 ? rc : EXIT_DONE;
}

int act_run(struct cmd_ctx *c, const struct act_page *page, struct act *act, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct acting a = { .c = c, .page = page, .act = act, .next = BUF_INIT };
	int rc;

	find_operator(&a);
	a.dry_run = options_has(c->options, "dry-run") || (c->view && c->view->lent);
	a.state_fd = paths_open(c->paths, false, &why);
	if (a.state_fd == -ENOENT)
		return view_missing(c->paths, e);
	if (a.state_fd < 0)
		return view_paths_problem(a.state_fd, &why, e);
	rc = run_open(&a, e);
	if (a.own)
		c->view = NULL;
	view_free(a.own);
	buf_release(&a.next);
	fd_close(&a.state_fd);
	return rc;
}
