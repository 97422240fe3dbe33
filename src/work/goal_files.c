/*
 * goal.json and its like: written for people and other programs behind each commit, and read before
 * each turn for what those changed. See goal_store.h for what an edit may do.
 */
#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "core/goal_edit.h"
#include "work/goal_store_impl.h"

struct seen_file *seen_find(const struct goal_store *s, const char *path)
{
	uint32_t at = map_find(&s->seen_paths, span_of(path));

	return at == MAP_NONE ? NULL : &s->seen[at];
}

struct seen_file *seen_add(struct goal_store *s, const char *path)
{
	struct seen_file *found = seen_find(s, path);

	if (found)
		return found;
	mem_grow(&s->seen, &s->seen_capacity, s->seen_count + 1, sizeof(*s->seen));
	found = &s->seen[s->seen_count];
	*found = (struct seen_file){ .path = mem_strdup(path) };
	map_put(&s->seen_paths, span_of(found->path), (uint32_t)s->seen_count++);
	return found;
}

void problem_note(struct goal_store *s, const char *path, struct span subject, bool tentacle,
		  bool stale, const char *text)
{
	struct goal_file_problem *p;

	mem_grow(&s->problems, &s->problem_capacity, s->problem_count + 1, sizeof(*p));
	p = &s->problems[s->problem_count++];
	*p = (struct goal_file_problem){ .path = mem_strdup(path),
					 .subject = span_dup(subject),
					 .text = mem_strdup(text),
					 .tentacle = tentacle,
					 .stale = stale };
	p->known = tentacle ? goals_tentacle(&s->st.goals, subject) != NULL
			    : subject.len && goals_find(&s->st.goals, subject) != NULL;
}

bool problem_about(const struct goal_store *s, const char *path)
{
	for (size_t i = 0; i < s->problem_count; i++)
		if (strcmp(s->problems[i].path, path) == 0)
			return true;
	return false;
}

static void problems_empty(struct goal_store *s)
{
	for (size_t i = 0; i < s->problem_count; i++) {
		mem_free(&s->problems[i].path);
		mem_free(&s->problems[i].subject);
		mem_free(&s->problems[i].text);
	}
	s->problem_count = 0;
}

void goal_files_release(struct goal_store *s)
{
	problems_empty(s);
	mem_free(&s->problems);
	for (size_t i = 0; i < s->seen_count; i++) {
		mem_free(&s->seen[i].path);
		doc_file_release(&s->seen[i].file);
	}
	mem_free(&s->seen);
	map_release(&s->seen_paths);
	tentacle_files_release(s);
}

bool edit_stale(struct span text, int64_t updated_ms)
{
	struct scan_text key, value;
	int64_t at_ms = updated_ms;
	struct scan s;

	scan_init(&s, text);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "updated_at") && scan_peek(&s) == '"') {
			scan_string(&s, &value);
			if (!s.error && when_decode(value.raw, &at_ms) < 0)
				at_ms = updated_ms; /* told by another program: no proof */
		} else {
			scan_skip(&s, NULL);
		}
	}
	return at_ms != updated_ms;
}

bool doc_differs(const struct doc_type *type, const void *was, const void *now)
{
	CLEANUP(buf_release) struct buf difference = BUF_INIT;

	return doc_diff(type, was, now, &difference);
}

static void goal_path(const struct goal_store *s, const struct goal *g, char out[96])
{
	if (span_eq(s->st.goals.chosen, g->id))
		snprintf(out, 96, "%s", GOAL_FILE);
	else
		snprintf(out, 96, GOALS_DIR "/%.*s.json", SPAN_ARG(g->id));
}

static void stale_words(char out[ERR_TEXT_MAX], const char *path, const struct goal *now)
{
	snprintf(out, ERR_TEXT_MAX,
		 "%s was edited meanwhile from an older version (the goal is at iteration %llu by "
		 "now): nothing was overwritten",
		 path, (unsigned long long)now->iteration);
}

void edit_refused(struct goal_store *s, const char *path, struct span text, struct span subject,
		  bool tentacle)
{
	struct err problem = ERR_INIT;

	doc_file_refused(path, text, (struct span){ s->why.p, s->why.len }, &problem);
	problem_note(s, path, subject, tentacle, false, problem.text);
	buf_truncate(&s->why, 0);
}

