/* One workstream: its settings, how far it is, and the tasks that somebody should look at. */
#include "cmd/cmd.h"

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/story.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"
#include "cmd/task/ws_page.h"

#define ROWS_MAX 20 /* of tasks; sk task list has them all */

static void put_when(struct table *t, const char *name, int64_t ms)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!ms)
		return;
	buf_put_when(&text, ms);
	fit_row(t, name, "%s UTC", text.p);
}

static void put_settings(const struct workstream *w, struct table *t)
{
	CLEANUP(buf_release) struct buf limit = BUF_INIT;

	if (w->max_duration_ms)
		buf_put_duration(&limit, w->max_duration_ms);
	fit_row(t, "plan", "%.*s", SPAN_ARG(w->plan));
	fit_row(t, "run", "%u", w->run_no ? w->run_no : 1);
	if (w->max_parallel)
		fit_row(t, "at most", "%u tasks at once", w->max_parallel);
	fit_row(t, "time limit", "%s", limit.p ? limit.p : "");
	if (w->flags & WSF_FAIL_FAST)
		fit_row(t, "failures", "the first one ends it");
	if (w->flags & WSF_HALTED)
		fit_row(t, "halted", "by a dependency cycle; nothing starts until it is broken");
	put_when(t, "created", w->created_ms);
	put_when(t, "started", w->started_ms);
	put_when(t, "ended", w->ended_ms);
	fit_row(t, "because", "%.*s", SPAN_ARG(w->reason));
}

static bool worth_a_look(const struct task *t)
{
	return t->state == TASK_FAILED || t->state == TASK_RUNNING || t->state == TASK_VALIDATING ||
	       t->state == TASK_RETRYING || t->flags & TASK_BLOCKED;
}

static void print_tasks(struct cmd_ctx *c, uint32_t ws)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);
	const struct state *st = &c->view->st;
	const struct workstream *w = &st->ws[ws];
	size_t left = 0;

	for (size_t i = 0; i < w->task_count; i++) {
		if (!worth_a_look(&st->tasks[w->tasks[i]]))
			continue;
		if (t.count / t.columns < ROWS_MAX)
			task_put_row(c, &t, w->tasks[i]);
		else
			left++;
	}
	if (!t.count)
		return;
	fit_heading(c->out, "Tasks that run, failed or are blocked");
	fit_table(&t, c->out, 2);
	if (left)
		out_putf(c->out, "  and %zu more: sk task list %.*s\n", left, SPAN_ARG(w->id));
}

static void print_page(struct cmd_ctx *c, uint32_t ws, const struct buf *next)
{
	CLEANUP(table_release) struct table head = TABLE_INIT(5), t = TABLE_INIT(2);

	ws_put_row(c, &head, ws);
	fit_table(&head, c->out, 0);
	put_settings(&c->view->st.ws[ws], &t);
	fit_table(&t, c->out, 2);
	print_tasks(c, ws);
	out_next(c->out, next);
}

static void print_json(struct cmd_ctx *c, uint32_t ws, const struct buf *next)
{
	const struct workstream *w = &c->view->st.ws[ws];
	struct json j;

	json_open(&j, c->out, "workstream");
	ws_put_json(c, &j, ws);
	json_raw(&j, "definition", w->def);
	json_array(&j, "task_ids");
	for (size_t i = 0; i < w->task_count; i++)
		json_span(&j, NULL, c->view->st.tasks[w->tasks[i]].id);
	json_array_end(&j);
	json_next(&j, next);
	json_close(&j);
}

static int workstream_show_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	uint32_t ws;
	int rc = thing_workstream(c, &ws, e);

	if (rc < 0)
		return rc;
	ws_put_next(c, ws, &next);
	if (c->json)
		print_json(c, ws, &next);
	else
		print_page(c, ws, &next);
	return EXIT_DONE;
}

static const struct option_row workstream_show_options[] = {
	WORKSTREAM_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_workstream_show = {
	.path = "workstream show",
	.alias = "show_workstream",
	.summary = "show one workstream: settings, progress, trouble",
	.usage = "WORKSTREAM",
	.example = "sk workstream show nightly\nsk workstream show --workstream-id nightly --json",
	.options = workstream_show_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_show_run,
};
