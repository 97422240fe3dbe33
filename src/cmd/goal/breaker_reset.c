/* A person knows that a provider takes work again: the account was paid for, the key changed. */
#include "base/limits.h"
#include "cmd/goal/goals.h"
#include "core/breaker.h"

static int unknown(const struct goals *all, struct span name, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct span near = SPAN_NONE;
	unsigned best = 4;

	for (size_t i = 0; i < all->provider_count; i++) {
		unsigned distance = word_distance(name, all->providers[i].id, best);

		if (distance < best) {
			best = distance;
			near = all->providers[i].id;
		}
	}
	buf_put_quoted(&shown, name, NAME_BYTES_MAX);
	if (near.len)
		return err_set(e, -SK_ENOTFOUND,
			       "provider %s: there is none of that name: nothing was changed. Did "
			       "you mean %.*s? Try: sk breaker list",
			       shown.p, SPAN_ARG(near));
	return err_set(e, -SK_ENOTFOUND,
		       "provider %s: there is none of that name: nothing was changed. Try: sk "
		       "breaker list",
		       shown.p);
}

static int close_one(struct goal_store *s, struct span name, const struct goal_words *words,
		     size_t *closed, struct err *e)
{
	const struct provider *p = goals_provider(goal_store_goals(s), name);

	if (!p)
		return unknown(goal_store_goals(s), name, e);
	*closed += p->failures > 0;
	breaker_close(goal_store_turn(s), p->id, words);
	return 0;
}

static int close_wanted(struct cmd_ctx *c, struct goal_store *s, size_t *closed, struct err *e)
{
	const struct goals *all = goal_store_goals(s);
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->options->arg_count; i++)
		rc = close_one(s, span_of(c->options->args[i]), &words, closed, e);
	for (size_t i = 0; options_has(c->options, "all") && rc == 0 && i < all->provider_count;
	     i++)
		rc = close_one(s, all->providers[i].id, &words, closed, e);
	return rc;
}

static int breaker_reset_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	size_t closed = 0;
	struct json j;
	int rc;

	if (!options_has(c->options, "all") == !c->options->arg_count)
		return err_set(e, -SK_EUSAGE,
			       "breaker reset: expected names of providers, or --all: nothing was "
			       "changed. Try: sk breaker list");
	rc = goals_open(c, GOALS_WRITE, &s, e);
	if (rc == 0)
		rc = close_wanted(c, s, &closed, e);
	if (rc == 0)
		rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	if (c->json) {
		json_open(&j, c->out, "breaker_reset");
		json_u64(&j, "closed", closed);
		json_close(&j);
	} else {
		out_putf(c->out,
			 "%zu breaker%s closed; parked work stays parked until its time, "
			 "or: sk retry-queue release --all\n",
			 closed, PLURAL(closed));
	}
	return EXIT_DONE;
}

static const struct option_row breaker_reset_options[] = {
	{ .name = "all", .kind = OPTION_FLAG, .summary = "of all providers" },
	OPERATOR_OPTION,
	{ .name = "reason",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "why, for the record" },
	{ .name = NULL },
};

const struct cmd cmd_breaker_reset = {
	.path = "breaker reset",
	.summary = "let work go to a provider again",
	.usage = "PROVIDER...|--all",
	.example = "sk breaker reset anthropic --reason \"the account was paid for\"",
	.options = breaker_reset_options,
	.needs = NEED_GOALS,
	.args = ARG_TEXT,
	.args_max = 64,
	.run = breaker_reset_run,
};
