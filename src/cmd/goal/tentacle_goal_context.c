/* What a new session has to know, on the screen or in its file. */
#include "cmd/goal/goal_context.h"

/* Whatever people wrote, a terminal only shows it. */
static void put_lines(struct out *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		out_visible(out, (struct span){ text, len });
		out_puts(out, "\n");
		text += len + (text[len] == '\n');
	}
}

static int tentacle_goal_context_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	bool write = options_has(c->options, "write");
	const struct goal *g;
	struct json j;
	int rc = goals_open_goal(c, write ? GOALS_WRITE : 0, &s, &g, e);

	if (rc < 0)
		return rc;
	goal_context_encode(&text, s, g,
			    options_number(c->options, "max-handoffs", GOAL_CONTEXT_HANDOFFS),
			    c->now_ms);
	if (write)
		rc = goal_context_write(s, &text, e);
	if (rc < 0)
		return rc;
	if (c->json) {
		json_open(&j, c->out, "goal_context");
		json_span(&j, "goal_id", g->id);
		json_span(&j, "text", (struct span){ text.p, text.len });
		json_text(&j, "written", write ? GOAL_CONTEXT_FILE : NULL);
		json_close(&j);
	} else if (write) {
		out_putf(c->out, "%s/%s\n", goal_store_dir(s), GOAL_CONTEXT_FILE);
	} else {
		put_lines(c->out, text.p);
	}
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_context_options[] = {
	{ .name = "write",
	  .kind = OPTION_FLAG,
	  .summary = "into .octogent/goal-context.md, in the place of standard output" },
	{ .name = "max-handoffs",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .max = 1000,
	  .summary = "the newest N hand-offs (5)" },
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_context = {
	.path = "tentacle goal context",
	.summary = "print what a new session has to know",
	.usage = "[--write] [--max-handoffs N]",
	.about = "The file is written anew each time an iteration is closed, by sk tentacle goal "
		 "eval "
		 "or the loop, once it is there and unless somebody edited it since.",
	.example = "sk tentacle goal context --write",
	.options = tentacle_goal_context_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_context_run,
};
