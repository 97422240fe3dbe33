/*
 * Proof that work is done: a command, what it said, and the state of the repository it was said
 * about. A newer result of the same command takes the place of an older one, but a failure is not
 * made lighter by repeating it with a lower severity.
 */
#include "base/limits.h"
#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/goal/verifying.h"

static uint8_t severity_of(const struct cmd_ctx *c)
{
	const char *word = options_text(c->options, "severity");

	for (unsigned i = 0; word && i < CHECK_SEVERITY_COUNT; i++)
		if (strcmp(word, check_severity_words[i]) == 0)
			return (uint8_t)i;
	return CHECK_HIGH;
}

static void print_text(struct cmd_ctx *c, const struct verified *v)
{
	CLEANUP(buf_release) struct buf took = BUF_INIT;

	buf_put_duration(&took, (int64_t)v->record.duration_ms);
	if (v->record.exit_code == 0)
		out_puts(c->out, "passed");
	else if (v->record.exit_code < 0)
		out_puts(c->out, "timed out");
	else
		out_putf(c->out, "failed (exit %lld)", (long long)v->record.exit_code);
	out_putf(c->out, " in %s: ", took.p);
	out_visible(c->out, v->record.label);
	out_putf(c->out, "\nlog: %s%s\n", v->log.p, v->cut ? " (its beginning only)" : "");
	if (v->record.exit_code == 0 || !v->tail.len)
		return;
	fit_lines(c->out, (struct span){ v->tail.p, v->tail.len }, 2);
}

static int print_result(struct cmd_ctx *c, const struct verified *v)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "verification");
		json_span(&j, "tentacle", tentacles_name(c));
		doc_encode_members(&verification_type, &v->record, DOC_COMPACT, false,
				   &c->out->buf);
		json_bool(&j, "passed", v->record.exit_code == 0);
		json_span(&j, "output_tail", (struct span){ v->tail.p, v->tail.len });
		json_close(&j);
	} else {
		print_text(c, v);
	}
	if (v->record.exit_code == 0)
		return EXIT_DONE;
	return v->record.exit_code < 0 ? EXIT_TIMED_OUT : EXIT_WORK_FAILED;
}

/* Saying less does not mend what failed. */
static void warn_kept(const struct verifying *v, const struct verified *done)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putf(&line,
		 "severity %s is kept: the same command failed with it before, and %s does not "
		 "lift that. Try: mend it, and the same again",
		 check_severity_words[done->record.severity], check_severity_words[v->severity]);
	print_problem(line.p);
}

static int tentacle_verify_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(verified_release) struct verified done = VERIFIED_INIT;
	const struct verifying v = {
		.name = tentacles_name(c),
		.command = c->options->args[1],
		.label = options_text(c->options, "label"),
		.undone = "nothing was recorded. Try: sk tentacle verify, the same again",
		.severity = severity_of(c),
		.timeout_ms = (int64_t)options_number(c->options, "timeout",
						      VERIFY_TIMEOUT_S_DEFAULT * 1000ULL),
	};
	int rc = 0;

	if (!v.command[0] || !text_plain(span_of(v.command)))
		return err_set(e, -SK_EUSAGE,
			       "verification: that is no command: nothing was run. Try: sk "
			       "tentacle verify NAME \"make test\"");
	if (v.timeout_ms < 1 || v.timeout_ms > TIMEOUT_S_MAX * 1000LL)
		return err_set(e, -SK_EUSAGE,
			       "--timeout: expected 1ms..%ds: nothing was run. Try: --timeout 10m",
			       TIMEOUT_S_MAX);
	rc = verifying_run(c, &v, &done, e);
	if (rc != 0)
		return rc;
	if (done.record.severity != v.severity)
		warn_kept(&v, &done);
	return print_result(c, &done);
}

static const struct option_row tentacle_verify_options[] = {
	{ .name = "label",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "what it is called in the record (the command)" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "ended with all it started after this (120s)" },
	{ .name = "severity",
	  .kind = OPTION_CHOICE,
	  .value = "CRITICAL|HIGH|MEDIUM|LOW",
	  .summary = "CRITICAL and HIGH keep the tentacle from being completed (HIGH)" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_verify = {
	.path = "tentacle verify",
	.summary = "run and record what proves the work",
	.usage = "NAME COMMAND [--label TEXT] [--timeout TIME] [--severity HIGH]",
	.about = "The command runs by sh -c in the tentacle's worktree, or in the root of the "
		 "repository when it has none. Its output is kept in the tentacle's folder. Exit "
		 "code 1 when it failed, 124 when its time was over. A failure that is "
		 "repeated keeps the highest severity it had; a run that passes, of the same "
		 "command or label, clears it.",
	.example = "sk tentacle verify port-parser \"make test\" --timeout 10m",
	.options = tentacle_verify_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_then = ARG_TEXT,
	.args_min = 2,
	.args_max = 2,
	.run = tentacle_verify_run,
};
