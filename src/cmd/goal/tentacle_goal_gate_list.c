/* Which approvals there are, which of them block, and who said what. */
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"

static void print_table(struct out *out, const struct goal *g)
{
	const struct gate *all = g->gates.v;
	struct table table = TABLE_INIT(4);

	for (size_t i = 0; i < g->gates.count; i++) {
		const struct gate *gate = &all[i];
		bool blocks = gate->status == GATE_PENDING || gate->status == GATE_REJECTED;

		table_span(&table, STYLE_PLAIN, gate->id);
		table_cell(&table, blocks ? STYLE_WARN : STYLE_GOOD, "%s%s",
			   gate_words[gate->status], blocks ? ", blocks" : "");
		table_span(&table, STYLE_PLAIN, gate->description);
		table_span(&table, STYLE_DIM, gate->reason);
	}
	table_print(&table, out, 0);
	table_release(&table);
}

static int tentacle_goal_gate_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	const struct gate *all, *blocks;
	struct json j;
	int rc = goals_open_goal(c, GOALS_NAMED, &s, &g, e);

	if (rc < 0)
		return rc;
	all = g->gates.v;
	blocks = goal_blocking_gate(g);
	if (!c->json && !g->gates.count)
		out_nothing(c->out, "no gates", "sk tentacle goal gate add NAME --desc TEXT");
	if (!c->json) {
		print_table(c->out, g);
		return EXIT_DONE;
	}
	json_open(&j, c->out, "gates");
	json_span(&j, "goal_id", g->id);
	if (blocks)
		json_span(&j, "blocked_by", blocks->id);
	else
		json_null(&j, "blocked_by");
	json_array(&j, "gates");
	for (size_t i = 0; i < g->gates.count; i++)
		json_doc(&j, NULL, &gate_type, &all[i]);
	json_array_end(&j);
	json_close(&j);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_gate_list_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_gate_list = {
	.path = "tentacle goal gate list",
	.summary = "show the approvals and which of them block",
	.usage = "[--goal ID]",
	.example = "sk tentacle goal gate list",
	.options = tentacle_goal_gate_list_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_gate_list_run,
};
