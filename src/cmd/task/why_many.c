/*
 * A person asks with the name that stands in the plan. There a matrix is one entry, and the
 * workstream is the first line; neither is a task, but what is meant is clear: why are these tasks
 * not done yet?
 */
#include "cmd/task/why.h"

#include "cmd/task/status.h"
#include "cmd/task/ws_page.h"

#define ROWS_MAX 20 /* more explain nothing; they are counted */

/* The tasks that are meant: of one workstream, or those whose name begins with `base` and '-'. */
struct many {
	uint32_t ws;
	struct span base;
};

static bool belongs(const struct many *m, const struct task *t)
{
	if (task_gone(t) || t->flags & TASK_DROPPED)
		return false;
	if (m->ws != NO_ID)
		return t->ws == m->ws;
	return t->name.len > m->base.len + 1 && t->name.p[m->base.len] == '-' &&
	       memcmp(t->name.p, m->base.p, m->base.len) == 0;
}

/* Counts them as a workstream does. Returns how many there are. */
static size_t count(const struct state *st, const struct many *m, struct workstream *sums)
{
	*sums = (struct workstream){ 0 };
	for (uint32_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];

		if (!belongs(m, t))
			continue;
		sums->task_count++;
		sums->by_state[t->state]++;
		sums->blocked += t->state == TASK_PENDING && t->flags & TASK_BLOCKED;
	}
	return sums->task_count;
}

static void put_next(const struct cmd_ctx *c, const struct many *m, struct buf *out)
{
	const struct state *st = &c->view->st;
	uint32_t failed = NO_ID;

	if (m->ws != NO_ID) {
		status_next(c->view, m->ws, out);
		return;
	}
	for (uint32_t i = 0; i < st->task_count && failed == NO_ID; i++)
		if (belongs(m, &st->tasks[i]) && st->tasks[i].state != TASK_COMPLETED)
			failed = i;
	for (uint32_t i = 0; i < st->task_count; i++)
		if (belongs(m, &st->tasks[i]) && st->tasks[i].state == TASK_FAILED) {
			failed = i;
			break;
		}
	if (failed == NO_ID)
		return;
	buf_putf(out, "sk why %.*s\n", SPAN_ARG(st->tasks[failed].id));
	if (!c->view->alive) {
		put_run_command(st, st->tasks[failed].ws, out);
		buf_putc(out, '\n');
	}
}

static void print_head(struct cmd_ctx *c, const struct many *m, const struct workstream *sums)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct view *v = c->view;

	if (m->ws != NO_ID) {
		const struct workstream *w = &v->st.ws[m->ws];
		uint32_t fatal = story_fatal(&v->st, w);

		out_putf(c->out, "%.*s: ", SPAN_ARG(w->id));
		out_style(c->out, story_ws_style(v, w), story_ws_word(v, w));
		out_puts(c->out, ", ");
		if (w->state == WS_FAILED && fatal != NO_ID) {
			story_put_fatal(&v->st.tasks[fatal], &text);
			buf_puts(&text, "\n");
		}
		buf_putf(&text, "%u of %zu done", sums->by_state[TASK_COMPLETED], sums->task_count);
	} else {
		out_visible(c->out, m->base);
		out_putf(c->out, ": %zu task%s, ", sums->task_count,
			 sums->task_count == 1 ? "" : "s");
		buf_putf(&text, "%u done", sums->by_state[TASK_COMPLETED]);
	}
	if (sums->by_state[TASK_COMPLETED] < sums->task_count) {
		buf_puts(&text, ", ");
		ws_put_counts(sums, &text);
	}
	out_putf(c->out, "%s\n", text.p);
}

static void print_many(struct cmd_ctx *c, const struct many *m, const struct workstream *sums)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct state *st = &c->view->st;
	size_t more = 0;

	print_head(c, m, sums);
	for (uint32_t i = 0; i < st->task_count; i++) {
		if (!belongs(m, &st->tasks[i]) || st->tasks[i].state == TASK_COMPLETED)
			continue;
		if (t.count / 3 < ROWS_MAX)
			why_put_row(c, &t, i);
		else
			more++;
	}
	if (t.count)
		out_puts(c->out, "\n");
	table_print(&t, c->out, 2);
	if (more)
		out_putf(c->out, "  and %zu more: sk status --all\n", more);
	put_next(c, m, &next);
	out_next(c->out, &next);
}

static void json_many(struct cmd_ctx *c, const struct many *m)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct state *st = &c->view->st;
	struct json j;

	json_open(&j, c->out, "why");
	if (m->ws != NO_ID) {
		json_span(&j, "workstream_id", st->ws[m->ws].id);
		json_text(&j, "state", ws_state_word(st->ws[m->ws].state));
		json_bool(&j, "interrupted", story_ws_interrupted(c->view, &st->ws[m->ws]));
	}
	json_array(&j, "tasks");
	for (uint32_t i = 0; i < st->task_count; i++) {
		if (!belongs(m, &st->tasks[i]))
			continue;
		json_object(&j, NULL);
		why_story_json(&j, c, i);
		json_object_end(&j);
	}
	json_array_end(&j);
	put_next(c, m, &next);
	json_next(&j, &next);
	json_close(&j);
}

int why_many(struct cmd_ctx *c, const char *typed)
{
	struct many m = { NO_ID, span_of(typed) };
	struct workstream sums;
	struct err none = ERR_INIT;

	view_workstream(c->view, typed, &m.ws, &none);
	if (count(&c->view->st, &m, &sums) == 0)
		return 0;
	if (c->json)
		json_many(c, &m);
	else
		print_many(c, &m, &sums);
	return 1;
}