/* Takes in what the file says of a goal that the journal knows. */
static void look_at_edit(struct goal_store *s, const char *path, struct span text,
			 const struct goal *was)
{
	struct goal edited = *was;
	struct err problem = ERR_INIT;
	bool stale;

	if (doc_file_decode(path, text, &goal_type, DOC_FILE, goal_arena(&s->turn), &edited,
			    &problem) < 0) {
		problem_note(s, path, was->id, false, false, problem.text);
		return;
	}
	stale = edit_stale(text, was->updated_ms);
	if (!stale && doc_file_touched(path, text, &goal_type, was, &problem)) {
		problem_note(s, path, was->id, false, false, problem.text);
		return;
	}
	if (!doc_differs(&goal_type, was, &edited))
		return; /* taken in by a command that died before it wrote the file */
	if (stale) {
		stale_words(problem.text, path, was);
		problem_note(s, path, was->id, false, true, problem.text);
		return;
	}
	buf_truncate(&s->why, 0);
	if (goal_adopt(&s->turn, was, &edited) < 0)
		edit_refused(s, path, text, was->id, false);
}

static int look_at_goal(struct goal_store *s, const struct goal *g, struct err *e)
{
	struct err problem = ERR_INIT;
	struct seen_file *seen;
	char path[96];

	goal_path(s, g, path);
	seen = seen_add(s, path);
	if (doc_file_read(s->vfs, path, GOAL_FILE_BYTES_MAX, &seen->file, &problem) < 0) {
		problem_note(s, path, g->id, false, false, problem.text);
		return 0;
	}
	if (file_loss(s, seen, e) < 0)
		return e ? e->code : -SK_ECORRUPT;
	if (seen->file.found == DOC_FILE_EDITED)
		look_at_edit(s, path, (struct span){ seen->file.text.p, seen->file.text.len }, g);
	return 0;
}

/* A UUID of what the file says: whoever only looks at it sees the same goal each time. */
static struct span id_from(struct goal_store *s, struct span text)
{
	uint64_t high = hash64(text.p, text.len, 1), low = hash64(text.p, text.len, 2);

	return turn_text(
		&s->turn, "%08llx-%04llx-4%03llx-8%03llx-%012llx", (unsigned long long)(high >> 32),
		(unsigned long long)(high >> 16 & 0xffff), (unsigned long long)(high & 0xfff),
		(unsigned long long)(low >> 52), (unsigned long long)(low & 0xffffffffffff));
}

/* An earlier program had a status of its own for a goal that is over its budget. */
static void put_known_status(struct span text, struct buf *out)
{
	const struct span old = SPAN_LIT("\"budget_limited\"");
	size_t at;
	bool is = doc_place(text, SPAN_LIT("status"), &at) && text.len - at > old.len &&
		  memcmp(text.p + at, old.p, old.len) == 0;

	if (!is) {
		buf_put(out, text.p, text.len);
		return;
	}
	buf_put(out, text.p, at);
	buf_puts(out, "\"needs-human\"");
	buf_put(out, text.p + at + old.len, text.len - at - old.len);
}

/* Reads one that no journal knows. False: there is none, or it is a problem, which is noted. */
static bool read_stranger(struct goal_store *s, const char *path, struct seen_file *seen,
			  struct goal *found)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err problem = ERR_INIT;
	struct span raw = { seen->file.text.p, seen->file.text.len };

	doc_clear(&goal_type, found);
	put_known_status(raw, &text);
	if (doc_file_decode(path, (struct span){ text.p, text.len }, &goal_type, DOC_IMPORT,
			    goal_arena(&s->turn), found, &problem) < 0) {
		problem_note(s, path, SPAN_NONE, false, false, problem.text);
		return false;
	}
	if (found->status == GOAL_NEEDS_HUMAN && !found->needs_human_reason.len)
		found->needs_human_reason = SPAN_LIT("over_budget");
	if (!id_valid(found->id))
		found->id = id_from(s, raw);
	return true;
}

