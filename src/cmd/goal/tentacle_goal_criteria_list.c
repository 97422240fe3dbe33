/* What was proved, on which state of the repository, and what the last failure said. */
#include "base/when.h"
#include "cmd/goal/criteria_page.h"
#include "cmd/fit.h"
#include "cmd/hint.h"

static void print_failed(struct out *out, const struct goal *g)
{
	const struct criterion *all = g->criteria.v;

	for (size_t i = 0; i < g->criteria.count; i++) {
		const struct criterion *c = &all[i];
		CLEANUP(buf_release) struct buf when = BUF_INIT;

		if (c->status != CRITERION_FAILED)
			continue;
		buf_put_when(&when, c->failed_ms);
		out_putf(out, "\n%.*s failed at %s UTC", SPAN_ARG(c->id), when.p);
		if (c->exit_code == -1)
			out_puts(out, ": it took too long");
		else if (c->exit_code != DOC_NO_NUMBER)
			out_putf(out, " with %lld", (long long)c->exit_code);
		out_puts(out, "\n");
		fit_lines(out, c->command, 2);
		fit_lines(out, c->evidence, 4);
	}
}

static int tentacle_goal_criteria_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(mem_free) char *tree = NULL;
	const struct goal *g;
	struct json j;
	int rc = goals_open_goal(c, GOALS_NAMED, &s, &g, e);

	if (rc < 0)
		return rc;
	if (goal_has_evidence(g))
		tree = goal_tree_now(c, goal_store_root(s), g);
	if (c->json) {
		json_open(&j, c->out, "criteria");
		json_span(&j, "goal_id", g->id);
		json_text(&j, "tree", tree);
		criteria_json(&j, g, span_of(tree));
		json_close(&j);
		return EXIT_DONE;
	}
	if (!g->criteria.count)
		out_nothing(c->out, "no criteria",
			    "sk tentacle goal criteria add --desc TEXT --verify-cmd COMMAND");
	criteria_put_table(c->out, g, span_of(tree));
	print_failed(c->out, g);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_criteria_list_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_criteria_list = {
	.path = "tentacle goal criteria list",
	.summary = "show what is proved, failed and outdated",
	.usage = "[--goal ID]",
	.about = "A criterion is outdated when the files of the repository are not what they were "
		 "when its command ran.",
	.example = "sk tentacle goal criteria list",
	.options = tentacle_goal_criteria_list_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_criteria_list_run,
};
