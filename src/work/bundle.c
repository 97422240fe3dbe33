/*
 * Only the beginning of each source is taken: an agent has to read all of it before it does
 * anything. Nothing is synced: after a power cut the bundle is made again.
 */
#include "work/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"
#include "core/todo.h"
#include "os/fd.h"
#include "work/goal_store_impl.h"
#include "work/tentacle_dir.h"

struct part {
	const char *file, *key;
	struct buf text;
	bool populated;
};

enum { BRIEFING, INSTRUCTIONS, SKILLS, METADATA, GOAL_CONTEXT, RECALL, PART_COUNT };

struct bundle {
	const struct goal_store *s;
	const struct tentacle *t;
	int64_t now_ms;
	struct vfs root; /* on the root of the repository */
	struct part parts[PART_COUNT];
};

/* Appends the beginning of a file below the root, cut between characters. Returns whether there was
 * anything. */
static bool put_beginning(struct bundle *b, const char *path, size_t max, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int handle = b->root.open_read(b->root.ctx, path);
	int64_t got;
	size_t len;

	if (handle < 0)
		return false;
	buf_reserve(&text, max + 4);
	got = b->root.read_at(b->root.ctx, handle, 0, text.p, max + 4);
	b->root.close(b->root.ctx, handle);
	if (got <= 0)
		return false;
	for (len = 0; len < max && len < (size_t)got;) {
		size_t one = utf8_len(text.p + len, (size_t)got - len);

		if (!one || !text.p[len])
			break;
		len += one;
	}
	if (!len)
		return false;
	buf_putf(out, "## %s\n\n%.*s\n", path, (int)len, text.p);
	if ((size_t)got > len)
		buf_puts(out, "\n(only its beginning)\n");
	buf_putc(out, '\n');
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The beginnings of `<folder>/<entry><behind>` for every entry that fits, in order of their names.
 */
static bool put_folder(struct bundle *b, const char *folder, const char *behind, bool markdown,
		       size_t max, struct buf *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	const char *sorted[BUNDLE_FILES_MAX];
	size_t count = 0;
	bool any = false;

	if (b->root.list(b->root.ctx, folder, &names) < 0)
		return false;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		size_t len = strlen(names.p + at);

		if (count == BUNDLE_FILES_MAX || names.p[at] == '.')
			continue;
		if (!markdown || (len > 3 && strcmp(names.p + at + len - 3, ".md") == 0))
			sorted[count++] = names.p + at;
	}
	for (size_t i = 1; i < count; i++) /* they are few */
		for (size_t k = i; k > 0 && by_name(&sorted[k - 1], &sorted[k]) > 0; k--) {
			const char *swap = sorted[k];

			sorted[k] = sorted[k - 1];
			sorted[k - 1] = swap;
		}
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		buf_putf(&path, "%s/%s%s", folder, sorted[i], behind);
		any |= put_beginning(b, path.p, max, out);
	}
	return any;
}

