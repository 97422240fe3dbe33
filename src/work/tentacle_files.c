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

static const char *const tentacle_files[LOOKED_FILES] = { META_FILE, TODO_FILE, HANDOFF_FILE };

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

static void identify(const struct goal_store *s, struct span name,
		     struct file_identity out[LOOKED_FILES])
{
	char path[160];

	for (size_t i = 0; i < LOOKED_FILES; i++) {
		path_of(name, tentacle_files[i], path);
		file_identify(s->vfs, path, &out[i]);
	}
}

static void note_read(struct goal_store *s, struct span name)
{
	struct looked_at *r;

	mem_grow(&s->read, &s->read_capacity, s->read_count + 1, sizeof(*s->read));
	r = &s->read[s->read_count];
	r->name = span_dup(name);
	identify(s, name, r->was);
	map_put(&s->read_names, span_of(r->name), (uint32_t)s->read_count++);
}

/* Before anything is read of it: what a deletion that was cut short took aside is brought back. */
static void bring_back(struct goal_store *s, struct span name)
{
	CLEANUP(buf_release) struct buf entry = BUF_INIT;

	if (!(s->flags & GOALS_WRITE) || tentacle_folder_there(s, name))
		return;
	buf_putf(&entry, AWAY_PREFIX "%.*s", SPAN_ARG(name));
	tentacle_settle_away(s, entry.p);
}

static void folder_of(struct span name, char out[160])
{
	snprintf(out, 160, TENTACLES_DIR "/%.*s", SPAN_ARG(name));
}

/* Under which its folder stands in the note: no name of a tentacle has a slash. */
static struct span folder_mark(struct span name, char out[160])
{
	snprintf(out, 160, "%.*s/", SPAN_ARG(name));
	return span_of(out);
}

/*
 * Whether somebody removed its folder: it was there, which the note knows of this boot. A command
 * that was killed, or a power cut, may also leave one without a folder; that is none of these, and
 * the next command makes it.
 */
static bool folder_gone(struct goal_store *s, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf away = BUF_INIT;
	char mark[160];
	struct vfs_stat st;

	if (!s->looked || s->flags & (GOALS_FROM_FILES | GOALS_FROM_JOURNAL | GOALS_GONE) ||
	    tentacle_folder_there(s, t->name))
		return false;
	buf_putf(&away, TENTACLES_DIR "/" AWAY_PREFIX "%.*s", SPAN_ARG(t->name));
	return looked_noted(s->looked, folder_mark(t->name, mark), t->changed_seq) &&
	       s->vfs->stat(s->vfs->ctx, away.p, &st) < 0;
}

/* Its folder is there by now. */
static void note_folder(struct goal_store *s, const struct tentacle *t)
{
	static const struct file_identity nothing[LOOKED_FILES];
	char mark[160];
	struct span name = folder_mark(t->name, mark);

	if (s->looked && !looked_noted(s->looked, name, t->changed_seq))
		looked_put(s->looked, name, s->st.last_seq, nothing);
}

static bool tell_gone(struct goal_store *s, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char folder[160];

	if (!folder_gone(s, t))
		return false;
	folder_of(t->name, folder);
	buf_putf(&text, "%s: its folder is gone", folder);
	problem_note(s, folder, t->name, true, false, text.p);
	s->problems[s->problem_count - 1].gone = true;
	return true;
}

/* Adopting changes it in place, so it stays where it is. */
static int read_files(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	int rc;

	if (map_find(&s->read_names, t->name) != MAP_NONE)
		return 0;
	bring_back(s, t->name);
	note_read(s, t->name);
	if (tell_gone(s, t))
		return 0;
	rc = look_at_meta(s, t, e);
	look_at_todo(s, t);
	handoff_file_look(s, t);
	return rc;
}

