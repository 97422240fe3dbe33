/* What the goal may use and has used. Without a limit to set it only looks. */
#include "base/when.h"
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"

static const char *const limit_options[] = { "max-iterations", "max-tentacles", "timeout",
					     "max-tokens",     "max-cost",      "no-limit" };

static bool sets(const struct options *o)
{
	for (size_t i = 0; i < ARRAY_LEN(limit_options); i++)
		if (options_has(o, limit_options[i]))
			return true;
	return false;
}

static void take_away(const struct options *o, struct goal_budget *b)
{
	uint64_t *const limits[GOAL_LIMIT_COUNT] = { &b->max_iterations, &b->max_tentacles,
						     &b->timeout_minutes, &b->max_tokens,
						     &b->max_cost_micros };
	const char *word;

	for (size_t i = 0; (word = options_each(o, "no-limit", i)) != NULL; i++)
		for (int k = 0; k < GOAL_LIMIT_COUNT; k++)
			if (strcmp(word, goal_limit_word(k)) == 0)
				*limits[k] = 0;
}

static void put_limit(struct json *j, const char *key, uint64_t limit)
{
	if (limit)
		json_u64(j, key, limit);
	else
		json_null(j, key);
}

/* The keys are those that readers of the original know, and ours beside them. */
static void print_json(struct cmd_ctx *c, const struct goal *g)
{
	struct goal_use use[GOAL_LIMIT_COUNT];
	bool over = false, next = false;
	struct json j;

	goal_use_read(g, c->now_ms, use);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		over |= use[i].over;
		next |= use[i].next;
	}
	json_open(&j, c->out, "budget");
	json_span(&j, "goal_id", g->id);
	put_limit(&j, "max_iterations", g->budget.max_iterations);
	json_u64(&j, "current_iteration", g->iteration);
	json_bool(&j, "over_iterations", use[GOAL_LIMIT_ITERATIONS].over);
	put_limit(&j, "max_tentacles", g->budget.max_tentacles);
	json_u64(&j, "tentacle_count", use[GOAL_LIMIT_TENTACLES].used);
	json_bool(&j, "over_tentacles", use[GOAL_LIMIT_TENTACLES].over);
	put_limit(&j, "timeout_minutes", g->budget.timeout_minutes);
	json_u64(&j, "elapsed_minutes", use[GOAL_LIMIT_TIMEOUT].used);
	json_u64(&j, "active_ms", goal_active_ms(g, c->now_ms));
	json_bool(&j, "over_timeout", use[GOAL_LIMIT_TIMEOUT].over);
	put_limit(&j, "max_tokens", g->budget.max_tokens);
	json_u64(&j, "spent_tokens", g->spent_tokens);
	json_bool(&j, "over_tokens", use[GOAL_LIMIT_TOKENS].over);
	put_limit(&j, "max_cost_micros", g->budget.max_cost_micros);
	json_u64(&j, "spent_cost_micros", g->spent_micros);
	json_bool(&j, "over_cost", use[GOAL_LIMIT_COST].over);
	json_bool(&j, "over_budget", over);
	json_bool(&j, "used_up", next);
	json_text(&j, "budget_status", over ? "over" : next ? "used_up" : "within");
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct goal *g)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct goal_use use[GOAL_LIMIT_COUNT];
	bool limited = false;

	goal_use_read(g, c->now_ms, use);
	buf_putf(&text, "%llu iteration%s, %llu tentacle%s, ", (unsigned long long)g->iteration,
		 PLURAL(g->iteration), (unsigned long long)use[GOAL_LIMIT_TENTACLES].used,
		 PLURAL(use[GOAL_LIMIT_TENTACLES].used));
	buf_put_duration(&text, (int64_t)goal_active_ms(g, c->now_ms));
	buf_putf(&text, " active, %llu tokens, cost ", (unsigned long long)g->spent_tokens);
	buf_put_cost(&text, g->spent_micros);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++)
		limited |= use[i].limit != 0;
	out_putf(c->out, "%s\n%s", text.p, limited ? "" : "no limits are set\n");
	goal_put_budget(c->out, g, c->now_ms);
}

static int show(struct cmd_ctx *c, const struct goal *g)
{
	if (c->json)
		print_json(c, g);
	else
		print_text(c, g);
	return EXIT_DONE;
}

static int change(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	struct goal_budget budget = { .max_iterations = 0 };
	int rc = goal_limits_read(c, &budget, e); /* a bad word is refused before anything else */

	if (rc == 0)
		rc = goal_change_begin(&x, c, GOALS_NAMED, e);
	if (rc < 0)
		return rc;
	budget = x.g->budget;
	goal_limits_read(c, &budget, NULL);
	take_away(c->options, &budget);
	rc = goal_change_end(&x, goal_budget_set(x.turn, x.g, &budget, &x.words), e);
	return rc < 0 ? rc : show(c, x.g);
}

static int tentacle_goal_budget_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc;

	if (sets(c->options))
		return change(c, e);
	rc = goals_open_goal(c, GOALS_NAMED, &s, &g, e);
	return rc < 0 ? rc : show(c, g);
}

static const struct option_row tentacle_goal_budget_options[] = {
	GOAL_LIMIT_OPTIONS,
	{ .name = "no-limit",
	  .kind = OPTION_CHOICE,
	  .value = "iterations|tentacles|timeout|tokens|cost",
	  .repeats = true,
	  .summary = "take this limit away" },
	{ .name = "reason",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "why, for the record" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_budget = {
	.path = "tentacle goal budget",
	.summary = "show or set what the goal may use",
	.usage = "[--max-iterations N] [--max-tentacles N] [--timeout MIN]",
	.about = "With at most N iterations exactly N are opened. Time counts while the goal is "
		 "active; pauses, gates and waiting for a person cost nothing.",
	.example =
		"sk tentacle goal budget\nsk tentacle goal budget --max-iterations 8 --max-cost 20",
	.options = tentacle_goal_budget_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_budget_run,
};
