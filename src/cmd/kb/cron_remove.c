/* What is removed is printed as the command that brings it back. */
#include "cmd/kb/cron_page.h"

#include "base/limits.h"
#include "cmd/hint.h"
#include "setup/cron_zone.h"

static void put_schedule(const struct slot_plan *p, struct buf *out)
{
	switch (p->kind) {
	case SLOT_INTERVAL:
		buf_putf(out, " --interval %um", p->minutes);
		break;
	case SLOT_DAILY:
		buf_putf(out, " --daily %02u:%02u", p->hour, p->minute);
		break;
	case SLOT_WEEKLY:
		buf_putf(out, " --weekly %s@%02u:%02u", slot_weekday_words[p->weekday], p->hour,
			 p->minute);
		break;
	default:
		buf_putf(out, " --monthly %u@%02u:%02u", p->day, p->hour, p->minute);
	}
}

static void put_command(const struct cron_task *t, struct buf *out)
{
	buf_puts(out, "sk cron add ");
	put_shell_word(out, t->name);
	buf_puts(out, " --template ");
	put_shell_word(out, t->template);
	put_schedule(&t->schedule.plan, out);
	if (t->retention_days)
		buf_putf(out, " --retention-days %llu", (unsigned long long)t->retention_days);
	if (!t->enabled)
		buf_puts(out, " --disabled");
}

static int cron_remove_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	CLEANUP(buf_release) struct buf again = BUF_INIT, name = BUF_INIT;
	struct slot_zone zone;
	struct cron_task t;
	struct json j;
	int rc = cron_cmd_open(c, CRON_WRITE, &config, e), at;

	if (rc == 0)
		rc = cron_cmd_find(c, &config, "nothing was removed", e);
	if (rc < 0)
		return rc;
	at = rc;
	t = *cron_at(&config, (size_t)at);
	put_command(&t, &again);
	cron_remove(&config, (size_t)at);
	rc = cron_commit(&config, e);
	if (rc < 0)
		return rc;
	done_elsewhere(c->done, "the schedule was removed", "cron list");
	cron_zone_open(&zone);
	if (c->json) {
		json_open(&j, c->out, "cron_task");
		json_text(&j, "done", "removed");
		cron_cmd_json(&j, "task", &t, &zone, c->now_ms);
		json_text(&j, "undo", again.p);
		json_close(&j);
		return EXIT_DONE;
	}
	buf_put_visible(&name, t.name);
	out_putf(c->out, "%s: removed (%.*s); its reports stay until they are old\nundo: %s\n",
		 name.p, SPAN_ARG(t.id), again.p);
	return EXIT_DONE;
}

const struct cmd cmd_cron_remove = {
	.path = "cron remove",
	.summary = "remove a schedule",
	.usage = "NAME|ID",
	.about = "A run of it that is at work goes on to its end.",
	.example = "sk cron remove vacuum",
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = cron_remove_run,
};
