/*
 * The model is that of the weakest file system we are willing to stand on: files and directories
 * are independent, so a rename may survive whose data did not, and of several unsynced changes of a
 * directory any may survive without the ones before it. The call during which power goes has
 * happened in memory like any other unsynced one; a sync has not.
 */
#include "simdisk.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simdisk_tree.h"

/* Counts a call that changes the disk. False: the power is gone already. `last`: it goes during
 * this call. */
static bool powered(struct simdisk *d, bool *last)
{
	*last = false;
	if (d->dead)
		return false;
	if (d->calls++ == d->cut_at)
		*last = d->dead = true;
	return true;
}

static int take_handle(struct simdisk *d, struct sim_inode *n, bool append)
{
	for (int i = 0; i < (int)ARRAY_LEN(d->handles); i++) {
		if (d->handles[i].inode)
			continue;
		d->handles[i] = (struct sim_handle){ n, append };
		return i;
	}
	return -EMFILE;
}

static int check_regular(const struct sim_inode *n)
{
	if (n->type == S_IFLNK)
		return -ELOOP;
	if (n->type == S_IFDIR)
		return -EISDIR;
	return n->type == S_IFREG ? 0 : -EINVAL;
}

static int sim_open_append(void *ctx, const char *path, bool create)
{
	struct simdisk *d = ctx;
	const char *name;
	struct sim_inode *dir = sim_walk(d, path, &name), *n;
	bool last;
	int rc;

	if (d->dead)
		return -EIO;
	if (!dir)
		return -ENOENT;
	n = sim_entries_find(&dir->entries, name);
	if (!n) {
		if (!create)
			return -ENOENT;
		powered(d, &last);
		n = sim_inode_new(d, S_IFREG);
		sim_change(dir, name, n, NULL, NULL);
		if (last)
			return -EIO;
	}
	rc = check_regular(n);
	return rc < 0 ? rc : take_handle(d, n, true);
}

static int sim_open_read(void *ctx, const char *path)
{
	struct simdisk *d = ctx;
	struct sim_inode *n = sim_find(d, path);
	int rc;

	if (d->dead)
		return -EIO;
	if (!n)
		return -ENOENT;
	rc = check_regular(n);
	return rc < 0 ? rc : take_handle(d, n, false);
}

static int sim_close(void *ctx, int handle)
{
	((struct simdisk *)ctx)->handles[handle].inode = NULL;
	return 0;
}

/* A removed file takes no space, as long as nobody holds it open. */
static bool in_use(const struct simdisk *d, const struct sim_inode *n)
{
	for (size_t i = 0; i < ARRAY_LEN(d->handles); i++)
		if (d->handles[i].inode == n)
			return true;
	for (size_t i = 0; i < d->inode_count; i++)
		for (size_t j = 0; j < d->inodes[i]->entries.count; j++)
			if (d->inodes[i]->entries.v[j].inode == n)
				return true;
	return false;
}

static uint64_t space_left(const struct simdisk *d)
{
	uint64_t used = 0;

	if (!d->capacity)
		return UINT64_MAX;
	for (size_t i = 0; i < d->inode_count; i++)
		if (in_use(d, d->inodes[i]))
			used += d->inodes[i]->now.len;
	return used < d->capacity ? d->capacity - used : 0;
}

static int sim_append(void *ctx, int handle, const void *p, size_t len)
{
	struct simdisk *d = ctx;
	uint64_t left = space_left(d);
	bool last;

	INVARIANT(d->handles[handle].append);
	if (!powered(d, &last))
		return -EIO;
	buf_put(&d->handles[handle].inode->now, p, len < left ? len : (size_t)left);
	if (last)
		return -EIO;
	return len <= left ? 0 : -ENOSPC;
}

static int64_t sim_read_at(void *ctx, int handle, uint64_t offset, void *p, size_t len)
{
	struct simdisk *d = ctx;
	const struct buf *raw = &d->handles[handle].inode->now;

	if (d->dead)
		return -EIO;
	if (offset >= raw->len)
		return 0;
	if (len > raw->len - offset)
		len = raw->len - (size_t)offset;
	memcpy(p, raw->p + offset, len);
	return (int64_t)len;
}

static int sim_sync(void *ctx, int handle)
{
	struct simdisk *d = ctx;
	bool last, fails = d->calls == d->fail_sync_at;

	if (!powered(d, &last) || last || fails)
		return -EIO;
	sim_settle_data(d->handles[handle].inode);
	return 0;
}

static int sim_truncate(void *ctx, int handle, uint64_t bytes)
{
	struct simdisk *d = ctx;
	struct sim_inode *n = d->handles[handle].inode;
	bool last;

	if (!powered(d, &last))
		return -EIO;
	if (d->fail_truncate)
		return -d->fail_truncate;
	INVARIANT(bytes <= n->now.len);
	buf_truncate(&n->now, (size_t)bytes);
	return last ? -EIO : 0;
}

