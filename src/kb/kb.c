/*
 * The library in use has a fault that is mended in later versions only: when two processes write to
 * or copy back the same WAL in the same instant, pages may be lost. So whoever of this program does
 * either holds a kernel lock of our own meanwhile, and copying back is never started by chance
 * (auto-checkpoint is off): kb_commit does it under the lock when the WAL has grown. The close of
 * the last connection copies back as well, under SQLite's exclusive lock: nobody else has it open.
 */
#include "kb/kb_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "kb/kb_schema.h"
#include "os/home.h"

#define DATABASE_BELOW "/" KB_FOLDER "/knowledge.db"

int kb_default_path(const char *option, const char *variable, const char *sk_home, const char *home,
		    struct buf *out, struct err *e)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc;

	if (!option && variable && *variable)
		option = variable;
	if (!option) {
		rc = home_find(sk_home, home, &found, &why);
		if (rc < 0)
			return err_set(e, -SK_EIO, "%s, or SK_DB_PATH=/path/to/knowledge.db",
				       why.len ? why.p : "the home directory cannot be used");
		buf_puts(&found, DATABASE_BELOW);
		option = found.p;
	}
	buf_truncate(out, 0);
	buf_puts(out, option);
	return 0;
}

/* --- connecting ----------------------------------------------------------------------------- */

static int settle(sqlite3 *db, enum kb_mode mode)
{
	static const char any[] = "PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;";
	static const char writing[] = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;";
	int rc;

	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, KB_VALUE_BYTES_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, KB_PATTERN_BYTES_MAX);
	rc = sqlite3_exec(db, any, NULL, NULL, NULL);
	if (rc == SQLITE_OK && mode == KB_WRITE)
		rc = sqlite3_exec(db, writing, NULL, NULL, NULL);
	return rc;
}

/* A path as SQLite's form of address: the few bytes that mean something there are written as hex.
 */
static void put_address(struct buf *out, const char *path)
{
	buf_puts(out, "file:");
	for (; *path; path++)
		if (strchr("%?#", *path))
			buf_putf(out, "%%%02x", (unsigned char)*path);
		else
			buf_putc(out, *path);
	buf_puts(out, "?immutable=1");
}

int kb_connect(const char *path, enum kb_mode mode, bool immutable, int64_t busy_ms, sqlite3 **out)
{
	CLEANUP(buf_release) struct buf address = BUF_INIT;
	int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, rc;

	flags |= mode == KB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	if (immutable) {
		put_address(&address, path);
		flags |= SQLITE_OPEN_URI;
	}
	*out = NULL;
	rc = sqlite3_open_v2(immutable ? address.p : path, out, flags, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(*out, (int)busy_ms);
	return settle(*out, mode);
}

void kb_disconnect(sqlite3 **db)
{
	sqlite3_close_v2(*db);
	*db = NULL;
}

/* --- what is in it -------------------------------------------------------------------------- */

static int look_inside(struct kb *kb, bool *ours)
{
	int64_t tables = 0, known = 0, stamp = 0, recorded = 0, has_list = 0, other = 0;
	sqlite3 *db = kb->db;
	int rc = kb_ask(db, "SELECT count(*) FROM sqlite_schema", &tables);

	if (rc == SQLITE_OK)
		rc = kb_ask(db,
			    "SELECT count(*) FROM sqlite_schema WHERE type='table' AND name IN "
			    "('knowledge_entries','sessions','documents')",
			    &known);
	if (rc == SQLITE_OK)
		rc = kb_ask(db,
			    "SELECT count(*) FROM sqlite_schema WHERE type='table' AND "
			    "name='schema_version'",
			    &has_list);
	if (rc == SQLITE_OK)
		rc = kb_ask(db, "PRAGMA user_version", &stamp);
	if (rc == SQLITE_OK)
		rc = kb_ask(db, "PRAGMA application_id", &other);
	if (rc == SQLITE_OK && has_list)
		rc = kb_ask(db, "SELECT max(version) FROM schema_version", &recorded);
	if (rc != SQLITE_OK)
		return rc;
	kb->empty = tables == 0;
	*ours = other == 0 && (tables == 0 || known >= 2);
	recorded = stamp > recorded && !has_list ? 0 : recorded;
	recorded = stamp > KB_SCHEMA_VERSION && stamp > recorded ? stamp : recorded;
	kb->version = recorded < 0 ? 0 : recorded > INT32_MAX ? INT32_MAX : (unsigned)recorded;
	return SQLITE_OK;
}

static int check_inside(struct kb *kb, enum kb_versions versions, bool ours, struct err *e)
{
	const struct kb_place *p = &kb->place;

	if (!ours)
		return err_set(e, -SK_EREFUSED,
			       "%s: is a database, but not one of knowledge (%s): nothing was "
			       "changed. Try: give the path of another one",
			       p->name, p->path);
	if (versions == KB_ANY_VERSION)
		return 0;
	if (kb->version > KB_SCHEMA_VERSION)
		return err_set(e, -SK_EREFUSED,
			       "%s: schema %u is newer than %u, the newest that this program knows "
			       "(%s): nothing was changed. Try: a newer sk",
			       p->name, kb->version, KB_SCHEMA_VERSION, p->path);
	if (versions == KB_CURRENT && kb->version < KB_SCHEMA_VERSION)
		return err_set(e, -SK_EREFUSED,
			       "%s: schema %u is older than %u (%s): nothing was changed. Try: sk "
			       "migrate %s",
			       p->name, kb->version, KB_SCHEMA_VERSION, p->path, p->path);
	return 0;
}

/* A WAL database in a folder that cannot be written is read as it stands, when nothing waits in its
 * WAL: without the right to write nobody of us changes it meanwhile. */
static bool may_be_immutable(const struct kb *kb, enum kb_mode mode, int rc)
{
	bool refused = (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY;

	return mode == KB_READ && refused && kb_place_bytes(&kb->place, "-wal") == 0 &&
	       access(kb->place.dir, W_OK) < 0;
}

static int remember_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct kb *kb = arg;

	(void)db;
	(void)name;
	kb->wal_frames = frames;
	return SQLITE_OK;
}

/* Whether the close of the last connection copies the WAL back and removes it. */
static void keep_wal(sqlite3 *db, bool keep)
{
	if (db)
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)keep, NULL);
}

