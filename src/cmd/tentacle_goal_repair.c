/*
 * The way out when a file cannot be used: it is put aside, never thrown away, and the last good
 * version is written again from the journal. What the refused file says is for a person to look at.
 */
#include "cmd/goals.h"

#include "cmd/hint.h"

/* Whether the problem is one that was asked for. */
static bool asked(const struct goal_file_problem *p, const char *tentacle, const char *goal)
{
	if (tentacle)
		return p->tentacle && strcmp(p->subject, tentacle) == 0;
	return !p->tentacle && (!goal || strncmp(p->subject, goal, strlen(goal)) == 0);
}

static size_t count_asked(const struct goal_store *s, const char *tentacle, const char *goal)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all), found = 0;

	for (size_t i = 0; i < count; i++)
		found += asked(&all[i], tentacle, goal);
	return found;
}

static void print_problems(struct cmd_ctx *c, const struct goal_store *s, const char *tentacle,
			   const char *goal, bool done)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "goal_repair");
		json_bool(&j, "repaired", done);
		json_array(&j, "problems");
	}
	for (size_t i = 0; i < count; i++) {
		if (!asked(&all[i], tentacle, goal))
			continue;
		if (!c->json) {
			out_visible(c->out, span_of(all[i].text));
			out_putf(c->out,
				 "\n  %s aside as %s.refused-TIME; the last good version %s "
				 "written again\n",
				 done ? "put" : "would be put", all[i].path,
				 done ? "is" : "would be");
			continue;
		}
		json_object(&j, NULL);
		json_text(&j, "path", all[i].path);
		json_text(&j, "subject", all[i].subject);
		json_bool(&j, "tentacle", all[i].tentacle);
		json_bool(&j, "stale", all[i].stale);
		json_text(&j, "problem", all[i].text);
		json_object_end(&j);
	}
	if (!c->json)
		return;
	json_array_end(&j);
	json_close(&j);
}

/* Each subject once: a tentacle may have several files that cannot be used. */
static int repair(struct goal_store *s, const char *tentacle, const char *goal, struct err *e)
{
	const struct goal_file_problem *all;

	while (count_asked(s, tentacle, goal)) {
		CLEANUP(mem_free) char *subject = NULL;
		size_t count = goal_store_problems(s, &all);
		int rc;

		for (size_t i = 0; i < count && !subject; i++)
			if (asked(&all[i], tentacle, goal))
				subject = mem_strdup(all[i].subject);
		rc = goal_store_repair(s, subject, e);
		if (rc < 0)
			return rc;
	}
	return goal_store_commit(s, e);
}

static int tentacle_goal_repair_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const char *tentacle = options_text(c->options, "tentacle");
	const char *goal = options_text(c->options, "goal");
	bool explain = options_has(c->options, "explain");
	const struct tentacle *t;
	size_t at;
	int rc = goals_open(c, explain ? 0 : GOALS_WRITE, &s, e);

	if (rc < 0)
		return rc;
	if (!count_asked(s, tentacle, goal)) {
		if (tentacle && goal_store_tentacle(s, tentacle, &t, e) < 0)
			return e->code;
		if (!c->json)
			out_puts(c->out, "nothing to repair: every file asked for can be used\n");
		else
			print_problems(c, s, tentacle, goal, false);
		return EXIT_DONE;
	}
	at = c->out->buf.len;
	print_problems(c, s, tentacle, goal, !explain);
	rc = explain ? EXIT_DONE : repair(s, tentacle, goal, e);
	if (rc < 0)
		buf_truncate(&c->out->buf, at); /* it did not happen */
	return rc;
}

static const struct option_row tentacle_goal_repair_options[] = {
	{ .name = "tentacle",
	  .kind = OPTION_TEXT,
	  .completes = ARG_TENTACLE,
	  .value = "NAME",
	  .summary = "the files of this tentacle, in the place of the goal's" },
	{ .name = "explain",
	  .kind = OPTION_FLAG,
	  .summary = "say what is wrong and what would be done; change nothing" },
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_repair = {
	.path = "tentacle goal repair",
	.summary = "put unusable files aside, write good ones",
	.usage = "[--tentacle NAME] [--explain]",
	.about = "A file that cannot be used is renamed, never removed, and the last good version "
		 "is "
		 "written from the journal.",
	.example = "sk tentacle goal repair --explain\nsk tentacle goal repair",
	.options = tentacle_goal_repair_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_repair_run,
};
