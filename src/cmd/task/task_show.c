/*
 * Everything that is known of one task, on one page: what it is, how its last attempt went, and
 * with --include-logs what it printed. Where `sk why` explains, this shows.
 */
#include "cmd/cmd.h"

#include "base/when.h"
#include "cmd/task/fault.h"
#include "cmd/fit.h"
#include "cmd/task/log_tail.h"
#include "cmd/next.h"
#include "cmd/task/story.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"

#define LOG_LINES_SHOWN 40
#define COMMAND_SHOWN_MAX 1000

struct task_show {
	struct cmd_ctx *c;
	uint32_t task;
	const struct task *t;
	struct buf log; /* its last lines */
	int has_log;    /* 1 when there are any */
	struct buf next;
};

static void put_when(struct table *t, const char *name, int64_t ms)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!ms)
		return;
	buf_put_when(&text, ms);
	fit_row(t, name, "%s UTC", text.p);
}

static void put_limit(struct table *table, const struct task *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (t->timeout_ms)
		buf_put_duration(&text, t->timeout_ms);
	fit_row(table, "time limit", "%s", text.p ? text.p : "none");
}

static void put_use(struct table *table, const struct task *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!t->duration_ms && !t->cpu_ms && !t->peak_kb)
		return;
	buf_put_duration(&text, t->duration_ms);
	buf_puts(&text, ", processor ");
	buf_put_duration(&text, t->cpu_ms);
	if (t->peak_kb)
		buf_putf(&text, ", memory %u MB", (t->peak_kb + 1023) / 1024);
	fit_row(table, "used", "%s", text.p);
}

static void put_definition(struct task_show *s, struct table *t)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT, cwd = BUF_INIT, resources = BUF_INIT;
	const struct state *st = &s->c->view->st;
	const struct workstream *w = &st->ws[s->t->ws];

	task_put_command(s->t, COMMAND_SHOWN_MAX, &command);
	task_put_cwd(st, s->t, &cwd);
	task_put_resources(st, s->t, &resources);
	fit_row(t, "workstream", "%.*s, %s", SPAN_ARG(w->id), ws_state_word(w->state));
	fit_row(t, "command", "%s", command.p ? command.p : "");
	fit_row(t, "folder", "%s", cwd.p ? cwd.p : "");
	fit_row(t, "resources", "%s", resources.p ? resources.p : "");
	fit_row(t, "critical", "%s", s->t->flags & TASK_CRITICAL ? "yes" : "");
	put_limit(t, s->t);
	fit_row(t, "needs", "%u task%s; %u need%s it: sk task deps %.*s", s->t->needs_count,
		PLURAL(s->t->needs_count), s->t->dependents_count,
		s->t->dependents_count == 1 ? "s" : "", SPAN_ARG(s->t->id));
}

static void put_past(struct task_show *s, struct table *t)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct task *k = s->t;

	fit_row(t, "attempts", "%u; retries used %u of %u, workers lost %u", k->attempt,
		k->retry_count, k->retries, k->reassign_count);
	if (k->worker != NO_ID)
		fit_row(t, "worker", "%.*s", SPAN_ARG(s->c->view->st.workers[k->worker].id));
	put_when(t, "created", k->created_ms);
	put_when(t, "queued", k->queued_ms);
	put_when(t, "started", k->started_ms);
	put_when(t, "ended", k->ended_ms);
	put_when(t, "retry at", k->retry_at_ms);
	put_use(t, k);
	fit_row(t, "outputs", "%.*s", SPAN_ARG(k->outputs));
	if (fault_of(k) != FAULT_NONE)
		fit_row(t, "failure", "%s; %s", fault_text(fault_of(k)), remedy_text(remedy_of(k)));
	if (k->attempt && put_log_path(s->c->paths, k->id, &path))
		fit_row(t, "log", "%s", path.p);
	else if (k->attempt && k->state == TASK_COMPLETED)
		fit_row(t, "log", "none: it printed nothing");
}