/* A goal's file that no journal knows: of the original, or of a journal that is gone. */
static int look_at_stranger(struct goal_store *s, const char *path, bool choose, struct err *e)
{
	struct err problem = ERR_INIT;
	struct seen_file *seen = seen_add(s, path);
	struct goal found;
	int rc = doc_file_read(s->vfs, path, GOAL_FILE_BYTES_MAX, &seen->file, &problem);

	if (rc < 0) {
		problem_note(s, path, SPAN_NONE, false, false, problem.text);
		return 0;
	}
	rc = seen->file.found == DOC_FILE_NONE ? 1 : file_loss(s, seen, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (!read_stranger(s, path, seen, &found) || goals_find(&s->st.goals, found.id))
		return 0;
	buf_truncate(&s->why, 0);
	if (goal_import(&s->turn, &found) < 0)
		edit_refused(s, path, (struct span){ seen->file.text.p, seen->file.text.len },
			     SPAN_NONE, false);
	else if (choose)
		goal_choose(&s->turn, goals_find(&s->st.goals, found.id), NULL);
	return 0;
}

/* All of them where a journal is begun from the files. */
static int look_at_strangers(struct goal_store *s, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = look_at_stranger(s, GOAL_FILE, true, e);

	if (!(s->flags & GOALS_FROM_FILES) || s->vfs->list(s->vfs->ctx, GOALS_DIR, &names) < 0)
		return rc;
	for (size_t at = 0; at < names.len && rc == 0; at += strlen(names.p + at) + 1) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;
		size_t len = strlen(names.p + at);

		if (len < 6 || strcmp(names.p + at + len - 5, ".json") != 0)
			continue;
		buf_putf(&path, GOALS_DIR "/%s", names.p + at);
		rc = look_at_stranger(s, path.p, false, e);
	}
	return rc;
}

int goal_files_look(struct goal_store *s, struct err *e)
{
	size_t known = s->st.goals.count;
	int rc = 0;

	problems_empty(s);
	for (size_t i = 0; i < known && rc == 0; i++)
		rc = look_at_goal(s, &s->st.goals.v[i], e);
	if (rc == 0 && !known)
		rc = look_at_strangers(s, e);
	if (rc == 0)
		rc = tentacle_files_look(s, e);
	if (rc == 0 && !known && s->st.goals.count)
		retry_queue_import(s);
	return rc;
}

/* What readers of the file expect in it beside the goal's own members. */
static void put_views(const struct goal_store *s, const struct goal *g, struct buf *out)
{
	const struct iteration *all = g->iterations.v;
	CLEANUP(map_release) struct map names = MAP_INIT;
	bool any = false;

	buf_puts(out, ",\n  \"tentacles\": [");
	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < all[i].tentacles.count; k++) {
			struct span name = all[i].tentacles.v[k];

			if (name.len > UINT8_MAX || !map_add(&names, name, 0))
				continue; /* too long: no name of a tentacle */
			buf_puts(out, names.count > 1 ? ", " : "");
			buf_put_json(out, name);
		}
	buf_puts(out, "],\n  \"quota_retry_queue\": [");
	for (size_t i = 0; i < s->st.goals.tentacle_count; i++) {
		const struct tentacle *t = &s->st.goals.tentacles[i];

		if (!t->parked.kind.len || map_find(&names, t->name) == MAP_NONE)
			continue;
		buf_puts(out, any ? ",\n    " : "\n    ");
		any = true;
		retry_entry_encode(t, out);
	}
	buf_puts(out, any ? "\n  ]" : "]");
}

bool file_write(struct goal_store *s, const char *path, struct buf *text, bool sealed,
		struct err *e)
{
	struct seen_file *seen = seen_add(s, path);
	const struct buf *before = seen->file.found == DOC_FILE_NONE ? NULL : &seen->file.text;
	struct err problem = ERR_INIT;
	/* Begun anew: the number of the record that it contains is another, whatever it says. */
	bool anew = s->flags & GOALS_FROM_FILES;
	bool same =
		before && (sealed && !anew ? doc_file_same(before, text)
					   : before->len == text->len &&
						     memcmp(before->p, text->p, text->len) == 0);

	if (problem_about(s, path))
		return false;
	if (same)
		return true;
	if (doc_file_write(s->vfs, path, before, text, &problem) < 0) {
		err_set(e, problem.code, "%s", problem.text);
		return false;
	}
	buf_release(&seen->file.text);
	seen->file.text = *text;
	seen->file.found = DOC_FILE_OURS;
	*text = (struct buf)BUF_INIT;
	return false;
}

