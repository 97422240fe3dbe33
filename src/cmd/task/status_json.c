/* `sk status` as a document. Its members are a promise: they are added, never renamed. */
#include "cmd/task/status.h"

#include "cmd/task/story.h"
#include "cmd/task/ws_page.h"

void status_next(const struct view *v, uint32_t only, struct buf *out)
{
	const struct state *st = &v->st;
	uint32_t failed = NO_ID, running = NO_ID, unfinished = NO_ID;

	for (uint32_t i = 0; i < st->task_count; i++) {
		const struct task *t = &st->tasks[i];

		if (task_gone(t) || (only != NO_ID && t->ws != only))
			continue;
		if (t->state == TASK_FAILED && failed == NO_ID)
			failed = i;
		if (t->state == TASK_RUNNING && running == NO_ID)
			running = i;
		if ((!task_state_final(t->state) || story_cancelled(t)) && unfinished == NO_ID)
			unfinished = i;
	}
	if (failed != NO_ID)
		buf_putf(out, "sk why %.*s\n", SPAN_ARG(st->tasks[failed].id));
	if (view_paused(v) && unfinished != NO_ID)
		buf_puts(out, "sk daemon release\n");
	if (!v->alive && (failed != NO_ID || unfinished != NO_ID)) {
		put_run_command(st, st->tasks[failed != NO_ID ? failed : unfinished].ws, out);
		buf_putc(out, '\n');
	} else if (v->alive && running != NO_ID && failed == NO_ID) {
		buf_putf(out, "sk logs -f %.*s\n", SPAN_ARG(st->tasks[running].id));
	}
}

static void orchestrator_json(struct json *j, const struct view *v)
{
	json_object(j, "orchestrator");
	json_text(j, "state", v->alive ? "running" : v->died ? "died" : "stopped");
	if (v->alive && v->holder.who.pid)
		json_u64(j, "pid", v->holder.who.pid);
	else if (v->died)
		json_u64(j, "pid", v->st.orchestrator_pid);
	else
		json_null(j, "pid");
	json_text(j, "command", v->alive && *v->holder.command ? v->holder.command : NULL);
	json_u64(j, "epoch", v->st.epoch);
	json_object_end(j);
}

static void worker_json(struct json *j, const struct worker *w)
{
	static const char *const lives[] = { "ended", "alive", "gone", "unknown" };

	json_object(j, NULL);
	json_span(j, "worker_id", w->id);
	json_text(j, "state", worker_state_word(w->state));
	json_text(j, "process", lives[view_worker_life(w)]);
	json_bool(j, "draining", w->leave != 0);
	json_bool(j, "watch_closely", w->watched);
	json_u64(j, "pid", w->pid);
	json_u64(j, "incarnation", w->incarnation);
	json_u64(j, "slots", w->slots);
	json_u64(j, "assigned", w->assigned);
	json_span(j, "version", w->version);
	json_span(j, "kill_mode", w->kill_mode);
	json_time(j, "registered_at", w->registered_ms);
	json_object_end(j);
}

static void workstream_json(struct json *j, const struct view *v, const struct workstream *w)
{
	json_object(j, NULL);
	ws_put_head_json(j, w);
	json_bool(j, "interrupted", story_ws_interrupted(v, w));
	ws_put_tasks_json(j, w);
	json_object_end(j);
}

static void task_json(struct json *j, const struct view *v, uint32_t index, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *t = &v->st.tasks[index];

	story_put(v, index, now_ms, &story);
	json_object(j, NULL);
	json_span(j, "task_id", t->id);
	json_span(j, "workstream_id", v->st.ws[t->ws].id);
	json_text(j, "state", task_state_word(t->state));
	json_text(j, "story", story.p ? story.p : "");
	json_text(j, "waits_for", story_cause_word(story_find(v, index).cause));
	json_bool(j, "blocked", t->flags & TASK_BLOCKED);
	json_bool(j, "critical", t->flags & TASK_CRITICAL);
	json_bool(j, "skipped", t->flags & TASK_SKIPPED);
	json_u64(j, "attempt", t->attempt);
	json_u64(j, "retry_count", t->retry_count);
	json_u64(j, "max_retries", t->retries);
	json_i64(j, "exit_code", t->exit_code);
	json_u64(j, "signal", t->signal);
	json_u64(j, "duration_ms", t->duration_ms);
	json_u64(j, "cpu_ms", t->cpu_ms);
	json_u64(j, "peak_kb", t->peak_kb);
	if (t->worker == NO_ID)
		json_null(j, "worker_id");
	else
		json_span(j, "worker_id", v->st.workers[t->worker].id);
	json_time(j, "created_at", t->created_ms);
	json_time(j, "queued_at", t->queued_ms);
	json_time(j, "started_at", t->started_ms);
	json_time(j, "ended_at", t->ended_ms);
	json_time(j, "retry_at", t->retry_at_ms);
	json_span(j, "error", t->error);
	json_raw(j, "outputs", t->outputs);
	json_object_end(j);
}

static bool asked_for(const struct state *st, uint32_t task, const struct status_thing *things,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (things[i].task == task ||
		    (things[i].ws != NO_ID && things[i].ws == st->tasks[task].ws))
			return true;
	return false;
}

void status_json(struct cmd_ctx *c, const struct status_thing *things, size_t count, bool all)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct view *v = c->view;
	const struct state *st = &v->st;
	struct json j;

	json_open(&j, c->out, "status");
	json_bool(&j, "exists", true);
	json_text(&j, "state_dir", c->paths->state_dir);
	json_time(&j, "timestamp", c->now_ms);
	json_u64(&j, "last_seq", st->last_seq);
	orchestrator_json(&j, v);
	json_array(&j, "workers");
	for (size_t i = 0; i < st->worker_count; i++)
		worker_json(&j, &st->workers[i]);
	json_array_end(&j);
	json_array(&j, "workstreams");
	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			workstream_json(&j, v, &st->ws[i]);
	json_array_end(&j);
	json_array(&j, "tasks");
	for (uint32_t i = 0; i < st->task_count; i++) {
		if (task_gone(&st->tasks[i]))
			continue;
		if (count ? asked_for(st, i, things, count)
			  : all || st->tasks[i].state != TASK_COMPLETED)
			task_json(&j, v, i, c->now_ms);
	}
	json_array_end(&j);
	status_next(v, NO_ID, &next);
	json_next(&j, &next);
	json_close(&j);
}

void status_json_nothing(struct cmd_ctx *c)
{
	struct json j;

	json_open(&j, c->out, "status");
	json_bool(&j, "exists", false);
	json_text(&j, "state_dir", c->paths->state_dir);
	json_time(&j, "timestamp", c->now_ms);
	json_array(&j, "next");
	json_text(&j, NULL, "sk run PLAN");
	json_array_end(&j);
	json_close(&j);
}
