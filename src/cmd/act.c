/*
 * From words to an act and back to a page. The diary's line comes last, so that it can say how the
 * act ended; the journal has operator and reason as well, so a line lost to a kill loses no fact.
 */
#include "cmd/act.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/event_text.h"
#include "cmd/hint.h"
#include "cmd/view.h"
#include "daemon/alone.h"
#include "os/fd.h"
#include "store/interventions.h"

struct acting {
	struct cmd_ctx *c;
	const struct act_page *page;
	struct act *act;
	char operator_name[64];
	int state_fd;
	uint32_t recorded;
	struct buf next, ids;
};

static void find_operator(struct acting *a)
{
	const char *given = options_text(a->c->options, "operator"), *user = getenv("USER");

	if (given || (user && *user))
		snprintf(a->operator_name, sizeof(a->operator_name), "%s", given ? given : user);
	else
		snprintf(a->operator_name, sizeof(a->operator_name), "uid %u", (unsigned)getuid());
	a->act->operator_name = span_of(a->operator_name);
	given = options_text(a->c->options, "reason");
	a->act->reason = given ? span_of(given) : SPAN_NONE;
}

/* The option or the plain argument; both, or neither, is a mistake. */
static int find_subject(struct acting *a, const char **out, struct err *e)
{
	const struct options *o = a->c->options;
	const char *option = options_text(o, a->page->option),
		   *plain = o->arg_count ? o->args[0] : NULL;

	if (!option == !plain)
		return err_set(e, -SK_EUSAGE, "%s: %s: nothing was changed. Try: sk help %s",
			       a->c->cmd->path,
			       option ? "the id is given twice" : "the id is missing",
			       a->c->cmd->path);
	*out = option ? option : plain;
	return 0;
}

/* What was typed may be a name that only one task has: the view knows, and suggests. */
static int resolve(struct acting *a, const char *typed, struct buf *id, struct err *e)
{
	struct view *v = NULL;
	uint32_t index = NO_ID;
	struct span found = span_of(typed);
	int rc = view_open(a->c->paths, a->c->now_ms, &v, e);

	if (rc == 0 && !v)
		return view_missing(a->c->paths, e);
	if (rc < 0)
		return rc;
	if (a->page->subject == ACT_ON_TASK) {
		rc = view_task(v, typed, &index, e);
		if (rc == 0)
			found = v->st.tasks[index].id;
	} else if (a->page->subject == ACT_ON_WORKSTREAM) {
		rc = view_workstream(v, typed, &index, e);
		if (rc == 0)
			found = v->st.ws[index].id;
	}
	buf_put(id, found.p, found.len);
	view_free(v);
	return rc;
}

static void put_subject(struct acting *a, struct span id)
{
	if (a->page->subject == ACT_ON_TASK)
		a->act->task_id = id;
	else if (a->page->subject == ACT_ON_WORKSTREAM)
		a->act->workstream_id = id;
	else
		a->act->resource_id = id;
}

static void find_next(struct acting *a, const struct state *st)
{
	uint32_t task = state_task(st, a->act->task_id),
		 ws = task == NO_ID ? state_ws(st, a->act->workstream_id) : st->tasks[task].ws;

	if (ws == NO_ID || ws_state_final(st->ws[ws].state)) {
		buf_puts(&a->next, "sk status");
		return;
	}
	put_run_command(&st->ws[ws], &a->next);
}

static void told(void *ctx, const struct state *st, const struct events *batch)
{
	struct acting *a = ctx;
	bool dry = options_has(a->c->options, "dry-run");

	a->recorded = (uint32_t)batch->count;
	find_next(a, st);
	for (size_t i = 0; i < batch->count && !a->c->json; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		event_put_sentence(&batch->v[i], &text);
		out_putf(a->c->out, "%s%.*s  %.*s\n", dry ? "would: " : "",
			 SPAN_ARG(event_subject(&batch->v[i])), (int)text.len, text.p);
	}
	if (a->c->json) {
		struct json j;

		json_open(&j, a->c->out, "act");
		json_text(&j, "act", act_word(a->act->kind));
		json_bool(&j, "dry_run", dry);
		json_u64(&j, "recorded", batch->count);
		if (batch->count && !dry) {
			json_u64(&j, "first_seq", batch->v[0].seq);
			json_u64(&j, "last_seq", batch->v[batch->count - 1].seq);
		}
		json_next(&j, &a->next);
		json_close(&j);
	}
}

static int perform(struct acting *a, struct err *e)
{
	struct alone_options o = { .state_fd = a->state_fd,
				   .state_dir = a->c->paths->state_dir,
				   .command = a->c->cmd->path,
				   .dry_run = options_has(a->c->options, "dry-run"),
				   .told = told,
				   .ctx = a };

	if (a->page->danger && !o.dry_run && !options_has(a->c->options, "yes"))
		return err_set(e, -SK_ECONFIRM,
			       "%s: %s: nothing was changed. Try: the same with --yes, or with "
			       "--dry-run to see what it would do",
			       a->c->cmd->path, a->page->danger);
	return act_alone(&o, a->act, e);
}

static int write_diary(struct acting *a, struct span id, int result, const struct err *why,
		       struct err *e)
{
	static const char *const kinds[] = { "task", "workstream", "resource" };
	const struct options *o = a->c->options;
	struct intervention line = { .at_ms = a->c->now_ms,
				     .operator_name = a->act->operator_name,
				     .script = span_of(a->c->cmd->path),
				     .args = &id,
				     .arg_count = 1,
				     .reason = a->act->reason,
				     .entity_type = span_of(kinds[a->page->subject]),
				     .entity_id = id,
				     .dry_run = options_has(o, "dry-run"),
				     .confirmed = options_has(o, "yes"),
				     .result = intervention_result_of(result),
				     .message =
					     result < 0 ? span_of(why->text) : SPAN_LIT("done") };

	return interventions_add(a->state_fd, &line, e);
}

static int run_open(struct acting *a, struct err *e)
{
	CLEANUP(buf_release) struct buf id = BUF_INIT;
	struct err diary = ERR_INIT;
	const char *typed = "";
	int rc = find_subject(a, &typed, e), wrote;

	if (rc < 0)
		return rc;
	rc = resolve(a, typed, &id, e);
	put_subject(a, (struct span){ id.p, id.len });
	if (rc == 0)
		rc = perform(a, e);
	wrote = write_diary(a, span_of(typed), rc, e, &diary);
	if (rc == 0 && wrote < 0)
		return err_set(e, wrote, "it was done, but %s", diary.text);
	if (rc == 0 && !a->c->json && !a->recorded)
		out_puts(a->c->out, "nothing to change: it is so already\n");
	if (rc == 0 && !a->c->json)
		out_next(a->c->out, &a->next);
	return rc < 0 ? rc : EXIT_DONE;
}

int act_run(struct cmd_ctx *c, const struct act_page *page, struct act *act, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct acting a = { .c = c, .page = page, .act = act, .next = BUF_INIT };
	int rc;

	find_operator(&a);
	a.state_fd = paths_open(c->paths, false, &why);
	if (a.state_fd == -ENOENT)
		return view_missing(c->paths, e);
	if (a.state_fd < 0)
		return view_paths_problem(a.state_fd, &why, e);
	rc = run_open(&a, e);
	buf_release(&a.next);
	fd_close(&a.state_fd);
	return rc;
}
