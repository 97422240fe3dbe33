/*
 * What a task waits for is told by the state (why_chain.c); what happened to it by the journal,
 * because the state keeps only the last attempt. Both end in the one thing a person can do.
 */
#include "cmd/task/why.h"

#include "base/when.h"
#include "cmd/task/event_text.h"
#include "cmd/task/log_file.h"
#include "store/search.h"

#define BLOCKS_SHOWN 5

/* Keeps what the journal says of this task since it was last created. */
struct history {
	struct span id;
	struct events events;
};

static int on_event(void *ctx, const struct event *ev)
{
	struct history *h = ctx;
	struct event *copy;
	struct arena *text = &h->events.text;

	if (!span_eq(ev->task_id, h->id))
		return 0;
	if (ev->kind == EV_TASK_CREATED)
		events_reset(&h->events);
	copy = events_add(&h->events, ev->kind, ev->at_ms);
	*copy = *ev;
	copy->task_id = arena_copy(text, ev->task_id);
	copy->worker_id = arena_copy(text, ev->worker_id);
	copy->workstream_id = copy->resource_id = copy->def = copy->state = copy->needs =
		copy->outputs = SPAN_NONE;
	copy->tasks = copy->edge = copy->name = copy->boot_id = copy->nonce = copy->version =
		SPAN_NONE;
	copy->kill_mode = copy->capabilities = copy->plan = copy->failed_tasks = SPAN_NONE;
	copy->operator_name = arena_copy(text, ev->operator_name);
	copy->reason = arena_copy(text, ev->reason);
	copy->error = arena_copy(text, ev->error);
	return 0;
}

/* Records that tell a reader nothing new beside their neighbours. */
static bool told(const struct event *ev)
{
	return ev->kind != EV_TASK_QUEUED && ev->kind != EV_TASK_ASSIGNED &&
	       ev->kind != EV_TASK_TIMEOUT && ev->kind != EV_VALIDATION_FAILED;
}

static void print_history(struct cmd_ctx *c, const struct events *events)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);

	for (size_t i = 0; i < events->count; i++) {
		CLEANUP(buf_release) struct buf when = BUF_INIT;
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		if (!told(&events->v[i]))
			continue;
		buf_put_when(&when, events->v[i].at_ms);
		event_put_sentence(&events->v[i], &text);
		table_cell(&t, STYLE_DIM, "%s", when.p);
		table_cell(&t, STYLE_PLAIN, "%s", text.p);
	}
	if (!t.count)
		return;
	out_puts(c->out, "\n");
	out_style(c->out, STYLE_BOLD, "What happened (UTC)");
	out_puts(c->out, "\n");
	table_print(&t, c->out, 2);
}

static void print_chain(struct cmd_ctx *c, const struct why_chain *chain)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	if (!chain->count)
		return;
	for (size_t i = 0; i < chain->count; i++)
		why_put_row(c, &t, chain->v[i]);
	out_puts(c->out, "\n");
	out_style(c->out, STYLE_BOLD, "Because");
	out_puts(c->out, "\n");
	table_print(&t, c->out, 2);
}

static void print_blocked(struct cmd_ctx *c, uint32_t task)
{
	const struct state *st = &c->view->st;
	size_t total = why_count_blocked(st, task), shown = 0;

	if (!total)
		return;
	out_puts(c->out, "\nIt keeps from running: ");
	for (uint32_t i = 0; i < st->task_count && shown < BLOCKS_SHOWN; i++) {
		const struct task *t = &st->tasks[i];

		if (task_gone(t) || t->state != TASK_PENDING || !(t->flags & TASK_BLOCKED) ||
		    story_root(st, i) != task)
			continue;
		out_putf(c->out, "%s%.*s", shown++ ? ", " : "", SPAN_ARG(t->id));
	}
	if (total > shown)
		out_putf(c->out, " and %zu more", total - shown);
	out_puts(c->out, "\n");
}

static void print_output(struct cmd_ctx *c, const struct task *t)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct span rest;

	if (t->state != TASK_FAILED && t->state != TASK_RETRYING)
		return;
	story_error_head(t->error, &rest);
	if (rest.len) {
		out_puts(c->out, "\n");
		out_style(c->out, STYLE_BOLD, "Its last words");
		out_puts(c->out, "\n");
	}
	while (rest.len) {
		const char *end =
			memmem(rest.p, rest.len, " | ", 3); /* the worker joins lines so */
		size_t len = end ? (size_t)(end - rest.p) : rest.len;

		out_puts(c->out, "  ");
		out_visible(c->out, (struct span){ rest.p, len });
		out_puts(c->out, "\n");
		len += end ? 3 : 0;
		rest = (struct span){ rest.p + len, rest.len - len };
	}
	if (t->attempt && put_log_path(c->paths, t->id, &path))
		out_putf(c->out, "\nAll of it: %s\n", path.p);
}

static void print_why(struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
		      const struct events *events)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct task *t = &c->view->st.tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	out_putf(c->out, "%.*s: ", SPAN_ARG(t->id));
	out_style(c->out, story_style(t->state), task_state_word(t->state));
	out_putf(c->out, "%s%s\n", story.len ? ", " : "", story.p ? story.p : "");
	if (c->view->died)
		out_puts(c->out, "The orchestrator died; nothing recorded is lost, the next run "
				 "goes on.\n");
	print_chain(c, chain);
	print_history(c, events);
	print_output(c, t);
	print_blocked(c, task);
	why_put_next(c, task, chain, &next);
	out_next(c->out, &next);
}

static int why_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(search_release) struct search words = SEARCH_INIT;
	struct history h = { .events = EVENTS_INIT };
	const char *typed = c->options->args[0];
	struct why_chain chain;
	uint32_t task;
	int rc;

	if (!c->view)
		return view_missing(c->paths, e);
	rc = view_task(c->view, typed, &task, e);
	if (rc < 0)
		return why_many(c, typed) ? EXIT_DONE : rc;
	h.id = c->view->st.tasks[task].id;
	search_add(&words, h.id);
	rc = store_search(&c->view->vfs, 1, &words, on_event, &h, e);
	if (rc >= 0) {
		why_chain_follow(c->view, task, &chain);
		if (c->json)
			why_json(c, task, &chain, &h.events);
		else
			print_why(c, task, &chain, &h.events);
		rc = EXIT_DONE;
	}
	events_release(&h.events);
	return rc;
}

const struct cmd cmd_why = {
	.path = "why",
	.summary = "explain why a task is in the state it is in",
	.usage = "TASK|WORKSTREAM",
	.about = "Follows what the task waits for down to its first cause, and tells what happened "
		 "to it so far. "
		 "Of a workstream, or of the name that a matrix stands under in the plan, it tells "
		 "the "
		 "state of each task.",
	.example = "sk why publish\nsk why nightly/publish\nsk why nightly",
	.needs = NEED_VIEW | CMD_ASIDE,
	.args = ARG_ANY_ID,
	.args_min = 1,
	.args_max = 1,
	.run = why_run,
};
