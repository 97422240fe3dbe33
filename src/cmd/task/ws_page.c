/* Which task failed first is told by the number of the record that brought it there: it is kept in
 * the state, so the answer does not depend on how much of the journal is still at hand. */
#include "cmd/task/ws_page.h"

#include "base/when.h"
#include "cmd/next.h"
#include "cmd/task/story.h"

void ws_put_counts(const struct workstream *w, struct buf *out)
{
	const struct {
		const char *word;
		uint32_t count;
	} parts[] = {
		{ "running", w->by_state[TASK_RUNNING] + w->by_state[TASK_VALIDATING] },
		{ "retrying", w->by_state[TASK_RETRYING] },
		{ "failed", w->by_state[TASK_FAILED] },
		{ "cancelled", w->by_state[TASK_CANCELLED] },
		{ "blocked", w->blocked },
		{ "waiting", w->by_state[TASK_PENDING] - w->blocked + w->by_state[TASK_QUEUED] },
	};
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].count)
			continue;
		buf_putf(out, "%s%u %s", between, parts[i].count, parts[i].word);
		between = ", ";
	}
}

void ws_put_row(const struct cmd_ctx *c, struct table *t, uint32_t ws)
{
	CLEANUP(buf_release) struct buf counts = BUF_INIT, time = BUF_INIT;
	const struct workstream *w = &c->view->st.ws[ws];
	bool idle = !w->ended_ms && story_ws_interrupted(c->view, w);

	if (w->flags & WSF_HALTED)
		buf_puts(&counts, "halted by a dependency cycle; ");
	ws_put_counts(w, &counts);
	if (w->started_ms) {
		/* Never by the last record: it is older than the clock the last look went by. */
		buf_puts(&time, idle ? "began " : "");
		buf_put_duration(&time, (w->ended_ms ? w->ended_ms : c->now_ms) - w->started_ms);
		buf_puts(&time, idle ? " ago" : "");
	}
	table_span(t, STYLE_BOLD, w->id);
	table_cell(t, story_ws_style(c->view, w), "%s", story_ws_word(c->view, w));
	table_cell(t, STYLE_PLAIN, "%u of %zu done", w->by_state[TASK_COMPLETED], w->task_count);
	table_cell(t, STYLE_PLAIN, "%s", time.p ? time.p : "");
	table_cell(t, STYLE_PLAIN, "%s", counts.p ? counts.p : "");
}

void ws_put_head_json(struct json *j, const struct workstream *w)
{
	json_span(j, "workstream_id", w->id);
	json_span(j, "name", w->name);
	json_text(j, "state", ws_state_word(w->state));
	json_span(j, "plan", w->plan);
	json_u64(j, "run_no", w->run_no);
	json_time(j, "created_at", w->created_ms);
	json_time(j, "started_at", w->started_ms);
	json_time(j, "ended_at", w->ended_ms);
	json_bool(j, "halted", w->flags & WSF_HALTED);
}

void ws_put_tasks_json(struct json *j, const struct workstream *w)
{
	json_u64(j, "task_count", w->task_count);
	json_u64(j, "blocked", w->blocked);
	json_object(j, "tasks");
	for (unsigned s = 0; s < TASK_STATE_COUNT; s++)
		json_u64(j, task_state_word(s), w->by_state[s]);
	json_object_end(j);
}

void ws_put_json(const struct cmd_ctx *c, struct json *j, uint32_t ws)
{
	const struct workstream *w = &c->view->st.ws[ws];

	ws_put_head_json(j, w);
	json_bool(j, "keep_going", w->flags & WSF_KEEP_GOING);
	json_bool(j, "fail_fast", w->flags & WSF_FAIL_FAST);
	json_u64(j, "max_parallel", w->max_parallel);
	json_i64(j, "max_duration_ms", w->max_duration_ms);
	ws_put_tasks_json(j, w);
}

static uint32_t first_failed(const struct state *st, uint32_t ws, unsigned flags)
{
	const struct workstream *w = &st->ws[ws];
	uint32_t first = NO_ID;

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->state != TASK_FAILED || (t->flags & flags) != flags)
			continue;
		if (first == NO_ID || t->last_seq < st->tasks[first].last_seq)
			first = w->tasks[i];
	}
	return first;
}

uint32_t ws_first_failed(const struct state *st, uint32_t ws)
{
	return first_failed(st, ws, 0);
}

uint32_t ws_first_critical(const struct state *st, uint32_t ws)
{
	return first_failed(st, ws, TASK_CRITICAL);
}

void ws_put_next(const struct cmd_ctx *c, uint32_t ws, struct buf *commands)
{
	CLEANUP(buf_release) struct buf run = BUF_INIT;
	const struct workstream *w = &c->view->st.ws[ws];

	if (w->flags & WSF_HALTED)
		next_add(commands, "sk workstream dag %.*s", SPAN_ARG(w->id));
	else if (w->by_state[TASK_FAILED] || w->state == WS_FAILED)
		next_add(commands, "sk workstream analyze %.*s", SPAN_ARG(w->id));
	else if (!ws_state_final(w->state) && !c->view->alive) {
		put_run_command(&c->view->st, ws, &run);
		next_add(commands, "%s", run.p);
	}
}