static void print_log(struct task_show *s)
{
	struct span rest = { s->log.p, s->log.len };

	if (!options_has(s->c->options, "include-logs"))
		return;
	fit_heading(s->c->out, s->has_log ? "Its last lines" : "It has printed nothing");
	while (rest.len) {
		out_puts(s->c->out, "  ");
		out_visible(s->c->out, log_tail_line(&rest));
		out_puts(s->c->out, "\n");
	}
}

static void print_page(struct task_show *s)
{
	CLEANUP(table_release) struct table head = TABLE_INIT(3), t = TABLE_INIT(2);

	task_put_row(s->c, &head, s->task);
	fit_table(&head, s->c->out, 0);
	put_definition(s, &t);
	put_past(s, &t);
	fit_table(&t, s->c->out, 2);
	print_log(s);
	out_next(s->c->out, &s->next);
}

static void print_json(struct task_show *s)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT, cwd = BUF_INIT, path = BUF_INIT;
	struct span rest = { s->log.p, s->log.len };
	struct json j;

	task_put_command(s->t, SIZE_MAX, &command);
	task_put_cwd(&s->c->view->st, s->t, &cwd);
	json_open(&j, s->c->out, "task");
	task_put_json(s->c, &j, s->task);
	json_text(&j, "remedy", remedy_word(remedy_of(s->t)));
	json_text(&j, "command", command.p ? command.p : "");
	json_text(&j, "working_directory", cwd.p);
	json_raw(&j, "definition", s->t->def);
	json_raw(&j, "outputs", s->t->outputs);
	json_text(&j, "log", put_log_path(s->c->paths, s->t->id, &path) ? path.p : NULL);
	if (options_has(s->c->options, "include-logs")) {
		json_array(&j, "log_lines");
		while (rest.len)
			json_span(&j, NULL, log_tail_line(&rest));
		json_array_end(&j);
	}
	json_next(&j, &s->next);
	json_close(&j);
}

static void find_next(struct task_show *s)
{
	const struct state *st = &s->c->view->st;

	remedy_put_next(st, s->task, &s->next);
	if (s->t->state == TASK_RUNNING)
		next_add(&s->next, "sk logs -f %.*s", SPAN_ARG(s->t->id));
	else if (!task_state_final(s->t->state))
		next_add(&s->next, "sk why %.*s", SPAN_ARG(s->t->id));
}

static int task_show_run(struct cmd_ctx *c, struct err *e)
{
	struct task_show s = { .c = c };
	int rc = thing_task(c, &s.task, e);

	if (rc < 0)
		return rc;
	s.t = &c->view->st.tasks[s.task];
	if (options_has(c->options, "include-logs"))
		s.has_log = log_tail(c->view->dir, s.t->id, LOG_LINES_SHOWN, &s.log, e);
	if (s.has_log >= 0) {
		find_next(&s);
		if (c->json)
			print_json(&s);
		else
			print_page(&s);
	}
	rc = s.has_log < 0 ? s.has_log : EXIT_DONE;
	buf_release(&s.log);
	buf_release(&s.next);
	return rc;
}

static const struct option_row task_show_options[] = {
	TASK_ID_OPTION,
	{ .name = "include-logs",
	  .letter = 'l',
	  .kind = OPTION_FLAG,
	  .summary = "also the last lines it printed" },
	{ .name = NULL },
};

const struct cmd cmd_task_show = {
	.path = "task show",
	.alias = "show_task",
	.summary = "show one task: definition, attempts, times, failure",
	.usage = "[--include-logs] TASK",
	.about = "It only reads, takes no lock and works whether an orchestrator runs, stopped or "
		 "died. To follow what the task waits for, see sk why.",
	.example = "sk task show unit\nsk task show --task-id unit --include-logs",
	.options = task_show_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_show_run,
};