static int64_t sim_size(void *ctx, int handle)
{
	struct simdisk *d = ctx;

	return d->dead ? -EIO : (int64_t)d->handles[handle].inode->now.len;
}

static int sim_rename(void *ctx, const char *from, const char *to)
{
	struct simdisk *d = ctx;
	const char *from_name, *to_name;
	struct sim_inode *a = sim_walk(d, from, &from_name), *b = sim_walk(d, to, &to_name), *n;
	bool last;

	if (d->dead)
		return -EIO;
	n = a ? sim_entries_find(&a->entries, from_name) : NULL;
	if (!n || !b)
		return -ENOENT;
	INVARIANT(a == b); /* the store moves nothing between directories */
	powered(d, &last);
	sim_change(a, to_name, n, from_name, NULL);
	return last ? -EIO : 0;
}

static int sim_link(void *ctx, const char *from, const char *to)
{
	struct simdisk *d = ctx;
	const char *name;
	struct sim_inode *n = sim_find(d, from), *dir = sim_walk(d, to, &name);
	bool last;

	if (d->dead)
		return -EIO;
	if (!n || !dir)
		return -ENOENT;
	if (sim_entries_find(&dir->entries, name))
		return -EEXIST;
	powered(d, &last);
	sim_change(dir, name, n, NULL, NULL);
	return last ? -EIO : 0;
}

static int sim_remove(void *ctx, const char *path)
{
	struct simdisk *d = ctx;
	const char *name;
	struct sim_inode *dir = sim_walk(d, path, &name), *n;
	bool last;

	if (d->dead)
		return -EIO;
	n = dir ? sim_entries_find(&dir->entries, name) : NULL;
	if (!n)
		return -ENOENT;
	if (n->type == S_IFDIR)
		return -EISDIR;
	powered(d, &last);
	sim_change(dir, name, NULL, NULL, NULL);
	return last ? -EIO : 0;
}

static int sim_mkdir(void *ctx, const char *path)
{
	struct simdisk *d = ctx;
	const char *name;
	struct sim_inode *dir = sim_walk(d, path, &name);
	bool last;

	if (d->dead)
		return -EIO;
	if (!dir)
		return -ENOENT;
	if (sim_entries_find(&dir->entries, name))
		return -EEXIST;
	powered(d, &last);
	sim_change(dir, name, sim_inode_new(d, S_IFDIR), NULL, NULL);
	return last ? -EIO : 0;
}

static int sim_remove_dir(void *ctx, const char *path)
{
	struct simdisk *d = ctx;
	const char *name;
	struct sim_inode *dir = sim_walk(d, path, &name), *n;
	bool last;

	if (d->dead)
		return -EIO;
	n = dir ? sim_entries_find(&dir->entries, name) : NULL;
	if (!n)
		return -ENOENT;
	if (n->type != S_IFDIR)
		return -ENOTDIR;
	if (n->entries.count)
		return -ENOTEMPTY;
	powered(d, &last);
	sim_change(dir, name, NULL, NULL, NULL);
	return last ? -EIO : 0;
}

static int sim_sync_dir(void *ctx, const char *path)
{
	struct simdisk *d = ctx;
	struct sim_inode *dir = sim_find(d, path);
	bool last;

	if (!dir || dir->type != S_IFDIR)
		return -ENOENT;
	if (!powered(d, &last) || last)
		return -EIO;
	sim_settle_names(dir);
	return 0;
}

static int sim_stat(void *ctx, const char *path, struct vfs_stat *out)
{
	struct simdisk *d = ctx;
	struct sim_inode *n = sim_find(d, path);
	unsigned links = 0;

	if (d->dead)
		return -EIO;
	if (!n)
		return -ENOENT;
	for (size_t i = 0; i < d->inode_count; i++)
		for (size_t j = 0; j < d->inodes[i]->entries.count; j++)
			links += d->inodes[i]->entries.v[j].inode == n;
	*out = (struct vfs_stat){ (int64_t)n->now.len, n->mode,     n->type, links,
				  geteuid(),           (uintptr_t)n };
	return 0;
}

static int sim_list(void *ctx, const char *path, struct buf *names)
{
	struct simdisk *d = ctx;
	struct sim_inode *dir = sim_find(d, path);

	if (d->dead)
		return -EIO;
	if (!dir)
		return -ENOENT;
	for (size_t i = 0; i < dir->entries.count; i++)
		buf_put(names, dir->entries.v[i].name, strlen(dir->entries.v[i].name) + 1);
	return 0;
}

void simdisk_init(struct simdisk *d)
{
	*d = (struct simdisk){ .cut_at = SIMDISK_NEVER, .fail_sync_at = SIMDISK_NEVER };
	d->vfs =
		(struct vfs){ d,           sim_open_append, sim_open_read, sim_close,    sim_append,
			      sim_read_at, sim_sync,        sim_truncate,  sim_size,     sim_rename,
			      sim_link,    sim_remove,      sim_mkdir,     sim_sync_dir, sim_stat,
			      sim_list,    sim_remove_dir };
	sim_inode_new(d, S_IFDIR);
}

