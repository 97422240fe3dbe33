/*
 * The lock is a file of its own that is never removed, because the marker itself is replaced and
 * removed all the time, and a lock on a file that may be another one by now protects nothing.
 *
 *  1. Whoever writes holds the lock from before it reads until after it has replaced the file.
 *  2. Nothing is opened through a link: a planted one would let others choose what we overwrite.
 */
#include "work/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/home.h"
#include "os/vfs.h"
#include "work/marker_impl.h"

#define LOCK_NAME MARKER_NAME ".lock"
#define LOOK_AGAIN_MS 10

void marker_close(struct marker *m)
{
	lock_release(&m->lock);
	fd_close(&m->dir_fd);
	arena_release(&m->arena);
	buf_release(&m->secret);
	buf_release(&m->path);
	mem_free(&m->v);
	*m = (struct marker){ .dir_fd = -1, .lock = LOCK_INIT };
}

static int refused(const char *what, const char *path, int code, struct err *e)
{
	if (code == -ELOOP)
		return err_set(e, -SK_EREFUSED,
			       "%s '%s' is a symbolic link; refused: nothing was changed", what,
			       path);
	if (code == -EINVAL || code == -EISDIR)
		return err_set(e, -SK_EREFUSED,
			       "%s '%s' is no regular file; refused: nothing was changed", what,
			       path);
	if (code == -EFBIG)
		return err_set(e, -SK_ECORRUPT,
			       "%s '%s' is larger than it can be: nothing was changed", what, path);
	return err_set(e, code, "%s '%s': %s: nothing was changed", what, path, strerror(-code));
}

/* The secret is of use only when nobody else can write it. */
static int read_secret(struct marker *m, const char *copilot, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(fd_close) int fd = -1;
	struct stat st;
	int rc;

	buf_putf(&path, "%s/" MARKER_SECRET_FOLDER "/" MARKER_SECRET, copilot);
	fd = fd_open_at(AT_FDCWD, path.p, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return refused("secret", path.p, fd, e);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refused("secret", path.p, -EINVAL, e);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022))
		return err_set(e, -SK_EREFUSED,
			       "secret '%s' can be written by others (mode %04o, uid %u); refused: "
			       "nothing was changed. Try: chmod 0600 %s",
			       path.p, st.st_mode & 07777, st.st_uid, path.p);
	rc = fd_read_all(fd, MARKER_SECRET_BYTES_MAX, &m->secret);
	if (rc < 0)
		return refused("secret", path.p, rc, e);
	while (m->secret.len && strchr(" \r\n\t", m->secret.p[m->secret.len - 1]))
		buf_truncate(&m->secret, m->secret.len - 1);
	return 0;
}

static int busy(const struct marker *m, const struct lock_holder *holder, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	buf_put_visible(&shown, span_of(holder->command));
	if (!holder->who.pid)
		return err_set(e, -SK_EBUSY,
			       "marker '%s': locked by a process that does not tell its name: "
			       "nothing was changed. Try: the same again",
			       m->path.p);
	return err_set(e, -SK_EBUSY,
		       "marker '%s': lock held by pid %llu (%s): nothing was changed. Try: the "
		       "same again",
		       m->path.p, (unsigned long long)holder->who.pid, shown.p ? shown.p : "?");
}

static int take_lock(struct marker *m, const char *command, struct err *e)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + MARKER_PATIENCE_MS;
	struct lock_holder holder = { .who = { .pid = 0 } };
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	int rc = lock_take(m->dir_fd, LOCK_NAME, command, &m->lock, &holder);

	while (rc == -SK_EBUSY && clock_mono_ms(&clock_real) < until_ms) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		rc = lock_take(m->dir_fd, LOCK_NAME, command, &m->lock, &holder);
	}
	if (rc == -SK_EBUSY)
		return busy(m, &holder, e);
	if (rc < 0) {
		buf_putf(&path, "%s.lock", m->path.p);
		return refused("lock", path.p, rc, e);
	}
	return 0;
}

static int open_folder(struct marker *m, const char *copilot, bool create, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	m->dir_fd = home_open(copilot, MARKER_FOLDER, create, &why);
	if (m->dir_fd == -ENOENT && !why.len) {
		m->dir_fd = -1;
		return 0;
	}
	if (m->dir_fd < 0) {
		int code = m->dir_fd == -EPERM ? -SK_EREFUSED : m->dir_fd;

		m->dir_fd = -1;
		return err_set(e, code, "%s", why.len ? why.p : "cannot open the markers");
	}
	return 0;
}

static int open_all(struct marker *m, const char *copilot, unsigned flags, const char *command,
		    struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct vfs disk;
	int rc = open_folder(m, copilot, flags & MARKER_WRITE, e);

	if (rc == 0)
		rc = read_secret(m, copilot, e);
	if (rc == 0 && (flags & MARKER_WRITE))
		rc = take_lock(m, command, e);
	if (rc < 0 || m->dir_fd < 0)
		return rc;
	vfs_real_open(&disk, m->dir_fd);
	rc = vfs_read_all(&disk, MARKER_NAME, MARKER_BYTES_MAX, &text);
	vfs_real_close(&disk);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return refused("marker", m->path.p, rc, e);
	return marker_decode(m, (struct span){ text.p, text.len }, e);
}

