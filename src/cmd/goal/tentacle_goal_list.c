/* All goals of the repository: the chosen one is what commands mean when none is named. */
#include "base/when.h"
#include "cmd/goal/goal_page.h"

static void print_table(struct cmd_ctx *c, const struct goals *all)
{
	struct table table = TABLE_INIT(5);

	for (size_t i = 0; i < all->count; i++) {
		const struct goal *g = &all->v[i];
		CLEANUP(buf_release) struct buf when = BUF_INIT;

		buf_put_when(&when, g->updated_ms);
		table_cell(&table, STYLE_PLAIN, "%s", span_eq(all->chosen, g->id) ? "*" : " ");
		table_cell(&table, STYLE_PLAIN, "%.8s", g->id.p);
		table_cell(&table, STYLE_PLAIN, "%s, iteration %llu", goal_state_word(g->status),
			   (unsigned long long)g->iteration);
		table_cell(&table, STYLE_DIM, "%s", when.p);
		table_span(&table, STYLE_PLAIN, g->title);
	}
	table_print(&table, c->out, 0);
	table_release(&table);
}

static int tentacle_goal_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goals *all;
	struct json j;
	int rc = goals_open(c, 0, &s, e);

	if (rc < 0)
		return rc;
	goals_warn(s);
	all = goal_store_goals(s);
	if (!c->json) {
		if (!all->count)
			out_puts(c->out, "no goals. Try: sk tentacle goal init --title TEXT\n");
		print_table(c, all);
		return EXIT_DONE;
	}
	json_open(&j, c->out, "goals");
	json_span(&j, "chosen", all->chosen);
	json_array(&j, "goals");
	for (size_t i = 0; i < all->count; i++)
		json_doc(&j, NULL, &goal_type, &all->v[i]);
	json_array_end(&j);
	json_close(&j);
	return EXIT_DONE;
}

const struct cmd cmd_tentacle_goal_list = {
	.path = "tentacle goal list",
	.summary = "list the goals of this repository",
	.usage = "",
	.example = "sk tentacle goal list",
	.needs = NEED_GOALS,
	.run = tentacle_goal_list_run,
};