void simdisk_release(struct simdisk *d)
{
	for (size_t i = 0; i < d->inode_count; i++)
		sim_inode_free(d->inodes[i]);
	mem_free(&d->inodes);
	d->inode_count = d->inode_capacity = 0;
}

static size_t kept_of(size_t tail, enum tear_data tear)
{
	switch (tear) {
	case DATA_GONE:
		return 0;
	case DATA_FIRST_BYTE:
		return 1;
	case DATA_HALF:
		return tail / 2;
	case DATA_ALL_BUT_ONE:
		return tail - 1;
	default:
		return tail;
	}
}

static void tear_file(struct sim_inode *n, enum tear_data tear)
{
	size_t synced = n->durable.len, tail, kept, zeros = 0;

	if (n->now.len < synced) { /* an unsynced truncate happened or did not */
		if (tear != DATA_KEPT) {
			buf_truncate(&n->now, 0);
			buf_put(&n->now, n->durable.p, n->durable.len);
		}
		sim_settle_data(n);
		return;
	}
	tail = n->now.len - synced;
	if (tail) {
		kept = kept_of(tail, tear);
		if (tear == DATA_ZEROS)
			zeros = tail;
		else if (tear == DATA_HOLE)
			zeros = tail / 2;
		memset(n->now.p + synced, 0, zeros);
		buf_truncate(&n->now, synced + kept);
	}
	sim_settle_data(n);
}

static bool survives(size_t index, size_t count, enum tear_names tear)
{
	switch (tear) {
	case NAMES_GONE:
		return false;
	case NAMES_FIRST:
		return index == 0;
	case NAMES_BUT_LAST:
		return index + 1 < count;
	case NAMES_BUT_FIRST:
		return index > 0;
	default:
		return true;
	}
}

static void tear_directory(struct sim_inode *dir, enum tear_names tear)
{
	sim_entries_copy(&dir->entries, &dir->durable_entries);
	for (size_t i = 0; i < dir->change_count; i++)
		if (survives(i, dir->change_count, tear))
			sim_change_apply(&dir->entries, &dir->changes[i]);
	sim_settle_names(dir);
}

static void start_anew(struct simdisk *d)
{
	memset(d->handles, 0, sizeof(d->handles));
	d->dead = false;
	d->calls = 0;
	d->cut_at = d->fail_sync_at = SIMDISK_NEVER;
	d->fail_truncate = 0;
}

void simdisk_restart(struct simdisk *d)
{
	start_anew(d);
}

void simdisk_power_on(struct simdisk *d, enum tear_data data, enum tear_names names)
{
	for (size_t i = 0; i < d->inode_count; i++) {
		if (d->inodes[i]->type == S_IFDIR)
			tear_directory(d->inodes[i], names);
		else
			tear_file(d->inodes[i], data);
	}
	start_anew(d);
}

void simdisk_settle(struct simdisk *d)
{
	simdisk_power_on(d, DATA_KEPT, NAMES_KEPT);
}

static void copy_directory(struct simdisk *to, struct sim_inode *copy, const struct sim_inode *dir)
{
	for (size_t i = 0; i < dir->entries.count; i++) {
		const struct sim_inode *n = dir->entries.v[i].inode;
		struct sim_inode *m = sim_inode_new(to, n->type);

		m->mode = n->mode;
		buf_put(&m->now, n->now.p, n->now.len);
		sim_settle_data(m);
		sim_entries_set(&copy->entries, dir->entries.v[i].name, m);
		if (n->type == S_IFDIR)
			copy_directory(to, m, n);
	}
	sim_settle_names(copy);
}

void simdisk_copy(struct simdisk *to, const struct simdisk *from)
{
	simdisk_release(to);
	simdisk_init(to);
	copy_directory(to, to->inodes[0], from->inodes[0]);
}

struct buf *simdisk_file(struct simdisk *d, const char *path)
{
	struct sim_inode *n = sim_find(d, path);

	return n && n->type == S_IFREG ? &n->now : NULL;
}

void simdisk_put(struct simdisk *d, const char *path, const void *p, size_t len)
{
	const char *name;
	struct sim_inode *dir = sim_walk(d, path, &name), *n = sim_inode_new(d, S_IFREG);

	INVARIANT(dir);
	buf_put(&n->now, p, len);
	sim_settle_data(n);
	sim_change(dir, name, n, NULL, NULL);
	sim_settle_names(dir);
}

void simdisk_set_mode(struct simdisk *d, const char *path, unsigned type, unsigned mode)
{
	struct sim_inode *n = sim_find(d, path);

	INVARIANT(n);
	if (type)
		n->type = type;
	n->mode = mode;
}
