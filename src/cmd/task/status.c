/*
 * The page people look at most: what runs, what failed, what waits and for what, and the one
 * command to type next. It reads the state without any lock, so it answers beside a busy
 * orchestrator and after a dead one alike.
 */
#include "cmd/task/status.h"

#include "cmd/task/story.h"
#include "cmd/task/worker_page.h"
#include "cmd/task/ws_page.h"

#define SECTION_ROWS_MAX 8 /* of one section of the overview; the rest is counted */

static void put_orchestrator(struct cmd_ctx *c, struct table *t)
{
	const struct view *v = c->view;

	table_cell(t, STYLE_BOLD, "orchestrator");
	if (v->alive && v->holder.who.pid) {
		table_cell(t, STYLE_GOOD, "running");
		table_cell(t, STYLE_PLAIN, "pid %llu%s%s", (unsigned long long)v->holder.who.pid,
			   *v->holder.command ? ", " : "", v->holder.command);
	} else if (v->alive) {
		table_cell(t, STYLE_GOOD, "running");
		table_cell(t, STYLE_PLAIN, "%s", "");
	} else if (v->died) {
		table_cell(t, STYLE_BAD, "died");
		table_cell(t, STYLE_PLAIN, "pid %llu; nothing recorded is lost",
			   (unsigned long long)v->st.orchestrator_pid);
	} else {
		table_cell(t, STYLE_PLAIN, "not running");
		table_cell(t, STYLE_PLAIN, "%s", "");
	}
}

static void put_worker(struct cmd_ctx *c, struct table *t, const struct worker *w)
{
	enum worker_life life = view_worker_life(w);

	if (life == WORKER_ENDED)
		return;
	table_cell(t, STYLE_BOLD, "worker");
	table_cell(t, life == WORKER_GONE ? STYLE_BAD : STYLE_GOOD, "%s",
		   life == WORKER_GONE ? "gone" : worker_shown_state(w));
	if (life == WORKER_GONE)
		table_cell(t, STYLE_PLAIN, "%.*s (pid %llu) is no longer there", SPAN_ARG(w->id),
			   (unsigned long long)w->pid);
	else
		table_cell(t, STYLE_PLAIN, "%.*s, pid %llu, %u task%s, %u slot%s%s%s%s",
			   SPAN_ARG(w->id), (unsigned long long)w->pid, w->assigned,
			   w->assigned == 1 ? "" : "s", w->slots, w->slots == 1 ? "" : "s",
			   w->leave & LEAVE_RESTART ? "; to be restarted" : "",
			   w->watched ? "; watched closely" : "",
			   c->view->alive ? "" : "; goes on alone");
}

/* Appends one row: id, state, story. */
static void put_task(struct cmd_ctx *c, struct table *t, uint32_t task, bool with_state)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	table_span(t, STYLE_PLAIN, k->id);
	if (with_state)
		table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, STYLE_PLAIN, "%s", story.p ? story.p : "");
}

/* The states of one section of the overview. */
struct section {
	const char *title;
	enum style style;
	unsigned states; /* set of 1 << state */
};

static const struct section sections[] = {
	{ "Failed", STYLE_BAD, 1u << TASK_FAILED },
	{ "Cancelled", STYLE_WARN, 1u << TASK_CANCELLED },
	{ "Running", STYLE_BOLD, 1u << TASK_RUNNING | 1u << TASK_VALIDATING },
	{ "Retrying", STYLE_WARN, 1u << TASK_RETRYING },
	{ "Waiting", STYLE_BOLD, 1u << TASK_QUEUED | 1u << TASK_PENDING },
};

static void put_section(struct cmd_ctx *c, const struct section *s)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);
	const struct state *st = &c->view->st;
	size_t left = 0;

	for (uint32_t i = 0; i < st->task_count; i++) {
		const struct task *k = &st->tasks[i];

		if (task_gone(k) || !(s->states >> k->state & 1) ||
		    (k->state == TASK_CANCELLED && !story_cancelled(k)))
			continue;
		if (t.count / 2 < SECTION_ROWS_MAX)
			put_task(c, &t, i, false);
		else
			left++;
	}
	if (!t.count)
		return;
	out_puts(c->out, "\n");
	out_style(c->out, s->style, s->title);
	out_puts(c->out, "\n");
	table_print(&t, c->out, 2);
	if (left)
		out_putf(c->out, "  and %zu more: sk status --all\n", left);
}

