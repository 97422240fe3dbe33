/*
 * The files of one tentacle. meta.json is a document like goal.json. todo.md is text that belongs
 * to people and agents: whatever is written there is taken in, unless it is the version before
 * ours, which a power cut may have brought back.
 */
#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "core/goal_edit.h"
#include "work/goal_store_impl.h"
#include "work/tentacle_dir.h"

static void path_of(struct span name, const char *file, char out[160])
{
	snprintf(out, 160, TENTACLES_DIR "/%.*s/%s", SPAN_ARG(name), file);
}

void retry_entry_encode(const struct tentacle *t, struct buf *out)
{
	buf_puts(out, "{\"tentacle\":");
	buf_put_json(out, t->name);
	doc_encode_members(&parked_type, &t->parked, DOC_COMPACT, false, out);
	buf_putc(out, '}');
}

static int look_at_meta(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	struct err problem = ERR_INIT;
	struct tentacle edited = *t;
	struct seen_file *seen;
	char path[160];
	struct span text;
	bool stale;

	path_of(t->name, META_FILE, path);
	seen = seen_add(s, path);
	if (doc_file_read(s->vfs, path, GOAL_FILE_BYTES_MAX, &seen->file, &problem) < 0) {
		problem_note(s, path, t->name, true, false, problem.text);
		return 0;
	}
	if (file_loss(s, seen, e) < 0)
		return e ? e->code : -SK_ECORRUPT;
	if (seen->file.found != DOC_FILE_EDITED)
		return 0;
	text = (struct span){ seen->file.text.p, seen->file.text.len };
	if (doc_file_decode(path, text, &tentacle_type, DOC_FILE, goal_arena(&s->turn), &edited,
			    &problem) < 0) {
		problem_note(s, path, t->name, true, false, problem.text);
		return 0;
	}
	stale = edit_stale(text, t->updated_ms);
	if (!stale && doc_file_touched(path, text, &tentacle_type, t, &problem)) {
		problem_note(s, path, t->name, true, false, problem.text);
		return 0;
	}
	if (!doc_differs(&tentacle_type, t, &edited))
		return 0; /* taken in by a command that died before it wrote the file */
	if (stale) {
		snprintf(problem.text, sizeof(problem.text),
			 "%s was edited meanwhile from an older version: nothing was overwritten",
			 path);
		problem_note(s, path, t->name, true, true, problem.text);
		return 0;
	}
	buf_truncate(&s->why, 0);
	if (tentacle_adopt(&s->turn, t, &edited) < 0)
		edit_refused(s, path, text, t->name, true);
	return 0;
}

static void hash_text(struct span text, char out[17])
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;

	buf_put_hex64(&hex, hash64(text.p, text.len, 0));
	memcpy(out, hex.p, 17);
}

static void look_at_todo(struct goal_store *s, const struct tentacle *t)
{
	struct err problem = ERR_INIT;
	struct seen_file *seen;
	char path[160], hash[17];
	struct span text;

	path_of(t->name, TODO_FILE, path);
	seen = seen_add(s, path);
	if (doc_file_read(s->vfs, path, TODO_BYTES_MAX, &seen->file, &problem) < 0) {
		problem_note(s, path, t->name, true, false, problem.text);
		return;
	}
	text = (struct span){ seen->file.text.p, seen->file.text.len };
	if (seen->file.found == DOC_FILE_NONE || span_eq(text, t->todo))
		return;
	hash_text(text, hash);
	if (span_is(t->todo_was, hash))
		return; /* written again behind the next commit */
	if (!text_plain(text)) {
		snprintf(problem.text, sizeof(problem.text), "%s: is not UTF-8 text", path);
		problem_note(s, path, t->name, true, false, problem.text);
		return;
	}
	hash_text(t->todo, hash);
	tentacle_adopt_todo(&s->turn, t, text, turn_copy(&s->turn, span_of(hash)));
}

