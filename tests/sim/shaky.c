/*
 * Errors of the disk come one at a time, because a store that survives each alone at every call is
 * what is promised; two of them meet often enough over thousands of worlds. What a failed call
 * leaves behind is as bad as a kernel allows: a part of an append, and after a failed sync a file
 * whose unsynced bytes are gone from memory.
 */
#include "shaky.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../crash/simdisk_tree.h"

/* Whether the armed thing happens during this call. */
static bool happens(struct shaky *s, enum shaky_kind kind)
{
	bool ends = s->kind == SHAKY_KILL || s->kind == SHAKY_POWER;

	if (s->kind == SHAKY_NEVER || (s->kind != kind && !(ends && kind != SHAKY_READ)))
		return false;
	if (s->after) {
		s->after--;
		return false;
	}
	s->fired = true;
	s->dead = ends;
	return true;
}

/* What is true once the armed thing happened. */
static int aftermath(struct shaky *s)
{
	enum shaky_kind kind = s->kind;

	s->kind = SHAKY_NEVER;
	if (kind == SHAKY_POWER)
		s->disk->dead = true;
	return kind == SHAKY_FULL ? -ENOSPC : -EIO;
}

static int shaky_open_append(void *ctx, const char *path, bool create)
{
	struct shaky *s = ctx;

	if (s->dead)
		return -EIO;
	if (!s->reserve && strncmp(path, "reserve", 7) == 0)
		return -ENOSPC;
	return s->inner->open_append(s->inner->ctx, path, create);
}

static int shaky_open_read(void *ctx, const char *path)
{
	struct shaky *s = ctx;

	return s->dead ? -EIO : s->inner->open_read(s->inner->ctx, path);
}

static int shaky_close(void *ctx, int handle)
{
	struct shaky *s = ctx;

	return s->inner->close(s->inner->ctx, handle);
}

static int shaky_append(void *ctx, int handle, const void *p, size_t len)
{
	struct shaky *s = ctx;
	enum shaky_kind kind = s->kind == SHAKY_FULL ? SHAKY_FULL : SHAKY_WRITE;
	size_t part;

	if (s->dead)
		return -EIO;
	if (!happens(s, kind))
		return s->inner->append(s->inner->ctx, handle, p, len);
	part = s->chance % 4 == 0 ? 0 : s->chance % (len + 1);
	s->torn = part > 0 && part < len;
	s->inner->append(s->inner->ctx, handle, p, part);
	return aftermath(s);
}

static int64_t shaky_read_at(void *ctx, int handle, uint64_t offset, void *p, size_t len)
{
	struct shaky *s = ctx;

	if (s->dead)
		return -EIO;
	if (happens(s, SHAKY_READ))
		return aftermath(s);
	return s->inner->read_at(s->inner->ctx, handle, offset, p, len);
}

/* The kernel drops the pages it could not write: what was not synced is gone from memory too. */
static void drop_unsynced(struct shaky *s, int handle)
{
	struct sim_inode *n = s->disk->handles[handle].inode;

	buf_truncate(&n->now, 0);
	buf_put(&n->now, n->durable.p, n->durable.len);
}

static int shaky_sync(void *ctx, int handle)
{
	struct shaky *s = ctx;
	bool power = s->kind != SHAKY_SYNC;

	if (s->dead)
		return -EIO;
	if (!happens(s, SHAKY_SYNC))
		return s->inner->sync(s->inner->ctx, handle);
	if (s->chance % 2 == 0)
		s->inner->sync(s->inner->ctx, handle); /* it had worked, only nobody was told */
	else if (!power && s->chance % 3 == 0)
		drop_unsynced(s, handle);
	return aftermath(s);
}

static int shaky_truncate(void *ctx, int handle, uint64_t bytes)
{
	struct shaky *s = ctx;

	if (s->dead)
		return -EIO;
	if (!happens(s, SHAKY_WRITE))
		return s->inner->truncate(s->inner->ctx, handle, bytes);
	if (s->chance % 2)
		s->inner->truncate(s->inner->ctx, handle, bytes);
	return aftermath(s);
}

