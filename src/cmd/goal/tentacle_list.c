/* One line each, for whoever looks for a name. */
#include "cmd/goal/tentacles.h"
#include "core/todo.h"

static void print_table(struct cmd_ctx *c, const struct goals *all)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(4);

	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *t = &all->tentacles[i];
		struct todo_count count = todo_count(t->todo);

		table_span(&table, STYLE_PLAIN, t->name);
		table_cell(&table, STYLE_PLAIN, "%s", tentacle_state_word(t->status));
		table_cell(&table, STYLE_PLAIN, "%zu/%zu", count.done, count.total);
		table_span(&table, STYLE_DIM, t->description);
	}
	table_print(&table, c->out, 0);
}

static int tentacle_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goals *all;
	struct json j;
	int rc = tentacles_open_store(c, 0, &s, e);

	if (rc == -SK_ENOTFOUND)
		err_clear(e);
	else if (rc < 0)
		return rc;
	all = s ? goal_store_goals(s) : NULL;
	if (s)
		goals_warn(s);
	if (!c->json) {
		if (all && all->tentacle_count)
			print_table(c, all);
		else
			out_puts(c->out, "no tentacles yet. Try: sk tentacle create NAME\n");
		return EXIT_DONE;
	}
	json_open(&j, c->out, "tentacles");
	json_array(&j, "tentacles");
	for (size_t i = 0; all && i < all->tentacle_count; i++) {
		json_object(&j, NULL);
		tentacle_put_json(&j, &all->tentacles[i], c->now_ms);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
	return EXIT_DONE;
}

const struct cmd cmd_tentacle_list = {
	.path = "tentacle list",
	.summary = "list the tentacles and what they are about",
	.usage = "",
	.example = "sk tentacle list",
	.needs = NEED_GOALS,
	.run = tentacle_list_run,
};
