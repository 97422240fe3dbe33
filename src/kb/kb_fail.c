/*
 * SQLite's codes are many and its texts are for programmers. A person needs to know one of five
 * things: wait, restore, make room, use another program, or that the system refused; and never,
 * that a file beside the database should be removed, because committed knowledge is in it.
 */
#include "kb/kb_impl.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/file_users.h"

/* Appends who else has it open; returns how many were found. */
static int put_users(const struct kb_place *p, struct buf *text)
{
	CLEANUP(mem_free) char *wal = kb_place_beside(p, "-wal");
	CLEANUP(mem_free) char *shm = kb_place_beside(p, "-shm");
	const char *paths[] = { p->path, wal, shm };
	struct file_user users[KB_HOLDERS_MAX];
	int count = file_users_find(paths, ARRAY_LEN(paths), users, ARRAY_LEN(users));

	for (int i = 0; i < count; i++) {
		buf_putf(text, "%spid %llu, ", i ? "; " : "opened by ",
			 (unsigned long long)users[i].pid);
		buf_put_visible(text, span_of(users[i].command));
	}
	return count;
}

int kb_fail_busy(const struct kb_place *p, const char *undone, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (put_users(p, &text) <= 0)
		buf_puts(&text, "by a process that cannot be seen from here");
	return err_set(e, -SK_EBUSY,
		       "%s: busy: somebody else is writing to it (%s; %s): %s. Try: the same again "
		       "when it has ended",
		       p->name, p->path, text.p, undone);
}

int kb_refuse_open(const struct kb_place *p, const char *undone, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (put_users(p, &text) <= 0)
		return 0;
	return err_set(e, -SK_EBUSY,
		       "%s: busy: somebody else uses it (%s; %s): %s. Try: the same again when it "
		       "has ended",
		       p->name, p->path, text.p, undone);
}

static int fail_corrupt(const struct kb_place *p, const char *what, const char *undone,
			struct err *e)
{
	return err_set(e, -SK_ECORRUPT,
		       "%s: damaged: %s (%s): %s. Try: sk migrate %s --restore BACKUP, or, to keep "
		       "it aside and begin anew, sk migrate %s --quarantine",
		       p->name, what, p->path, undone, p->path, p->path);
}

int kb_fail(const struct kb_place *p, sqlite3 *db, int rc, const char *undone, struct err *e)
{
	const char *said = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	int number = db ? sqlite3_system_errno(db) : 0;

	INVARIANT(rc != SQLITE_OK);
	if ((rc & 0xff) == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT))
		rc = SQLITE_FULL;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return kb_fail_busy(p, undone, e);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail_corrupt(p, said, undone, e);
	case SQLITE_FULL:
		return err_set(e, -SK_EIO, "%s: no space left on the disk (%s): %s", p->name,
			       p->path, undone);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_PERM:
	case SQLITE_NOMEM:
		return err_set(e, -SK_EIO, "%s: %s%s%s (%s): %s", p->name, said, number ? ": " : "",
			       number ? strerror(number) : "", p->path, undone);
	default:
		return err_set(e, -SK_EREFUSED,
			       "%s: its tables are not as this program expects: %s (%s): %s. Try: "
			       "sk migrate %s --dry-run",
			       p->name, said, p->path, undone, p->path);
	}
}

int kb_run(struct kb *kb, const char *sql, const char *undone, struct err *e)
{
	int rc = sqlite3_exec(kb->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : kb_fail(&kb->place, kb->db, rc, undone, e);
}

int kb_ask(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		*out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	rc = sqlite3_finalize(stmt);
	return rc;
}

int kb_ask_text(sqlite3 *db, const char *sql, struct buf *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	buf_truncate(out, 0);
	buf_puts(out, "");
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		buf_put(out, sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
	return sqlite3_finalize(stmt);
}

int kb_quick_check(const struct kb_place *p, sqlite3 *db, const char *undone, struct err *e)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		if (text && strcmp(text, "ok") != 0)
			buf_put_visible(&found, span_of(text));
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_finalize(stmt);
	if (rc != SQLITE_OK)
		return kb_fail(p, db, rc, undone, e);
	return found.len ? fail_corrupt(p, found.p, undone, e) : 0;
}
