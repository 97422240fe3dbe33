/*
 * The end of a piece of work. What only the world knows (does the proof pass, which files did it
 * change) is looked at first, with the store closed; then one decision, checked again on what is
 * true by then.
 */
#include "base/limits.h"
#include "cmd/goal/marking.h"
#include "cmd/goal/scope_look.h"
#include "cmd/goal/verifying.h"
#include "core/goal_progress.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

static bool strict(const struct cmd_ctx *c)
{
	return options_has(c->options, "strict-verify");
}

/* Runs the proof, if one is asked for. A failure only warns, unless it is strict. An exit code when
 * it was interrupted. */
static int auto_verify(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(verified_release) struct verified done = VERIFIED_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const struct verifying v = {
		.name = tentacles_name(c),
		.command = options_text(c->options, "auto-verify"),
		.source = "auto_verify",
		.undone =
			"nothing was recorded and the tentacle is not completed. Try: sk tentacle "
			"complete, the same again",
		.severity = CHECK_HIGH,
		.timeout_ms = (int64_t)options_number(c->options, "auto-verify-timeout",
						      VERIFY_TIMEOUT_S_DEFAULT * 1000ULL),
	};
	int rc;

	if (!v.command)
		return 0;
	rc = verifying_run(c, &v, &done, e);
	if (rc != 0 || done.record.exit_code == 0)
		return rc;
	buf_puts(&line, "--auto-verify ");
	buf_put_quoted(&line, span_of(v.command), 200);
	if (done.record.exit_code < 0)
		buf_puts(&line, " timed out");
	else
		buf_putf(&line, " failed (exit %lld)", (long long)done.record.exit_code);
	if (strict(c))
		return err_set(e, -SK_EWORK, "%s: the tentacle was not completed. Try: read %s",
			       line.p, done.log.p);
	buf_putf(&line, "; the tentacle is completed all the same, see %s", done.log.p);
	print_problem(line.p);
	return 0;
}

static int find_outside(struct cmd_ctx *c, struct arena *arena, struct texts *outside,
			struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL; /* read only: it holds no lock */
	struct err problem = ERR_INIT;
	const struct tentacle *t;
	int rc = tentacles_open(c, 0, &s, &t, e);

	if (rc < 0)
		return rc;
	(void)scope_look(goal_store_goals(s), t, goal_store_root(s), arena, outside, &problem);
	if (problem.code)
		print_problem(problem.text);
	return 0;
}

static void warn(const struct tentacle *t)
{
	const struct verification *v;
	size_t at = 0;

	if (!t->verifications.count)
		print_problem("nothing was verified: completed on somebody's word");
	while ((v = tentacle_failing(t, &at)) != NULL) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line, "a verification of severity %s fails: ",
			 check_severity_words[v->severity]);
		buf_put_quoted(&line, v->command, 200);
		print_problem(line.p);
	}
	for (size_t i = 0; i < t->outside_scope.count; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_puts(&line, "changed outside of its scope: ");
		buf_put_quoted(&line, t->outside_scope.v[i], 200);
		print_problem(line.p);
	}
	if (tentacle_unmerged(t)) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line,
			 "its work is not merged. Try: sk tentacle worktree %.*s merge --commit",
			 SPAN_ARG(t->name));
		print_problem(line.p);
	}
	if (handoff_needs_triage(t->terminal_status)) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line, "its hand-off says %s: somebody has to decide how it goes on",
			 handoff_words[t->terminal_status]);
		print_problem(line.p);
	}
}

static void print_completed(struct cmd_ctx *c, const struct goals *all, const struct tentacle *t)
{
	const struct tentacle *parent = t->parent.len ? goals_tentacle(all, t->parent) : NULL;

	warn(t);
	if (c->json) {
		tentacle_print_json(c, t);
		return;
	}
	out_putf(c->out, "tentacle %.*s completed", SPAN_ARG(t->name));
	if (t->terminal_status)
		out_putf(c->out, " (%s)", handoff_words[t->terminal_status]);
	out_puts(c->out, "\n");
	if (parent && tentacle_succeeded(parent))
		out_putf(c->out, "and with it %.*s, whose parts are all done\n",
			 SPAN_ARG(parent->name));
}

/* The open to-dos, which nobody did as far as is known: they are ticked off, or stay open. */
static void put_open(const struct tentacle *t, bool stay, struct buf *out)
{
	struct todo_count count = todo_count(t->todo);
	size_t open = count.total - count.done, at = 0, shown = 0;
	struct todo_item item;

	if (!open)
		return;
	buf_putf(out, "%zu to-do%s %s not done and %s: ", open, PLURAL(open),
		 open == 1 ? "was" : "were",
		 stay        ? "left open"
		 : open == 1 ? "is ticked off now"
			     : "are ticked off now");
	while (shown < TODOS_NAMED_MAX && todo_next(t->todo, &at, &item)) {
		if (item.done)
			continue;
		buf_puts(out, shown++ ? ", " : "");
		buf_put_quoted(out, item.text, 80);
	}
	if (open > shown)
		buf_putf(out, " and %zu more", open - shown);
}

static int decide(struct cmd_ctx *c, const struct texts *outside, struct err *e)
{
	CLEANUP(buf_release) struct buf open = BUF_INIT;
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	int rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);

	if (rc < 0)
		return rc;
	put_open(t, strict(c), &open);
	rc = tentacle_complete(goal_store_turn(s), tentacles_name(c),
			       strict(c) ? COMPLETE_STRICT : 0, outside, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacles_commit(s, tentacles_name(c), &t, e);
	if (rc < 0)
		return rc;
	marking_clear(c, t->id);
	if (open.len)
		print_problem(open.p);
	print_completed(c, goal_store_goals(s), t);
	return EXIT_DONE;
}

static int tentacle_complete_run(struct cmd_ctx *c, struct err *e)
{
	struct texts outside = { NULL, 0 };
	struct arena arena = ARENA_INIT;
	int rc = auto_verify(c, e);

	if (rc == 0)
		rc = find_outside(c, &arena, &outside, e);
	if (rc == 0)
		rc = decide(c, &outside, e);
	arena_release(&arena);
	return rc;
}

static const struct option_row tentacle_complete_options[] = {
	{ .name = "auto-verify",
	  .kind = OPTION_TEXT,
	  .value = "COMMAND",
	  .summary = "run this first, as sk tentacle verify would" },
	{ .name = "auto-verify-timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "ended after this (120s)" },
	{ .name = "strict-verify",
	  .kind = OPTION_FLAG,
	  .summary = "not completed when that fails; to-dos that are open stay open" },
	{ .name = "no-learn",
	  .kind = OPTION_FLAG,
	  .summary = "remember nothing of it in the knowledge base" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_complete = {
	.path = "tentacle complete",
	.summary = "close a tentacle: its work is done",
	.usage = "NAME [--auto-verify COMMAND] [--strict-verify]",
	.about = "Checks off its to-dos, names files that were changed outside of its scope, and "
		 "completes the tentacle it is a part of when all parts have succeeded. Refused "
		 "(exit code 1) while a verification of severity CRITICAL or HIGH failed and its "
		 "command or label has not passed since, and (75) while it is parked.",
	.example = "sk tentacle complete port-parser --auto-verify \"make test\" --strict-verify",
	.options = tentacle_complete_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_complete_run,
};