static bool lists_all(const struct cmd_ctx *c)
{
	return options_has(c->options, "all");
}

static void print_tasks(struct cmd_ctx *c, uint32_t ws)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);
	const struct state *st = &c->view->st;

	for (uint32_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]) && (ws == NO_ID || st->tasks[i].ws == ws))
			put_task(c, &t, i, true);
	if (!t.count)
		return;
	out_puts(c->out, "\n");
	table_print(&t, c->out, 2);
}

static void print_head(struct cmd_ctx *c)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	put_orchestrator(c, &t);
	for (size_t i = 0; i < c->view->st.worker_count; i++)
		put_worker(c, &t, &c->view->st.workers[i]);
	table_print(&t, c->out, 0);
}

static void print_workstreams(struct cmd_ctx *c, uint32_t only)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(5);
	const struct state *st = &c->view->st;

	for (uint32_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len && (only == NO_ID || i == only))
			ws_put_row(c, &t, i);
	if (!t.count)
		return;
	out_puts(c->out, "\n");
	table_print(&t, c->out, 0);
}

static void print_overview(struct cmd_ctx *c)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	print_head(c);
	print_workstreams(c, NO_ID);
	if (lists_all(c))
		print_tasks(c, NO_ID);
	else
		for (size_t i = 0; i < ARRAY_LEN(sections); i++)
			put_section(c, &sections[i]);
	status_next(c->view, NO_ID, &next);
	out_next(c->out, &next);
}

/* One workstream in full, or one task. */
static void print_thing(struct cmd_ctx *c, struct status_thing thing)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	if (thing.ws != NO_ID) {
		print_workstreams(c, thing.ws);
		print_tasks(c, thing.ws);
		status_next(c->view, thing.ws, &next);
	} else {
		put_task(c, &t, thing.task, true);
		table_print(&t, c->out, 0);
		buf_putf(&next, "sk why %.*s", SPAN_ARG(c->view->st.tasks[thing.task].id));
	}
	out_next(c->out, &next);
}

static int print_nothing(struct cmd_ctx *c)
{
	if (c->json)
		status_json_nothing(c);
	else
		out_putf(
			c->out,
			"Nothing has run here yet: there is no state in %s.\n\nNext: sk run PLAN\n",
			c->paths->state_dir);
	return EXIT_DONE;
}

static int find_thing(const struct view *v, const char *typed, struct status_thing *out,
		      struct err *e)
{
	struct err other = ERR_INIT;

	*out = (struct status_thing){ NO_ID, NO_ID };
	if (view_workstream(v, typed, &out->ws, &other) == 0)
		return 0;
	return view_task(v, typed, &out->task, e);
}

static int status_run(struct cmd_ctx *c, struct err *e)
{
	const struct options *o = c->options;
	struct status_thing things[STATUS_THINGS_MAX];

	if (!c->view && o->arg_count)
		return view_missing(c->paths, e);
	if (!c->view)
		return print_nothing(c);
	for (size_t i = 0; i < o->arg_count; i++) {
		int rc = find_thing(c->view, o->args[i], &things[i], e);

		if (rc < 0)
			return rc;
	}
	if (c->json)
		status_json(c, things, o->arg_count, lists_all(c));
	else if (!o->arg_count)
		print_overview(c);
	for (size_t i = 0; !c->json && i < o->arg_count; i++)
		print_thing(c, things[i]);
	return EXIT_DONE;
}

static const struct option_row status_options[] = {
	{ .name = "all",
	  .letter = 'a',
	  .kind = OPTION_FLAG,
	  .summary = "every task, also those that are done" },
	{ .name = NULL },
};

const struct cmd cmd_status = {
	.path = "status",
	.summary = "show what runs, failed and waits, and what to type",
	.usage = "[--all] [WORKSTREAM|TASK...]",
	.about = "Without ids: an overview. With a workstream: all its tasks. It only reads, takes "
		 "no lock and works "
		 "whether an orchestrator runs, stopped or died.",
	.example = "sk status\nsk status nightly\nsk status --format json",
	.options = status_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_ANY_ID,
	.args_max = STATUS_THINGS_MAX,
	.run = status_run,
};
