/* Whether words are short enough for agents that read them at every start, before a goal is made of
 * them; and whether the goal that is there can be used. */
#include "base/limits.h"
#include "cmd/goal/goals.h"

struct lengths {
	size_t title, description, total;
};

static const char *verdict(const struct lengths *l)
{
	if (l->total > GOAL_TEXT_HARD_MAX)
		return "too long";
	return l->total > GOAL_TEXT_SOFT_MAX ? "long" : "good";
}

static void print(struct cmd_ctx *c, const struct lengths *l)
{
	struct json j;

	if (!c->json) {
		out_putf(c->out,
			 "%s: title %zu, description %zu, together %zu bytes; up to %d is "
			 "good, at most %d\n",
			 verdict(l), l->title, l->description, l->total, GOAL_TEXT_SOFT_MAX,
			 GOAL_TEXT_HARD_MAX);
		return;
	}
	json_open(&j, c->out, "goal_validation");
	json_text(&j, "verdict", verdict(l));
	json_u64(&j, "title_bytes", l->title);
	json_u64(&j, "description_bytes", l->description);
	json_u64(&j, "total_bytes", l->total);
	json_u64(&j, "soft_limit", GOAL_TEXT_SOFT_MAX);
	json_u64(&j, "hard_limit", GOAL_TEXT_HARD_MAX);
	json_bool(&j, "valid", l->total <= GOAL_TEXT_HARD_MAX);
	json_close(&j);
}

static int tentacle_goal_validate_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct span title = span_of(options_text(c->options, "title"));
	struct span description = span_of(options_text(c->options, "desc"));
	const struct goal *g;
	struct lengths l;
	int rc;

	if (!title.len && !description.len) {
		rc = goals_open_goal(c, 0, &s, &g, e);
		if (rc < 0)
			return rc;
		title = g->title;
		description = g->description;
	}
	l = (struct lengths){ title.len, description.len, title.len + description.len };
	print(c, &l);
	return l.total > GOAL_TEXT_HARD_MAX ? EXIT_USAGE : EXIT_DONE;
}

static const struct option_row tentacle_goal_validate_options[] = {
	{ .name = "title", .kind = OPTION_TEXT, .value = "TEXT", .summary = "a title to judge" },
	{ .name = "desc", .kind = OPTION_TEXT, .value = "TEXT", .summary = "its description" },
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_validate = {
	.path = "tentacle goal validate",
	.summary = "check words, or the goal that is there",
	.usage = "[--title TEXT] [--desc TEXT]",
	.about = "The exit code is 2 when the words are too long, or goal.json cannot be used.",
	.example = "sk tentacle goal validate --title \"Port it\" --desc \"$(cat text)\"",
	.options = tentacle_goal_validate_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_validate_run,
};
