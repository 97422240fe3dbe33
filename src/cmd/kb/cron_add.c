/*
 * A schedule that is typed twice is one schedule: set-up scripts are run again, and what they find
 * as they want it is no error. What differs is not changed by accident.
 */
#include "cmd/kb/cron_page.h"

#include "base/limits.h"
#include "setup/cron_template.h"

#define MINUTE_MS 60000

struct wanted {
	struct span name;
	const struct cron_template *template;
	struct slot_plan plan;
	bool scheduled; /* somebody said when */
	uint64_t retention_days;
	bool disabled;
};

static int bad_value(const char *option, const char *text, const char *wanted, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	buf_put_quoted(&shown, span_of(text), NAME_BYTES_MAX);
	return err_set(e, -SK_EUSAGE, "cron add: --%s %s: expected %s: nothing was added", option,
		       shown.p, wanted);
}

static int read_interval(struct cmd_ctx *c, struct wanted *w, struct err *e)
{
	uint64_t ms = options_number(c->options, "interval", 0);

	if (ms % MINUTE_MS || ms == 0 || ms / MINUTE_MS > SLOT_MINUTES_MAX)
		return bad_value("interval", options_text(c->options, "interval"),
				 "whole minutes, from 1m to 365d", e);
	w->plan =
		(struct slot_plan){ .kind = SLOT_INTERVAL, .minutes = (uint32_t)(ms / MINUTE_MS) };
	return 0;
}

static int read_daily(const char *text, struct wanted *w, struct err *e)
{
	struct slot_plan plan = { .kind = SLOT_DAILY };

	if (slot_decode_time(span_of(text), &plan.hour, &plan.minute) < 0)
		return bad_value("daily", text, "a time of the day like 04:30", e);
	w->plan = plan;
	return 0;
}

static int read_schedule(struct cmd_ctx *c, struct wanted *w, struct err *e)
{
	const char *daily = options_text(c->options, "daily");
	const char *weekly = options_text(c->options, "weekly");
	const char *monthly = options_text(c->options, "monthly");
	bool interval = options_has(c->options, "interval");
	int rc = 0;

	if (interval + !!daily + !!weekly + !!monthly > 1)
		return err_set(e, -SK_EUSAGE,
			       "cron add: more than one of --interval, --daily, --weekly and "
			       "--monthly: nothing was added");
	w->scheduled = interval || daily || weekly || monthly;
	if (interval)
		rc = read_interval(c, w, e);
	else if (daily)
		rc = read_daily(daily, w, e);
	else if (weekly && slot_decode_weekly(span_of(weekly), &w->plan) < 0)
		rc = bad_value("weekly", weekly, "a day and a time like sunday@04:30", e);
	else if (monthly && slot_decode_monthly(span_of(monthly), &w->plan) < 0)
		rc = bad_value("monthly", monthly, "a day of the month and a time like 31@04:30",
			       e);
	return rc;
}

static int read_wanted(struct cmd_ctx *c, struct wanted *w, struct err *e)
{
	const char *template = options_text(c->options, "template");
	CLEANUP(buf_release) struct buf shown = BUF_INIT, names = BUF_INIT;
	const char *problem;

	w->name = span_of(c->options->args[0]);
	w->template = cron_template_find(template ? span_of(template) : w->name);
	problem = name_problem(w->name);
	if (problem) {
		buf_put_quoted(&shown, w->name, NAME_BYTES_MAX);
		return err_set(e, -SK_EUSAGE, "cron add: invalid name %s: %s: nothing was added",
			       shown.p, problem);
	}
	if (!w->template) {
		buf_put_quoted(&shown, template ? span_of(template) : w->name, NAME_BYTES_MAX);
		cron_template_names(&names);
		return err_set(e, -SK_ENOTFOUND,
			       "template %s: there is none of that name: nothing was added. Try: "
			       "%s--template, one of %s",
			       shown.p, template ? "" : "a name and ", names.p);
	}
	if (template && cron_template_find(w->name) && cron_template_find(w->name) != w->template)
		return err_set(e, -SK_EUSAGE,
			       "cron add: %.*s is the name of another template: nothing was added. "
			       "Try: another name",
			       SPAN_ARG(w->name));
	w->plan = w->template->plan;
	w->retention_days = options_number(c->options, "retention-days", 0);
	w->disabled = options_has(c->options, "disabled");
	return read_schedule(c, w, e);
}

