/*
 * The version that is recorded says how far somebody claims to have come; the tables say how far
 * they came. A version is applied by adding what the model has and the database lacks, so both are
 * looked at, and at the end everything is looked at once more: an older program went on after
 * failed steps and called the result up to date.
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/when.h"
#include "kb/kb_backup.h"
#include "kb/kb_fts.h"
#include "kb/kb_migrate_impl.h"
#include "kb/kb_schema.h"

#define STABLE_IDS_VERSION 12

struct job {
	struct kb *kb;
	const struct kb_migrate *how;
	struct kb_migrated *out;
	sqlite3 *model; /* grows with the versions */
	char undone[80];
};

static void tell(const struct job *j, enum kb_told_what what, unsigned version, const char *text)
{
	struct kb_told told = { what, version, text };

	j->how->tell(j->how->arg, &told);
}

/* --- one version ---------------------------------------------------------------------------- */

static int record_version(struct job *j, const struct kb_schema_version *v)
{
	sqlite3 *db = j->kb->db;
	char stamp[40], when[WHEN_TEXT_LEN];
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db,
				    "INSERT OR REPLACE INTO schema_version(version, migrated_at, "
				    "name) VALUES(?1, ?2, ?3)",
				    -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	when_encode(j->how->now_ms, when);
	sqlite3_bind_int(stmt, 1, (int)v->number);
	sqlite3_bind_text(stmt, 2, when, WHEN_TEXT_LEN, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, v->name, -1, SQLITE_STATIC);
	sqlite3_step(stmt);
	rc = sqlite3_finalize(stmt);
	snprintf(stamp, sizeof(stamp), "PRAGMA user_version=%u", v->number);
	return rc == SQLITE_OK ? sqlite3_exec(db, stamp, NULL, NULL, NULL) : rc;
}

/* What the version promises is there, as the tables themselves say. */
static int prove(struct job *j, const struct kb_schema_version *v, struct err *e)
{
	CLEANUP(kb_lack_release) struct kb_lack lack = KB_LACK_INIT(true, j->undone);
	int rc = kb_shape_tables(j->kb, j->model, &lack, e);

	if (rc == 0)
		rc = kb_shape_indexes(j->kb, j->model, &lack, e);
	if (rc == 0 && lack.count > 0)
		return err_set(e, -SK_ECORRUPT, "%s: v%u did not bring the %s (%s): %s",
			       j->kb->place.name, v->number, lack.words.p, j->kb->place.path,
			       j->undone);
	return rc;
}

static int apply_inside(struct job *j, const struct kb_schema_version *v, struct err *e)
{
	CLEANUP(kb_lack_release) struct kb_lack lack = KB_LACK_INIT(false, j->undone);
	struct kb *kb = j->kb;
	int rc = kb_shape_tables(kb, j->model, &lack, e);

	if (rc == 0 && v->data)
		rc = kb_run(kb, v->data, j->undone, e);
	if (rc == 0)
		rc = kb_shape_indexes(kb, j->model, &lack, e);
	if (rc == 0 && v->number == KB_SCHEMA_FTS_VERSION)
		rc = kb_fts_rebuild(kb, j->model, e);
	if (rc < 0)
		return rc;
	rc = record_version(j, v);
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, j->undone, e);
	return prove(j, v, e);
}

static int apply(struct job *j, unsigned number, struct err *e)
{
	const struct kb_schema_version *v = kb_schema_version(number);
	int rc;

	kb_model_grow(j->model, number);
	if (number <= j->out->from)
		return 0;
	snprintf(j->undone, sizeof(j->undone), "v%u was not applied, the schema is %u", number,
		 number - 1);
	rc = kb_begin(j->kb, e);
	if (rc < 0)
		return rc;
	rc = apply_inside(j, v, e);
	if (rc < 0) {
		kb_rollback(j->kb);
		return rc;
	}
	rc = kb_commit(j->kb, e);
	if (rc < 0)
		return rc;
	j->out->to = j->kb->version = number;
	j->out->applied++;
	tell(j, KB_TOLD_VERSION, number, v->name);
	return 0;
}

/* --- what is missing although the version says otherwise ------------------------------------ */

static int mend_stable_ids(struct job *j, struct kb_lack *lack, struct err *e)
{
	static const char sql[] =
		"SELECT (SELECT count(*) FROM documents WHERE coalesce(stable_id,'')='')"
		"+(SELECT count(*) FROM sections WHERE coalesce(stable_id,'')='')"
		"+(SELECT count(*) FROM knowledge_entries WHERE coalesce(stable_id,'')='')";
	int64_t count = 0;
	int rc = kb_ask(j->kb->db, sql, &count);

	if (rc != SQLITE_OK)
		return kb_fail(&j->kb->place, j->kb->db, rc, j->undone, e);
	if (count == 0)
		return 0;
	kb_lack_put(lack, "stable id of %lld row%s", (long long)count, count == 1 ? "" : "s");
	return lack->look
		       ? 0
		       : kb_run(j->kb, kb_schema_version(STABLE_IDS_VERSION)->data, j->undone, e);
}

