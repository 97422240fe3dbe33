/*
 * What a task waits for is asked of the state alone, so it holds whatever is left of the journal.
 * A chain ends at the first task that a person can do something about; one that comes back to
 * itself is cut there.
 */
#include "cmd/task/why_chain.h"

#include <errno.h>

#include "cmd/task/log_file.h"
#include "os/fd.h"

static bool has_log(const struct cmd_ctx *c, const struct task *t)
{
	struct err e = ERR_INIT;
	CLEANUP(fd_close) int fd = t->attempt ? log_file_open(c->view->dir, t->id, &e) : -ENOENT;

	return fd >= 0;
}

/* What helps to understand it. */
static void put_look(const struct cmd_ctx *c, const struct task *t, const struct task *cause,
		     struct buf *out)
{
	if (t->state == TASK_FAILED || t->state == TASK_RETRYING)
		buf_putf(out, "sk logs %.*s\n", SPAN_ARG(t->id));
	else if (cause->state == TASK_RUNNING || cause->state == TASK_VALIDATING)
		buf_putf(out, "sk logs -f %.*s\n", SPAN_ARG(cause->id));
	else if (t != cause)
		buf_putf(out, "sk why %.*s\n", SPAN_ARG(cause->id));
	else if (has_log(c, t))
		buf_putf(out, "sk logs %.*s\n", SPAN_ARG(t->id));
	else if (c->view->alive && !task_state_final(t->state))
		buf_putf(out, "sk status %.*s\n", SPAN_ARG(c->view->st.ws[t->ws].id));
}

void why_put_next(const struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
		  struct buf *out)
{
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];
	uint32_t last = chain->count ? chain->v[chain->count - 1] : task;

	if (story_find(c->view, last).cause == CAUSE_PAUSED)
		buf_puts(out, "sk daemon release\n");
	put_look(c, t, &st->tasks[last], out);
	if (!c->view->alive &&
	    (t->state == TASK_FAILED || story_cancelled(t) || !task_state_final(t->state))) {
		put_run_command(st, t->ws, out);
		buf_putc(out, '\n');
	}
}

void why_chain_follow(const struct view *v, uint32_t task, struct why_chain *chain)
{
	for (chain->count = 0; chain->count < ARRAY_LEN(chain->v);) {
		struct story s = story_find(v, task);

		if (s.cause == CAUSE_RESOURCE && v->st.resources[s.other].holder_count)
			task = v->st.resources[s.other].holders[0];
		else if (s.cause != CAUSE_RESOURCE && s.other != NO_ID)
			task = s.other;
		else
			return;
		for (size_t i = 0; i < chain->count; i++)
			if (chain->v[i] == task)
				return;
		chain->v[chain->count++] = task;
	}
}

void why_put_row(struct cmd_ctx *c, struct table *t, uint32_t task)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	table_span(t, STYLE_PLAIN, k->id);
	table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, STYLE_PLAIN, "%s", story.p ? story.p : "");
}

size_t why_count_blocked(const struct state *st, uint32_t task)
{
	size_t count = 0;

	for (uint32_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]) && st->tasks[i].state == TASK_PENDING &&
		    st->tasks[i].flags & TASK_BLOCKED && story_root(st, i) == task)
			count++;
	return count;
}

void why_story_json(struct json *j, struct cmd_ctx *c, uint32_t task)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct state *st = &c->view->st;
	struct story s = story_find(c->view, task);

	story_put(c->view, task, c->now_ms, &story);
	json_span(j, "task_id", st->tasks[task].id);
	json_span(j, "workstream_id", st->ws[st->tasks[task].ws].id);
	json_text(j, "state", task_state_word(st->tasks[task].state));
	json_text(j, "story", story.p ? story.p : "");
	json_text(j, "waits_for", story_cause_word(s.cause));
	if (s.cause == CAUSE_RESOURCE)
		json_span(j, "resource_id", st->resources[s.other].id);
	else if (s.other != NO_ID)
		json_span(j, "because_of", st->tasks[s.other].id);
	if (s.cause == CAUSE_CAPABILITY)
		json_span(j, "capability", s.detail);
}
