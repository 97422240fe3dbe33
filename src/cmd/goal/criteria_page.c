/*
 * Evidence is about a state of the repository. Whoever decides on it has to hear when the files
 * have changed since: tests that passed yesterday say nothing about today's code.
 */
#include "cmd/goal/criteria_page.h"

#include <unistd.h>

#include "cmd/hint.h"
#include "core/goal_progress.h"
#include "git/git_content.h"

extern char **environ;

char *goal_tree_now(const struct cmd_ctx *c, const char *root)
{
	struct git git = GIT_INIT;
	char hash[GIT_CONTENT_BYTES_MAX];
	char *tree = NULL;

	if (!c->goal_paths->git_dir)
		return NULL;
	if (git_open(&git, environ, NULL) == 0 && git_content_hash(&git, root, hash, NULL) == 0)
		tree = mem_strdup(hash);
	git_close(&git);
	return tree;
}

bool goal_has_evidence(const struct goal *g)
{
	const struct criterion *all = g->criteria.v;

	for (size_t i = 0; i < g->criteria.count; i++)
		if (all[i].status != CRITERION_UNVERIFIED && all[i].tree.len)
			return true;
	return false;
}

char *goal_tree_for_evidence(struct cmd_ctx *c)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct err why = ERR_INIT; /* whoever needs the store tells it */
	const struct goal *g;

	if (goals_open_goal(c, 0, &s, &g, &why) < 0 || !goal_has_evidence(g))
		return NULL;
	return goal_tree_now(c, goal_store_root(s));
}

void warn_of_outdated(const struct out *out, const struct goal *g, struct span tree)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const struct criterion *all = g->criteria.v;
	size_t count = 0;

	for (size_t i = 0; i < g->criteria.count; i++) {
		if (!criterion_outdated(&all[i], tree))
			continue;
		buf_putf(&line, "%s%.*s", count++ ? ", " : "", SPAN_ARG(all[i].id));
	}
	if (!count)
		return;
	buf_puts(&line, ": the repository has changed since this was checked. Try: ");
	put_advice(&line, span_of("sk tentacle goal criteria check"), out->goal);
	print_problem(line.p);
}

static enum style style_of(const struct criterion *c)
{
	if (c->status == CRITERION_VERIFIED)
		return STYLE_GOOD;
	return c->status == CRITERION_FAILED ? STYLE_BAD : STYLE_PLAIN;
}

void criteria_put_table(struct out *out, const struct goal *g, struct span tree)
{
	const struct criterion *all = g->criteria.v;
	struct table table = TABLE_INIT(4);

	for (size_t i = 0; i < g->criteria.count; i++) {
		table_span(&table, STYLE_PLAIN, all[i].id);
		table_cell(&table, style_of(&all[i]), "%s", criterion_words[all[i].status]);
		table_cell(&table, STYLE_WARN, "%s",
			   criterion_outdated(&all[i], tree) ? "outdated" : "");
		table_span(&table, STYLE_DIM, all[i].description);
	}
	table_print(&table, out, 2);
	table_release(&table);
}

void criteria_json(struct json *j, const struct goal *g, struct span tree)
{
	const struct criterion *all = g->criteria.v;

	json_array(j, "success_criteria");
	for (size_t i = 0; i < g->criteria.count; i++) {
		json_object(j, NULL);
		doc_encode_members(&criterion_type, &all[i], DOC_COMPACT, true, &j->out->buf);
		j->fresh = false;
		json_bool(j, "outdated", criterion_outdated(&all[i], tree));
		json_object_end(j);
	}
	json_array_end(j);
}
