/* Tokens and money are known to whoever runs the agents; here they are added up, so that a budget
 * can hold over many of them. */
#include "base/limits.h"
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"

static void print_spent(struct cmd_ctx *c, const struct goal *g)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT, cost = BUF_INIT;

	if (c->json) {
		goal_json(c, g);
		return;
	}
	buf_put_cost(&cost, g->spent_micros);
	out_putf(c->out, "used by now: %llu tokens, cost %s\n", (unsigned long long)g->spent_tokens,
		 cost.p);
	if (goal_budget_spent(g, c->now_ms, &words))
		out_putf(c->out, "nothing left for another iteration: %s\n", words.p);
}

static int tentacle_goal_spend_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	const char *name = options_text(c->options, "tentacle");
	const char *cost = options_text(c->options, "cost");
	uint64_t tokens = options_number(c->options, "tokens", 0), micros = 0;
	const struct tentacle *who;
	int rc = cost ? goal_cost_option("cost", cost, &micros, e) : 0;

	if (rc == 0 && !cost && !options_has(c->options, "tokens"))
		return err_set(
			e, -SK_EUSAGE,
			"goal spend: say what was used: nothing was changed. Try: sk tentacle "
			"goal spend --tokens N --cost AMOUNT");
	if (rc == 0)
		rc = goal_change_begin(&x, c, GOALS_NAMED, e);
	if (rc == 0 && name)
		rc = goal_store_tentacle(x.s, name, &who, e);
	if (rc < 0)
		return rc;
	rc = goal_change_end(&x, goal_spend(x.turn, x.g, span_of(name), tokens, micros, &x.words),
			     e);
	if (rc < 0)
		return rc;
	print_spent(c, x.g);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_spend_options[] = {
	{ .name = "tokens",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "tokens that were used" },
	{ .name = "cost",
	  .kind = OPTION_TEXT,
	  .value = "AMOUNT",
	  .summary = "money that was used, as 0.25" },
	{ .name = "tentacle",
	  .kind = OPTION_TEXT,
	  .completes = ARG_TENTACLE,
	  .value = "NAME",
	  .summary = "by whom; counted for the goal as well" },
	{ .name = "reason", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what for" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_spend = {
	.path = "tentacle goal spend",
	.summary = "record tokens and money that were used",
	.usage = "[--tokens N] [--cost AMOUNT] [--tentacle NAME]",
	.example = "sk tentacle goal spend --tokens 18200 --cost 0.31 --tentacle docs",
	.options = tentacle_goal_spend_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_spend_run,
};