/* A folder with a meta.json that the journal does not know. */
static int look_at_stranger(struct goal_store *s, struct span name, struct err *e)
{
	struct err problem = ERR_INIT;
	struct tentacle found;
	struct seen_file *seen;
	char path[160];

	if (name_problem(name) || goals_tentacle(&s->st.goals, name))
		return 0;
	path_of(name, META_FILE, path);
	seen = seen_add(s, path);
	doc_clear(&tentacle_type, &found);
	if (doc_file_read(s->vfs, path, GOAL_FILE_BYTES_MAX, &seen->file, &problem) == 0 &&
	    seen->file.found == DOC_FILE_NONE)
		return 0;
	if (!problem.code) {
		int rc = file_loss(s, seen, e);

		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (!problem.code)
		doc_file_decode(path, (struct span){ seen->file.text.p, seen->file.text.len },
				&tentacle_type, DOC_IMPORT, goal_arena(&s->turn), &found, &problem);
	if (problem.code) {
		problem_note(s, path, name, true, false, problem.text);
		return 0;
	}
	found.name = name;
	buf_truncate(&s->why, 0);
	if (tentacle_import(&s->turn, &found) < 0) {
		edit_refused(s, path, (struct span){ seen->file.text.p, seen->file.text.len }, name,
			     true);
		return 0;
	}
	look_at_todo(s, goals_tentacle(&s->st.goals, name));
	handoff_file_look(s, goals_tentacle(&s->st.goals, name));
	return 0;
}

/* What a deletion left that a crash cut short. */
static void settle_deletions(struct goal_store *s, const struct buf *names)
{
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		if (s->flags & GOALS_WRITE && span_starts(span_of(names->p + at), AWAY_PREFIX))
			tentacle_settle_away(s, names->p + at);
}

int tentacle_files_look(struct goal_store *s, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t known = s->st.goals.tentacle_count;
	int listed = s->vfs->list(s->vfs->ctx, TENTACLES_DIR, &names);

	int rc = 0;

	settle_deletions(s, &names);
	for (size_t i = 0; i < known && rc == 0; i++) {
		rc = look_at_meta(s, &s->st.goals.tentacles[i], e);
		look_at_todo(s, &s->st.goals.tentacles[i]);
		handoff_file_look(s, &s->st.goals.tentacles[i]);
	}
	for (size_t at = 0; rc == 0 && listed >= 0 && at < names.len;
	     at += strlen(names.p + at) + 1)
		rc = look_at_stranger(s, span_of(names.p + at), e);
	return rc;
}

static void write_meta(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[160];

	path_of(t->name, META_FILE, path);
	doc_encode(&tentacle_type, t, DOC_PEOPLE, &text);
	doc_file_seal(&text, s->st.last_seq);
	file_write(s, path, &text, true, e);
}

static void write_todo(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[160], folder[160];

	path_of(t->name, TODO_FILE, path);
	buf_put(&text, t->todo.p, t->todo.len);
	file_write(s, path, &text, false, e);
	if (text.p) /* nothing was written */
		return;
	/* Its only memory of other versions is that of the one before: the name must be durable. */
	snprintf(folder, sizeof(folder), TENTACLES_DIR "/%.*s", SPAN_ARG(t->name));
	s->vfs->sync_dir(s->vfs->ctx, folder);
}

/* The folders of those that this turn deleted are out of the way already. */
static void remove_deleted(struct goal_store *s)
{
	for (size_t i = 0; i < s->batch.count; i++) {
		CLEANUP(buf_release) struct buf entry = BUF_INIT;

		if (s->batch.v[i].kind != EV_TENTACLE_DELETED)
			continue;
		buf_putf(&entry, AWAY_PREFIX "%.*s", SPAN_ARG(s->batch.v[i].tentacle_id));
		tentacle_settle_away(s, entry.p);
	}
}

void tentacle_files_write(struct goal_store *s, struct err *e)
{
	remove_deleted(s);
	for (size_t i = 0; i < s->st.goals.tentacle_count; i++) {
		const struct tentacle *t = &s->st.goals.tentacles[i];
		char folder[160];

		path_of(t->name, META_FILE, folder);
		if (!seen_find(s, folder) || seen_find(s, folder)->file.found == DOC_FILE_NONE) {
			s->vfs->mkdir(s->vfs->ctx, TENTACLES_DIR);
			snprintf(folder, sizeof(folder), TENTACLES_DIR "/%.*s", SPAN_ARG(t->name));
			s->vfs->mkdir(s->vfs->ctx, folder);
		}
		write_meta(s, t, e);
		write_todo(s, t, e);
		handoff_file_write(s, t, e);
	}
}
