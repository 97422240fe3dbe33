/*
 * The entry and the line of the search index that belongs to it are written in one transaction, so
 * a search never misses what is there nor finds what is not. What is joined is joined by SQL, on
 * the row as it is then: two processes that learn the same thing count two occurrences.
 */
#include "kb/kb_entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mac.h"
#include "base/when.h"
#include "kb/kb_entry_impl.h"
#include "kb/kb_migrate_impl.h"
#include "kb/kb_scan.h"

static const char undone[] = "nothing was learned";

static double confidence_of(struct span category)
{
#define X(word, confidence)           \
	if (span_is(category, #word)) \
		return confidence;
	KB_CATEGORIES(X)
#undef X
	return -1;
}

int kb_confidence_decode(const char *text, double *out)
{
	char *end;
	double value;

	if (!*text || strlen(text) > 8 || text[strspn(text, "0123456789.")])
		return -EINVAL;
	value = strtod(text, &end);
	if (*end || value > 1)
		return -EINVAL;
	*out = value;
	return 0;
}

/* --- what may be learned -------------------------------------------------------------------- */

static int check_text(const char *what, struct span text, size_t max, struct err *e)
{
	const char *found;
	size_t at = 0;

	if (text.len > max)
		return err_set(e, -SK_EUSAGE, "learn: the %s is longer than %zu bytes: %s", what,
			       max, undone);
	if (!text_plain(text))
		return err_set(e, -SK_EUSAGE, "learn: the %s is no valid UTF-8: %s", what, undone);
	found = kb_scan(text, &at);
	if (!found)
		return 0;
	return err_set(e, -SK_EREFUSED,
		       "learn: the %s holds %s (from byte %zu on); refused: %s. Try: the same "
		       "without it",
		       what, found, at + 1, undone);
}

static int check(const struct kb_lesson *l, struct err *e)
{
	int rc;

	if (confidence_of(l->category) < 0)
		return err_set(e, -SK_EUSAGE, "learn: there is no category '%.*s': %s",
			       SPAN_ARG(l->category), undone);
	if (l->title.len == 0 || l->content.len == 0)
		return err_set(e, -SK_EUSAGE, "learn: the %s is empty: %s",
			       l->title.len ? "text" : "title", undone);
	rc = check_text("title", l->title, KB_TITLE_BYTES_MAX, e);
	if (rc == 0)
		rc = check_text("text", l->content, KB_TEXT_BYTES_MAX, e);
	if (rc == 0)
		rc = check_text("list of tags", l->tags, KB_TAGS_BYTES_MAX, e);
	if (l->file_count > KB_FILES_MAX)
		return err_set(e, -SK_EUSAGE, "learn: more than %d files: %s", KB_FILES_MAX,
			       undone);
	for (size_t i = 0; rc == 0 && i < l->file_count; i++)
		rc = check_text("name of a file", l->files[i], KB_PATH_BYTES_MAX, e);
	if (rc == 0)
		rc = check_text("session", l->session_id, KB_TITLE_BYTES_MAX, e);
	if (rc == 0)
		rc = check_text("task", l->task_id, KB_TITLE_BYTES_MAX, e);
	return rc;
}

/* --- writing -------------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *stmt, int at, struct span text)
{
	sqlite3_bind_text(stmt, at, text.p ? text.p : "", (int)text.len, SQLITE_STATIC);
}

/* The parameters of both statements; the last one is of an update. */
static void bind_lesson(sqlite3_stmt *stmt, const struct kb_lesson *l, const char *when,
			const char *digest)
{
	CLEANUP(buf_release) struct buf files = BUF_INIT;
	bool given = l->confidence >= 0;

	buf_putc(&files, '[');
	for (size_t i = 0; i < l->file_count; i++) {
		if (i > 0)
			buf_putc(&files, ',');
		buf_put_json(&files, l->files[i]);
	}
	buf_putc(&files, ']');
	sqlite3_bind_text(stmt, 7, files.p, (int)files.len, SQLITE_TRANSIENT);

	bind(stmt, 1, l->category);
	bind(stmt, 2, l->title);
	bind(stmt, 3, l->content);
	bind(stmt, 4, l->tags);
	bind(stmt, 5, l->session_id);
	bind(stmt, 6, l->task_id);
	sqlite3_bind_double(stmt, 8, given ? l->confidence : confidence_of(l->category));
	sqlite3_bind_text(stmt, 9, when, WHEN_TEXT_LEN, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 10, digest, MAC_HEX_LEN, SQLITE_STATIC);
	if (sqlite3_bind_parameter_count(stmt) >= 11)
		sqlite3_bind_double(stmt, 11, given ? l->confidence : 0);
}

static const char insert_sql[] =
	"INSERT INTO knowledge_entries(category, title, content, tags, session_id, task_id, "
	"affected_files, confidence, first_seen, last_seen, content_hash, est_tokens, stable_id, "
	"source) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, (length(?2)+length(?3))/4, "
	"sk_stable_id('knowledge', ?1, ?2, ?5), 'sk') RETURNING id, 1, confidence";

/* The newest of those that have this category and title. */
static const char update_sql[] =
	"UPDATE knowledge_entries SET "
	"occurrence_count=coalesce(occurrence_count,1)+1, "
	"revision_count=coalesce(revision_count,1)+1, "
	"confidence=min(1.0, max(coalesce(confidence,0.5)+0.05, ?11)), "
	"content=CASE WHEN length(?3)>length(coalesce(content,'')) THEN ?3 ELSE content END, "
	"content_hash=CASE WHEN length(?3)>length(coalesce(content,'')) THEN ?10 ELSE content_hash "
	"END, "
	"tags=CASE WHEN ?4='' THEN tags WHEN coalesce(tags,'')='' THEN ?4 WHEN "
	"instr(','||tags||',', "
	"','||?4||',')>0 THEN tags ELSE tags||','||?4 END, "
	"affected_files=(SELECT json_group_array(value) FROM (SELECT value FROM "
	"json_each(CASE WHEN json_valid(affected_files) THEN affected_files ELSE '[]' END) UNION "
	"SELECT value FROM json_each(?7))), "
	"task_id=CASE WHEN ?6='' THEN task_id ELSE ?6 END, last_seen=?9, deleted_at=NULL, "
	"est_tokens=(length(title)+max(length(?3),length(coalesce(content,''))))/4 "
	"WHERE id=(SELECT id FROM knowledge_entries WHERE category=?1 AND title=?2 ORDER BY "
	"deleted_at IS NOT NULL, last_seen DESC, id DESC LIMIT 1) "
	"RETURNING id, occurrence_count, confidence";

static const char index_sql[] =
	"INSERT INTO ke_fts(rowid, title, content, tags, category, wing, room, facts, error_type, "
	"root_cause) SELECT id, title, content, tags, category, wing, room, facts, error_type, "
	"root_cause FROM knowledge_entries WHERE id=?1";

/* 1 when the statement gave a row, which is in *out; 0 when it gave none; else SQLite's code,
 * negative. */
static int run_one(sqlite3 *db, const char *sql, const struct kb_lesson *l, const char *when,
		   const char *digest, struct kb_learned *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), rows = 0;

	if (rc != SQLITE_OK)
		return -rc;
	bind_lesson(stmt, l, when, digest);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		out->id = sqlite3_column_int64(stmt, 0);
		out->occurrences = sqlite3_column_int64(stmt, 1);
		out->confidence = sqlite3_column_double(stmt, 2);
		rows++;
	}
	rc = sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? rows : -rc;
}

