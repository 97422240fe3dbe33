/* The first command of every recovery: where the goal stands, what blocks it, what to type next. */
#include "base/limits.h"
#include "base/when.h"
#include "cmd/goals.h"
#include "cmd/moment.h"

static const enum style status_styles[GOAL_STATE_COUNT] = {
	[GOAL_ACTIVE] = STYLE_GOOD,        [GOAL_PAUSED] = STYLE_WARN,
	[GOAL_AWAITING_GATE] = STYLE_WARN, [GOAL_NEEDS_HUMAN] = STYLE_BAD,
	[GOAL_COMPLETED] = STYLE_GOOD,     [GOAL_ABANDONED] = STYLE_DIM,
};

static void put_limit(struct out *out, const char *what, uint64_t used, uint64_t limit)
{
	if (limit)
		out_putf(out, "  %-12s %llu of %llu\n", what, (unsigned long long)used,
			 (unsigned long long)limit);
}

static void put_budget(struct out *out, const struct goal *g, int64_t now_ms)
{
	const struct goal_budget *b = &g->budget;

	if (!b->max_iterations && !b->max_tentacles && !b->timeout_minutes && !b->max_tokens &&
	    !b->max_cost_micros)
		return;
	out_puts(out, "\nbudget\n");
	put_limit(out, "iterations", g->iteration, b->max_iterations);
	put_limit(out, "tentacles", goal_tentacle_count(g), b->max_tentacles);
	put_limit(out, "minutes", goal_active_ms(g, now_ms) / 60000, b->timeout_minutes);
	put_limit(out, "tokens", g->spent_tokens, b->max_tokens);
	put_limit(out, "cost (1e-6)", g->spent_micros, b->max_cost_micros);
}

static void put_tentacles(struct out *out, const struct goals *all, const struct goal *g)
{
	const struct iteration *now = goal_iteration(g, g->iteration);
	struct table table = TABLE_INIT(3);

	if (!now || !now->tentacles.count)
		return;
	out_putf(out, "\niteration %llu\n", (unsigned long long)g->iteration);
	for (size_t i = 0; i < now->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, now->tentacles.v[i]);

		table_span(&table, STYLE_PLAIN, now->tentacles.v[i]);
		table_cell(&table, STYLE_PLAIN, "%s",
			   t ? tentacle_state_word(t->status) : "deleted");
		table_cell(&table, STYLE_DIM, "%s",
			   t && t->terminal_status ? handoff_words[t->terminal_status] : "");
	}
	table_print(&table, out, 2);
	table_release(&table);
}

static void put_gates(struct out *out, const struct goal *g)
{
	const struct gate *gates = g->gates.v;
	struct table table = TABLE_INIT(3);

	if (!g->gates.count)
		return;
	out_puts(out, "\ngates\n");
	for (size_t i = 0; i < g->gates.count; i++) {
		table_span(&table, STYLE_PLAIN, gates[i].id);
		table_cell(&table, gates[i].status == GATE_PASSED ? STYLE_GOOD : STYLE_WARN, "%s",
			   gate_words[gates[i].status]);
		table_span(&table, STYLE_DIM, gates[i].description);
	}
	table_print(&table, out, 2);
	table_release(&table);
}

static void put_criteria(struct out *out, const struct goal *g)
{
	const struct criterion *all = g->criteria.v;
	struct table table = TABLE_INIT(3);

	if (!g->criteria.count)
		return;
	out_puts(out, "\ncriteria\n");
	for (size_t i = 0; i < g->criteria.count; i++) {
		table_span(&table, STYLE_PLAIN, all[i].id);
		table_cell(&table,
			   all[i].status == CRITERION_VERIFIED ? STYLE_GOOD
			   : all[i].status == CRITERION_FAILED ? STYLE_BAD
							       : STYLE_PLAIN,
			   "%s", criterion_words[all[i].status]);
		table_span(&table, STYLE_DIM, all[i].description);
	}
	table_print(&table, out, 2);
	table_release(&table);
}

static void put_last_decision(struct out *out, const struct goal *g)
{
	const struct evaluation *all = g->eval_history.v, *last;

	if (!g->eval_history.count)
		return;
	last = &all[g->eval_history.count - 1];
	out_putf(out, "\nlast decision: %.*s (iteration %llu)", SPAN_ARG(last->decision),
		 (unsigned long long)last->iteration);
	if (last->notes.len) {
		out_puts(out, ": ");
		out_visible(out, last->notes);
	}
	out_puts(out, "\n");
}

static void put_next(struct out *out, const struct goal *g)
{
	const struct gate *gate = goal_blocking_gate(g);

	switch (g->status) {
	case GOAL_PAUSED:
		out_puts(out, "\nnext: sk tentacle goal resume\n");
		break;
	case GOAL_AWAITING_GATE:
		if (gate)
			out_putf(out, "\nnext: sk tentacle goal gate approve %.*s --reason TEXT\n",
				 SPAN_ARG(gate->id));
		else
			out_puts(out, "\nnext: sk tentacle goal resume\n");
		break;
	case GOAL_NEEDS_HUMAN:
		out_puts(out, "\nnext: sk tentacle goal criteria list, mend the cause, then sk "
			      "tentacle goal resume\n");
		break;
	case GOAL_ACTIVE:
		out_puts(out, "\nnext: sk tentacle goal next-iter\n");
		break;
	default:
		break;
	}
}

static void put_why(struct out *out, const struct goal *g)
{
	struct span why = g->status == GOAL_PAUSED          ? g->pause_reason
			  : g->status == GOAL_NEEDS_HUMAN   ? g->needs_human_reason
			  : g->status == GOAL_AWAITING_GATE ? g->awaiting_gate_reason
							    : SPAN_NONE;

	if (!why.len)
		return;
	out_puts(out, ": ");
	out_visible(out, why);
}

static void print_page(struct cmd_ctx *c, const struct goals *all, const struct goal *g)
{
	struct out *out = c->out;

	out_puts(out, "goal ");
	out_visible(out, g->title);
	out_putf(out, " (%.8s)\n", g->id.p);
	out_style(out, status_styles[g->status], goal_state_word(g->status));
	put_why(out, g);
	out_putf(out, ", iteration %llu\n", (unsigned long long)g->iteration);
	if (g->description.len) {
		out_puts(out, "\n");
		out_visible(out, g->description);
		out_puts(out, "\n");
	}
	put_budget(out, g, c->now_ms);
	put_tentacles(out, all, g);
	put_gates(out, g);
	put_criteria(out, g);
	put_last_decision(out, g);
	put_next(out, g);
}

static int tentacle_goal_status_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	struct json j;
	int rc = goals_open_goal(c, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	goals_warn(s);
	if (!c->json) {
		print_page(c, goal_store_goals(s), g);
		return EXIT_DONE;
	}
	json_open(&j, c->out, "goal");
	doc_encode_members(&goal_type, g, DOC_COMPACT, false, &c->out->buf);
	json_close(&j);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_status_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_status = {
	.path = "tentacle goal status",
	.summary = "show where the goal stands and what to type next",
	.usage = "[--goal ID]",
	.example = "sk tentacle goal status --format json",
	.options = tentacle_goal_status_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_status_run,
};
