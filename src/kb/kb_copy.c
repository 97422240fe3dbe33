/*
 * One read transaction spans the copy and the counting, so a writer that never stops neither starts
 * the copy over nor makes the numbers differ. The copy is written without a journal of its own: it
 * counts as made when it is renamed, and until then it may be in any state.
 */
#include "kb/kb_copy.h"

#include <string.h>

static int fail_copy(sqlite3 *db, int rc, const struct kb_place *source,
		     const struct kb_partial *to, int64_t needed, const char *undone, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int base = rc & 0xff;

	if ((base == SQLITE_FULL || base == SQLITE_IOERR) &&
	    kb_room_lacks(to->target, needed, &why))
		return err_set(e, -SK_EIO, "%s: copy failed: %s (%s): %s", source->name, why.p,
			       to->target->dir, undone);
	return kb_fail(source, db, rc, undone, e);
}

/* The copy as one file: a database in WAL mode would need three. */
static int make_single(const char *path)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=DELETE", NULL,
				  NULL, NULL);
	kb_disconnect(&db);
	return rc;
}

static int copy_pages(sqlite3 *from, const struct kb_place *source, struct kb_partial *to,
		      int64_t needed, const char *undone, struct err *e)
{
	CLEANUP(kb_disconnect) sqlite3 *db = NULL;
	sqlite3_backup *backup;
	int rc = sqlite3_open_v2(to->path, &db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL,
				  NULL);
	if (rc != SQLITE_OK)
		return fail_copy(db, rc, source, to, needed, undone, e);
	backup = sqlite3_backup_init(db, "main", from, "main");
	if (!backup)
		return fail_copy(db, sqlite3_errcode(db), source, to, needed, undone, e);
	sqlite3_backup_step(backup, -1);
	rc = sqlite3_backup_finish(backup);
	if (rc == SQLITE_OK) {
		kb_disconnect(&db);
		rc = make_single(to->path);
	}
	return rc == SQLITE_OK ? 0 : fail_copy(NULL, rc, source, to, needed, undone, e);
}

static int count_rows(sqlite3 *db, const char *table, int64_t *out)
{
	CLEANUP(buf_release) struct buf sql = BUF_INIT;

	buf_puts(&sql, "SELECT count(*) FROM \"");
	for (; *table; table++) {
		if (*table == '"')
			buf_putc(&sql, '"');
		buf_putc(&sql, *table);
	}
	buf_putc(&sql, '"');
	return kb_ask(db, sql.p, out);
}

static int compare(sqlite3 *from, sqlite3 *copy, const struct kb_place *source,
		   struct kb_copied *out, const char *undone, struct err *e)
{
	sqlite3_stmt *table = NULL;
	int rc = sqlite3_prepare_v2(from,
				    "SELECT name FROM pragma_table_list WHERE schema='main' AND "
				    "type='table' AND name NOT LIKE 'sqlite%'",
				    -1, &table, NULL);
	int told = 0;

	while (rc == SQLITE_OK && told == 0 && sqlite3_step(table) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(table, 0);
		int64_t here = 0, there = 0;

		rc = count_rows(from, name, &here);
		if (rc == SQLITE_OK)
			rc = count_rows(copy, name, &there);
		if (rc == SQLITE_OK && here != there)
			told = err_set(e, -SK_EIO,
				       "%s: the copy has %lld rows of %lld in %s (%s): %s",
				       source->name, (long long)there, (long long)here, name,
				       source->path, undone);
		out->rows += here;
		out->tables++;
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_finalize(table);
	else
		sqlite3_finalize(table);
	if (told < 0)
		return told;
	return rc == SQLITE_OK ? 0 : kb_fail(source, from, rc, undone, e);
}

static int verify(sqlite3 *from, const struct kb_place *source, struct kb_partial *to,
		  struct kb_copied *out, const char *undone, struct err *e)
{
	CLEANUP(kb_disconnect) sqlite3 *db = NULL;
	int rc = kb_connect(to->path, KB_READ, false, 0, &db);

	if (rc != SQLITE_OK)
		return kb_fail(source, db, rc, undone, e);
	rc = kb_quick_check(source, db, undone, e);
	return rc < 0 ? rc : compare(from, db, source, out, undone, e);
}

int kb_copy(sqlite3 *from, const struct kb_place *source, struct kb_partial *to,
	    struct kb_copied *out, const char *undone, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct kb_copied copied = { 0 };
	int64_t pages = 0, page_bytes = 0, tables;
	int rc = sqlite3_exec(from, "BEGIN", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = kb_ask(from, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc == SQLITE_OK)
		rc = kb_ask(from, "PRAGMA page_count", &pages);
	if (rc == SQLITE_OK)
		rc = kb_ask(from, "PRAGMA page_size", &page_bytes);
	if (rc != SQLITE_OK)
		rc = kb_fail(source, from, rc, undone, e);
	else if (kb_room_lacks(to->target, pages * page_bytes, &why))
		rc = err_set(e, -SK_EIO, "%s: copy failed: %s (%s): %s", source->name, why.p,
			     to->target->dir, undone);
	if (rc == 0)
		rc = copy_pages(from, source, to, pages * page_bytes, undone, e);
	if (rc == 0)
		rc = verify(from, source, to, &copied, undone, e);
	sqlite3_exec(from, "ROLLBACK", NULL, NULL, NULL);
	if (rc == 0)
		*out = copied;
	return rc;
}
