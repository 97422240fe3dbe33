/*
 * Looking first and adding what is missing replaces "try, and ignore the error": an ignored error
 * hides a disk that is full as well as a column that exists. The model is asked what it has, so no
 * list of columns is kept twice. The database is not asked by a query for each of its columns: some
 * seven thousand of them were more than half the time of a migration.
 */
#include "kb/kb_shape.h"

#include <string.h>

#include "kb/kb_schema.h"

int kb_model_open(sqlite3 **out)
{
	return sqlite3_open_v2(":memory:", out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
}

static void model_run(sqlite3 *model, const char *sql)
{
	if (sql && sqlite3_exec(model, sql, NULL, NULL, NULL) != SQLITE_OK)
		invariant_broken("the model of the knowledge database", sqlite3_errmsg(model));
}

void kb_model_grow(sqlite3 *model, unsigned number)
{
	const struct kb_schema_version *v = kb_schema_version(number);

	model_run(model, v->tables);
	model_run(model, v->indexes);
}

void kb_lack_release(struct kb_lack *l)
{
	buf_release(&l->words);
	l->count = 0;
}

void kb_lack_put(struct kb_lack *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_putfv(&l->words, fmt, args);
	va_end(args);
	buf_putc(&l->words, '\0');
	l->count++;
}

/* Whether a query with up to two texts gives a row. */
static int has_row(sqlite3 *db, const char *sql, const char *one, const char *two, bool *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	*out = false;
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_text(stmt, 1, one, -1, SQLITE_STATIC);
	if (two)
		sqlite3_bind_text(stmt, 2, two, -1, SQLITE_STATIC);
	*out = sqlite3_step(stmt) == SQLITE_ROW;
	return sqlite3_finalize(stmt);
}

int kb_has_column(sqlite3 *db, const char *table, const char *column, bool *out)
{
	int rc = sqlite3_table_column_metadata(db, "main", table, column, NULL, NULL, NULL, NULL,
					       NULL);

	*out = rc == SQLITE_OK;
	return rc == SQLITE_ERROR ? SQLITE_OK : rc;
}

static int add_column(struct kb *kb, const char *table, sqlite3_stmt *column, struct kb_lack *lack,
		      struct err *e)
{
	const char *name = (const char *)sqlite3_column_text(column, 0);
	const char *type = (const char *)sqlite3_column_text(column, 1);
	const char *otherwise = (const char *)sqlite3_column_text(column, 2);
	CLEANUP(buf_release) struct buf sql = BUF_INIT;

	if (sqlite3_column_int(column, 3))
		return err_set(e, -SK_EREFUSED,
			       "%s: the table %s has no column %s, which is its key (%s): %s. Try: "
			       "sk migrate %s --quarantine",
			       kb->place.name, table, name, kb->place.path, lack->undone,
			       kb->place.path);
	kb_lack_put(lack, "column %s.%s", table, name);
	if (lack->look)
		return 0;
	buf_putf(&sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", table, name, type);
	if (otherwise)
		buf_putf(&sql, " DEFAULT %s", otherwise);
	return kb_run(kb, sql.p, lack->undone, e);
}

/* The columns of one table of the model; names are ours and need no quoting. */
static int shape_columns(struct kb *kb, sqlite3 *model, const char *table, struct kb_lack *lack,
			 struct err *e)
{
	sqlite3_stmt *column = NULL;
	int rc = 0, done = SQLITE_OK;
	bool there = false;

	if (sqlite3_prepare_v2(model,
			       "SELECT name, type, dflt_value, pk FROM pragma_table_info(?1)", -1,
			       &column, NULL) != SQLITE_OK)
		invariant_broken("the model of the knowledge database", sqlite3_errmsg(model));
	sqlite3_bind_text(column, 1, table, -1, SQLITE_STATIC);
	while (rc == 0 && sqlite3_step(column) == SQLITE_ROW) {
		done = kb_has_column(kb->db, table, (const char *)sqlite3_column_text(column, 0),
				     &there);
		if (done != SQLITE_OK)
			rc = kb_fail(&kb->place, kb->db, done, lack->undone, e);
		else if (!there)
			rc = add_column(kb, table, column, lack, e);
	}
	sqlite3_finalize(column);
	return rc;
}

static int shape_table(struct kb *kb, sqlite3 *model, sqlite3_stmt *table, struct kb_lack *lack,
		       struct err *e)
{
	const char *name = (const char *)sqlite3_column_text(table, 0);
	const char *sql = (const char *)sqlite3_column_text(table, 1);
	bool is_virtual = sqlite3_column_int(table, 2), there = false;
	int rc = has_row(kb->db,
			 "SELECT 1 FROM sqlite_schema WHERE name=?1 COLLATE NOCASE AND "
			 "type='table'",
			 name, NULL, &there);

	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, lack->undone, e);
	if (there)
		return is_virtual ? 0 : shape_columns(kb, model, name, lack, e);
	kb_lack_put(lack, "table %s", name);
	return lack->look ? 0 : kb_run(kb, sql, lack->undone, e);
}

int kb_shape_tables(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e)
{
	static const char sql[] =
		"SELECT s.name, s.sql, l.type='virtual' FROM sqlite_schema s JOIN "
		"pragma_table_list l ON l.name=s.name AND l.schema='main' WHERE s.type='table' AND "
		"l.type IN ('table','virtual') AND s.name NOT LIKE 'sqlite%' ORDER BY s.rowid";
	sqlite3_stmt *table = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(model, sql, -1, &table, NULL) != SQLITE_OK)
		invariant_broken("the model of the knowledge database", sqlite3_errmsg(model));
	while (rc == 0 && sqlite3_step(table) == SQLITE_ROW)
		rc = shape_table(kb, model, table, lack, e);
	sqlite3_finalize(table);
	return rc;
}

int kb_shape_indexes(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e)
{
	sqlite3_stmt *index = NULL;
	int rc = 0, done;
	bool there = false;

	if (sqlite3_prepare_v2(model,
			       "SELECT name, sql FROM sqlite_schema WHERE type='index' AND sql IS "
			       "NOT NULL ORDER BY rowid",
			       -1, &index, NULL) != SQLITE_OK)
		invariant_broken("the model of the knowledge database", sqlite3_errmsg(model));
	while (rc == 0 && sqlite3_step(index) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(index, 0);

		done = has_row(kb->db,
			       "SELECT 1 FROM sqlite_schema WHERE name=?1 COLLATE NOCASE AND "
			       "type='index'",
			       name, NULL, &there);
		if (done != SQLITE_OK) {
			rc = kb_fail(&kb->place, kb->db, done, lack->undone, e);
		} else if (!there) {
			kb_lack_put(lack, "index %s", name);
			if (!lack->look)
				rc = kb_run(kb, (const char *)sqlite3_column_text(index, 1),
					    lack->undone, e);
		}
	}
	sqlite3_finalize(index);
	return rc;
}