static void write_goal(struct goal_store *s, const struct goal *g, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[96];

	goal_path(s, g, path);
	doc_encode(&goal_type, g, DOC_PEOPLE, &text);
	buf_truncate(&text, text.len - 2); /* "\n}" */
	put_views(s, g, &text);
	buf_puts(&text, "\n}");
	doc_file_seal(&text, s->st.last_seq);
	if (strncmp(path, GOALS_DIR "/", sizeof(GOALS_DIR)) == 0)
		s->vfs->mkdir(s->vfs->ctx, GOALS_DIR);
	file_write(s, path, &text, true, e);
}

/* The chosen goal's file beside the others is one that it had before it was chosen. */
static void remove_leftover(struct goal_store *s)
{
	char path[96];

	if (!s->st.goals.chosen.len)
		return;
	snprintf(path, sizeof(path), GOALS_DIR "/%.*s.json", SPAN_ARG(s->st.goals.chosen));
	s->vfs->remove(s->vfs->ctx, path);
}

static void write_queue(struct goal_store *s, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct seen_file *seen = seen_add(s, RETRY_QUEUE_FILE);
	bool any = false;

	if (seen->file.found == DOC_FILE_NONE && !seen->file.text.p)
		doc_file_read(s->vfs, RETRY_QUEUE_FILE, GOAL_FILE_BYTES_MAX, &seen->file, NULL);
	buf_puts(&text, "{\n  \"schema_version\": \"1.0.0\",\n  \"entries\": [");
	for (size_t i = 0; i < s->st.goals.tentacle_count; i++) {
		if (!s->st.goals.tentacles[i].parked.kind.len)
			continue;
		buf_puts(&text, any ? ",\n    " : "\n    ");
		any = true;
		retry_entry_encode(&s->st.goals.tentacles[i], &text);
	}
	buf_puts(&text, any ? "\n  ]\n}\n" : "]\n}\n");
	if (any || seen->file.found != DOC_FILE_NONE)
		file_write(s, RETRY_QUEUE_FILE, &text, false, e);
}

int goal_files_write(struct goal_store *s, struct err *e)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < s->st.goals.count; i++)
		write_goal(s, &s->st.goals.v[i], &first);
	for (size_t i = 0; i < s->batch.count; i++)
		if (s->batch.v[i].kind == EV_GOAL_CHOSEN)
			remove_leftover(s);
	tentacle_files_write(s, &first);
	write_queue(s, &first);
	return first.code ? err_set(e, first.code, "%s", first.text) : 0;
}

void goal_store_aside(const struct goal_store *s, const char *path, char out[GOAL_ASIDE_BYTES])
{
	char when[WHEN_TEXT_LEN + 1] = "";

	when_encode(s->turn.now_ms, when);
	snprintf(out, GOAL_ASIDE_BYTES, "%s.refused-%s", path, when);
}

/* Puts the file of problem `at` aside. */
static int put_aside(struct goal_store *s, size_t at, struct err *e)
{
	const char *path = s->problems[at].path;
	struct seen_file *seen = seen_add(s, path);
	char aside[GOAL_ASIDE_BYTES];
	int rc;

	goal_store_aside(s, path, aside);
	rc = s->problems[at].gone ? 0 : s->vfs->rename(s->vfs->ctx, path, aside);
	if (rc < 0)
		return err_set(e, -SK_EIO, "cannot move %s aside: %s: nothing was changed", path,
			       strerror(-rc));
	doc_file_release(&seen->file);
	return 0;
}

int goal_store_repair(struct goal_store *s, const char *subject, struct err *e)
{
	int moved = 0;

	for (size_t i = 0; i < s->problem_count;) {
		const struct goal *g;

		if (subject && strcmp(s->problems[i].subject, subject) != 0) {
			i++;
			continue;
		}
		if (put_aside(s, i, e) < 0)
			return -SK_EIO;
		g = goals_find(&s->st.goals, span_of(s->problems[i].subject));
		if (g && !s->problems[i].tentacle) {
			struct event *ev = turn_event(&s->turn, EV_GOAL_REPAIRED);

			ev->goal_id = turn_copy(&s->turn, g->id);
			ev->name = turn_copy(&s->turn, span_of(s->problems[i].path));
			turn_apply(&s->turn);
		}
		mem_free(&s->problems[i].path);
		mem_free(&s->problems[i].subject);
		mem_free(&s->problems[i].text);
		s->problems[i] = s->problems[--s->problem_count];
		moved++;
	}
	return moved;
}
