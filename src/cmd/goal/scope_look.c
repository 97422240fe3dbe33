/*
 * In a worktree of its own everything that differs is the tentacle's, but for what was merged in.
 * In the main checkout others work too, so there only what was not changed before it began counts,
 * and what no other tentacle at work there may change.
 */
#include "cmd/goal/scope_look.h"

#include "base/limits.h"
#include "core/scope.h"
#include "git/git_repo.h"
#include "git/git_tree.h"

extern char **environ;

static void read_scope(const struct tentacle *t, struct scope *out)
{
	for (size_t i = 0; i < t->scope.count; i++)
		(void)scope_add(out, t->scope.v[i]); /* one that is none holds nothing */
}

void scope_begin(const char *dir, struct arena *arena, struct tentacle_begin *out)
{
	CLEANUP(git_changes_release) struct git_changes changes = GIT_CHANGES_INIT;
	CLEANUP(git_repo_release) struct git_repo repo = GIT_REPO_INIT;
	CLEANUP(git_close) struct git git = GIT_INIT;
	struct err ignored = ERR_INIT;
	struct span name;
	size_t at = 0;

	*out = (struct tentacle_begin){ .commit = SPAN_NONE };
	if (git_open(&git, environ, &ignored) < 0 ||
	    git_repo_read(&git, dir, &repo, &ignored) <= 0 || repo.bare || !repo.head ||
	    git_changes_read(&git, dir, NULL, NULL, &changes, &ignored) < 0 ||
	    changes.count > AGENT_BEFORE_MAX)
		return;
	out->commit = arena_copy(arena, span_of(repo.head));
	while ((name = git_changes_next(&changes, &at)).len)
		texts_add(arena, &out->changed, name);
}

/* Whether another tentacle that works in the main checkout may change the file. */
static bool of_another(const struct goals *all, const struct tentacle *t, struct span name)
{
	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *other = &all->tentacles[i];
		CLEANUP(scope_release) struct scope theirs = SCOPE_INIT;

		if (!other->here || !other->started_from.len || span_eq(other->name, t->name))
			continue;
		read_scope(other, &theirs);
		if (scope_has(&theirs, name))
			return true;
	}
	return false;
}

/* Names with a NUL behind each as a list that ends with NULL, to be freed. */
static const char **list_of(const struct buf *names)
{
	size_t count = 0;
	const char **list;

	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		count++;
	list = mem_zalloc((count + 1) * sizeof(*list));
	count = 0;
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		list[count++] = names->p + at;
	return list;
}

static int look_here(const struct git *git, const struct goals *all, const struct tentacle *t,
		     const char *root, struct git_changes *out, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes changes = GIT_CHANGES_INIT;
	CLEANUP(mem_free) char *base = span_dup(t->started_from);
	static const char *const unmerged[] = { NULL }; /* what was merged is of others */
	struct span name;
	size_t at = 0;
	int rc = git_changes_read(git, root, base, unmerged, &changes, e);

	while (rc == 0 && (name = git_changes_next(&changes, &at)).len) {
		if (texts_have(&t->changed_before, name) || of_another(all, t, name))
			continue;
		buf_put(&out->names, name.p, name.len + 1);
		out->count++;
	}
	return rc;
}

static int look_in_worktree(const struct git *git, const struct tentacle *t,
			    struct git_changes *out, struct err *e)
{
	CLEANUP(mem_free) char *path = span_dup(t->worktree.path);
	CLEANUP(mem_free) char *base = span_dup(t->worktree.base);
	CLEANUP(mem_free) const char **others = NULL;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	bool merged = t->worktree.merged_ms && !t->worktree.unmerged;

	buf_putf(&names, "main-worktree/HEAD%c", 0);
	for (size_t i = 0; i < t->todo_deps.count; i++)
		buf_putf(&names, "refs/heads/sk/%.*s%c", SPAN_ARG(t->todo_deps.v[i]), 0);
	others = list_of(&names);
	return git_changes_read(git, path, base[0] && !merged ? base : NULL, others, out, e);
}

bool scope_look(const struct goals *all, const struct tentacle *t, const char *root,
		struct arena *arena, struct texts *outside, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes changes = GIT_CHANGES_INIT;
	CLEANUP(scope_release) struct scope scope = SCOPE_INIT;
	CLEANUP(git_close) struct git git = GIT_INIT;
	bool own = t->worktree.prepared && t->worktree.path.len && !t->here;
	struct span name;
	size_t at = 0;
	int rc;

	read_scope(t, &scope);
	if (!scope.count)
		return true;
	for (size_t i = 0; i < t->changed_files.count; i++)
		if (!scope_has(&scope, t->changed_files.v[i]))
			texts_add(arena, outside, t->changed_files.v[i]);
	if (!own && !t->started_from.len)
		return false;
	for (size_t i = 0; own && t->worktree.merged_ms && i < t->outside_scope.count; i++)
		texts_add(arena, outside, t->outside_scope.v[i]);
	rc = git_open(&git, environ, e);
	if (rc == 0)
		rc = own ? look_in_worktree(&git, t, &changes, e)
			 : look_here(&git, all, t, root, &changes, e);
	while (rc == 0 && (name = git_changes_next(&changes, &at)).len)
		if (outside->count < DOC_ENTRIES_MAX && !scope_has(&scope, name))
			texts_add(arena, outside, name);
	return rc == 0;
}
