/* Somebody takes the work up again, and sees first what is left of it. */
#include "cmd/goal/tentacles.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

static void print_left(struct cmd_ctx *c, const struct tentacle *t)
{
	struct todo_item item;
	size_t at = 0;

	out_putf(c->out, "tentacle %.*s is active\n", SPAN_ARG(t->name));
	for (size_t i = 0; todo_next(t->todo, &at, &item); i++) {
		if (item.done)
			continue;
		out_putf(c->out, "%3zu [ ] %*s", i, (int)item.depth, "");
		out_visible(c->out, item.text);
		out_puts(c->out, "\n");
	}
}

static int tentacle_resume_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	int rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);

	if (rc < 0)
		return rc;
	rc = tentacle_take_up(goal_store_turn(s), tentacles_name(c), &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacles_commit(s, tentacles_name(c), &t, e);
	if (rc == 0)
		rc = context_make(s, t, false, e);
	if (rc < 0)
		return rc;
	if (c->json)
		tentacle_print_json(c, t);
	else
		print_left(c, t);
	return EXIT_DONE;
}

static const struct option_row tentacle_resume_options[] = {
	{ .name = "no-briefing",
	  .kind = OPTION_FLAG,
	  .summary = "leave the block of recalled knowledge in CONTEXT.md as it is" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_resume = {
	.path = "tentacle resume",
	.summary = "take a tentacle up again, also a completed one",
	.usage = "NAME",
	.about = "It is active from now on; how it ended before is forgotten, and it leaves the "
		 "retry queue. CONTEXT.md stays as it is while there is no knowledge base.",
	.example = "sk tentacle resume port-parser",
	.options = tentacle_resume_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_resume_run,
};
