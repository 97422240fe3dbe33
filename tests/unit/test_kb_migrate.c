/*
 * Every version there ever was becomes the newest one, with all its rows, and doing it again finds
 * nothing to do. The databases to begin with are made by the list itself, up to each version, and
 * then spoiled in the ways in which interrupted programs leave them.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mac.h"
#include "kb/kb_backup.h"
#include "kb/kb_impl.h"
#include "kb/kb_migrate.h"
#include "kb/kb_schema.h"

#define NOW 1795262400123LL

struct place {
	char root[64], path[96];
	struct buf told; /* one line for each thing that was told */
	unsigned versions, mended, backups, orphans;
};

static int place_open(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	snprintf(p->root, sizeof(p->root), "/tmp/sk-kb-XXXXXX");
	*state = p;
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/knowledge.db", p->root);
	return 0;
}

static int place_close(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", p->root, (char *)NULL);
		_exit(127);
	}
	buf_release(&p->told);
	mem_free(state);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask(const char *path, const char *text)
{
	sqlite3 *db;
	int64_t out = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (kb_ask(db, text, &out) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return out;
}

static void ask_text(const char *path, const char *text, struct buf *out)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(kb_ask_text(db, text, out), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void hear(void *arg, const struct kb_told *told)
{
	struct place *p = arg;

	p->versions += told->what == KB_TOLD_VERSION;
	p->mended += told->what == KB_TOLD_MENDED;
	p->backups += told->what == KB_TOLD_BACKUP;
	p->orphans += told->what == KB_TOLD_ORPHAN;
	buf_putf(&p->told, "%u %s\n", told->version, told->text);
}

static int migrate(struct place *p, bool dry_run, struct kb_migrated *done, struct err *e)
{
	struct kb_migrate how = { .path = p->path,
				  .who = "a test",
				  .busy_ms = 50,
				  .now_ms = NOW,
				  .dry_run = dry_run,
				  .tell = hear,
				  .arg = p };

	p->versions = p->mended = p->backups = p->orphans = 0;
	buf_truncate(&p->told, 0);
	return kb_migrate(&how, done, e);
}

static void migrated(struct place *p, unsigned applied, unsigned mended)
{
	struct kb_migrated done;
	struct err e = ERR_INIT;

	if (migrate(p, false, &done, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(done.to, KB_SCHEMA_VERSION);
	assert_int_equal(done.applied, applied);
	assert_int_equal(p->versions, applied);
	if (done.mended != mended || p->mended != mended)
		fail_msg("%u mended, expected %u: %s", done.mended, mended, p->told.p);
}

/* A database of this version, with rows in it. */
static void make(const struct place *p, unsigned version)
{
	char text[400];

	sql(p->path, "PRAGMA journal_mode=WAL");
	for (unsigned i = 1; i <= version; i++) {
		const struct kb_schema_version *v = kb_schema_version(i);

		if (v->tables)
			sql(p->path, v->tables);
		if (v->indexes)
			sql(p->path, v->indexes);
		snprintf(text, sizeof(text), "INSERT INTO schema_version VALUES(%u, 'then', '%s')",
			 i, v->name);
		sql(p->path, text);
	}
	sql(p->path,
	    "INSERT INTO sessions(id, path) VALUES('s1','/a'),('s2','/b');"
	    "INSERT INTO documents(session_id, doc_type, title, file_path) "
	    "VALUES('s1','plan','same','/a/1'),('s1','plan','same','/a/2');"
	    "INSERT INTO sections(document_id, section_name, content) VALUES(1,'x','y');"
	    "INSERT INTO knowledge_entries(session_id, category, title, content, confidence) VALUES"
	    "('s1','mistake','locking','files were locked twice',0),"
	    "('s1','decision','testing','we kill at every call',0.9),"
	    "(NULL,'tool','twin','one',NULL),(NULL,'tool','twin','two',2);"
	    "INSERT INTO ke_fts(rowid, title, content) SELECT id, title, content FROM "
	    "knowledge_entries;"
	    "INSERT INTO knowledge_relations(source_id, target_id, relation_type) VALUES(1,2,'R')");
}

static const char all_shapes[] =
	"SELECT group_concat(x) FROM (SELECT m.name||'.'||t.name x FROM sqlite_schema m, "
	"pragma_table_info(m.name) t WHERE m.type='table' AND m.name NOT LIKE 'sqlite%' UNION "
	"SELECT name FROM sqlite_schema WHERE type='index' ORDER BY 1)";

static void check_rows(const struct place *p)
{
	assert_int_equal(ask(p->path, "SELECT count(*) FROM knowledge_entries"), 4);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM sessions"), 2);
	assert_int_equal(ask(p->path, "SELECT count(DISTINCT stable_id) FROM knowledge_entries"),
			 4);
	assert_int_equal(ask(p->path, "SELECT count(DISTINCT stable_id) FROM documents"), 2);
	/* "locked" and "locking" have one stem. */
	assert_int_equal(ask(p->path, "SELECT count(*) FROM ke_fts WHERE ke_fts MATCH 'lock'"), 1);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM pragma_integrity_check WHERE "
				      "integrity_check<>'ok'"),
			 0);
	assert_int_equal(ask(p->path, "PRAGMA user_version"), KB_SCHEMA_VERSION);
	assert_int_equal(ask(p->path, "SELECT max(version) FROM schema_version"),
			 KB_SCHEMA_VERSION);
}

static void test_every_version(void **state)
{
	CLEANUP(buf_release) struct buf fresh = BUF_INIT;
	struct place *p = *state;

	migrated(p, KB_SCHEMA_VERSION, 0);
	assert_int_equal(p->backups, 0);
	ask_text(p->path, all_shapes, &fresh);
	assert_true(fresh.len > 1000);
	for (unsigned version = 1; version < KB_SCHEMA_VERSION; version++) {
		CLEANUP(buf_release) struct buf shape = BUF_INIT;

		unlink(p->path);
		make(p, version);
		/* What is done to rows in a version that is there already is not done again; ids
		 * that are missing are made. */
		migrated(p, KB_SCHEMA_VERSION - version, version >= 12 ? 1 : 0);
		assert_int_equal(p->backups, 1);
		ask_text(p->path, all_shapes, &shape);
		assert_string_equal(shape.p, fresh.p);
		check_rows(p);
		if (version < 15)
			assert_int_equal(ask(p->path,
					     "SELECT count(*) FROM knowledge_entries WHERE "
					     "confidence IN (0.7,0.9,0.5)"),
					 4);
		migrated(p, 0, 0);
		assert_int_equal(p->backups, 0);
	}
}

/* A dry run says the same as the act, and the file stays as it is to the byte. */
static void test_dry_run(void **state)
{
	CLEANUP(buf_release) struct buf would = BUF_INIT;
	struct place *p = *state;
	struct kb_migrated done;
	struct err e = ERR_INIT;
	struct stat before, after;

	assert_int_equal(migrate(p, true, &done, &e), 0);
	assert_int_equal(done.applied, KB_SCHEMA_VERSION);
	assert_int_equal(access(p->path, F_OK), -1);
	make(p, 20);
	assert_int_equal(stat(p->path, &before), 0);
	assert_int_equal(migrate(p, true, &done, &e), 0);
	assert_int_equal(done.applied, 15);
	assert_int_equal(p->backups, 0);
	buf_puts(&would, p->told.p);
	assert_int_equal(stat(p->path, &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	assert_int_equal(ask(p->path, "SELECT max(version) FROM schema_version"), 20);
	migrated(p, 15, 1);
	assert_non_null(strstr(p->told.p, ".backup-"));
	assert_string_equal(strchr(p->told.p, '\n') + 1, would.p);
}

/* A column and a table of a later version are there, the version is not: an ALTER TABLE outside of
 * its transaction. */
static void test_half_applied(void **state)
{
	struct place *p = *state;

	make(p, 15);
	sql(p->path, "ALTER TABLE knowledge_entries ADD COLUMN severity TEXT DEFAULT 'kept';"
		     "CREATE TABLE project_registry(project_id TEXT PRIMARY KEY);"
		     "INSERT INTO project_registry VALUES('mine');"
		     "CREATE INDEX idx_entries_project ON sessions(path)");
	migrated(p, 20, 1);
	check_rows(p);
	assert_int_equal(
		ask(p->path, "SELECT count(*) FROM knowledge_entries WHERE severity='kept'"), 4);
	assert_int_equal(ask(p->path, "SELECT count(root_path IS NULL) FROM project_registry"), 1);
	migrated(p, 0, 0);
}

/* The version claims more than there is: steps that failed were ignored. */
static void test_claims_too_much(void **state)
{
	struct place *p = *state;

	migrated(p, KB_SCHEMA_VERSION, 0);
	sql(p->path, "ALTER TABLE knowledge_entries DROP COLUMN caveats;"
		     "DROP TABLE code_index; DROP INDEX idx_signals_kind");
	migrated(p, 0, 5); /* the table has two indexes */
	assert_non_null(strstr(p->told.p, "column knowledge_entries.caveats"));
	assert_int_equal(p->backups, 1);
	migrated(p, 0, 0);
}

static void test_search_index(void **state)
{
	struct place *p = *state;

	migrated(p, KB_SCHEMA_VERSION, 0);
	sql(p->path, "INSERT INTO knowledge_entries(title, stable_id, deleted_at) VALUES"
		     "('locking','a',NULL),('deleted locks','b','then'); DROP TABLE ke_fts;"
		     "CREATE VIRTUAL TABLE ke_fts USING fts5(title, content, tags, category, wing, "
		     "room, facts, error_type, root_cause, tokenize='unicode61')");
	migrated(p, 0, 1);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM ke_fts WHERE ke_fts MATCH 'locks'"), 1);
	sql(p->path, "DELETE FROM ke_fts");
	migrated(p, 0, 1);
	assert_non_null(strstr(p->told.p, "1 entry in the search index"));
	assert_int_equal(ask(p->path, "SELECT count(*) FROM ke_fts WHERE ke_fts MATCH 'locks'"), 1);
	migrated(p, 0, 0);
}

static void refused(struct place *p, int code, const char *word)
{
	struct kb_migrated done;
	struct err e = ERR_INIT;

	assert_int_equal(migrate(p, false, &done, &e), code);
	if (!strstr(e.text, word))
		fail_msg("no '%s' in: %s", word, e.text);
	assert_int_equal(done.applied, 0);
	assert_int_equal(p->versions, 0);
}

static void test_refused(void **state)
{
	struct place *p = *state;

	make(p, 9);
	sql(p->path, "INSERT INTO schema_version VALUES(41,'','')");
	refused(p, -SK_EREFUSED, "schema 41 is newer than 35");
	assert_int_equal(ask(p->path, "SELECT count(*) FROM schema_version"), 10);
	/* A table without its key is not what anybody's list has made. */
	sql(p->path, "DELETE FROM schema_version WHERE version=41; DROP TABLE event_offsets;"
		     "CREATE TABLE event_offsets(x)");
	refused(p, -SK_EREFUSED, "event_offsets has no column session_id");
	/* A view in the place of a table. */
	sql(p->path, "DROP TABLE event_offsets; CREATE VIEW recall_events AS SELECT 1");
	{
		struct kb_migrated done;
		struct err e = ERR_INIT;

		assert_int_equal(migrate(p, false, &done, &e), -SK_EREFUSED);
		assert_int_equal(done.to, 10); /* what came before it stays */
		if (!strstr(e.text, "v11 was not applied, the schema is 10"))
			fail_msg("%s", e.text);
	}
	sql(p->path, "DROP VIEW recall_events");
	migrated(p, 25, 0);
	check_rows(p);
}

static void test_stable_id(void **state)
{
	CLEANUP(buf_release) struct buf got = BUF_INIT;
	struct place *p = *state;
	char expected[MAC_HEX_LEN + 1];

	make(p, 11);
	migrated(p, 24, 0);
	mac_digest((struct span){ "knowledge\0mistake\0locking\0s1", 28 }, expected);
	ask_text(p->path, "SELECT stable_id FROM knowledge_entries WHERE id=1", &got);
	assert_string_equal(got.p, expected);
	assert_int_equal(
		ask(p->path,
		    "SELECT count(*) FROM knowledge_relations r, knowledge_entries k WHERE "
		    "k.id=r.source_id AND k.stable_id=r.source_stable_id"),
		1);
}

static void test_orphan(void **state)
{
	struct place *p = *state;
	char wal[128];
	int fd;

	snprintf(wal, sizeof(wal), "%s-wal", p->path);
	fd = open(wal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "the log of a database that is gone", 34), 34);
	close(fd);
	migrated(p, KB_SCHEMA_VERSION, 0);
	assert_int_equal(p->orphans, 1);
	snprintf(wal, sizeof(wal), "%s.orphan-20261121T120000Z-wal", p->path);
	if (access(wal, F_OK) < 0)
		fail_msg("%s is not there; told: %s", wal, p->told.p);
	migrated(p, 0, 0);
}

static struct kb *opened(const struct place *p)
{
	struct kb_open how = { p->path, KB_READ, KB_ANY_VERSION, 50, "a test" };
	struct kb *kb = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(kb_open(&how, &kb, &e), 0);
	return kb;
}

static void test_backup(void **state)
{
	CLEANUP(kb_backup_release) struct kb_backup done = KB_BACKUP_INIT;
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct place *p = *state;
	struct err e = ERR_INIT;
	char to[128], other[128];
	struct stat st;

	make(p, 20);
	kb = opened(p);
	snprintf(to, sizeof(to), "%s/copy", p->root);
	assert_int_equal(kb_backup_make(kb, to, NOW, false, &done, &e), 0);
	assert_string_equal(done.path, to);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, done.bytes);
	assert_int_equal(done.rows, ask(p->path, "SELECT 20+2+2+1+4+1"));
	assert_int_equal(ask(to, "SELECT count(*) FROM knowledge_entries"), 4);
	assert_int_equal(kb_backup_make(kb, to, NOW, false, &done, &e), -SK_EUSAGE);
	assert_non_null(strstr(e.text, "exists"));
	assert_non_null(strstr(e.text, "--replace"));
	err_clear(&e);
	kb_backup_release(&done);
	assert_int_equal(kb_backup_make(kb, to, NOW, true, &done, &e), 0);
	assert_int_equal(kb_backup_make(kb, p->path, NOW, true, &done, &e), -SK_EUSAGE);
	err_clear(&e);
	snprintf(other, sizeof(other), "%s/link", p->root);
	assert_int_equal(symlink(to, other), 0);
	assert_int_equal(kb_backup_make(kb, other, NOW, true, &done, &e), -SK_EREFUSED);
	assert_non_null(strstr(e.text, "exists and is a symbolic link; refused"));
	err_clear(&e);
	assert_int_equal(kb_backup_make(kb, "/there/is/no/folder", NOW, true, &done, &e),
			 -SK_ENOTFOUND);
	err_clear(&e);
	for (int i = 1; i <= 2; i++) {
		kb_backup_release(&done);
		assert_int_equal(kb_backup_make(kb, NULL, NOW, false, &done, &e), 0);
		snprintf(other, sizeof(other), "%s/knowledge.db.backup-20261121T120000Z%s", p->root,
			 i == 1 ? "" : "-2");
		assert_string_equal(done.path, other);
	}
}

/* The name that an unfinished copy has is taken: by a killed process, by one at work, by others. */
static void test_leftovers(void **state)
{
	CLEANUP(kb_backup_release) struct kb_backup done = KB_BACKUP_INIT;
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct place *p = *state;
	struct err e = ERR_INIT;
	char to[100], partial[128];
	int fd;

	make(p, 20);
	kb = opened(p);
	snprintf(to, sizeof(to), "%s/copy", p->root);
	snprintf(partial, sizeof(partial), "%s.sk-partial", to);
	fd = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(kb_backup_make(kb, to, NOW, false, &done, &e), -SK_EBUSY);
	close(fd);
	err_clear(&e);
	assert_int_equal(kb_backup_make(kb, to, NOW, false, &done, &e), 0);
	assert_int_equal(access(partial, F_OK), -1);
	unlink(to);
	assert_int_equal(mkdir(partial, 0700), 0);
	assert_int_equal(kb_backup_make(kb, to, NOW, false, &done, &e), -SK_EREFUSED);
	assert_int_equal(access(to, F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_every_version),   CASE(test_dry_run),      CASE(test_half_applied),
		CASE(test_claims_too_much), CASE(test_search_index), CASE(test_refused),
		CASE(test_stable_id),       CASE(test_orphan),       CASE(test_backup),
		CASE(test_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
