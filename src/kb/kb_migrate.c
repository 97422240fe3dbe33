/*
 * Our own lock is held from before the first look until the end, so two of us never migrate at
 * once: the second waits, and finds nothing to do. A new database is made beside its name and gets
 * it when it is whole; an empty file is never taken for one. A WAL whose database is gone would be
 * read into the new one, so it is moved aside first, and never removed.
 *
 * A dry run is the act itself, on a copy in memory.
 */
#include "kb/kb_migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "kb/kb_migrate_impl.h"
#include "kb/kb_schema.h"
#include "kb/kb_shape.h"

static const char unmade[] = "no database was made";

/* --- a database that is not there yet ------------------------------------------------------- */

int kb_make_fresh(const struct kb_migrate *how, struct kb_partial *partial, struct kb_migrated *out,
		  struct err *e)
{
	/* Until it has its name it may be in any state, and before that it is synced. */
	static const char quick[] = "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF";
	struct kb fresh = { .place = *partial->target,
			    .lock = LOCK_INIT,
			    .who = how->who,
			    .undone = unmade,
			    .empty = true,
			    .keeps_lock = true };
	int rc = kb_connect(partial->path, KB_WRITE, false, 0, &fresh.db);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(fresh.db, quick, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		rc = kb_fail(partial->target, fresh.db, rc, unmade, e);
	else
		rc = kb_migrate_open(&fresh, how, out, e);
	if (rc == 0) {
		rc = sqlite3_exec(fresh.db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
		rc = rc == SQLITE_OK ? 0 : kb_fail(partial->target, fresh.db, rc, unmade, e);
	}
	kb_disconnect(&fresh.db);
	return rc;
}

/* Versions are told when they are true: when the whole has its name. */
static void tell_nothing(void *arg, const struct kb_told *told)
{
	(void)arg;
	(void)told;
}

static void tell_all(const struct kb_migrate *how)
{
	for (unsigned i = 1; i <= KB_SCHEMA_VERSION; i++) {
		struct kb_told told = { KB_TOLD_VERSION, i, kb_schema_version(i)->name };

		how->tell(how->arg, &told);
	}
}

static int move_orphans(const struct kb_place *p, const struct kb_migrate *how, struct err *e)
{
	CLEANUP(buf_release) struct buf aside = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct kb_told told = { KB_TOLD_ORPHAN, 0, NULL };
	int rc;

	kb_aside_name(p, "orphan", how->now_ms, &aside);
	rc = kb_move_sidecars(p, aside.p, e);
	if (rc <= 0)
		return rc;
	buf_putf(&text, "%s%s", p->path, aside.p);
	told.text = text.p;
	how->tell(how->arg, &told);
	return 0;
}

static int make(const struct kb_place *p, const struct kb_migrate *how, struct kb_migrated *out,
		struct err *e)
{
	CLEANUP(kb_partial_release) struct kb_partial partial = KB_PARTIAL_INIT;
	struct kb_migrate quiet = *how;
	int rc = kb_partial_begin(p, p->name, &partial, e);

	quiet.tell = tell_nothing;
	if (rc == 0)
		rc = kb_make_fresh(&quiet, &partial, out, e);
	if (rc == 0)
		rc = move_orphans(p, how, e);
	if (rc == 0)
		rc = kb_partial_finish(&partial, false, unmade, e);
	if (rc == -EEXIST)
		return err_set(e, -SK_EBUSY,
			       "%s: another program has made it at this moment (%s): nothing was "
			       "changed. Try: the same again",
			       p->name, p->path);
	if (rc < 0)
		return rc;
	out->made = true;
	tell_all(how);
	return 0;
}

/* --- without touching anything -------------------------------------------------------------- */

/* The database in memory, behind the same struct. */
static int into_memory(struct kb *kb, struct err *e)
{
	sqlite3_backup *backup;
	sqlite3 *copy = NULL;
	int64_t pages = 0, page_bytes = 0;
	int rc = kb_ask(kb->db, "PRAGMA page_count", &pages);

	if (rc == SQLITE_OK)
		rc = kb_ask(kb->db, "PRAGMA page_size", &page_bytes);
	if (rc != SQLITE_OK)
		return kb_fail(&kb->place, kb->db, rc, "nothing was changed", e);
	if (pages * page_bytes > KB_DRY_RUN_BYTES_MAX)
		return err_set(e, -SK_EREFUSED,
			       "%s: too large to be rehearsed in memory, which takes up to %d MiB "
			       "(%s): nothing was changed. Try: sk migrate %s --backup-only, and "
			       "migrate the copy",
			       kb->place.name, KB_DRY_RUN_BYTES_MAX >> 20, kb->place.path,
			       kb->place.path);
	rc = kb_model_open(&copy);
	backup = rc == SQLITE_OK ? sqlite3_backup_init(copy, "main", kb->db, "main") : NULL;
	if (backup) {
		sqlite3_backup_step(backup, -1);
		rc = sqlite3_backup_finish(backup);
	}
	if (!backup || rc != SQLITE_OK) {
		kb_disconnect(&copy);
		return kb_fail(&kb->place, NULL, rc ? rc : SQLITE_NOMEM, "nothing was changed", e);
	}
	kb_disconnect(&kb->db);
	kb->db = copy;
	kb->keeps_lock = true;
	return 0;
}

static int rehearse(const struct kb_migrate *how, struct kb_migrated *out, struct err *e)
{
	struct kb_open open = { how->path, KB_READ, KB_CURRENT_OR_OLDER, how->busy_ms, how->who };
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct kb_place none = KB_PLACE_INIT;
	struct err why = ERR_INIT;
	int rc = kb_open(&open, &kb, &why);

	if (rc == -SK_ENOTFOUND && kb_place_open(how->path, &none, e) == 0) {
		kb_place_close(&none);
		out->made = true;
		out->applied = out->to = KB_SCHEMA_VERSION;
		tell_all(how);
		return 0;
	}
	if (rc < 0)
		return err_set(e, rc, "%s", why.text);
	rc = kb_quick_check(&kb->place, kb->db, "nothing was changed", e);
	if (rc == 0)
		rc = into_memory(kb, e);
	return rc < 0 ? rc : kb_migrate_open(kb, how, out, e);
}

/* --- the act -------------------------------------------------------------------------------- */

static int migrate_there(const struct kb_migrate *how, struct lock *lock, struct kb_migrated *out,
			 struct err *e)
{
	struct kb_open open = { how->path, KB_WRITE, KB_CURRENT_OR_OLDER, how->busy_ms, how->who };
	CLEANUP(kb_close) struct kb *kb = NULL;
	int rc = kb_open(&open, &kb, e);

	if (rc < 0)
		return rc;
	kb->keeps_lock = true;
	kb->lock = *lock;
	lock->fd = -1;
	rc = kb_check(kb, "nothing was changed", e);
	return rc < 0 ? rc : kb_migrate_open(kb, how, out, e);
}

int kb_migrate(const struct kb_migrate *how, struct kb_migrated *out, struct err *e)
{
	CLEANUP(kb_place_close) struct kb_place place = KB_PLACE_INIT;
	CLEANUP(lock_release) struct lock lock = LOCK_INIT;
	struct err missing = ERR_INIT;
	struct stat st;
	int rc;

	memset(out, 0, sizeof(*out));
	if (how->dry_run)
		return rehearse(how, out, e);
	rc = kb_place_open(how->path, &place, e);
	if (rc == 0)
		rc = kb_lock(&place, how->who, how->busy_ms ? how->busy_ms : KB_BUSY_MS, &lock, e);
	if (rc < 0)
		return rc;
	rc = kb_place_look(&place, &st, &missing);
	if (rc == -SK_ENOTFOUND)
		return make(&place, how, out, e);
	if (rc < 0)
		return err_set(e, rc, "%s", missing.text);
	return migrate_there(how, &lock, out, e);
}