/* What nobody said is no difference. */
static bool same(const struct cron_task *t, const struct wanted *w)
{
	return span_is(t->template, w->template->name) &&
	       (!w->scheduled || slot_plan_same(&t->schedule.plan, &w->plan)) &&
	       (!w->retention_days || t->retention_days == w->retention_days) &&
	       (!w->disabled || !t->enabled);
}

/* Of one that is there already, what nobody said stays as it is. */
static void set(struct cron *config, struct cron_task *t, const struct wanted *w, bool fresh)
{
	bool other = fresh || !span_is(t->template, w->template->name);

	t->name = arena_copy(&config->arena, w->name);
	t->template = span_of(w->template->name);
	if (other || w->scheduled)
		cron_schedule_set(config, &t->schedule, &w->plan);
	if (w->retention_days)
		t->retention_days = w->retention_days;
	if (w->disabled)
		t->enabled = false;
}

static int add(struct cmd_ctx *c, struct cron *config, const struct wanted *w, struct err *e)
{
	struct cron_task *t = NULL;
	const char *done = "added";
	bool fresh = false;
	int rc;

	for (size_t i = 0; i < config->tasks.count; i++)
		if (span_eq(cron_at(config, i)->name, w->name) ||
		    span_eq(cron_at(config, i)->id, w->name))
			t = cron_at(config, i);
	if (t && same(t, w)) {
		cron_cmd_changed(c, "is there already", t);
		return EXIT_DONE;
	}
	if (t && !options_has(c->options, "replace"))
		return err_set(e, -SK_EREFUSED,
			       "schedule %.*s: there is one already, and it is another: nothing "
			       "was changed. Try: sk cron list, or --replace",
			       SPAN_ARG(w->name));
	if (t) {
		done = "replaced";
	} else {
		t = cron_add(config, e);
		if (!t)
			return e->code;
		t->created_ms = c->now_ms;
		fresh = true;
	}
	set(config, t, w, fresh);
	rc = cron_commit(config, e);
	if (rc < 0)
		return rc;
	cron_cmd_changed(c, done, t);
	return EXIT_DONE;
}

static int cron_add_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	struct wanted w = { .name = SPAN_NONE };
	int rc = read_wanted(c, &w, e);

	if (rc == 0)
		rc = cron_cmd_open(c, CRON_WRITE, &config, e);
	return rc < 0 ? rc : add(c, &config, &w, e);
}

static const struct option_row cron_add_options[] = {
	{ .name = "template",
	  .kind = OPTION_TEXT,
	  .value = "NAME",
	  .summary = "what to do: wal-checkpoint, vacuum or cleanup (default: the name)" },
	{ .name = "interval",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "every so many minutes after its last run: 30m, 6h" },
	{ .name = "daily",
	  .kind = OPTION_TEXT,
	  .value = "HH:MM",
	  .summary = "every day at this time" },
	{ .name = "weekly",
	  .kind = OPTION_TEXT,
	  .value = "DAY@HH:MM",
	  .summary = "every week: sunday@04:30" },
	{ .name = "monthly",
	  .kind = OPTION_TEXT,
	  .value = "N@HH:MM",
	  .summary = "every month: 31@04:30, which is the last day of shorter months" },
	{ .name = "retention-days",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = CRON_RETENTION_DAYS_MAX,
	  .summary = "how long its reports are kept (default 30); of cleanup, what it removes" },
	{ .name = "disabled", .kind = OPTION_FLAG, .summary = "until sk cron enable" },
	{ .name = "replace",
	  .kind = OPTION_FLAG,
	  .summary = "change the one of that name; when it ran last is kept" },
	{ .name = NULL },
};

const struct cmd cmd_cron_add = {
	.path = "cron add",
	.summary = "schedule maintenance of the knowledge database",
	.usage = "NAME [--template NAME] [--daily HH:MM | --weekly DAY@HH:MM | --monthly N@HH:MM | "
		 "--interval TIME]",
	.about = "Times are those of the clock on your wall, summer and winter: a time that a "
		 "change of the clock leaves out is an hour later on that day, one that comes "
		 "twice counts once. Without a time the template's own is taken: wal-checkpoint "
		 "daily at 04:00, vacuum on sunday at 04:30, cleanup daily at 05:00.\n\n"
		 "What was never run is due at once. A running sk daemon runs what is due; so do "
		 "sk cron run --due and sk cron run --loop. Adding what is there already changes "
		 "nothing.",
	.example = "sk cron add vacuum\nsk cron add often --template wal-checkpoint --interval 6h",
	.options = cron_add_options,
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = cron_add_run,
};