/* Whether the files are those that were found in line once, and nothing was recorded since. */
static bool in_line(const struct goal_store *s, const struct tentacle *t)
{
	struct file_identity now[LOOKED_FILES];

	if (!s->looked || !looked_noted(s->looked, t->name, t->changed_seq))
		return false;
	identify(s, t->name, now);
	return looked_same(s->looked, t->name, t->changed_seq, now);
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
	if (seen_find(s, path))
		return 0;
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

static int look_if_needed(struct goal_store *s, struct span name, struct err *e)
{
	const struct tentacle *t = name.len ? goals_tentacle(&s->st.goals, name) : NULL;

	return t && !in_line(s, t) ? read_files(s, t, e) : 0;
}

/* Folders that no tentacle belongs to: found by hand, or left by a deletion that a crash cut short.
 * None of them can be there when the folder of all is as it was when there was none. */
static int look_at_strangers(struct goal_store *s, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct file_identity all[LOOKED_FILES] = { { .device = 0 } };
	bool none = true;
	int rc = 0;

	file_identify(s->vfs, TENTACLES_DIR, &all[0]);
	if (s->looked && looked_same(s->looked, SPAN_LIT(""), 0, all))
		return 0;
	if (s->vfs->list(s->vfs->ctx, TENTACLES_DIR, &names) < 0)
		return 0;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		if (s->flags & GOALS_WRITE && span_starts(span_of(names.p + at), AWAY_PREFIX))
			tentacle_settle_away(s, names.p + at);
	for (size_t at = 0; rc == 0 && at < names.len; at += strlen(names.p + at) + 1) {
		struct span name = span_of(names.p + at);

		if (goals_tentacle(&s->st.goals, name))
			continue;
		none = false;
		rc = look_at_stranger(s, name, e);
	}
	if (none && s->looked)
		looked_put(s->looked, SPAN_LIT(""), s->st.last_seq, all);
	return rc;
}

/* Its children end it, and it ends those above. */
static int look_above(struct goal_store *s, struct span name, struct err *e)
{
	const struct tentacle *t;
	int rc = 0;

	for (int i = 0; i <= TENTACLE_PARENTS_MAX && (t = goals_tentacle(&s->st.goals, name));
	     i++) {
		for (size_t k = 0; rc == 0 && k < t->children.count; k++)
			rc = look_if_needed(s, t->children.v[k], e);
		name = t->parent;
		if (!name.len || rc < 0)
			break;
		rc = look_if_needed(s, name, e);
	}
	return rc;
}

int tentacle_look(struct goal_store *s, struct span name, struct err *e)
{
	const struct tentacle *t = goals_tentacle(&s->st.goals, name);
	int rc;

	/* All folders of nobody, in the order in which a command about all takes them in: what one
	   names decides whether another is usable, and its name may be meant. */
	if (!t)
		return look_at_strangers(s, e);
	rc = read_files(s, t, e);
	for (size_t i = 0; rc == 0 && i < t->todo_deps.count; i++)
		rc = look_if_needed(s, t->todo_deps.v[i], e);
	return rc == 0 ? look_above(s, t->name, e) : rc;
}

/* Those whose files are not known to be in line: written a moment ago, or by a command that was
 * killed, or before the machine was started. Begins at another place each time, for a file that
 * nobody can use stays unknown. */
static int look_at_some(struct goal_store *s, struct err *e)
{
	size_t count = s->st.goals.tentacle_count, left = LOOKED_BESIDE_MAX;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count && left; i++) {
		const struct tentacle *t = &s->st.goals.tentacles[(s->st.last_seq + i) % count];

		if (s->looked && looked_noted(s->looked, t->name, t->changed_seq))
			continue;
		rc = read_files(s, t, e);
		left--;
	}
	return rc;
}

int tentacle_files_look(struct goal_store *s, struct err *e)
{
	size_t known = s->st.goals.tentacle_count;
	bool all = !(s->flags & GOALS_NAMED) || (s->looked && looked_ahead(s->looked));
	int rc = 0;

	for (size_t i = 0; all && rc == 0 && i < known; i++)
		rc = look_if_needed(s, s->st.goals.tentacles[i].name, e);
	if (!all && s->flags & GOALS_WRITE)
		rc = look_at_some(s, e);
	return rc == 0 && (all || s->flags & GOALS_WRITE) ? look_at_strangers(s, e) : rc;
}