static int64_t shaky_size(void *ctx, int handle)
{
	struct shaky *s = ctx;

	return s->dead ? -EIO : s->inner->size(s->inner->ctx, handle);
}

/* Whether a call that changes names goes through. *rc is set when it does not. */
static bool names_change(struct shaky *s, int *rc, bool *too_late)
{
	bool ends = s->kind == SHAKY_KILL || s->kind == SHAKY_POWER;

	*rc = -EIO;
	*too_late = false;
	if (s->dead)
		return false;
	if (!happens(s, SHAKY_RENAME))
		return true;
	*too_late = true;
	if (ends && s->chance % 2)
		return true;
	*rc = aftermath(s);
	return false;
}

static int shaky_rename(void *ctx, const char *from, const char *to)
{
	struct shaky *s = ctx;
	bool late;
	int rc;

	if (names_change(s, &rc, &late))
		rc = s->inner->rename(s->inner->ctx, from, to);
	return late && s->kind != SHAKY_NEVER ? aftermath(s) : rc;
}

static int shaky_link(void *ctx, const char *from, const char *to)
{
	struct shaky *s = ctx;
	bool late;
	int rc;

	if (names_change(s, &rc, &late))
		rc = s->inner->link(s->inner->ctx, from, to);
	return late && s->kind != SHAKY_NEVER ? aftermath(s) : rc;
}

static int shaky_remove(void *ctx, const char *path)
{
	struct shaky *s = ctx;
	bool late;
	int rc;

	if (names_change(s, &rc, &late))
		rc = s->inner->remove(s->inner->ctx, path);
	return late && s->kind != SHAKY_NEVER ? aftermath(s) : rc;
}

static int shaky_mkdir(void *ctx, const char *path)
{
	struct shaky *s = ctx;
	bool late;
	int rc;

	if (names_change(s, &rc, &late))
		rc = s->inner->mkdir(s->inner->ctx, path);
	return late && s->kind != SHAKY_NEVER ? aftermath(s) : rc;
}

static int shaky_remove_dir(void *ctx, const char *path)
{
	struct shaky *s = ctx;
	bool late;
	int rc;

	if (names_change(s, &rc, &late))
		rc = s->inner->remove_dir(s->inner->ctx, path);
	return late && s->kind != SHAKY_NEVER ? aftermath(s) : rc;
}

static int shaky_sync_dir(void *ctx, const char *path)
{
	struct shaky *s = ctx;

	if (s->dead)
		return -EIO;
	if (!happens(s, SHAKY_SYNC))
		return s->inner->sync_dir(s->inner->ctx, path);
	if (s->chance % 2)
		s->inner->sync_dir(s->inner->ctx, path);
	return aftermath(s);
}

static int shaky_stat(void *ctx, const char *path, struct vfs_stat *out)
{
	struct shaky *s = ctx;

	return s->dead ? -EIO : s->inner->stat(s->inner->ctx, path, out);
}

static int shaky_list(void *ctx, const char *path, struct buf *names)
{
	struct shaky *s = ctx;

	return s->dead ? -EIO : s->inner->list(s->inner->ctx, path, names);
}

void shaky_init(struct shaky *s, struct simdisk *disk, const struct vfs *inner)
{
	*s = (struct shaky){ .disk = disk, .inner = inner };
	s->vfs = (struct vfs){ s,
			       shaky_open_append,
			       shaky_open_read,
			       shaky_close,
			       shaky_append,
			       shaky_read_at,
			       shaky_sync,
			       shaky_truncate,
			       shaky_size,
			       shaky_rename,
			       shaky_link,
			       shaky_remove,
			       shaky_mkdir,
			       shaky_sync_dir,
			       shaky_stat,
			       shaky_list,
			       shaky_remove_dir };
}

void shaky_arm(struct shaky *s, enum shaky_kind kind, unsigned after, unsigned chance)
{
	s->kind = kind;
	s->after = after;
	s->chance = chance;
	s->fired = s->torn = false;
}

void shaky_revive(struct shaky *s)
{
	shaky_arm(s, SHAKY_NEVER, 0, 0);
	s->dead = false;
}
