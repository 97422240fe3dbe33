/* A task is shown by six commands; what it is called and how it is told must not differ. */
#include "cmd/task/task_page.h"

#include "cmd/task/fault.h"
#include "cmd/task/story.h"
#include "core/task_def.h"
#include "worker/command.h"

void task_put_command(const struct task *t, size_t max, struct buf *out)
{
	struct command_def def;

	if (task_def_command(t->def, "main", 0, &def) == 1)
		command_put_shown(out, &def, max);
}

struct span def_member(struct span def, const char *name)
{
	struct span value = SPAN_NONE, found = SPAN_NONE;
	struct scan_text key;
	struct scan s;

	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		scan_skip(&s, &value);
		if (span_is(key.raw, name))
			found = value;
	}
	return scan_end(&s) < 0 ? SPAN_NONE : found;
}

void def_put_text(struct span def, const char *name, struct buf *out)
{
	struct span raw = def_member(def, name);
	struct scan_text text = { SPAN_NONE, false };
	struct scan s;

	if (!raw.len)
		return;
	scan_init(&s, raw);
	scan_string(&s, &text);
	if (scan_end(&s) == 0)
		scan_unescape(out, text);
}

void task_put_cwd(const struct state *st, const struct task *t, struct buf *out)
{
	CLEANUP(buf_release) struct buf own = BUF_INIT;

	def_put_text(t->def, "cwd", &own);
	if (!own.len || own.p[0] != '/') {
		def_put_text(st->ws[t->ws].def, "cwd", out);
		if (out->len && own.len)
			buf_putc(out, '/');
	}
	if (own.len)
		buf_put(out, own.p, own.len);
}

void task_put_resources(const struct state *st, const struct task *t, struct buf *out)
{
	for (uint8_t i = 0; i < t->resource_count; i++) {
		const struct resource *r = &st->resources[t->resources[i].resource];

		buf_putf(out, "%s%.*s", i ? ", " : "", SPAN_ARG(r->id));
		if (!t->resources[i].amount)
			buf_puts(out, " (all of it)");
		else if (t->resources[i].amount > 1)
			buf_putf(out, " (%u)", t->resources[i].amount);
	}
}

void task_put_row(const struct cmd_ctx *c, struct table *t, uint32_t task)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *k = &c->view->st.tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	table_span(t, STYLE_PLAIN, k->id);
	table_cell(t, story_style(k->state), "%s", task_state_word(k->state));
	table_cell(t, STYLE_PLAIN, "%s", story.p ? story.p : "");
}

static void put_marks(struct json *j, const struct task *t)
{
	json_bool(j, "blocked", t->flags & TASK_BLOCKED);
	json_bool(j, "critical", t->flags & TASK_CRITICAL);
	json_bool(j, "skipped", t->flags & TASK_SKIPPED);
	json_bool(j, "dropped", t->flags & TASK_DROPPED);
	json_i64(j, "priority", t->priority);
	json_u64(j, "stage", t->stage);
}

static void put_counts(struct json *j, const struct task *t)
{
	json_u64(j, "attempt", t->attempt);
	json_u64(j, "retry_count", t->retry_count);
	json_u64(j, "max_retries", t->retries);
	json_u64(j, "reassign_count", t->reassign_count);
	json_u64(j, "timeout_ms", t->timeout_ms);
	json_i64(j, "exit_code", t->exit_code);
	json_u64(j, "signal", t->signal);
	json_u64(j, "duration_ms", t->duration_ms);
	json_u64(j, "cpu_ms", t->cpu_ms);
	json_u64(j, "peak_kb", t->peak_kb);
}

static void put_times(struct json *j, const struct task *t)
{
	json_time(j, "created_at", t->created_ms);
	json_time(j, "queued_at", t->queued_ms);
	json_time(j, "started_at", t->started_ms);
	json_time(j, "ended_at", t->ended_ms);
	json_time(j, "retry_at", t->retry_at_ms);
}

void task_put_json(const struct cmd_ctx *c, struct json *j, uint32_t task)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct state *st = &c->view->st;
	const struct task *t = &st->tasks[task];

	story_put(c->view, task, c->now_ms, &story);
	json_span(j, "task_id", t->id);
	json_span(j, "workstream_id", st->ws[t->ws].id);
	json_text(j, "state", task_state_word(t->state));
	json_text(j, "story", story.p ? story.p : "");
	json_text(j, "waits_for", story_cause_word(story_find(c->view, task).cause));
	put_marks(j, t);
	put_counts(j, t);
	if (t->worker == NO_ID)
		json_null(j, "worker_id");
	else
		json_span(j, "worker_id", st->workers[t->worker].id);
	put_times(j, t);
	json_span(j, "error", t->error);
	json_text(j, "fault", fault_word(fault_of(t)));
}
