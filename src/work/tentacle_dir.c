/*
 * CONTEXT.md is Markdown that agents read, so nothing in it is indented: eight blanks would make
 * code of a list.
 */
#include "work/tentacle_dir.h"

#include <errno.h>

#include "base/limits.h"
#include "work/goal_store_impl.h"

void tentacle_path(struct span name, const char *file, struct buf *out)
{
	buf_putf(out, TENTACLES_DIR "/%.*s/%s", SPAN_ARG(name), file);
}

static void put_list(struct buf *out, const char *heading, const struct texts *t)
{
	if (!t->count)
		return;
	buf_putf(out, "\n## %s\n\n", heading);
	for (size_t i = 0; i < t->count; i++)
		buf_putf(out, "- `%.*s`\n", SPAN_ARG(t->v[i]));
}

static void put_heading(const struct tentacle *t, struct buf *out)
{
	buf_putf(out, "# %.*s\n\n", SPAN_ARG(t->name));
}

static void put_scope(const struct tentacle *t, struct buf *out)
{
	put_list(out, "Scope", &t->scope);
	if (t->scope.count)
		buf_puts(out, "\nNothing outside of the scope is to be changed.\n");
}

static void put_skills(const struct tentacle *t, struct buf *out)
{
	put_list(out, "Skills", &t->skills);
}

void context_encode(const struct tentacle *t, bool recall, struct buf *out)
{
	put_heading(t, out);
	if (t->description.len)
		buf_putf(out, "%.*s\n", SPAN_ARG(t->description));
	else
		buf_puts(out, "What this work is about, what is known, and how to tell that it is "
			      "done.\n");
	put_scope(t, out);
	put_skills(t, out);
	put_list(out, "Waits for", &t->todo_deps);
	if (recall)
		buf_puts(out, "\n<!-- AUTO-RECALL-START -->\nThere is no knowledge base here yet: "
			      "nothing was recalled.\n<!-- AUTO-RECALL-END -->\n");
}

void context_own_words(const struct tentacle *t, struct span context, struct buf *out)
{
	static void (*const said_elsewhere[])(
		const struct tentacle *, struct buf *) = { put_heading, put_scope, put_skills };
	CLEANUP(buf_release) struct buf rest = BUF_INIT;

	buf_put(&rest, context.p, context.len);
	for (size_t i = 0; i < ARRAY_LEN(said_elsewhere); i++) {
		CLEANUP(buf_release) struct buf block = BUF_INIT;
		const char *at;

		said_elsewhere[i](t, &block);
		at = block.len && rest.len ? memmem(rest.p, rest.len, block.p, block.len) : NULL;
		if (!at)
			continue;
		memmove(rest.p + (at - rest.p), at + block.len,
			rest.len - (size_t)(at - rest.p) - block.len);
		buf_truncate(&rest, rest.len - block.len);
	}
	while (rest.len && rest.p[rest.len - 1] == '\n')
		buf_truncate(&rest, rest.len - 1);
	buf_put(out, rest.p, rest.len);
}

int context_make(const struct goal_store *s, const struct tentacle *t, bool recall, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(s);
	struct vfs_stat st;
	int rc;

	tentacle_path(t->name, CONTEXT_FILE, &path);
	if (vfs->stat(vfs->ctx, path.p, &st) == 0)
		return 0;
	context_encode(t, recall, &text);
	rc = vfs_replace(vfs, path.p, text.p, text.len);
	if (rc < 0)
		return err_set(e, -SK_EIO, "cannot write %s: %s; the tentacle itself is recorded",
			       path.p, strerror(-rc));
	return 0;
}

int tentacle_read(const struct goal_store *s, struct span name, const char *file, int64_t max,
		  struct buf *out, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(s);
	struct doc_file found = DOC_FILE_INIT;
	int rc;

	tentacle_path(name, file, &path);
	rc = doc_file_read(vfs, path.p, max, &found, e);
	if (rc == 0 && found.found == DOC_FILE_NONE)
		return 0;
	if (rc == 0 && !text_plain((struct span){ found.text.p, found.text.len }))
		rc = err_set(e, -SK_EUSAGE, "%s: is not UTF-8 text: nothing was done", path.p);
	if (rc == 0)
		buf_put(out, found.text.p, found.text.len);
	doc_file_release(&found);
	return rc < 0 ? rc : 1;
}

int context_read(const struct goal_store *s, const struct tentacle *t, struct buf *out,
		 struct err *e)
{
	int rc = tentacle_read(s, t->name, CONTEXT_FILE, CONTEXT_BYTES_MAX, out, e);

	if (rc == 0)
		context_encode(t, false, out);
	return rc < 0 ? rc : 0;
}

bool tentacle_folder_there(const struct goal_store *s, struct span name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(s);
	struct vfs_stat st;

	buf_putf(&path, TENTACLES_DIR "/%.*s", SPAN_ARG(name));
	return vfs->stat(vfs->ctx, path.p, &st) == 0;
}

static void away_path(struct span name, struct buf *out)
{
	buf_putf(out, TENTACLES_DIR "/" AWAY_PREFIX "%.*s", SPAN_ARG(name));
}

static int remove_tree(const struct vfs *vfs, const char *path, unsigned depth)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = vfs->remove(vfs->ctx, path);

	if (rc == 0 || rc == -ENOENT)
		return 0;
	if ((rc != -EISDIR && rc != -EPERM) || depth == TENTACLE_DEPTH_MAX)
		return rc;
	rc = vfs->list(vfs->ctx, path, &names);
	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		CLEANUP(buf_release) struct buf inner = BUF_INIT;

		buf_putf(&inner, "%s/%s", path, names.p + at);
		rc = remove_tree(vfs, inner.p, depth + 1);
	}
	return rc < 0 ? rc : vfs->remove_dir(vfs->ctx, path);
}

int tentacle_put_away(struct goal_store *s, struct span name, struct err *e)
{
	CLEANUP(buf_release) struct buf from = BUF_INIT;
	CLEANUP(buf_release) struct buf to = BUF_INIT;
	int rc;

	buf_putf(&from, TENTACLES_DIR "/%.*s", SPAN_ARG(name));
	away_path(name, &to);
	remove_tree(s->vfs, to.p, 0); /* of nobody: its name is taken by what is there */
	rc = s->vfs->rename(s->vfs->ctx, from.p, to.p);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = s->vfs->sync_dir(s->vfs->ctx, TENTACLES_DIR);
	if (rc < 0)
		return err_set(e, -SK_EIO, "cannot move %s aside: %s: nothing was removed", from.p,
			       strerror(-rc));
	return 0;
}

void tentacle_settle_away(struct goal_store *s, const char *entry)
{
	CLEANUP(buf_release) struct buf away = BUF_INIT;
	CLEANUP(buf_release) struct buf back = BUF_INIT;
	struct span name = span_of(entry + strlen(AWAY_PREFIX));

	away_path(name, &away);
	if (!goals_tentacle(&s->st.goals, name)) {
		remove_tree(s->vfs, away.p, 0);
		return;
	}
	if (tentacle_folder_there(s, name))
		return;
	buf_putf(&back, TENTACLES_DIR "/%.*s", SPAN_ARG(name));
	s->vfs->rename(s->vfs->ctx, away.p, back.p);
}
