/*
 * A task between what it needs and what needs it. Of what it needs, the one that blocks it is named
 * first: an operator who asks for dependencies asks because something does not start.
 */
#include "cmd/cmd.h"

#include "cmd/task/fault.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/story.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"
#include "core/link.h"

/* "" for one that is on its way; what people need to know of the others. */
static const char *need_mark(const struct state *st, uint32_t need)
{
	const struct task *n = &st->tasks[need & ~WAIVED];

	if (need & WAIVED)
		return "waived";
	if (need_met(st, need))
		return "met";
	if (n->state == TASK_FAILED || n->state == TASK_CANCELLED || n->flags & TASK_BLOCKED)
		return "blocks";
	return "waits";
}

static void put_task(struct cmd_ctx *c, struct table *t, uint32_t task, const char *mark,
		     bool marked)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	table_span(t, STYLE_PLAIN, k->id);
	table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, marked ? STYLE_BAD : STYLE_PLAIN, "%s", mark);
	table_cell(t, STYLE_PLAIN, "%s", story.p ? story.p : "");
}

static void print_needs(struct cmd_ctx *c, const struct task *t)
{
	CLEANUP(table_release) struct table rows = TABLE_INIT(4);
	const struct state *st = &c->view->st;

	fit_heading(c->out, t->needs_count ? "Needs" : "Needs nothing");
	for (int pass = 0; pass < 2; pass++) /* first what blocks */
		for (uint32_t i = 0; i < t->needs_count; i++) {
			const char *mark = need_mark(st, t->needs[i]);
			bool blocks = strcmp(mark, "blocks") == 0;

			if (blocks == (pass == 0))
				put_task(c, &rows, t->needs[i] & ~WAIVED, mark, blocks);
		}
	if (rows.count)
		fit_table(&rows, c->out, 2);
}

/* Whether the dependent waits for this task no longer. */
static const char *dependent_mark(const struct state *st, uint32_t dependent, uint32_t task)
{
	const struct task *d = &st->tasks[dependent];

	for (uint32_t i = 0; i < d->needs_count; i++)
		if ((d->needs[i] & ~WAIVED) == task)
			return need_mark(st, d->needs[i]);
	return "waits";
}

static void print_dependents(struct cmd_ctx *c, uint32_t task)
{
	CLEANUP(table_release) struct table rows = TABLE_INIT(4);
	const struct task *t = &c->view->st.tasks[task];

	fit_heading(c->out, t->dependents_count ? "Needed by" : "Needed by nothing");
	for (uint32_t i = 0; i < t->dependents_count; i++) {
		const char *mark = dependent_mark(&c->view->st, t->dependents[i], task);

		put_task(c, &rows, t->dependents[i], mark, strcmp(mark, "blocks") == 0);
	}
	if (rows.count)
		fit_table(&rows, c->out, 2);
}

static void find_next(const struct cmd_ctx *c, uint32_t task, struct buf *next)
{
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];
	uint32_t root = story_root(st, task);

	if (root != NO_ID) {
		next_add(next, "sk task show %.*s", SPAN_ARG(st->tasks[root].id));
		remedy_put_next(st, root, next);
	} else if (t->state == TASK_PENDING || t->state == TASK_QUEUED) {
		next_add(next, "sk why %.*s", SPAN_ARG(t->id));
	} else {
		remedy_put_next(st, task, next);
	}
}

static void edges_json(struct cmd_ctx *c, struct json *j, uint32_t task)
{
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];

	json_array(j, "needs");
	for (uint32_t i = 0; i < t->needs_count; i++) {
		uint32_t need = t->needs[i] & ~WAIVED;

		json_object(j, NULL);
		json_span(j, "task_id", st->tasks[need].id);
		json_text(j, "state", task_state_word(st->tasks[need].state));
		json_bool(j, "waived", t->needs[i] & WAIVED);
		json_bool(j, "met", need_met(st, t->needs[i]));
		json_bool(j, "blocks", strcmp(need_mark(st, t->needs[i]), "blocks") == 0);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "needed_by");
	for (uint32_t i = 0; i < t->dependents_count; i++) {
		json_object(j, NULL);
		json_span(j, "task_id", st->tasks[t->dependents[i]].id);
		json_text(j, "state", task_state_word(st->tasks[t->dependents[i]].state));
		json_bool(j, "blocked", st->tasks[t->dependents[i]].flags & TASK_BLOCKED);
		json_object_end(j);
	}
	json_array_end(j);
}

static void print_json(struct cmd_ctx *c, uint32_t task, const struct buf *next)
{
	const struct state *st = &c->view->st;
	uint32_t root = story_root(st, task);
	struct json j;

	json_open(&j, c->out, "dependencies");
	task_put_json(c, &j, task);
	if (root == NO_ID)
		json_null(&j, "because_of");
	else
		json_span(&j, "because_of", st->tasks[root].id);
	edges_json(c, &j, task);
	json_next(&j, next);
	json_close(&j);
}

static void print_page(struct cmd_ctx *c, uint32_t task, const struct buf *next)
{
	CLEANUP(table_release) struct table head = TABLE_INIT(3);
	const struct state *st = &c->view->st;

	task_put_row(c, &head, task);
	fit_table(&head, c->out, 0);
	if (!(st->tasks[task].flags & TASK_LINKED))
		out_puts(c->out, "Its workstream is still being created: dependencies are not "
				 "known yet.\n");
	print_needs(c, &st->tasks[task]);
	print_dependents(c, task);
	out_next(c->out, next);
}

static int task_deps_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	uint32_t task;
	int rc = thing_task(c, &task, e);

	if (rc < 0)
		return rc;
	find_next(c, task, &next);
	if (c->json)
		print_json(c, task, &next);
	else
		print_page(c, task, &next);
	return EXIT_DONE;
}

static const struct option_row task_deps_options[] = {
	TASK_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_task_deps = {
	.path = "task deps",
	.alias = "show_dependencies",
	.summary = "show what a task needs and what needs it",
	.usage = "TASK",
	.about =
		"\"met\": done; \"waived\": an operator let the task go on without it; \"waits\": "
		"on its way; \"blocks\": it failed, was cancelled or is blocked itself, so nothing "
		"happens until somebody acts.",
	.example = "sk task deps publish\nsk task deps --task-id publish --format json",
	.options = task_deps_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_deps_run,
};