void tentacle_files_prune(struct goal_store *s)
{
	const struct goals *all = &s->st.goals;

	for (size_t i = 0; s->looked && i < all->tentacle_count; i++)
		looked_prune(s->looked, all->tentacles[i].name, all->tentacles[i].changed_seq);
	if (s->looked)
		looked_save(s->looked);
}

void tentacle_files_release(struct goal_store *s)
{
	for (size_t i = 0; i < s->read_count; i++)
		mem_free(&s->read[i].name);
	mem_free(&s->read);
	map_release(&s->read_names);
	looked_free(s->looked);
	s->looked = NULL;
}

static bool write_meta(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[160];

	path_of(t->name, META_FILE, path);
	doc_encode(&tentacle_type, t, DOC_PEOPLE, &text);
	doc_file_seal(&text, s->st.last_seq);
	return file_write(s, path, &text, true, e);
}

static bool write_todo(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[160], folder[160];
	bool same;

	path_of(t->name, TODO_FILE, path);
	buf_put(&text, t->todo.p, t->todo.len);
	same = file_write(s, path, &text, false, e);
	if (text.p) /* nothing was written */
		return same;
	/* Its only memory of other versions is that of the one before: the name must be durable. */
	folder_of(t->name, folder);
	s->vfs->sync_dir(s->vfs->ctx, folder);
	return false;
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

/*
 * Whether the files of one that nobody read may be written: where there are none, and where they
 * are as we noted them, of whatever state. Otherwise they are left to the next command that looks
 * at it: somebody may have edited them.
 */
static bool may_write(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	static const int64_t most[LOOKED_FILES] = { GOAL_FILE_BYTES_MAX, TODO_BYTES_MAX,
						    HANDOFF_BYTES_MAX };
	struct file_identity now[LOOKED_FILES];
	char path[160];

	path_of(t->name, META_FILE, path);
	if (seen_find(s, path))
		return true; /* found without a record of it, and taken in */
	identify(s, t->name, now);
	if (!now[0].file_id && !now[1].file_id && !now[2].file_id)
		return !folder_gone(s, t);
	if (!s->looked || !looked_same(s->looked, t->name, 0, now))
		return false;
	for (size_t i = 0; i < LOOKED_FILES; i++) {
		path_of(t->name, tentacle_files[i], path);
		if (doc_file_read(s->vfs, path, most[i], &seen_add(s, path)->file, e) < 0)
			return false;
	}
	return true;
}

static bool write_files(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	char folder[160];
	bool same;

	folder_of(t->name, folder);
	if (problem_about(s, folder))
		return false; /* gone: made again when somebody says so */
	path_of(t->name, META_FILE, folder);
	if (!seen_find(s, folder) || seen_find(s, folder)->file.found == DOC_FILE_NONE) {
		s->vfs->mkdir(s->vfs->ctx, TENTACLES_DIR);
		folder_of(t->name, folder);
		s->vfs->mkdir(s->vfs->ctx, folder);
	}
	note_folder(s, t);
	same = write_meta(s, t, e);
	same = write_todo(s, t, e) && same;
	return handoff_file_write(s, t, e) && same;
}

void tentacle_files_write(struct goal_store *s, struct err *e)
{
	remove_deleted(s);
	for (size_t i = 0; i < s->st.goals.tentacle_count; i++) {
		const struct tentacle *t = &s->st.goals.tentacles[i];
		uint32_t read = map_find(&s->read_names, t->name);

		if (read == MAP_NONE && (t->changed_seq <= s->written_seq || !may_write(s, t, e)))
			continue;
		if (write_files(s, t, e) && read != MAP_NONE && s->looked)
			looked_put(s->looked, t->name, s->st.last_seq, s->read[read].was);
	}
	s->written_seq = s->st.last_seq;
}
