/*
 * The page answers three questions: what is scheduled, did it go well, and what to type when it did
 * not. When a schedule is due and nobody has run it, nobody may be there who does.
 */
#include "cmd/kb/cron_page.h"

#include "base/limits.h"
#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "setup/cron_run.h"
#include "setup/cron_template.h"
#include "setup/cron_zone.h"

struct page {
	struct cmd_ctx *c;
	const struct cron *config;
	struct slot_zone zone;
	struct buf next;
};

static void put_last(const struct cron_task *t, struct buf *out)
{
	if (t->running.pid) {
		buf_putf(out, "running (pid %llu)", (unsigned long long)t->running.pid);
		return;
	}
	if (!t->last_status.len) {
		buf_puts(out, t->last_run_ms ? "ran " : "never ran");
	} else {
		buf_put_visible(out, t->last_status);
		buf_putc(out, ' ');
	}
	if (t->last_run_ms && !span_is(t->last_status, "busy"))
		cron_zone_put(out, t->last_run_ms);
	else if (t->last_try_ms)
		cron_zone_put(out, t->last_try_ms);
}

static enum style style_of(const struct cron_task *t)
{
	if (span_is(t->last_status, "ok"))
		return STYLE_GOOD;
	if (span_is(t->last_status, "error") || span_is(t->last_status, "corrupt"))
		return STYLE_BAD;
	return t->last_status.len ? STYLE_WARN : STYLE_PLAIN;
}

static void put_row(struct page *p, const struct cron_task *t, struct table *rows)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT, next = BUF_INIT, last = BUF_INIT;
	int64_t next_ms = cron_cmd_next(t, &p->zone, p->c->now_ms);

	slot_put(&t->schedule.plan, &when);
	if (!next_ms)
		buf_puts(&next, "disabled");
	else if (next_ms <= p->c->now_ms)
		buf_puts(&next, "due now");
	else
		cron_zone_put(&next, next_ms);
	put_last(t, &last);
	table_span(rows, STYLE_BOLD, t->name);
	table_span(rows, STYLE_DIM, t->id);
	table_cell(rows, STYLE_PLAIN, "%s", when.p);
	table_cell(rows, STYLE_PLAIN, "%s", next.p);
	table_cell(rows, style_of(t), "%s", last.p);
}

static bool went_wrong(const struct cron_task *t)
{
	return t->last_message.len && !span_is(t->last_status, "ok");
}

/* What a row cannot say. */
static void put_note(struct page *p, const struct cron_task *t)
{
	CLEANUP(buf_release) struct buf note = BUF_INIT;
	enum slot_verdict verdict = cron_task_judge(t, &p->zone, p->c->now_ms);

	buf_put_visible(&note, t->name);
	if (!cron_template_find(t->template)) {
		buf_puts(&note, ": ");
		buf_put_quoted(&note, t->template, NAME_BYTES_MAX);
		buf_puts(&note, " is no template, so it never runs; known are ");
		cron_template_names(&note);
		next_add(&p->next, "sk cron remove %.*s", SPAN_ARG(t->id));
	} else if (went_wrong(t)) {
		buf_puts(&note, ": ");
		buf_put_visible(&note, t->last_message);
		next_add(&p->next, "sk cron run %.*s", SPAN_ARG(t->id));
	} else if (t->enabled && verdict == SLOT_CLOCK_SET_BACK) {
		buf_putf(&note, ": %s; it is run at the next look", slot_verdict_text(verdict));
	} else {
		return;
	}
	fit_text(p->c->out, (struct span){ note.p, note.len }, 0);
}

static void print_text(struct page *p)
{
	CLEANUP(table_release) struct table rows = TABLE_INIT(5);
	size_t due = 0;

	if (!p->config->tasks.count) {
		out_puts(p->c->out, "nothing is scheduled\n");
		next_add(&p->next, "sk cron add wal-checkpoint");
		next_add(&p->next, "sk cron add vacuum");
	}
	for (size_t i = 0; i < p->config->tasks.count; i++) {
		const struct cron_task *t = cron_at(p->config, i);

		put_row(p, t, &rows);
		due += t->enabled && cron_template_find(t->template) &&
		       slot_verdict_due(cron_task_judge(t, &p->zone, p->c->now_ms));
	}
	table_print(&rows, p->c->out, 0);
	for (size_t i = 0; i < p->config->tasks.count; i++)
		put_note(p, cron_at(p->config, i));
	if (due)
		next_add(&p->next, "sk cron run --due");
	out_next(p->c->out, &p->next);
}

static void print_json(struct page *p)
{
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	struct json j;

	cron_zone_put_iso(&now, p->c->now_ms);
	json_open(&j, p->c->out, "cron_list");
	json_text(&j, "config", p->config->path.p);
	json_bool(&j, "present", p->config->there);
	json_time(&j, "now", p->c->now_ms);
	json_text(&j, "now_local", now.p);
	json_array(&j, "tasks");
	for (size_t i = 0; i < p->config->tasks.count; i++)
		cron_cmd_json(&j, NULL, cron_at(p->config, i), &p->zone, p->c->now_ms);
	json_array_end(&j);
	json_array(&j, "templates");
	for (size_t i = 0; i < cron_template_count; i++) {
		CLEANUP(buf_release) struct buf when = BUF_INIT;

		slot_put(&cron_templates[i].plan, &when);
		json_object(&j, NULL);
		json_text(&j, "name", cron_templates[i].name);
		json_text(&j, "summary", cron_templates[i].summary);
		json_text(&j, "schedule", when.p);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int cron_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	struct page p = { .c = c, .config = &config };
	int rc = cron_cmd_open(c, 0, &config, e);

	if (rc < 0)
		return rc;
	cron_zone_open(&p.zone);
	if (c->json)
		print_json(&p);
	else
		print_text(&p);
	buf_release(&p.next);
	return EXIT_DONE;
}

const struct cmd cmd_cron_list = {
	.path = "cron list",
	.summary = "show what is scheduled, when it is due and how it went",
	.usage = "",
	.about = "Times are those of the clock on your wall. The configuration is "
		 "~/.copilot/session-state/cron-config.json (SK_HOME moves it), every run is a "
		 "line of cron-executions.jsonl and a page in cron-artifacts/ beside it.",
	.example = "sk cron list",
	.args = ARG_NONE,
	.run = cron_list_run,
};
