/*
 * The knowledge database as a file among others: what is refused and in which words, what is on
 * disk after a commit, and what maintenance does while somebody else is at work.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "kb/kb_impl.h"
#include "kb/kb_maintain.h"
#include "kb/kb_schema.h"
#include "os/fd.h"

#define PATIENCE_MS 50

struct place {
	char root[64];
	char path[96];
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
	mem_free(state);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask(const char *path, const char *text)
{
	sqlite3 *db;
	int64_t out = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(kb_ask(db, text, &out), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return out;
}

static void make(const struct place *p, unsigned version)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "PRAGMA journal_mode=WAL;"
		 "CREATE TABLE knowledge_entries(id INTEGER PRIMARY KEY, title TEXT);"
		 "CREATE TABLE sessions(id TEXT PRIMARY KEY);"
		 "CREATE TABLE schema_version(version INTEGER PRIMARY KEY, name TEXT);"
		 "INSERT INTO schema_version VALUES(%u,'last');",
		 version);
	sql(p->path, text);
}

static int try_open(const char *path, enum kb_mode mode, enum kb_versions versions, struct kb **out,
		    struct err *e)
{
	struct kb_open how = { path, mode, versions, PATIENCE_MS, "a test" };

	return kb_open(&how, out, e);
}

static void refused(const char *path, int code, const char *word)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(try_open(path, KB_WRITE, KB_CURRENT, &kb, &e), code);
	assert_null(kb);
	assert_int_equal(e.code, code);
	if (!strstr(e.text, word))
		fail_msg("no '%s' in: %s", word, e.text);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, len), 0);
}

static void test_default_path(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	struct place *p = *state;
	char expected[200];

	assert_int_equal(kb_default_path("a", "b", "/c", "/d", &out, &e), 0);
	assert_string_equal(out.p, "a");
	assert_int_equal(kb_default_path(NULL, "b", "/c", "/d", &out, &e), 0);
	assert_string_equal(out.p, "b");
	snprintf(expected, sizeof(expected), "%s/.copilot/session-state/knowledge.db", p->root);
	assert_int_equal(kb_default_path(NULL, "", p->root, "/nowhere", &out, &e), 0);
	assert_string_equal(out.p, expected);
	assert_int_equal(kb_default_path(NULL, NULL, NULL, p->root, &out, &e), 0);
	assert_string_equal(out.p, expected);
	assert_int_equal(kb_default_path(NULL, NULL, NULL, NULL, &out, &e), -SK_EIO);
	assert_non_null(strstr(e.text, "SK_DB_PATH"));
	assert_string_equal(out.p, expected);
}

static void test_refused(void **state)
{
	struct place *p = *state;
	char other[128];

	refused("", -SK_EUSAGE, "names no file");
	refused("/tmp/", -SK_EUSAGE, "names no file");
	refused("/there/is/no/such.db", -SK_ENOTFOUND, "folder");
	refused(p->path, -SK_ENOTFOUND, "sk migrate");
	assert_int_equal(mkfifo(p->path, 0600), 0);
	refused(p->path, -SK_EREFUSED, "no regular file");
	unlink(p->path);
	write_file(p->path, "", 0);
	refused(p->path, -SK_ECORRUPT, "0 bytes");
	write_file(p->path, "hello, world and more", 21);
	refused(p->path, -SK_ECORRUPT, "first bytes \"hell\"");
	unlink(p->path);
	snprintf(other, sizeof(other), "%s/other.db", p->root);
	sql(other, "CREATE TABLE songs(id)");
	refused(other, -SK_EREFUSED, "not one of knowledge");
	assert_int_equal(symlink(other, p->path), 0);
	refused(p->path, -SK_EREFUSED, "symbolic link");
	unlink(p->path);
	make(p, KB_SCHEMA_VERSION + 1);
	refused(p->path, -SK_EREFUSED, "schema 36 is newer than 35");
	sql(p->path, "UPDATE schema_version SET version=7");
	refused(p->path, -SK_EREFUSED, "schema 7 is older");
	sql(p->path, "UPDATE schema_version SET version=35; PRAGMA application_id=7");
	refused(p->path, -SK_EREFUSED, "not one of knowledge");
	sql(p->path, "PRAGMA application_id=0; PRAGMA user_version=41");
	refused(p->path, -SK_EREFUSED, "schema 41 is newer");
	if (geteuid() == 0) {
		assert_int_equal(chown(p->path, 12345, 12345), 0);
		refused(p->path, -SK_EREFUSED, "belongs to uid 12345");
	}
}

/* A header alone, pages of noise, a file cut short: whichever statement finds out, the code is the
 * same. */