static int run_id(sqlite3 *db, const char *sql, int64_t id)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_step(stmt);
	return sqlite3_finalize(stmt);
}

/* SQLite's code. */
static int write_inside(struct kb *kb, const struct kb_lesson *l, struct kb_learned *out)
{
	char when[WHEN_TEXT_LEN], digest[MAC_HEX_LEN + 1];
	int rc;

	when_encode(l->now_ms, when);
	mac_digest(l->content, digest);
	rc = run_one(kb->db, update_sql, l, when, digest, out);
	if (rc == 0)
		rc = run_one(kb->db, insert_sql, l, when, digest, out);
	if (rc < 0)
		return -rc;
	INVARIANT(rc == 1);
	rc = run_id(kb->db, "DELETE FROM ke_fts WHERE rowid=?1", out->id);
	return rc == SQLITE_OK ? run_id(kb->db, index_sql, out->id) : rc;
}

int kb_entry_learn(struct kb *kb, const struct kb_lesson *lesson, struct kb_learned *out,
		   struct err *e)
{
	struct kb_learned done = { 0 };
	int rc = check(lesson, e), code;

	if (rc < 0)
		return rc;
	kb->undone = undone;
	code = kb_backfill_enable(kb->db);
	if (code != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, code, undone, e);
	rc = kb_begin(kb, e);
	if (rc < 0)
		return rc;
	code = write_inside(kb, lesson, &done);
	if (code != SQLITE_OK) {
		rc = kb_fail(&kb->place, kb->db, code, undone, e);
		kb_rollback(kb);
		return rc;
	}
	rc = kb_commit(kb, e);
	if (rc == 0)
		*out = done;
	return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

static char *take_text(sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return mem_strdup(text ? text : "");
}

void kb_entry_take(sqlite3_stmt *row, struct kb_entry *out)
{
	*out = (struct kb_entry){
		.id = sqlite3_column_int64(row, 0),
		.category = take_text(row, 1),
		.title = take_text(row, 2),
		.content = take_text(row, 3),
		.tags = take_text(row, 4),
		.session_id = take_text(row, 5),
		.task_id = take_text(row, 6),
		.files = take_text(row, 7),
		.first_seen = take_text(row, 8),
		.last_seen = take_text(row, 9),
		.confidence = sqlite3_column_double(row, 10),
		.occurrences = sqlite3_column_int64(row, 11),
	};
}

void kb_entry_release(struct kb_entry *entry)
{
	char **const texts[] = { &entry->category, &entry->title,      &entry->content,
				 &entry->tags,     &entry->session_id, &entry->task_id,
				 &entry->files,    &entry->first_seen, &entry->last_seen };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		mem_free(texts[i]);
}

int kb_entry_read(struct kb *kb, int64_t id, struct kb_entry *out, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	bool found = false;
	int rc = sqlite3_prepare_v2(kb->db,
				    "SELECT " KB_ENTRY_COLUMNS " FROM knowledge_entries k WHERE "
				    "k.id=?1 AND k.deleted_at IS NULL",
				    -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, id);
		found = sqlite3_step(stmt) == SQLITE_ROW;
		if (found)
			kb_entry_take(stmt, out);
		rc = sqlite3_finalize(stmt);
	}
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, "nothing was changed", e);
	if (found)
		return 0;
	return err_set(e, -SK_ENOTFOUND,
		       "entry %lld: there is none of that number (%s). Try: sk query --list",
		       (long long)id, kb->place.path);
}
