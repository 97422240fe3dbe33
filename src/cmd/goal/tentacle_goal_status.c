/* The first command of every recovery: where the goal stands, what blocks it, what to type next. */
#include "cmd/goal/criteria_page.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "cmd/goal/tentacles.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"

static void put_tentacles(struct out *out, const struct goals *all, const struct goal *g,
			  struct buf *next)
{
	const struct iteration *now = goal_iteration(g, g->iteration);
	struct table table = TABLE_INIT(3);

	if (!now || !now->tentacles.count)
		return;
	out_putf(out, "\niteration %llu\n", (unsigned long long)g->iteration);
	for (size_t i = 0; i < now->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, now->tentacles.v[i]);
		CLEANUP(buf_release) struct buf left = BUF_INIT;

		table_span(&table, STYLE_PLAIN, now->tentacles.v[i]);
		table_cell(&table, STYLE_PLAIN, "%s",
			   t ? tentacle_state_word(t->status) : "deleted");
		if (t) {
			tentacle_put_left(t, &left);
			if (left.len && t->status == TENTACLE_PARKED && !t->parked.held)
				buf_puts(&left, "; ");
			tentacle_put_parked(t, &left);
		}
		table_cell(&table, STYLE_DIM, "%s%s%s",
			   t && t->terminal_status ? handoff_words[t->terminal_status] : "",
			   t && t->terminal_status && left.len ? ", " : "", left.len ? left.p : "");
		if (t && tentacle_unmerged(t))
			buf_putf(next, "sk tentacle worktree %.*s merge --commit\n",
				 SPAN_ARG(t->name));
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

static void put_last_decision(struct out *out, const struct goal *g)
{
	const struct evaluation *all = g->eval_history.v, *last;
	bool gated, spent;

	if (!g->eval_history.count)
		return;
	last = &all[g->eval_history.count - 1];
	gated = last->blocked_by_gates.count > 0;
	spent = span_starts(last->source, "over_budget:");
	out_putf(out, "\nlast %s: %.*s (iteration %llu)", gated || spent ? "attempt" : "decision",
		 SPAN_ARG(last->decision), (unsigned long long)last->iteration);
	if (gated)
		out_putf(out, ", stopped by gate %.*s", SPAN_ARG(last->blocked_by_gates.v[0]));
	else if (spent)
		out_puts(out, ", stopped by the budget");
	if (last->notes.len) {
		out_puts(out, ": ");
		out_visible(out, last->notes);
	}
	out_puts(out, "\n");
}

static void print_page(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       struct span tree)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	struct out *out = c->out;

	out_puts(out, "goal ");
	out_visible(out, g->title);
	out_putf(out, " (%.8s)\n", g->id.p);
	goal_put_status(out, g);
	out_putf(out, ", iteration %llu\n", (unsigned long long)g->iteration);
	if (g->description.len) {
		out_puts(out, "\n");
		out_visible(out, g->description);
		out_puts(out, "\n");
	}
	goal_put_budget(out, g, c->now_ms);
	put_tentacles(out, all, g, &next);
	put_gates(out, g);
	if (g->criteria.count)
		out_puts(out, "\ncriteria\n");
	criteria_put_table(out, g, tree);
	put_last_decision(out, g);
	if (!goal_state_final(g->status))
		goal_put_next(g, &next);
	out_next(out, &next);
}

static int tentacle_goal_status_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(mem_free) char *tree = NULL;
	const struct goal *g;
	int rc = goals_open_goal(c, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	goals_warn(s);
	if (!c->json) {
		if (goal_has_evidence(g))
			tree = goal_tree_now(c, goal_store_root(s), g);
		print_page(c, goal_store_goals(s), g, span_of(tree));
		return EXIT_DONE;
	}
	goal_json(c, g);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_status_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_status = {
	.path = "tentacle goal status",
	.summary = "show where the goal stands, and what is next",
	.usage = "[--goal ID]",
	.example = "sk tentacle goal status --format json",
	.options = tentacle_goal_status_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_status_run,
};