static void test_damaged(void **state)
{
	struct place *p = *state;
	char noise[8192];
	CLEANUP(buf_release) struct buf good = BUF_INIT;

	make(p, KB_SCHEMA_VERSION);
	sql(p->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(fd_read_file_at(AT_FDCWD, p->path, 1 << 20, &good), 0);
	memset(noise, 'x', sizeof(noise));
	memcpy(noise, good.p, 100);
	write_file(p->path, noise, sizeof(noise));
	refused(p->path, -SK_ECORRUPT, "--restore");
	write_file(p->path, good.p, good.len / 2 + 7);
	refused(p->path, -SK_ECORRUPT, "--quarantine");
	write_file(p->path, good.p, 50);
	refused(p->path, -SK_ECORRUPT, "knowledge.db");
}

static void test_through_a_link_to_its_folder(void **state)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;
	struct place *p = *state;
	char link_path[128], path[160];

	make(p, 34);
	snprintf(link_path, sizeof(link_path), "%s/link", p->root);
	assert_int_equal(symlink(p->root, link_path), 0);
	snprintf(path, sizeof(path), "%s/knowledge.db", link_path);
	assert_int_equal(try_open(path, KB_READ, KB_CURRENT_OR_OLDER, &kb, &e), 0);
	assert_int_equal(kb_version(kb), 34);
}

static void test_transactions(void **state)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;
	struct place *p = *state;
	static const char insert[] = "INSERT INTO knowledge_entries(title) VALUES('t')";
	static const char count[] = "SELECT count(*) FROM knowledge_entries";

	make(p, KB_SCHEMA_VERSION);
	assert_int_equal(try_open(p->path, KB_WRITE, KB_CURRENT, &kb, &e), 0);
	assert_int_equal(kb_begin(kb, &e), 0);
	assert_int_equal(kb_run(kb, insert, "x", &e), 0);
	assert_int_equal(kb_commit(kb, &e), 0);
	assert_int_equal(ask(p->path, count), 1);
	assert_int_equal(kb_begin(kb, &e), 0);
	assert_int_equal(kb_run(kb, insert, "x", &e), 0);
	kb_rollback(kb);
	assert_int_equal(ask(p->path, count), 1);
	assert_int_equal(kb_begin(kb, &e), 0);
	assert_int_equal(kb_run(kb, insert, "x", &e), 0);
	kb_close(&kb); /* without a commit */
	assert_int_equal(ask(p->path, count), 1);
	assert_int_equal(try_open(p->path, KB_READ, KB_CURRENT, &kb, &e), 0);
	assert_int_equal(kb_run(kb, insert, "nothing was changed", &e), -SK_EIO);
	assert_int_equal(ask(p->path, count), 1);
}

/* The WAL must not grow for ever, since nobody else copies it back. */
static void test_wal_stays_small(void **state)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;
	struct place *p = *state;

	make(p, KB_SCHEMA_VERSION);
	assert_int_equal(try_open(p->path, KB_WRITE, KB_CURRENT, &kb, &e), 0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(kb_begin(kb, &e), 0);
		assert_int_equal(kb_run(kb,
					"INSERT INTO knowledge_entries(title) "
					"VALUES(hex(randomblob(200000)))",
					"x", &e),
				 0);
		assert_int_equal(kb_commit(kb, &e), 0);
	}
	assert_in_range(kb_place_bytes(&kb->place, "-wal"), 1, 2LL * KB_WAL_FRAMES_MAX * 4200);
}

