/*
 * A database that is busy, and another runner that is at work, are everyday life: said, and exit
 * code 0. A line in somebody's crontab must not send a mail each time.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/kb/cron_page.h"
#include "cmd/kb/cron_round.h"
#include "cmd/kb/knowledge.h"
#include "setup/cron_zone.h"

struct doing {
	struct cmd_ctx *c;
	struct cron_round round;
	struct json j;
	bool open; /* the document is */
};

static void begin_page(struct doing *d)
{
	if (!d->c->json || d->open)
		return;
	json_open(&d->j, d->c->out, "cron_run");
	json_array(&d->j, "runs");
	d->open = true;
}

static void end_page(struct doing *d)
{
	if (!d->c->json)
		return;
	begin_page(d);
	json_array_end(&d->j);
	json_text(&d->j, "busy", d->round.busy.p);
	json_time(&d->j, "next_due_at", d->round.next_ms);
	json_close(&d->j);
	d->open = false;
}

static void put_result_json(struct doing *d, const struct cron_result *r)
{
	CLEANUP(buf_release) struct buf facts = BUF_INIT;
	struct json *j = &d->j;

	begin_page(d);
	buf_putf(&facts, "{%s}", r->outcome.facts.len ? r->outcome.facts.p : "");
	json_object(j, NULL);
	json_text(j, "id", r->id.p);
	json_text(j, "name", r->name.p);
	json_text(j, "template", r->template.p);
	json_text(j, "status", cron_status_word(r->outcome.status));
	json_text(j, "message", r->outcome.said.p);
	json_time(j, "started_at", r->started_ms);
	json_time(j, "ended_at", r->ended_ms);
	json_text(j, "artifact", r->report.p);
	json_text(j, "problem", r->problem.code < 0 ? r->problem.text : NULL);
	json_raw(j, "facts", (struct span){ facts.p, facts.len });
	json_object_end(j);
}

static void put_result(void *ctx, const struct cron_result *r)
{
	struct doing *d = ctx;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	int64_t took_ms = r->ended_ms > r->started_ms ? r->ended_ms - r->started_ms : 0;

	if (d->c->json) {
		put_result_json(d, r);
		return;
	}
	buf_put_visible(&line, (struct span){ r->name.p, r->name.len });
	buf_putf(&line, ": %s: ", cron_status_word(r->outcome.status));
	buf_put_visible(&line, (struct span){ r->outcome.said.p, r->outcome.said.len });
	if (cron_status_over(r->outcome.status)) {
		buf_puts(&line, " (");
		buf_put_duration(&line, took_ms);
		buf_puts(&line, ")");
	} else if (r->outcome.status == CRON_BUSY && r->id.len) {
		buf_puts(&line, "; it is tried again at the next look");
	}
	out_putf(d->c->out, "%s\n", line.p);
	if (r->problem.code < 0)
		print_problem(r->problem.text);
}

/* --- one that is named --- */

static int run_named(struct doing *d, struct cron_runner *runner, struct span id,
		     const struct cron_template *template, struct cron_result *result,
		     struct err *e)
{
	int rc = cron_runner_open(runner, e);

	if (rc == -SK_EBUSY) {
		buf_puts(&d->round.busy, e->text);
		err_clear(e);
		if (!d->c->json)
			out_putf(d->c->out, "busy: %s\n", d->round.busy.p);
		end_page(d);
		return EXIT_DONE;
	}
	if (rc < 0)
		return rc;
	if (template)
		cron_runner_template(runner, template, result);
	else
		rc = cron_runner_task(runner, id, false, result, e);
	if (rc == 0 && !template)
		return err_set(e, -SK_ENOTFOUND,
			       "the schedule was removed at this moment: nothing was run");
	if (rc < 0)
		return rc;
	rc = cron_status_code(result->outcome.status);
	if (rc < 0 && !d->c->json)
		return err_set(e, rc, "%s: %s", result->name.p,
			       result->outcome.said.len ? result->outcome.said.p
							: cron_status_word(result->outcome.status));
	put_result(d, result);
	end_page(d);
	if (rc < 0)
		return exit_of(rc);
	return result->problem.code < 0 ? exit_of(result->problem.code) : EXIT_DONE;
}

/* Nothing is made for a database that is not there. */
static int check_there(const struct doing *d, struct err *e)
{
	if (access(d->round.db_path.p, F_OK) == 0 || errno != ENOENT)
		return 0;
	return err_set(e, -SK_ENOTFOUND,
		       "knowledge database '%s': there is none: nothing was done. Try: --db PATH",
		       d->round.db_path.p);
}

static int run_word(struct doing *d, struct span word, struct err *e)
{
	CLEANUP(cron_result_release) struct cron_result result = CRON_RESULT_INIT;
	CLEANUP(cron_runner_close) struct cron_runner runner = cron_round_runner(&d->round);
	CLEANUP(cron_close) struct cron config = CRON_INIT;
	CLEANUP(buf_release) struct buf id = BUF_INIT;
	const struct cron_template *template = NULL;
	int rc = cron_open(&config, d->round.copilot.p, 0, d->round.command, e), at;

	if (rc < 0)
		return rc;
	at = cron_choose(&config, word, e);
	if (at == -SK_ENOTFOUND) {
		template = cron_template_find(word);
		if (!template)
			return cron_cmd_unknown(&config, word, true, "nothing was run", e);
		rc = check_there(d, e);
	} else if (at < 0) {
		return at;
	} else {
		buf_put(&id, cron_at(&config, (size_t)at)->id.p,
			cron_at(&config, (size_t)at)->id.len);
	}
	if (rc < 0)
		return rc;
	cron_close(&config);
	return run_named(d, &runner, (struct span){ id.p, id.len }, template, &result, e);
}

