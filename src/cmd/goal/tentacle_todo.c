/*
 * To-dos by number. The text belongs to whoever writes it: one to-do is changed and every other
 * byte stays, so notes and nesting survive.
 */
#include "base/limits.h"
#include "cmd/goal/tentacles.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

#define USAGE "Try: sk tentacle todo NAME add TEXT, done N, undone N or list"

static void print_todos(struct cmd_ctx *c, const struct tentacle *t)
{
	struct todo_item item;
	struct json j;
	size_t at = 0;

	if (!c->json) {
		for (size_t i = 0; todo_next(t->todo, &at, &item); i++) {
			out_putf(c->out, "%3zu [%c] %*s", i, item.done ? 'x' : ' ', (int)item.depth,
				 "");
			out_visible(c->out, item.text);
			out_puts(c->out, "\n");
		}
		return;
	}
	json_open(&j, c->out, "todos");
	json_span(&j, "tentacle", t->name);
	json_u64(&j, "todos_done", todo_count(t->todo).done);
	json_u64(&j, "todos_total", todo_count(t->todo).total);
	json_array(&j, "todos");
	for (size_t i = 0; todo_next(t->todo, &at, &item); i++) {
		json_object(&j, NULL);
		json_u64(&j, "index", i);
		json_span(&j, "text", item.text);
		json_bool(&j, "done", item.done);
		json_u64(&j, "depth", item.depth);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int find_item(const struct tentacle *t, const char *typed, struct todo_item *item,
		     struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct todo_count count = todo_count(t->todo);
	uint64_t index;

	buf_put_quoted(&shown, span_of(typed), 40);
	if (span_to_u64(span_of(typed), INTEGER_MAX, &index) < 0)
		return err_set(e, -SK_EUSAGE,
			       "to-do %s: expected its number: nothing was changed. Try: sk "
			       "tentacle todo %.*s list",
			       shown.p, SPAN_ARG(t->name));
	if (todo_find(t->todo, (size_t)index, item))
		return 0;
	if (!count.total)
		return err_set(e, -SK_ENOTFOUND,
			       "to-do %s: tentacle \"%.*s\" has none: nothing was changed. Try: sk "
			       "tentacle todo %.*s add TEXT",
			       typed, SPAN_ARG(t->name), SPAN_ARG(t->name));
	return err_set(e, -SK_ENOTFOUND,
		       "to-do %s: tentacle \"%.*s\" has to-dos 0..%zu: nothing was changed. Try: "
		       "sk tentacle todo %.*s list",
		       typed, SPAN_ARG(t->name), count.total - 1, SPAN_ARG(t->name));
}

/* What the text is to become. */
static int change(const struct tentacle *t, const char *verb, const char *typed, struct buf *out,
		  struct err *e)
{
	struct todo_item item;
	int rc;

	if (strcmp(verb, "add") == 0) {
		const char *problem = todo_words_problem(span_of(typed));

		if (problem)
			return err_set(e, -SK_EUSAGE, "%s: nothing was added. " USAGE, problem);
		todo_add(t->todo, span_of(typed), out);
		return 0;
	}
	rc = find_item(t, typed, &item, e);
	if (rc == 0)
		todo_mark(t->todo, &item, strcmp(verb, "done") == 0, out);
	return rc;
}

static int check_words(const struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *verb = c->options->args[1];
	bool list = strcmp(verb, "list") == 0;

	buf_put_quoted(&shown, span_of(verb), 40);
	if (!list && strcmp(verb, "add") != 0 && strcmp(verb, "done") != 0 &&
	    strcmp(verb, "undone") != 0)
		return err_set(e, -SK_EUSAGE,
			       "to-dos: unknown word %s: nothing was changed. " USAGE, shown.p);
	if (list != (c->options->arg_count == 2))
		return err_set(e, -SK_EUSAGE, "%s %s: nothing was changed. " USAGE, verb,
			       list ? "takes nothing more" : "of what?");
	return 0;
}

static int tentacle_todo_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const char *const *args = c->options->args;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	const struct tentacle *t;
	bool list;
	int rc = check_words(c, e);

	if (rc < 0)
		return rc;
	list = c->options->arg_count == 2;
	rc = tentacles_open(c, list ? 0 : GOALS_WRITE, &s, &t, e);
	if (rc == 0 && !list)
		rc = change(t, args[1], args[2], &text, e);
	if (rc < 0)
		return rc;
	if (!list) {
		rc = tentacle_set_todo(goal_store_turn(s), tentacles_name(c),
				       (struct span){ text.p, text.len }, &words);
		if (rc < 0)
			return goal_store_refused(s, rc, e);
		rc = tentacles_commit(s, tentacles_name(c), &t, e);
	}
	if (rc < 0)
		return rc;
	print_todos(c, t);
	return EXIT_DONE;
}

static const struct option_row tentacle_todo_options[] = {
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_todo = {
	.path = "tentacle todo",
	.summary = "list, add and check off the to-dos of a tentacle",
	.usage = "NAME add TEXT | done N | undone N | list",
	.about = "To-dos are the lines \"- [ ] ...\" of its todo.md, numbered from 0. One is "
		 "changed, and everything else in the file stays as it is.",
	.example = "sk tentacle todo port-parser add \"write the tests\"\n"
		   "sk tentacle todo port-parser done 0",
	.options = tentacle_todo_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_then = ARG_WORDS,
	.arg_words = "add|done|undone|list",
	.args_min = 2,
	.args_max = 3,
	.run = tentacle_todo_run,
};
