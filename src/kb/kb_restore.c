/*
 * The WAL belongs to one database and must never be found beside another: it would be read into it.
 *
 *  1. The new database is whole and synced before anything of the old one is touched.
 *  2. A sound old one takes in its WAL first and is held exclusively until it is replaced, so that
 *     nobody begins to use it on the way. What is damaged is moved as it is.
 *  3. The old database gets its second name before its WAL is moved, and loses its first one in the
 *     same step in which the new one gets it.
 *
 * A kill between the steps of 3 leaves the old database with two names; the next time uses the one
 * that is there.
 */
#include "kb/kb_restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "kb/kb_copy.h"
#include "kb/kb_migrate_impl.h"
#include "kb/kb_schema.h"
#include "os/fd.h"

struct replacing {
	const struct kb_replace *how;
	const char *word; /* "replaced", "corrupt": in the name of what is moved aside */
	const char *undone;
	struct kb_place place;
	struct lock lock;
	struct kb *old; /* held exclusively; NULL when it is not there or not sound */
	bool there;
	struct kb_partial fresh;
	struct buf aside; /* what its name ends in */
};

#define REPLACING_INIT(how, word, undone)                                                  \
	{                                                                                  \
		how, word, undone, KB_PLACE_INIT, LOCK_INIT, NULL, false, KB_PARTIAL_INIT, \
			BUF_INIT                                                           \
	}