/* --- what is due --- */

static void put_nothing(struct doing *d)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	if (d->c->json)
		return;
	if (d->round.busy.len) {
		buf_putf(&line, "busy: %s", d->round.busy.p);
	} else if (!d->round.scheduled) {
		buf_puts(&line, "nothing is scheduled\nNext: sk cron add vacuum");
	} else {
		buf_puts(&line, "nothing is due");
		if (d->round.next_ms) {
			buf_puts(&line, "; next is ");
			buf_put_visible(&line, (struct span){ d->round.first_name.p,
							      d->round.first_name.len });
			buf_puts(&line, ", ");
			cron_zone_put(&line, d->round.next_ms);
		}
	}
	out_putf(d->c->out, "%s\n", line.p);
}

static int run_due(struct doing *d, struct err *e)
{
	int rc = cron_round_due(&d->round, put_result, d, e);

	if (rc < 0 && !d->open)
		return rc;
	if (rc == 0 && !d->round.ran)
		put_nothing(d);
	end_page(d);
	if (rc < 0) { /* the document is out: what kept us is for people */
		print_problem(e->text);
		return exit_of(rc);
	}
	return d->round.failed ? EXIT_WORK_FAILED : EXIT_DONE;
}

/* A look now and then, until somebody ends us: that is safe at any moment. */
static int run_loop(struct doing *d, struct err *e)
{
	int64_t every_ms = (int64_t)options_number(d->c->options, "interval", CRON_LOOP_MS);
	int rc = 0;

	if (every_ms < 1 || every_ms > CRON_LOOP_MAX_MS)
		return err_set(e, -SK_EUSAGE,
			       "cron run: --interval: expected 1ms to 1d: nothing was run");
	for (bool first = true;; first = false) {
		d->round.ran = d->round.failed = 0;
		buf_truncate(&d->round.busy, 0);
		rc = cron_round_due(&d->round, put_result, d, e);
		if (rc < 0 && first)
			return rc;
		if (rc < 0)
			print_problem(e->text);
		err_clear(e);
		if (d->round.ran)
			end_page(d);
		rc = out_flush(d->c->out);
		if (rc < 0)
			return err_set(e, -SK_EIO, "cannot write what was done: %s", strerror(-rc));
		(void)poll(NULL, 0, (int)every_ms);
	}
}

static int check_words(struct cmd_ctx *c, struct err *e)
{
	bool due = options_has(c->options, "due") || options_has(c->options, "once");
	bool loop = options_has(c->options, "loop"), named = c->options->arg_count > 0;

	if (due + loop + named == 1 && (loop || !options_has(c->options, "interval")))
		return 0;
	if (options_has(c->options, "interval") && !loop)
		return err_set(e, -SK_EUSAGE,
			       "cron run: --interval goes with --loop: nothing was run");
	return err_set(e, -SK_EUSAGE,
		       "cron run: expected a schedule, a template, --due or --loop, and one of "
		       "them: nothing was run. Try: sk cron run --due");
}

static int cron_run_run(struct cmd_ctx *c, struct err *e)
{
	struct doing d = { .c = c, .round = CRON_ROUND_INIT };
	uint64_t wait_ms = options_number(c->options, "wait", CRON_DB_WAIT_MS);
	int rc = check_words(c, e);

	if (rc == 0 && wait_ms > CRON_DB_WAIT_MAX_MS)
		rc = err_set(e, -SK_EUSAGE,
			     "cron run: --wait: expected at most 1h: nothing was run");
	if (rc == 0)
		rc = cron_round_open(&d.round, options_text(c->options, "db"), "sk cron run", e);
	d.round.db_wait_ms = wait_ms ? (int64_t)wait_ms : 1;
	if (rc == 0 && c->options->arg_count)
		rc = run_word(&d, span_of(c->options->args[0]), e);
	else if (rc == 0 && options_has(c->options, "loop"))
		rc = run_loop(&d, e);
	else if (rc == 0)
		rc = run_due(&d, e);
	cron_round_release(&d.round);
	return rc;
}

static const struct option_row cron_run_options[] = {
	{ .name = "due", .kind = OPTION_FLAG, .summary = "run what is due, each once" },
	{ .name = "once", .kind = OPTION_FLAG, .summary = "the same" },
	{ .name = "loop", .kind = OPTION_FLAG, .summary = "run what is due, again and again" },
	{ .name = "interval",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "between two looks of --loop (default 1m)" },
	DATABASE_OPTION,
	{ .name = "wait",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "for others that use the database (default 30s)" },
	{ .name = NULL },
};

const struct cmd cmd_cron_run = {
	.path = "cron run",
	.summary = "run maintenance now, or what is due",
	.usage = "NAME|ID|TEMPLATE | --due | --loop [--interval TIME]",
	.about =
		"wal-checkpoint copies the write-ahead log of the knowledge database into it and "
		"empties it; vacuum writes the database anew without gaps and checks it; cleanup "
		"removes what sk put aside long ago. They need not be scheduled. All may be killed "
		"at any moment: the database is as it was, or done, and the next run does it "
		"again.\n\n"
		"A database that somebody uses is told as busy, with exit code 0; the schedule "
		"stays "
		"due and is tried again at the next look. So it is when another runner is at work: "
		"no slot is run by two.",
	.example = "sk cron run vacuum\nsk cron run --due\nsk cron run --loop --interval 5m",
	.options = cron_run_options,
	.args = ARG_TEXT,
	.args_max = 1,
	.run = cron_run_run,
};
