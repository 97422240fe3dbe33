/*
 * SQLite would follow a link, wait at a FIFO and take an empty file for a new database. Each of
 * these hides a loss or a trap, so the file is looked at before SQLite sees it. The folder may be
 * reached through links, as people have who keep their settings elsewhere; therefore its real path
 * is found first, and SQLite is forbidden to follow any.
 */
#include "kb/kb_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/fd.h"

#define MAGIC "SQLite format 3"            /* with its NUL: the first 16 bytes */
#define NAME_BYTES_LONGEST (NAME_MAX - 40) /* room for what we put behind it */

int kb_place_open(const char *path, struct kb_place *out, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEANUP(mem_free)
	char *folder = !slash          ? mem_strdup(".")
		       : slash == path ? mem_strdup("/")
				       : span_dup((struct span){ path, (size_t)(slash - path) });
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	CLEANUP(buf_release) struct buf full = BUF_INIT;
	char real[PATH_MAX];

	buf_put_quoted(&shown, span_of(path), 200);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, -SK_EUSAGE, "database %s: names no file: nothing was done",
			       shown.p);
	if (strlen(path) >= PATH_MAX || strlen(name) > NAME_BYTES_LONGEST)
		return err_set(e, -SK_EUSAGE, "database %s: the name is too long: nothing was done",
			       shown.p);
	if (!realpath(folder, real))
		return err_set(e, errno == ENOENT || errno == ENOTDIR ? -SK_ENOTFOUND : -SK_EIO,
			       "database %s: its folder cannot be found (%s): nothing was done",
			       shown.p, strerror(errno));
	if (strlen(real) + strlen(name) + 42 > PATH_MAX)
		return err_set(e, -SK_EUSAGE, "database %s: the path is too long: nothing was done",
			       shown.p);
	out->dir_fd = fd_open_dir(real);
	if (out->dir_fd < 0)
		return err_set(e, -SK_EIO,
			       "database %s: its folder cannot be opened (%s): nothing was done",
			       shown.p, strerror(-out->dir_fd));
	buf_putf(&full, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	out->dir = mem_strdup(real);
	out->path = buf_take(&full);
	out->name = strrchr(out->path, '/') + 1;
	return 0;
}

void kb_place_close(struct kb_place *p)
{
	fd_close(&p->dir_fd);
	mem_free(&p->dir);
	mem_free(&p->path);
	p->name = NULL;
}

static char *joined(const char *text, const char *suffix)
{
	struct buf out = BUF_INIT;

	buf_putf(&out, "%s%s", text, suffix);
	return buf_take(&out);
}

char *kb_place_beside(const struct kb_place *p, const char *suffix)
{
	return joined(p->path, suffix);
}

char *kb_name_beside(const struct kb_place *p, const char *suffix)
{
	return joined(p->name, suffix);
}

int64_t kb_place_bytes(const struct kb_place *p, const char *suffix)
{
	CLEANUP(mem_free) char *name = kb_name_beside(p, suffix);
	struct stat st;

	return fstatat(p->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

int kb_place_kind(const struct kb_place *p, const struct stat *st, struct err *e)
{
	if (S_ISLNK(st->st_mode))
		return err_set(e, -SK_EREFUSED,
			       "%s: is a symbolic link (%s); refused: nothing was done. Try: give "
			       "the path of the file itself",
			       p->name, p->path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, -SK_EREFUSED,
			       "%s: is no regular file (%s); refused: nothing was done", p->name,
			       p->path);
	if (st->st_uid != geteuid())
		return err_set(e, -SK_EREFUSED,
			       "%s: belongs to uid %u, you are uid %u (%s); refused: nothing was "
			       "done",
			       p->name, st->st_uid, geteuid(), p->path);
	return 0;
}

/* What is there instead of a database, and the two ways on. */
static int refuse_bytes(const struct kb_place *p, struct span first, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (first.len == 0)
		return err_set(e, -SK_ECORRUPT,
			       "%s: is empty, 0 bytes (%s): nothing was changed. Try: sk migrate "
			       "%s --restore BACKUP, or, to keep it aside and begin anew, sk "
			       "migrate %s --quarantine",
			       p->name, p->path, p->path, p->path);
	buf_put_quoted(&shown, (struct span){ first.p, first.len < 4 ? first.len : 4 }, 40);
	return err_set(e, -SK_ECORRUPT,
		       "%s: not a database, first bytes %s (%s): nothing was changed. Try: sk "
		       "migrate %s --restore BACKUP, or, to keep it aside and begin anew, sk "
		       "migrate %s --quarantine",
		       p->name, shown.p, p->path, p->path, p->path);
}

int kb_place_look(const struct kb_place *p, struct stat *out, struct err *e)
{
	CLEANUP(fd_close) int fd = -1;
	char first[sizeof(MAGIC)];
	ssize_t got;
	int rc;

	if (fstatat(p->dir_fd, p->name, out, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? err_set(e, -SK_ENOTFOUND,
					 "%s: does not exist (%s): nothing was done. Try: sk "
					 "migrate %s",
					 p->name, p->path, p->path)
			       : err_set(e, -SK_EIO, "%s: %s (%s): nothing was done", p->name,
					 strerror(errno), p->path);
	rc = kb_place_kind(p, out, e);
	if (rc < 0)
		return rc;
	fd = fd_open_at(p->dir_fd, p->name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, -SK_EIO, "%s: cannot be opened: %s (%s): nothing was done",
			       p->name, strerror(-fd), p->path);
	got = pread(fd, first, sizeof(first), 0);
	if (got < 0)
		return err_set(e, -SK_EIO, "%s: cannot be read: %s (%s): nothing was done", p->name,
			       strerror(errno), p->path);
	if (got < (ssize_t)sizeof(first) || memcmp(first, MAGIC, sizeof(first)) != 0)
		return refuse_bytes(p, (struct span){ first, (size_t)got }, e);
	return 0;
}

int kb_lock(const struct kb_place *p, const char *who, int64_t patience_ms, struct lock *out,
	    struct err *e)
{
	CLEANUP(mem_free) char *name = kb_name_beside(p, KB_LOCK_SUFFIX);
	struct lock_holder holder = { 0 };
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	int rc = lock_take_within(p->dir_fd, name, who, patience_ms, out, NULL);

	if (rc == 0)
		return 0;
	if (rc != -SK_EBUSY)
		return err_set(e, -SK_EIO,
			       "%s: the lock '%s' cannot be taken: %s (%s): nothing was done",
			       p->name, name, strerror(-rc), p->dir);
	if (lock_probe(p->dir_fd, name, &holder) < 0 || holder.who.pid == 0)
		return kb_fail_busy(p, "nothing was done", e);
	buf_put_visible(&shown, span_of(holder.command));
	return err_set(e, -SK_EBUSY,
		       "%s: busy: held by pid %llu, %s (%s): nothing was done. Try: the same again "
		       "when it has ended",
		       p->name, (unsigned long long)holder.who.pid, shown.p ? shown.p : "",
		       p->path);
}
