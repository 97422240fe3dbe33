/* The one thing to do now, for an agent that begins with an empty memory. Changes nothing. */
#include "base/limits.h"
#include "cmd/goal/tentacles.h"
#include "core/handoff.h"
#include "core/todo.h"

static void print_json(struct cmd_ctx *c, const struct tentacle *t, struct span last)
{
	struct todo_item item, first = { .done = true };
	struct json j;
	size_t at = 0;

	json_open(&j, c->out, "next_step");
	json_span(&j, "tentacle", t->name);
	json_text(&j, "status", tentacle_state_word(t->status));
	json_u64(&j, "todos_done", todo_count(t->todo).done);
	json_u64(&j, "todos_total", todo_count(t->todo).total);
	json_array(&j, "pending");
	for (size_t i = 0; todo_next(t->todo, &at, &item); i++) {
		if (item.done)
			continue;
		if (first.done)
			first = item;
		json_object(&j, NULL);
		json_u64(&j, "index", i);
		json_span(&j, "text", item.text);
		json_object_end(&j);
	}
	json_array_end(&j);
	if (first.done)
		json_null(&j, "next_step");
	else
		json_span(&j, "next_step", first.text);
	if (last.len && !options_has(c->options, "no-checkpoint"))
		json_span(&j, "checkpoint_context", last);
	else
		json_null(&j, "checkpoint_context");
	json_null(&j, "briefing");
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct tentacle *t)
{
	bool all = options_has(c->options, "all"), any = false;
	struct todo_item item;
	size_t at = 0;

	for (size_t i = 0; todo_next(t->todo, &at, &item) && (all || !any); i++) {
		if (item.done)
			continue;
		any = true;
		out_putf(c->out, "%3zu [ ] ", i);
		out_visible(c->out, item.text);
		out_puts(c->out, "\n");
	}
	if (!any && !todo_count(t->todo).total)
		out_putf(c->out, "no to-dos yet. Try: sk tentacle todo %.*s add TEXT\n",
			 SPAN_ARG(t->name));
	else if (!any)
		out_putf(c->out,
			 "all to-dos are done. Try: sk tentacle handoff %.*s TEXT --status DONE\n",
			 SPAN_ARG(t->name));
}

/* The newest section of its hand-offs: where the work was left. */
static struct span last_section(struct span text)
{
	struct handoff_section s;
	struct span last = SPAN_NONE;
	size_t at = 0;

	while (handoff_next(text, &at, &s))
		last = (struct span){ text.p + s.at, s.end - s.at };
	return last;
}

static int tentacle_next_step_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf handoff = BUF_INIT;
	const struct tentacle *t;
	int rc = tentacles_open(c, 0, &s, &t, e);

	if (rc == 0)
		rc = tentacle_read(s, t->name, HANDOFF_FILE, HANDOFF_BYTES_MAX, &handoff, e);
	if (rc < 0)
		return rc;
	if (options_has(c->options, "briefing"))
		print_problem("--briefing: there is no knowledge base yet: nothing was recalled");
	if (c->json)
		print_json(c, t, last_section((struct span){ handoff.p, handoff.len }));
	else
		print_text(c, t);
	return EXIT_DONE;
}

static const struct option_row tentacle_next_step_options[] = {
	{ .name = "all", .kind = OPTION_FLAG, .summary = "every open to-do, not only the first" },
	{ .name = "briefing", .kind = OPTION_FLAG, .summary = "with what is known about it" },
	{ .name = "no-checkpoint",
	  .kind = OPTION_FLAG,
	  .summary = "in JSON, without the newest hand-off" },
	{ .name = NULL },
};

const struct cmd cmd_tentacle_next_step = {
	.path = "tentacle next-step",
	.summary = "show the first open to-do",
	.usage = "NAME [--all]",
	.example = "sk tentacle next-step port-parser --format json",
	.options = tentacle_next_step_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_next_step_run,
};
