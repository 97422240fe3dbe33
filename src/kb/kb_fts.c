/*
 * A tokenizer is part of the index and cannot be changed in place: the index is dropped and filled
 * again, in the transaction of the version, so that a search finds the old one or the new one.
 */
#include "kb/kb_fts.h"

#include <string.h>

#define FIELDS "title, content, tags, category, wing, room, facts, error_type, root_cause"

static const char undone[] = "the search index was kept as it is";

/* Its definition in the model, and whether it has the same columns and tokenizer in the database.
 */
static int same_form(sqlite3 *db, sqlite3 *model, bool *out)
{
	static const char columns[] = "SELECT group_concat(name) FROM pragma_table_info('ke_fts')";
	static const char stems[] = "SELECT count(*) FROM sqlite_schema WHERE name='ke_fts' AND "
				    "lower(sql) LIKE '%porter%'";
	CLEANUP(buf_release) struct buf here = BUF_INIT;
	CLEANUP(buf_release) struct buf there = BUF_INIT;
	int64_t porter = 0;
	int rc = kb_ask_text(model, columns, &there);

	if (rc == SQLITE_OK)
		rc = kb_ask_text(db, columns, &here);
	if (rc == SQLITE_OK)
		rc = kb_ask(db, stems, &porter);
	*out = porter > 0 && here.len == there.len && memcmp(here.p, there.p, here.len) == 0;
	return rc;
}

int kb_fts_rebuild(struct kb *kb, sqlite3 *model, struct err *e)
{
	CLEANUP(buf_release) struct buf sql = BUF_INIT;
	bool soft = false;
	int rc = kb_ask_text(model, "SELECT sql FROM sqlite_schema WHERE name='ke_fts'", &sql);

	INVARIANT(rc == SQLITE_OK);
	rc = kb_has_column(kb->db, "knowledge_entries", "deleted_at", &soft);
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, undone, e);
	buf_puts(&sql, ";INSERT INTO ke_fts(rowid, " FIELDS ") SELECT id, " FIELDS
		       " FROM knowledge_entries");
	if (soft)
		buf_puts(&sql, " WHERE deleted_at IS NULL");
	rc = kb_run(kb, "DROP TABLE IF EXISTS ke_fts", undone, e);
	return rc < 0 ? rc : kb_run(kb, sql.p, undone, e);
}

int kb_fts_mend(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e)
{
	static const char lost[] = "FROM knowledge_entries WHERE deleted_at IS NULL AND id NOT IN "
				   "(SELECT id FROM ke_fts_docsize)";
	CLEANUP(buf_release) struct buf sql = BUF_INIT;
	bool same = false;
	int64_t count = 0;
	int rc = same_form(kb->db, model, &same);

	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, undone, e);
	if (!same) {
		kb_lack_put(lack, "search index ke_fts");
		return lack->look ? 0 : kb_fts_rebuild(kb, model, e);
	}
	buf_putf(&sql, "SELECT count(*) %s", lost);
	rc = kb_ask(kb->db, sql.p, &count);
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, undone, e);
	if (count == 0)
		return 0;
	kb_lack_put(lack, "%lld entr%s in the search index", (long long)count,
		    count == 1 ? "y" : "ies");
	if (lack->look)
		return 0;
	buf_truncate(&sql, 0);
	buf_putf(&sql, "INSERT INTO ke_fts(rowid, " FIELDS ") SELECT id, " FIELDS " %s", lost);
	return kb_run(kb, sql.p, undone, e);
}