int marker_open(struct marker *m, const char *copilot, unsigned flags, const char *command,
		struct err *e)
{
	int rc;

	*m = (struct marker){ .dir_fd = -1, .lock = LOCK_INIT, .ttl_ms = MARKER_TTL_MS };
	buf_putf(&m->path, "%s/" MARKER_FOLDER "/" MARKER_NAME, copilot);
	rc = open_all(m, copilot, flags, command, e);
	if (rc < 0)
		marker_close(m);
	return rc;
}

/* The place of the entry that a new one takes the place of, or count. */
static size_t place_of(const struct marker *m, const struct marker_entry *t)
{
	for (size_t i = 0; t->tentacle_id.len && i < m->count; i++)
		if (span_eq(t->tentacle_id, m->v[i].tentacle_id))
			return i;
	for (size_t i = 0; i < m->count; i++)
		if (!m->v[i].tentacle_id.len && span_eq(t->name, m->v[i].name) &&
		    (!m->v[i].git_root.len || span_eq(t->git_root, m->v[i].git_root)))
			return i;
	return m->count;
}

void marker_put(struct marker *m, const struct marker_entry *entry)
{
	struct marker_entry t = *entry;
	size_t at = place_of(m, entry);

	t.name = arena_copy(&m->arena, t.name);
	t.git_root = arena_copy(&m->arena, t.git_root);
	t.tentacle_id = arena_copy(&m->arena, t.tentacle_id);
	t.session = arena_copy(&m->arena, t.session);
	t.host = arena_copy(&m->arena, t.host);
	t.nonce = arena_copy(&m->arena, t.nonce);
	t.worktree = arena_copy(&m->arena, t.worktree);
	t.branch = arena_copy(&m->arena, t.branch);
	t.scope = (struct texts){ NULL, 0 };
	for (size_t i = 0; i < entry->scope.count && i < SCOPE_ENTRIES_MAX; i++)
		texts_add(&m->arena, &t.scope, entry->scope.v[i]);
	t.rest = arena_copy(&m->arena, t.rest);
	if (at == m->count) {
		mem_grow(&m->v, &m->capacity, m->count + 1, sizeof(*m->v));
		m->count++;
	}
	m->v[at] = t;
}

void marker_drop(struct marker *m, size_t index)
{
	INVARIANT(index < m->count);
	memmove(&m->v[index], &m->v[index + 1], (m->count - index - 1) * sizeof(*m->v));
	m->count--;
}

int marker_commit(struct marker *m, int64_t now_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct vfs disk;
	int rc;

	INVARIANT(m->lock.fd >= 0); /* 1 */
	m->at_ms = now_ms;
	marker_encode(m, &text);
	if (m->count > MARKER_ENTRIES_MAX || text.len > MARKER_BYTES_MAX)
		return err_set(e, -SK_EREFUSED,
			       "marker '%s': %zu entries are more than it can hold: nothing was "
			       "changed. Try: sk tentacle marker-cleanup --apply",
			       m->path.p, m->count);
	vfs_real_open(&disk, m->dir_fd);
	if (m->count) {
		rc = vfs_replace(&disk, MARKER_NAME, text.p, text.len);
	} else {
		rc = disk.remove(disk.ctx, MARKER_NAME);
		rc = rc == -ENOENT ? 0 : rc;
		if (rc == 0)
			rc = disk.sync_dir(disk.ctx, ".");
	}
	vfs_real_close(&disk);
	if (rc < 0)
		return err_set(e, rc, "marker '%s': %s: it may not have been changed", m->path.p,
			       strerror(-rc));
	return 0;
}

int marker_put_aside(const char *copilot, const char *command, int64_t now_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf aside = BUF_INIT;
	struct marker m = { .dir_fd = -1, .lock = LOCK_INIT };
	struct vfs disk;
	int rc;

	buf_putf(&m.path, "%s/" MARKER_FOLDER "/" MARKER_NAME, copilot);
	rc = open_folder(&m, copilot, true, e);
	if (rc == 0)
		rc = take_lock(&m, command, e);
	if (rc == 0) {
		buf_putf(&aside, MARKER_NAME ".damaged-%lld", (long long)now_ms);
		vfs_real_open(&disk, m.dir_fd);
		rc = disk.rename(disk.ctx, MARKER_NAME, aside.p);
		if (rc == 0)
			rc = disk.sync_dir(disk.ctx, ".");
		vfs_real_close(&disk);
		if (rc < 0)
			rc = refused("marker", m.path.p, rc, e);
	}
	marker_close(&m);
	return rc;
}
