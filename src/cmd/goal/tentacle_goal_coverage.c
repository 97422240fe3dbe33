/* Which criteria the finished work claims to have met: hand-offs name them with "Bridge:". A claim
 * is no proof; the criterion's own state stands beside it. */
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "core/goal_progress.h"

/* All tentacles of the goal that name the criterion and succeeded. */
static size_t put_claims(const struct goals *all, const struct goal *g, struct span id,
			 struct json *j, struct buf *text)
{
	const struct iteration *its = g->iterations.v;
	struct texts names = { NULL, 0 };
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < its[i].tentacles.count; k++) {
			const struct tentacle *t = goals_tentacle(all, its[i].tentacles.v[k]);

			if (t && tentacle_succeeded(t) && texts_have(&t->bridge_links, id))
				texts_add(&arena, &names, t->name);
		}
	for (size_t i = 0; i < names.count; i++) {
		if (j)
			json_span(j, NULL, names.v[i]);
		if (text)
			buf_putf(text, "%s%.*s", i ? ", " : "", SPAN_ARG(names.v[i]));
	}
	arena_release(&arena);
	return names.count;
}

/* Names that hand-offs tell and that are no criterion. */
static void orphans(const struct goals *all, const struct goal *g, struct arena *arena,
		    struct texts *out)
{
	const struct iteration *its = g->iterations.v;

	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < its[i].tentacles.count; k++) {
			const struct tentacle *t = goals_tentacle(all, its[i].tentacles.v[k]);

			for (size_t n = 0; t && n < t->bridge_links.count; n++)
				if (!goal_criterion(g, t->bridge_links.v[n]))
					texts_add(arena, out, t->bridge_links.v[n]);
		}
}

static void print_json(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct texts *lost)
{
	const struct criterion *criteria = g->criteria.v;
	size_t covered = 0;
	struct json j;

	json_open(&j, c->out, "goal_coverage");
	json_span(&j, "goal_id", g->id);
	json_array(&j, "criteria");
	for (size_t i = 0; i < g->criteria.count; i++) {
		json_object(&j, NULL);
		json_span(&j, "id", criteria[i].id);
		json_text(&j, "status", criterion_words[criteria[i].status]);
		json_array(&j, "tentacles");
		covered += put_claims(all, g, criteria[i].id, &j, NULL) > 0;
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_u64(&j, "covered", covered);
	json_u64(&j, "total", g->criteria.count);
	json_array(&j, "orphans");
	for (size_t i = 0; i < lost->count; i++)
		json_span(&j, NULL, lost->v[i]);
	json_array_end(&j);
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct texts *lost)
{
	const struct criterion *criteria = g->criteria.v;
	struct table table = TABLE_INIT(3);

	for (size_t i = 0; i < g->criteria.count; i++) {
		CLEANUP(buf_release) struct buf names = BUF_INIT;
		size_t count = put_claims(all, g, criteria[i].id, NULL, &names);

		table_span(&table, STYLE_PLAIN, criteria[i].id);
		table_cell(&table, STYLE_PLAIN, "%s", criterion_words[criteria[i].status]);
		table_cell(&table, count ? STYLE_PLAIN : STYLE_WARN, "%s",
			   count ? names.p : "no finished tentacle names it");
	}
	if (!g->criteria.count)
		out_nothing(c->out, "no criteria", "sk tentacle goal criteria add --desc TEXT");
	table_print(&table, c->out, 0);
	table_release(&table);
	for (size_t i = 0; i < lost->count; i++) {
		out_puts(c->out, "named by a hand-off, but no criterion: ");
		out_visible(c->out, lost->v[i]);
		out_puts(c->out, "\n");
	}
}

static int tentacle_goal_coverage_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct texts lost = { NULL, 0 };
	struct arena arena = ARENA_INIT;
	const struct goal *g;
	int rc = goals_open_goal(c, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	goals_warn(s);
	orphans(goal_store_goals(s), g, &arena, &lost);
	if (c->json)
		print_json(c, goal_store_goals(s), g, &lost);
	else
		print_text(c, goal_store_goals(s), g, &lost);
	arena_release(&arena);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_coverage_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_coverage = {
	.path = "tentacle goal coverage",
	.summary = "show which criteria the work names",
	.usage = "[--goal ID]",
	.example = "sk tentacle goal coverage",
	.options = tentacle_goal_coverage_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_coverage_run,
};
