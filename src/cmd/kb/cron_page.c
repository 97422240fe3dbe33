/*
 * People think in the clock on their wall, so that is what they are shown; programs get the moment
 * in UTC and the wall's beside it. Nothing is shown in UTC without saying so.
 */
#include "cmd/kb/cron_page.h"

#include "base/limits.h"
#include "cmd/home.h"
#include "setup/cron_run.h"
#include "setup/cron_template.h"
#include "setup/cron_zone.h"

#define NEAR_MAX 3

int cron_cmd_open(struct cmd_ctx *c, unsigned flags, struct cron *out, struct err *e)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT, command = BUF_INIT;
	int rc = cmd_home(&copilot, e);

	buf_putf(&command, "sk %s", c->cmd->path);
	return rc < 0 ? rc : cron_open(out, copilot.p, flags, command.p, e);
}

static void near(struct span word, struct span name, struct buf *out)
{
	if (word_distance(word, name, NEAR_MAX) <= NEAR_MAX &&
	    !span_contains((struct span){ out->p, out->len }, name))
		buf_putf(out, "%s%.*s", out->len ? ", " : "", SPAN_ARG(name));
}

int cron_cmd_unknown(const struct cron *config, struct span word, bool templates, const char *done,
		     struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT, close = BUF_INIT, all = BUF_INIT;

	buf_put_quoted(&shown, word, NAME_BYTES_MAX);
	for (size_t i = 0; i < config->tasks.count; i++)
		near(word, cron_at(config, i)->name, &close);
	for (size_t i = 0; templates && i < cron_template_count; i++)
		near(word, span_of(cron_templates[i].name), &close);
	if (templates) {
		buf_puts(&all, "; templates are ");
		cron_template_names(&all);
	}
	return err_set(e, -SK_ENOTFOUND, "schedule %s: there is none%s%s%s: %s. Try: sk cron list",
		       shown.p, close.len ? "; near to it: " : "", close.len ? close.p : "",
		       all.len ? all.p : "", done);
}

int cron_cmd_find(struct cmd_ctx *c, const struct cron *config, const char *done, struct err *e)
{
	struct span word = span_of(c->options->args[0]);
	int at = cron_choose(config, word, e);

	return at == -SK_ENOTFOUND ? cron_cmd_unknown(config, word, false, done, e) : at;
}

int64_t cron_cmd_next(const struct cron_task *t, const struct slot_zone *zone, int64_t now_ms)
{
	if (!t->enabled)
		return 0;
	if (slot_verdict_due(cron_task_judge(t, zone, now_ms)))
		return now_ms;
	return slot_next(&t->schedule.plan, zone, t->last_run_ms, now_ms);
}

static void json_wall(struct json *j, const char *key, int64_t ms)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (ms)
		cron_zone_put_iso(&text, ms);
	json_text(j, key, text.p);
}

static void json_schedule(struct json *j, const struct slot_plan *plan)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, time = BUF_INIT;

	slot_put(plan, &text);
	json_object(j, "schedule");
	json_text(j, "type", slot_kind_words[plan->kind]);
	if (plan->kind == SLOT_INTERVAL) {
		json_u64(j, "minutes", plan->minutes);
	} else {
		buf_putf(&time, "%02u:%02u", plan->hour, plan->minute);
		json_text(j, "time", time.p);
	}
	if (plan->kind == SLOT_WEEKLY)
		json_text(j, "day", slot_weekday_words[plan->weekday]);
	if (plan->kind == SLOT_MONTHLY)
		json_u64(j, "day_of_month", plan->day);
	json_text(j, "text", text.p);
	json_object_end(j);
}

static void json_running(struct json *j, const struct cron_running *r)
{
	struct proc_identity who = { .pid = r->pid, .start = r->start };

	if (!r->pid) {
		json_null(j, "running");
		return;
	}
	if (r->boot_id.len == BOOT_ID_LEN)
		memcpy(who.boot_id, r->boot_id.p, BOOT_ID_LEN);
	json_object(j, "running");
	json_u64(j, "pid", r->pid);
	json_time(j, "since", r->since_ms);
	json_bool(j, "alive", proc_alive(&who) == 1);
	json_object_end(j);
}

void cron_cmd_json(struct json *j, const char *key, const struct cron_task *t,
		   const struct slot_zone *zone, int64_t now_ms)
{
	enum slot_verdict verdict = cron_task_judge(t, zone, now_ms);
	int64_t next_ms = cron_cmd_next(t, zone, now_ms);

	json_object(j, key);
	json_span(j, "id", t->id);
	json_span(j, "name", t->name);
	json_span(j, "template", t->template);
	json_bool(j, "known", cron_template_find(t->template) != NULL);
	json_schedule(j, &t->schedule.plan);
	json_bool(j, "enabled", t->enabled);
	json_u64(j, "retention_days", t->retention_days ? t->retention_days : CRON_RETENTION_DAYS);
	json_time(j, "created_at", t->created_ms);
	json_time(j, "last_run_at", t->last_run_ms);
	json_wall(j, "last_run_local", t->last_run_ms);
	json_time(j, "last_attempt_at", t->last_try_ms);
	if (t->last_status.len)
		json_span(j, "last_status", t->last_status);
	else
		json_null(j, "last_status");
	if (t->last_message.len)
		json_span(j, "last_message", t->last_message);
	else
		json_null(j, "last_message");
	json_running(j, &t->running);
	json_bool(j, "due", t->enabled && slot_verdict_due(verdict));
	json_text(j, "verdict", t->enabled ? slot_verdict_word(verdict) : "disabled");
	json_time(j, "next_due_at", next_ms);
	json_wall(j, "next_due_local", next_ms);
	json_object_end(j);
}

void cron_cmd_changed(struct cmd_ctx *c, const char *done, const struct cron_task *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, name = BUF_INIT;
	struct slot_zone zone;
	struct json j;

	done_elsewhere(c->done, "the schedule was changed", "cron list");
	cron_zone_open(&zone);
	if (c->json) {
		json_open(&j, c->out, "cron_task");
		json_text(&j, "done", done);
		cron_cmd_json(&j, "task", t, &zone, c->now_ms);
		json_close(&j);
		return;
	}
	slot_put(&t->schedule.plan, &text);
	buf_put_visible(&name, t->name);
	out_putf(c->out, "%s: %s (%.*s), %s\n", name.p, done, SPAN_ARG(t->id), text.p);
}

int cron_cmd_turn(struct cmd_ctx *c, bool enabled, struct err *e)
{
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	const char *done = enabled ? "enabled" : "disabled";
	struct cron_task *t;
	int rc = cron_cmd_open(c, CRON_WRITE, &config, e);

	if (rc == 0)
		rc = cron_cmd_find(c, &config, "nothing was changed", e);
	if (rc < 0)
		return rc;
	t = cron_at(&config, (size_t)rc);
	rc = 0;
	if (t->enabled == enabled) {
		done = enabled ? "is enabled already" : "is disabled already";
	} else {
		t->enabled = enabled;
		rc = cron_commit(&config, e);
	}
	if (rc < 0)
		return rc;
	cron_cmd_changed(c, done, t);
	return EXIT_DONE;
}