int kb_check(struct kb *kb, const char *undone, struct err *e)
{
	int rc;

	keep_wal(kb->db, true);
	rc = kb_quick_check(&kb->place, kb->db, undone, e);
	if (rc == 0)
		keep_wal(kb->db, false);
	return rc;
}

static int connect_and_look(struct kb *kb, const struct kb_open *how, struct err *e)
{
	bool ours = false;
	int rc = kb_connect(kb->place.path, how->mode, false, kb->busy_ms, &kb->db);

	keep_wal(kb->db, true);
	if (rc == SQLITE_OK)
		rc = look_inside(kb, &ours);
	if (may_be_immutable(kb, how->mode, rc)) {
		kb_disconnect(&kb->db);
		rc = kb_connect(kb->place.path, how->mode, true, kb->busy_ms, &kb->db);
		if (rc == SQLITE_OK)
			rc = look_inside(kb, &ours);
	}
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, "nothing was changed", e);
	sqlite3_wal_hook(kb->db, remember_wal, kb);
	rc = check_inside(kb, how->versions, ours, e);
	if (rc == 0)
		keep_wal(kb->db, false);
	return rc;
}

int kb_open(const struct kb_open *how, struct kb **out, struct err *e)
{
	CLEANUP(kb_close) struct kb *kb = mem_zalloc(sizeof(*kb));
	struct stat st;
	int rc;

	INVARIANT(how->path);
	INVARIANT(how->who);
	kb->place.dir_fd = -1;
	kb->lock.fd = -1;
	kb->who = how->who;
	kb->undone = "nothing was changed";
	kb->busy_ms = how->busy_ms ? how->busy_ms : KB_BUSY_MS;
	rc = kb_place_open(how->path, &kb->place, e);
	if (rc == 0)
		rc = kb_place_look(&kb->place, &st, e);
	if (rc == 0)
		rc = connect_and_look(kb, how, e);
	if (rc < 0)
		return rc;
	*out = kb;
	kb = NULL;
	return 0;
}

void kb_close(struct kb **kb)
{
	struct kb *it = *kb;

	if (!it)
		return;
	kb_rollback(it);
	kb_disconnect(&it->db);
	lock_release(&it->lock);
	kb_place_close(&it->place);
	mem_free(kb);
}

unsigned kb_version(const struct kb *kb)
{
	return kb->version;
}

/* --- transactions --------------------------------------------------------------------------- */

static void let_others(struct kb *kb)
{
	if (!kb->keeps_lock)
		lock_release(&kb->lock);
}

int kb_begin(struct kb *kb, struct err *e)
{
	int rc;

	INVARIANT(!kb->in_transaction);
	if (!kb->keeps_lock) {
		rc = kb_lock(&kb->place, kb->who, kb->busy_ms, &kb->lock, e);
		if (rc < 0)
			return rc;
	}
	rc = sqlite3_exec(kb->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		rc = kb_fail(&kb->place, kb->db, rc, kb->undone, e);
		let_others(kb);
		return rc;
	}
	kb->in_transaction = true;
	return 0;
}

void kb_rollback(struct kb *kb)
{
	if (!kb->in_transaction)
		return;
	/* A failure can only mean that SQLite has done it already. */
	sqlite3_exec(kb->db, "ROLLBACK", NULL, NULL, NULL);
	kb->in_transaction = false;
	let_others(kb);
}

int kb_commit(struct kb *kb, struct err *e)
{
	int rc;

	INVARIANT(kb->in_transaction);
	rc = sqlite3_exec(kb->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		rc = kb_fail(&kb->place, kb->db, rc, kb->undone, e);
		kb_rollback(kb);
		return rc;
	}
	kb->in_transaction = false;
	/* Committed is committed: what cannot be copied back now is copied back another time. */
	if (kb->wal_frames > KB_WAL_FRAMES_MAX)
		sqlite3_wal_checkpoint_v2(kb->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	let_others(kb);
	return 0;
}
