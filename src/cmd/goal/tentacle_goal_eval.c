/*
 * The end of an iteration. Exit codes tell what came of it, because a loop of agents that reads
 * only those must not go on over a gate or a spent budget.
 */
#include "base/limits.h"
#include "cmd/goal/criteria_page.h"
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_context.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "core/goal_eval.h"

static int exit_of_verdict(enum goal_verdict v)
{
	static const int exits[] = { EXIT_DONE, EXIT_AWAITING_GATE, EXIT_OVER_BUDGET };

	return exits[v];
}

/* What a person who completes should know, although it does not stop anybody. */
static void warn_of_completion(const struct goal *g)
{
	const struct gate *gates = g->gates.v;
	size_t failed = 0, open = 0;

	for (size_t i = 0; i < g->gates.count; i++)
		failed += gates[i].status == GATE_FAILED;
	for (size_t i = 0; i < g->criteria.count; i++)
		open += ((const struct criterion *)g->criteria.v)[i].status != CRITERION_VERIFIED;
	if (failed) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line, "%zu gate%s failed: see sk tentacle goal gate list", failed,
			 PLURAL(failed));
		print_problem(line.p);
	}
	if (open) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line,
			 "%zu of %zu criteria not verified: see sk tentacle goal criteria list",
			 open, g->criteria.count);
		print_problem(line.p);
	}
}

static void print_verdict(struct cmd_ctx *c, const struct goal *g, const struct goal_eval *ask,
			  enum goal_verdict verdict)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (c->json) {
		goal_json(c, g);
		return;
	}
	goal_put_line(c->out, g);
	if (verdict == VERDICT_OVER_BUDGET)
		buf_puts(&next,
			 "sk tentacle goal budget\nsk tentacle goal resume, then sk tentacle "
			 "goal eval --force-over-budget\n");
	else if (ask->decision == DECISION_CONTINUE || goal_state_final(g->status) == false)
		goal_put_next(g, &next);
	out_next(c->out, &next);
}

static int tentacle_goal_eval_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	CLEANUP(mem_free) char *tree = goal_tree_for_evidence(c);
	const char *decision = options_text(c->options, "decision");
	struct goal_eval ask = { .notes = span_of(options_text(c->options, "notes")),
				 .force = options_has(c->options, "force"),
				 .force_over_budget =
					 options_has(c->options, "force-over-budget") };
	enum goal_verdict verdict = VERDICT_DONE;
	int rc;

	goal_decision_of(span_of(decision ? decision : "continue"), &ask.decision);
	if (ask.notes.len > DOC_TEXT_BYTES_MAX)
		return err_set(
			e, -SK_EUSAGE,
			"--notes: longer than %d bytes: nothing was changed. Try: a file that "
			"the notes name",
			DOC_TEXT_BYTES_MAX);
	rc = goal_change_begin(&x, c, 0, e);
	if (rc < 0)
		return rc;
	x.words.reason = ask.notes;
	rc = goal_change_end(&x, goal_eval(x.turn, x.g, &ask, &x.words, &verdict), e);
	if (rc < 0)
		return rc;
	goals_warn(x.s);
	goal_context_refresh(x.s, x.g, c->now_ms);
	if (verdict == VERDICT_DONE && ask.decision == DECISION_COMPLETE)
		warn_of_completion(x.g);
	warn_of_outdated(c->out, x.g, span_of(tree));
	print_verdict(c, x.g, &ask, verdict);
	return exit_of_verdict(verdict);
}

static const struct option_row tentacle_goal_eval_options[] = {
	{ .name = "decision",
	  .kind = OPTION_CHOICE,
	  .value = "continue|pause|complete|abandon",
	  .summary = "what follows (continue)" },
	{ .name = "notes", .kind = OPTION_TEXT, .value = "TEXT", .summary = "why, for the record" },
	{ .name = "force-over-budget",
	  .kind = OPTION_FLAG,
	  .summary = "continue although a limit is reached" },
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "although a hand-off has to be judged, or criteria failed" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_eval = {
	.path = "tentacle goal eval",
	.summary = "close the iteration with a decision",
	.usage = "[--decision D] [--notes TEXT] [--force-over-budget]",
	.about =
		"Checked in this order: the status; for continue the budget (exit 12, the goal "
		"then "
		"needs a human); for continue and complete the tentacles of the iteration, which "
		"must be done (exit 4), judged (exit 11) and not parked (exit 75), then the gates "
		"(exit 10, the goal then waits). A goal with criteria that failed is not completed "
		"(exit 1). Criteria that are not verified, or "
		"whose "
		"evidence is of another state of the repository, are named.",
	.example = "sk tentacle goal eval --decision continue --notes \"parser done\"\n"
		   "sk tentacle goal eval --decision pause --notes \"quota; back at nine\"",
	.options = tentacle_goal_eval_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_eval_run,
};