static void replacing_release(struct replacing *r)
{
	/* Not replaced after all: it is used as before. */
	if (r->old && r->fresh.fd >= 0)
		sqlite3_exec(r->old->db, "ROLLBACK; PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	kb_close(&r->old);
	kb_partial_release(&r->fresh);
	lock_release(&r->lock);
	kb_place_close(&r->place);
	buf_release(&r->aside);
}

void kb_replaced_release(struct kb_replaced *r)
{
	mem_free(&r->aside);
	mem_free(&r->orphan);
}

/* --- what is there -------------------------------------------------------------------------- */

/* Takes the old database for itself, with its WAL in it. */
static int hold(struct replacing *r, struct kb **kb, struct err *e)
{
	CLEANUP(buf_release) struct buf mode = BUF_INIT;
	sqlite3 *db = (*kb)->db;
	int rc = kb_ask_text(db, "PRAGMA journal_mode=DELETE", &mode);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return kb_fail(&r->place, db, rc, r->undone, e);
	r->old = *kb;
	*kb = NULL;
	return 0;
}

/* 1: sound and held. 0: to be moved as it is, *why says what is wrong. Else a refusal. */
static int look_at_old(struct replacing *r, struct err *why, struct err *e)
{
	struct kb_open open = { r->place.path, KB_WRITE, KB_ANY_VERSION, r->how->busy_ms,
				r->how->who };
	CLEANUP(kb_close) struct kb *kb = NULL;
	int rc = kb_open(&open, &kb, why);

	if (rc == 0)
		rc = kb_check(kb, r->undone, why);
	if (rc == -SK_ECORRUPT)
		return 0;
	if (rc < 0)
		return err_set(e, rc, "%s", why->text);
	rc = hold(r, &kb, e);
	return rc < 0 ? rc : 1;
}

static int begin(struct replacing *r, struct err *why, struct err *e)
{
	int64_t patience = r->how->busy_ms ? r->how->busy_ms : KB_BUSY_MS;
	struct stat st;
	int rc = kb_place_open(r->how->path, &r->place, e);

	if (rc == 0)
		rc = kb_lock(&r->place, r->how->who, patience, &r->lock, e);
	if (rc < 0)
		return rc;
	r->there = fstatat(r->place.dir_fd, r->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!r->there)
		return 0;
	rc = kb_place_kind(&r->place, &st, e);
	if (rc == 0)
		rc = kb_refuse_open(&r->place, r->undone, e);
	return rc < 0 ? rc : look_at_old(r, why, e);
}

/* --- moving it ------------------------------------------------------------------------------ */

/* A name that a killed one has given to the same file, and beside which nothing stands yet. */
static bool find_alias(struct replacing *r, const struct stat *old)
{
	CLEANUP(buf_release) struct buf begin = BUF_INIT;
	size_t skip = strlen(r->place.name);
	struct dirent *entry;
	bool found = false;
	struct stat st;
	DIR *dir;

	if (old->st_nlink < 2)
		return false;
	buf_putf(&begin, "%s.%s-", r->place.name, r->word);
	dir = opendir(r->place.dir);
	while (dir && !found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, begin.p, begin.len) != 0 ||
		    fstatat(r->place.dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		buf_truncate(&r->aside, 0);
		buf_puts(&r->aside, entry->d_name + skip);
		found = st.st_dev == old->st_dev && st.st_ino == old->st_ino &&
			kb_sidecars_free(&r->place, r->aside.p);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Its second name. Where a file cannot have two, it loses the first: for a moment nothing is there.
 */
static int name_aside(struct replacing *r, struct err *e)
{
	CLEANUP(buf_release) struct buf to = BUF_INIT;
	int dir = r->place.dir_fd;
	struct stat st;

	if (fstatat(dir, r->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && find_alias(r, &st))
		return 0;
	buf_truncate(&r->aside, 0);
	kb_aside_name(&r->place, r->word, r->how->now_ms, &r->aside);
	buf_putf(&to, "%s%s", r->place.name, r->aside.p);
	if (linkat(dir, r->place.name, dir, to.p, 0) == 0 ||
	    renameat(dir, r->place.name, dir, to.p) == 0)
		return 0;
	return err_set(e, -SK_EIO, "%s: cannot be moved aside: %s (%s): %s", r->place.name,
		       strerror(errno), r->place.dir, r->undone);
}

static char *path_aside(const struct replacing *r)
{
	struct buf out = BUF_INIT;

	buf_putf(&out, "%s%s", r->place.path, r->aside.p);
	return buf_take(&out);
}

static int move_aside(struct replacing *r, struct kb_replaced *out, struct err *e)
{
	int rc;

	if (r->there) {
		rc = name_aside(r, e);
		if (rc < 0)
			return rc;
		out->aside = path_aside(r);
	} else {
		kb_aside_name(&r->place, "orphan", r->how->now_ms, &r->aside);
	}
	rc = kb_move_sidecars(&r->place, r->aside.p, e);
	if (rc > 0 && !r->there)
		out->orphan = path_aside(r);
	if (rc >= 0 && fsync(r->place.dir_fd) < 0)
		rc = err_set(e, -SK_EIO, "%s: its folder cannot be synced: %s (%s): %s",
			     r->place.name, strerror(errno), r->place.dir, r->undone);
	return rc < 0 ? rc : 0;
}

static int replace(struct replacing *r, struct kb_replaced *out, struct err *e)
{
	int rc;

	if (fsync(r->fresh.fd) < 0)
		return err_set(e, -SK_EIO, "%s: the new database cannot be synced: %s (%s): %s",
			       r->place.name, strerror(errno), r->place.dir, r->undone);
	rc = move_aside(r, out, e);
	if (rc == 0)
		rc = kb_partial_finish(&r->fresh, r->there, r->undone, e);
	if (rc == -EEXIST)
		return err_set(e, -SK_EBUSY,
			       "%s: another program has made it at this moment (%s): %s. Try: the "
			       "same again",
			       r->place.name, r->place.path, r->undone);
	out->bytes = kb_place_bytes(&r->place, "");
	return rc;
}

/* --- a backup ------------------------------------------------------------------------------- */

static int check_same(const struct replacing *r, const struct kb *from, struct err *e)
{
	struct stat one, other;

	if (fstatat(r->place.dir_fd, r->place.name, &one, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(from->place.dir_fd, from->place.name, &other, AT_SYMLINK_NOFOLLOW) < 0 ||
	    one.st_dev != other.st_dev || one.st_ino != other.st_ino)
		return 0;
	return err_set(e, -SK_EUSAGE, "backup %s: is the database itself: %s", from->place.path,
		       r->undone);
}

/* As the database is used: readers and the writer do not wait for each other. */
static int make_wal(struct replacing *r, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = kb_connect(r->fresh.path, KB_WRITE, false, 0, &db);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	rc = rc == SQLITE_OK ? 0 : kb_fail(&r->place, db, rc, r->undone, e);
	kb_disconnect(&db);
	return rc;
}

int kb_restore(const struct kb_replace *how, struct kb_replaced *out, struct err *e)
{
	CLEANUP(replacing_release)
	struct replacing r = REPLACING_INIT(how, "replaced",
					    "nothing was restored, the database was not touched");
	struct kb_open open = { how->from, KB_READ, KB_CURRENT_OR_OLDER, how->busy_ms, how->who };
	CLEANUP(kb_close) struct kb *from = NULL;
	struct kb_copied copied = { 0 };
	struct err why = ERR_INIT;
	int rc = kb_open(&open, &from, e);

	if (rc == 0)
		rc = kb_quick_check(&from->place, from->db, r.undone, e);
	if (rc < 0)
		return rc;
	rc = kb_place_open(how->path, &r.place, e);
	if (rc == 0)
		rc = check_same(&r, from, e);
	kb_place_close(&r.place);
	if (rc == 0)
		rc = begin(&r, &why, e);
	if (rc < 0)
		return rc;
	rc = kb_partial_begin(&r.place, r.place.name, &r.fresh, e);
	if (rc == 0)
		rc = kb_copy(from->db, &from->place, &r.fresh, &copied, r.undone, e);
	if (rc == 0)
		rc = make_wal(&r, e);
	if (rc == 0)
		rc = replace(&r, out, e);
	out->version = kb_version(from);
	out->rows = copied.rows;
	return rc;
}

/* --- an empty one --------------------------------------------------------------------------- */

static void tell_nothing(void *arg, const struct kb_told *told)
{
	(void)arg;
	(void)told;
}

int kb_quarantine(const struct kb_replace *how, struct kb_replaced *out, struct err *e)
{
	CLEANUP(replacing_release)
	struct replacing r = REPLACING_INIT(how, "corrupt", "nothing was moved");
	struct kb_migrate make = { .path = how->path,
				   .who = how->who,
				   .now_ms = how->now_ms,
				   .no_backup = true,
				   .tell = tell_nothing };
	struct kb_migrated made = { 0 };
	struct err why = ERR_INIT;
	int rc = begin(&r, &why, e);

	if (rc < 0)
		return rc;
	if (rc == 1 && !how->even_sound)
		return err_set(e, -SK_ECONFIRM,
			       "%s: nothing is wrong with it (%s): nothing was moved. Try: sk "
			       "migrate %s --quarantine --yes, to begin with an empty one all the "
			       "same",
			       r.place.name, r.place.path, r.place.path);
	rc = kb_partial_begin(&r.place, r.place.name, &r.fresh, e);
	if (rc == 0)
		rc = kb_make_fresh(&make, &r.fresh, &made, e);
	if (rc == 0)
		rc = replace(&r, out, e);
	out->version = made.to;
	return rc;
}
