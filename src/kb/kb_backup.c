/*
 * The promise is that a backup which is reported exists, is whole and is on disk. So the copy is
 * made beside its name, read again, compared and synced before it gets the name, and nothing that
 * fails on the way leaves a file that could be taken for one.
 */
#include "kb/kb_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "kb/kb_copy.h"

static const char undone[] = "no backup was made, the database was not touched";

void kb_backup_release(struct kb_backup *b)
{
	mem_free(&b->path);
}

static void choose_name(const struct kb *kb, int64_t now_ms, struct buf *out)
{
	struct when_parts t;
	struct stat st;

	when_split(now_ms, &t);
	for (unsigned number = 1;; number++) {
		buf_truncate(out, 0);
		buf_putf(out, "%s.backup-%04u%02u%02uT%02u%02u%02uZ", kb->place.path, t.year,
			 t.month, t.day, t.hour, t.minute, t.second);
		if (number > 1)
			buf_putf(out, "-%u", number);
		if (lstat(out->p, &st) < 0)
			return;
	}
}

/* What stands where the backup shall be. */
static int check_target(struct kb *kb, const struct kb_place *t, bool replace, struct err *e)
{
	struct stat st, ours;

	if (fstatat(t->dir_fd, t->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode))
			return err_set(e, -SK_EREFUSED,
				       "backup target %s: exists and is a symbolic link; refused: "
				       "%s. Try: --backup-path with another name",
				       t->path, undone);
		if (fstatat(kb->place.dir_fd, kb->place.name, &ours, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_dev == st.st_dev && ours.st_ino == st.st_ino)
			return err_set(e, -SK_EUSAGE,
				       "backup target %s: is the database itself: %s", t->path,
				       undone);
		if (!replace)
			return err_set(e, -SK_EUSAGE,
				       "backup target %s: exists: %s. Try: another name, or add "
				       "--replace to overwrite",
				       t->path, undone);
		if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
			return err_set(e, -SK_EREFUSED,
				       "backup target %s: is no file of yours; refused: %s",
				       t->path, undone);
	} else if (errno != ENOENT) {
		return err_set(e, -SK_EIO, "backup target %s: %s: %s", t->path, strerror(errno),
			       undone);
	}
	if (kb_place_bytes(t, "-wal") || kb_place_bytes(t, "-journal"))
		return err_set(e, -SK_EREFUSED,
			       "backup target %s: beside it stands the log of another database "
			       "(%s-wal or -journal), which would be read into the copy: %s. Try: "
			       "another name",
			       t->path, t->name, undone);
	return 0;
}

int kb_backup_make(struct kb *kb, const char *to, int64_t now_ms, bool replace,
		   struct kb_backup *out, struct err *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	CLEANUP(kb_place_close) struct kb_place target = KB_PLACE_INIT;
	CLEANUP(kb_partial_release) struct kb_partial partial = KB_PARTIAL_INIT;
	struct kb_copied copied;
	int rc;

	if (!to)
		choose_name(kb, now_ms, &name);
	rc = kb_place_open(to ? to : name.p, &target, e);
	if (rc == 0)
		rc = check_target(kb, &target, replace, e);
	if (rc == 0)
		/* A name that tells the moment is another one each time: what a killed one
		 * left would never be found. */
		rc = kb_partial_begin(&target, to ? target.name : kb->place.name, &partial, e);
	if (rc == 0)
		rc = kb_copy(kb->db, &kb->place, &partial, &copied, undone, e);
	if (rc == 0)
		rc = kb_partial_finish(&partial, replace, undone, e);
	if (rc == -EEXIST)
		return err_set(e, -SK_EUSAGE,
			       "backup target %s: exists since a moment ago: %s. Try: another name",
			       target.path, undone);
	if (rc < 0)
		return rc;
	out->bytes = kb_place_bytes(&target, "");
	out->rows = copied.rows;
	out->tables = copied.tables;
	out->path = mem_strdup(target.path);
	return 0;
}
