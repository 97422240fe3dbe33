/* Where everything about goals begins. */
#include "base/limits.h"
#include "cmd/goal/goal_page.h"
#include "cmd/next.h"
#include "core/goal_init.h"

static void print_goal(struct cmd_ctx *c, const struct goal *g)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (c->json) {
		goal_json(c, g);
		return;
	}
	out_putf(c->out, "goal %.*s: ", SPAN_ARG(g->id));
	out_visible(c->out, g->title);
	out_puts(c->out, "\n");
	next_add(&next, "sk tentacle create NAME");
	next_add(&next, "sk tentacle goal link NAME");
	out_next(c->out, &next);
	if (g->title.len + g->description.len > GOAL_TEXT_SOFT_MAX)
		print_problem("title and description are long: agents read them at every start");
}

static int tentacle_goal_init_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *chosen;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	struct goal_new fresh = {
		.title = span_of(options_text(c->options, "title")),
		.description = span_of(options_text(c->options, "desc")),
		.beside = options_has(c->options, "force"),
	};
	char id[37];
	int rc = goal_limits_read(c, &fresh.budget, e);

	if (rc == 0)
		rc = uuid_make(id, e);
	if (rc == 0)
		rc = goals_open(c, GOALS_WRITE | GOALS_CREATE, &s, e);
	if (rc < 0)
		return rc;
	if (goal_store_goal(s, NULL, &chosen, e) < 0) {
		if (e->code != -SK_ENOTFOUND)
			return e->code; /* its file must not be taken over by another goal */
		err_clear(e);
	}
	fresh.id = span_of(id);
	rc = goal_begin(goal_store_turn(s), &fresh, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	print_goal(c, goals_find(goal_store_goals(s), fresh.id));
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_init_options[] = {
	{ .name = "title",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "what is to be reached" },
	{ .name = "desc", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what it is about" },
	GOAL_LIMIT_OPTIONS,
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "although another goal is not at its end; that one stays, see goal list" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_init = {
	.path = "tentacle goal init",
	.summary = "begin a goal",
	.usage = "[--title TEXT] [--desc TEXT] [--max-iterations N]",
	.about = "The goal lives in .octogent/ of the main checkout: its journal is "
		 "transitions.jsonl, "
		 "and goal.json shows it to people and programs, who may edit it.",
	.example = "sk tentacle goal init --title \"Port the parser\" --max-iterations 5",
	.options = tentacle_goal_init_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_init_run,
};