static void gather_instructions(struct bundle *b, struct part *part)
{
	static const char *const files[] = { ".github/copilot-instructions.md", "CLAUDE.md",
					     "AGENTS.md" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		part->populated |=
			put_beginning(b, files[i], BUNDLE_INSTRUCTIONS_BYTES, &part->text);
	part->populated |= put_folder(b, ".github/instructions", "", true,
				      BUNDLE_INSTRUCTIONS_BYTES / 2, &part->text);
}

static void gather_metadata(struct bundle *b, struct part *part)
{
	CLEANUP(buf_release) struct buf handoff = BUF_INIT;
	struct buf *out = &part->text;
	struct err ignored = ERR_INIT;

	buf_puts(out, "# Record\n\n```json\n");
	doc_encode(&tentacle_type, b->t, DOC_PEOPLE, out);
	buf_puts(out, "\n```\n\n# Context\n\n");
	context_read(b->s, b->t, out, &ignored);
	buf_putf(out, "\n%.*s\n", SPAN_ARG(b->t->todo));
	if (tentacle_read(b->s, b->t->name, HANDOFF_FILE, HANDOFF_BYTES_MAX, &handoff, &ignored) >
	    0)
		buf_putf(out, "%.*s", (int)handoff.len, handoff.p);
	part->populated = true;
}

static void gather_goal(struct bundle *b, struct part *part)
{
	const struct goals *all = goal_store_goals(b->s);
	const struct goal *g = b->t->goal_id.len ? goals_find(all, b->t->goal_id) : NULL;
	const struct criterion *criteria;

	if (!g)
		return;
	part->populated = true;
	buf_putf(&part->text, "# %.*s\n\n%.*s\n\nStatus: %s, iteration %llu.\n", SPAN_ARG(g->title),
		 SPAN_ARG(g->description), goal_state_word(g->status),
		 (unsigned long long)g->iteration);
	criteria = g->criteria.v;
	for (size_t i = 0; i < g->criteria.count; i++)
		buf_putf(&part->text, "%s- %.*s: %.*s (%s)\n", i ? "" : "\n## Criteria\n\n",
			 SPAN_ARG(criteria[i].id), SPAN_ARG(criteria[i].description),
			 criterion_words[criteria[i].status]);
}

static void put_time(struct buf *out, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	when_encode(ms, text);
	buf_putc(out, '"');
	buf_put(out, text, sizeof(text));
	buf_putc(out, '"');
}

static void gather_recall(struct bundle *b, struct part *part)
{
	buf_puts(&part->text, "{\"schema_version\": \"1.0.0\", \"tentacle\": ");
	buf_put_json(&part->text, b->t->name);
	buf_puts(&part->text, ", \"created_at\": ");
	put_time(&part->text, b->now_ms);
	buf_puts(&part->text, ", \"source_mode\": null}\n");
}

static void gather(struct bundle *b)
{
	struct part *parts = b->parts;

	parts[BRIEFING] = (struct part){ "briefing.md", "briefing", BUF_INIT, false };
	parts[INSTRUCTIONS] = (struct part){ "instructions.md", "instructions", BUF_INIT, false };
	parts[SKILLS] = (struct part){ "skills.md", "skills", BUF_INIT, false };
	parts[METADATA] =
		(struct part){ "session-metadata.md", "session_metadata", BUF_INIT, false };
	parts[GOAL_CONTEXT] = (struct part){ "goal-context.md", "goal_context", BUF_INIT, false };
	parts[RECALL] = (struct part){ "recall-pack.json", "recall_pack", BUF_INIT, false };
	gather_instructions(b, &parts[INSTRUCTIONS]);
	parts[SKILLS].populated = put_folder(b, ".github/skills", "/SKILL.md", false,
					     BUNDLE_SKILL_BYTES, &parts[SKILLS].text);
	gather_metadata(b, &parts[METADATA]);
	gather_goal(b, &parts[GOAL_CONTEXT]);
	gather_recall(b, &parts[RECALL]);
	if (!parts[INSTRUCTIONS].populated)
		buf_puts(&parts[INSTRUCTIONS].text, "This repository has no instructions.\n");
	if (!parts[SKILLS].populated)
		buf_puts(&parts[SKILLS].text, "This repository describes no skills.\n");
	if (!parts[GOAL_CONTEXT].populated)
		buf_puts(&parts[GOAL_CONTEXT].text, "It is linked to no goal.\n");
	buf_puts(&parts[BRIEFING].text,
		 "There is no knowledge base here yet: nothing was recalled.\n");
}

static int write_file(const struct bundle *b, const char *file, const struct buf *text,
		      struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf temp = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(b->s);
	int handle, rc;

	tentacle_path(b->t->name, BUNDLE_DIR "/", &path);
	buf_puts(&path, file);
	buf_putf(&temp, "%s.tmp", path.p);
	vfs->remove(vfs->ctx, temp.p);
	handle = vfs->open_append(vfs->ctx, temp.p, true);
	rc = handle;
	if (handle >= 0) {
		rc = vfs->append(vfs->ctx, handle, text->p, text->len);
		vfs->close(vfs->ctx, handle);
	}
	if (rc >= 0)
		rc = vfs->rename(vfs->ctx, temp.p, path.p);
	if (rc < 0)
		return err_set(e, -SK_EIO, "cannot write %s: %s: there is no whole bundle", path.p,
			       strerror(-rc));
	return 0;
}

static void put_manifest(const struct bundle *b, struct buf *out)
{
	const struct tentacle_worktree *w = &b->t->worktree;

	buf_puts(out, "{\n  \"schema_version\": \"1.0.0\",\n  \"tentacle\": ");
	buf_put_json(out, b->t->name);
	buf_puts(out, ",\n  \"created_at\": ");
	put_time(out, b->now_ms);
	if (w->prepared && w->path.len) {
		buf_puts(out, ",\n  \"worktree_path\": ");
		buf_put_json(out, w->path);
	}
	buf_puts(out, ",\n  \"artifacts\": {");
	for (size_t i = 0; i < PART_COUNT; i++)
		buf_putf(out, "%s\n    \"%s\": {\"file\": \"%s\", \"populated\": %s}", i ? "," : "",
			 b->parts[i].key, b->parts[i].file,
			 b->parts[i].populated ? "true" : "false");
	buf_puts(out, "\n  }\n}\n");
}

static int write_all(const struct bundle *b, struct err *e)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	CLEANUP(buf_release) struct buf manifest = BUF_INIT;
	const struct vfs *vfs = goal_store_vfs(b->s);
	int rc = 0;

	tentacle_path(b->t->name, BUNDLE_DIR, &folder);
	vfs->mkdir(vfs->ctx, folder.p);
	for (size_t i = 0; rc == 0 && i < PART_COUNT; i++)
		rc = write_file(b, b->parts[i].file, &b->parts[i].text, e);
	put_manifest(b, &manifest);
	return rc < 0 ? rc : write_file(b, "manifest.json", &manifest, e);
}

int bundle_make(const struct goal_store *s, const struct tentacle *t, int64_t now_ms, struct err *e)
{
	struct bundle b = { .s = s, .t = t, .now_ms = now_ms };
	CLEANUP(fd_close)
	int fd = open(goal_store_root(s), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(e, -SK_EIO, "cannot read %s: %s: there is no bundle",
			       goal_store_root(s), strerror(errno));
	vfs_real_open(&b.root, fd);
	gather(&b);
	rc = write_all(&b, e);
	for (size_t i = 0; i < PART_COUNT; i++)
		buf_release(&b.parts[i].text);
	vfs_real_close(&b.root);
	return rc;
}
