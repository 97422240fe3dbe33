/* Work that is too big for one agent becomes several, in one turn: all children or none. */
#include "base/limits.h"
#include "cmd/goal/tentacles.h"
#include "core/tentacle_new.h"

struct ids {
	char text[TENTACLE_CHILDREN_MAX][37];
	struct span v[TENTACLE_CHILDREN_MAX];
};

static int make_ids(struct ids *ids, size_t count, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = uuid_make(ids->text[i], e);
		ids->v[i] = span_of(ids->text[i]);
	}
	return rc;
}

static void print_split(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t)
{
	struct json j;

	if (!c->json) {
		out_putf(c->out, "tentacle %.*s is divided:", SPAN_ARG(t->name));
		for (size_t i = 0; i < t->children.count; i++)
			out_putf(c->out, " %.*s", SPAN_ARG(t->children.v[i]));
		out_puts(c->out, "\n");
		return;
	}
	json_open(&j, c->out, "tentacle");
	tentacle_put_json(&j, t, c->now_ms);
	json_array(&j, "parts");
	for (size_t i = 0; i < t->children.count; i++) {
		json_object(&j, NULL);
		tentacle_put_json(&j, goals_tentacle(goal_store_goals(s), t->children.v[i]),
				  c->now_ms);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int split(struct cmd_ctx *c, const struct texts *children, struct ids *ids, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	int rc = make_ids(ids, children->count, e);

	if (rc == 0)
		rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);
	if (rc < 0)
		return rc;
	rc = tentacle_split(goal_store_turn(s), tentacles_name(c), children, ids->v, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacles_commit(s, tentacles_name(c), &t, e);
	for (size_t i = 0; rc == 0 && i < children->count; i++)
		rc = context_make(s, goals_tentacle(goal_store_goals(s), children->v[i]), false, e);
	if (rc < 0)
		return rc;
	print_split(c, s, t);
	return EXIT_DONE;
}

static int tentacle_split_run(struct cmd_ctx *c, struct err *e)
{
	struct texts children = { NULL, 0 };
	struct arena arena = ARENA_INIT;
	struct ids ids;
	int rc = 0;

	for (size_t i = 1; i < c->options->arg_count && rc == 0; i++) {
		if (texts_have(&children, span_of(c->options->args[i])))
			rc = err_set(e, -SK_EUSAGE,
				     "child \"%s\" is named twice: nothing was divided. Try: "
				     "another name for one of them",
				     c->options->args[i]);
		texts_add(&arena, &children, span_of(c->options->args[i]));
	}
	if (rc == 0)
		rc = split(c, &children, &ids, e);
	arena_release(&arena);
	return rc;
}

static const struct option_row tentacle_split_options[] = {
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_split = {
	.path = "tentacle split",
	.summary = "divide the open to-dos of a tentacle among new ones",
	.usage = "NAME CHILD CHILD...",
	.about = "The first open to-do goes to the first child, the next to the second, and so "
		 "on, each with what is nested below it. Children have the scope, the skills and "
		 "the goal of their parent, which is completed when all of them have succeeded.",
	.example = "sk tentacle split port-parser lexer grammar",
	.options = tentacle_split_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_then = ARG_TEXT,
	.args_min = 3,
	.args_max = TENTACLE_CHILDREN_MAX + 1,
	.run = tentacle_split_run,
};
