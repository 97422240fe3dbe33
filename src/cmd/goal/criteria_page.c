/*
 * Evidence is about a state of the repository. Whoever decides on it has to hear when the files
 * have changed since: tests that passed yesterday say nothing about today's code.
 */
#include "cmd/goal/criteria_page.h"

#include <unistd.h>

#include "cmd/hint.h"
#include "core/goal_progress.h"
#include "git/git_content.h"
#include "git/git_tree.h"

extern char **environ;

/* The tree of the goal's evidence when all of it was taken at this very place, else NULL. */
static const struct criterion *taken_here(const struct goal *g, const char *place)
{
	const struct criterion *all = g ? g->criteria.v : NULL, *found = NULL;
	size_t len = strlen(place);

	for (size_t i = 0; g && i < g->criteria.count; i++) {
		struct span tree = all[i].tree;

		if (all[i].status == CRITERION_UNVERIFIED || !tree.len)
			continue;
		if (tree.len <= len || tree.p[tree.len - len - 1] != '@' ||
		    memcmp(tree.p + tree.len - len, place, len) != 0)
			return NULL;
		found = &all[i];
	}
	return found;
}

/* Two calls of git more than the place costs, so only where that does not decide. */
static char *tree_of(const struct git *git, const char *root, const struct goal *g)
{
	char place[GIT_TREE_HASH_BYTES_MAX], files[GIT_CONTENT_BYTES_MAX];
	const struct criterion *known;
	struct buf tree = BUF_INIT;

	if (git_tree_hash(git, root, place, NULL) < 0)
		return NULL;
	known = taken_here(g, place);
	if (known)
		return span_dup(known->tree);
	if (git_content_hash(git, root, files, NULL) < 0)
		return NULL;
	buf_putf(&tree, "%s@%s", files, place);
	return buf_take(&tree);
}

char *goal_tree_now(const struct cmd_ctx *c, const char *root, const struct goal *g)
{
	struct git git = GIT_INIT;
	char *tree = NULL;

	if (!c->goal_paths->git_dir)
		return NULL;
	if (git_open(&git, environ, NULL) == 0)
		tree = tree_of(&git, root, g);
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
	return goal_tree_now(c, goal_store_root(s), g);
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