/* Another process that does `text` and holds it until told to end. */
static pid_t hold(const char *path, const char *text, int *end)
{
	int ready[2], wait_for[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(wait_for, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		close(wait_for[1]);
		if (sqlite3_open(path, &db) != SQLITE_OK ||
		    sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		if (write(ready[1], "x", 1) != 1 || read(wait_for[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(wait_for[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*end = wait_for[1];
	return pid;
}

static void let_go(pid_t pid, int end)
{
	int status = -1;

	close(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_busy_names_who(void **state)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;
	struct place *p = *state;
	char words[40];
	int end;
	pid_t pid;

	make(p, KB_SCHEMA_VERSION);
	pid = hold(p->path, "BEGIN IMMEDIATE", &end);
	assert_int_equal(try_open(p->path, KB_WRITE, KB_CURRENT, &kb, &e), 0);
	assert_int_equal(kb_begin(kb, &e), -SK_EBUSY);
	snprintf(words, sizeof(words), "pid %d", (int)pid);
	assert_non_null(strstr(e.text, words));
	assert_null(strstr(e.text, "-wal"));
	let_go(pid, end);
	assert_int_equal(kb_begin(kb, &e), 0);
	assert_int_equal(kb_commit(kb, &e), 0);
}

/* Two of ours: the lock that writing takes is told by name. */
static void test_busy_with_us(void **state)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct err e = ERR_INIT;
	struct place *p = *state;
	struct kb_place place = KB_PLACE_INIT;
	struct lock lock = LOCK_INIT;

	make(p, KB_SCHEMA_VERSION);
	assert_int_equal(kb_place_open(p->path, &place, &e), 0);
	assert_int_equal(kb_lock(&place, "sk learn", 0, &lock, &e), 0);
	assert_int_equal(try_open(p->path, KB_WRITE, KB_CURRENT, &kb, &e), 0);
	assert_int_equal(kb_begin(kb, &e), -SK_EBUSY);
	assert_non_null(strstr(e.text, "sk learn"));
	lock_release(&lock);
	kb_place_close(&place);
	assert_int_equal(kb_begin(kb, &e), 0);
}

static void test_checkpoint(void **state)
{
	struct place *p = *state;
	struct kb_checkpoint done;
	struct err e = ERR_INIT;
	int end;
	pid_t pid;

	assert_int_equal(kb_checkpoint(p->path, PATIENCE_MS, "t", &done, &e), -SK_ENOTFOUND);
	assert_int_equal(done.outcome, KB_MISSING);
	assert_string_equal(kb_outcome_word(done.outcome), "missing");
	err_clear(&e);
	make(p, 12);
	pid = hold(p->path,
		   "INSERT INTO knowledge_entries(title) VALUES(hex(randomblob(20000)));"
		   "BEGIN; SELECT count(*) FROM sessions",
		   &end);
	sql(p->path, "INSERT INTO knowledge_entries(title) VALUES('behind the reader')");
	assert_int_equal(kb_checkpoint(p->path, PATIENCE_MS, "t", &done, &e), -SK_EBUSY);
	assert_int_equal(done.outcome, KB_BUSY);
	assert_int_equal(done.busy, 1);
	assert_true(done.wal_bytes_after > 0);
	let_go(pid, end);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM knowledge_entries"), 2);
	/* Somebody has it open, so that the WAL outlives the connections of others. */
	pid = hold(p->path, "INSERT INTO knowledge_entries(title) VALUES('third')", &end);
	assert_int_equal(kb_checkpoint(p->path, PATIENCE_MS, "t", &done, &e), 0);
	assert_int_equal(done.outcome, KB_OK);
	assert_int_equal(done.busy, 0);
	assert_true(done.wal_bytes_before > 0);
	assert_int_equal(done.wal_bytes_after, 0);
	assert_true(done.bytes_after >= done.bytes_before);
	let_go(pid, end);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM knowledge_entries"), 3);
}

static void test_vacuum(void **state)
{
	struct place *p = *state;
	struct kb_vacuum done;
	struct err e = ERR_INIT;
	CLEANUP(fd_close) int fd = -1;
	int end;
	pid_t pid;

	assert_int_equal(kb_vacuum(p->path, PATIENCE_MS, "t", &done, &e), -SK_ENOTFOUND);
	assert_int_equal(done.outcome, KB_MISSING);
	make(p, 12);
	sql(p->path, "INSERT INTO knowledge_entries(title) VALUES(hex(randomblob(400000))), "
		     "('kept'); DELETE FROM knowledge_entries WHERE id=1");
	pid = hold(p->path, "BEGIN IMMEDIATE", &end);
	err_clear(&e);
	assert_int_equal(kb_vacuum(p->path, PATIENCE_MS, "t", &done, &e), -SK_EBUSY);
	assert_int_equal(done.outcome, KB_BUSY);
	let_go(pid, end);
	err_clear(&e);
	assert_int_equal(kb_vacuum(p->path, PATIENCE_MS, "t", &done, &e), 0);
	assert_int_equal(done.outcome, KB_OK);
	assert_true(done.freed_bytes > 700000);
	assert_int_equal(done.freed_bytes, done.bytes_before - done.bytes_after);
	assert_int_equal(ask(p->path, "SELECT count(*) FROM knowledge_entries"), 1);
	fd = open(p->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "noise noise noise noise", 23, 4096), 23);
	assert_int_equal(kb_vacuum(p->path, PATIENCE_MS, "t", &done, &e), -SK_ECORRUPT);
	assert_int_equal(done.outcome, KB_CORRUPT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_default_path),   CASE(test_refused),
		CASE(test_damaged),        CASE(test_through_a_link_to_its_folder),
		CASE(test_transactions),   CASE(test_wal_stays_small),
		CASE(test_busy_names_who), CASE(test_busy_with_us),
		CASE(test_checkpoint),     CASE(test_vacuum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