/* Looks at everything, with the model of the newest version; the rows only where the columns are
 * known to be there. */
static int mend(struct job *j, struct kb_lack *lack, struct err *e)
{
	int rc = kb_shape_tables(j->kb, j->model, lack, e);

	if (rc == 0 && (lack->count == 0 || !lack->look)) {
		rc = mend_stable_ids(j, lack, e);
		if (rc == 0)
			rc = kb_fts_mend(j->kb, j->model, lack, e);
	}
	return rc < 0 ? rc : kb_shape_indexes(j->kb, j->model, lack, e);
}

static int mend_all(struct job *j, struct err *e)
{
	CLEANUP(kb_lack_release) struct kb_lack lack = KB_LACK_INIT(false, j->undone);
	int rc;

	snprintf(j->undone, sizeof(j->undone), "nothing was mended, the schema is %u",
		 KB_SCHEMA_VERSION);
	rc = kb_begin(j->kb, e);
	if (rc < 0)
		return rc;
	rc = mend(j, &lack, e);
	if (rc < 0 || lack.count == 0) {
		kb_rollback(j->kb);
		return rc;
	}
	rc = kb_commit(j->kb, e);
	if (rc < 0)
		return rc;
	for (const char *at = lack.words.p; at < lack.words.p + lack.words.len;
	     at += strlen(at) + 1)
		tell(j, KB_TOLD_MENDED, KB_SCHEMA_VERSION, at);
	j->out->mended = lack.count;
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* Whether anything will be changed. */
static int survey(struct job *j, bool *out, struct err *e)
{
	CLEANUP(kb_disconnect) sqlite3 *model = NULL;
	CLEANUP(kb_lack_release) struct kb_lack lack = KB_LACK_INIT(true, j->undone);
	struct job whole = *j;
	int rc;

	*out = true;
	if (j->out->from < KB_SCHEMA_VERSION)
		return 0;
	if (kb_model_open(&model) != SQLITE_OK)
		return err_set(e, -SK_EIO, "%s: no memory: nothing was changed", j->kb->place.name);
	for (unsigned i = 1; i <= KB_SCHEMA_VERSION; i++)
		kb_model_grow(model, i);
	whole.model = model;
	rc = mend(&whole, &lack, e);
	*out = lack.count > 0;
	return rc;
}

static int back_up(struct job *j, struct err *e)
{
	CLEANUP(kb_backup_release) struct kb_backup done = KB_BACKUP_INIT;
	struct err why = ERR_INIT;
	int rc;

	if (j->how->dry_run || j->how->no_backup || j->kb->empty)
		return 0;
	rc = kb_backup_make(j->kb, NULL, j->how->now_ms, false, &done, &why);
	if (rc < 0)
		return err_set(e, rc,
			       "%s; nothing was migrated. Try: --no-backup, when there is "
			       "one already",
			       why.text);
	tell(j, KB_TOLD_BACKUP, j->out->from, done.path);
	return 0;
}

/* Readers and the writer do not wait for each other then. It is no failure when somebody is in the
 * way: all that is promised holds without. */
static void use_wal(struct kb *kb)
{
	CLEANUP(buf_release) struct buf mode = BUF_INIT;

	if (kb_ask_text(kb->db, "PRAGMA journal_mode", &mode) == SQLITE_OK &&
	    strcmp(mode.p, "delete") == 0)
		sqlite3_exec(kb->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
}

static int migrate_all(struct job *j, struct err *e)
{
	bool changes = false;
	int rc = survey(j, &changes, e);

	if (rc < 0 || !changes)
		return rc;
	rc = back_up(j, e);
	if (rc < 0)
		return rc;
	use_wal(j->kb);
	for (unsigned number = 1; rc == 0 && number <= KB_SCHEMA_VERSION; number++)
		rc = apply(j, number, e);
	return rc < 0 ? rc : mend_all(j, e);
}

int kb_migrate_open(struct kb *kb, const struct kb_migrate *how, struct kb_migrated *out,
		    struct err *e)
{
	CLEANUP(kb_disconnect) sqlite3 *model = NULL;
	struct job j = { .kb = kb, .how = how, .out = out, .undone = "nothing was changed" };
	const char *before = kb->undone;
	int rc = kb_backfill_enable(kb->db);

	out->from = out->to = kb->version;
	if (rc == SQLITE_OK)
		rc = kb_model_open(&model);
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, j.undone, e);
	j.model = model;
	kb->undone = j.undone;
	rc = migrate_all(&j, e);
	kb->undone = before;
	return rc;
}
