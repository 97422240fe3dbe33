/*
 * The table of disk calls that durability depends on, and its real form. Everything in store/ goes
 * through it; the tests put a disk underneath that loses power at any call. This is the only place
 * that syncs, renames and truncates.
 *
 * Paths are relative to the directory the vfs was opened on. All functions return 0 or more, or
 * -errno. After a failed sync the file's content is unknown: the caller must stop, never sync
 * again.
 */
#ifndef SK_VFS_H
#define SK_VFS_H

#include "base/buf.h"
#include "base/str.h"

/* What a path is: filled by stat. */
struct vfs_stat {
	int64_t bytes;
	unsigned mode; /* permission bits */
	unsigned type; /* S_IFREG, S_IFDIR, ... */
	unsigned links;
	unsigned uid;
	uint64_t file_id;    /* the same for two names of one file */
	int64_t modified_ns; /* when its bytes were written last */
	int64_t changed_ns;  /* when anything of it was changed last, which nobody can set */
	uint64_t device;     /* file_id is the file's own only there */
};

struct vfs {
	void *ctx;
	/* Opens for appending, created with mode 0600 when `create`; never follows a symlink, never
	 * blocks on a FIFO. -> handle */
	int (*open_append)(void *ctx, const char *path, bool create);
	/* Opens for reading, likewise. -> handle */
	int (*open_read)(void *ctx, const char *path);
	int (*close)(void *ctx, int handle);
	/* Appends all of it or fails; a failure may leave a part of it. -> 0 */
	int (*append)(void *ctx, int handle, const void *p, size_t len);
	/* Reads up to len bytes at offset -> bytes read, 0 at the end. */
	int64_t (*read_at)(void *ctx, int handle, uint64_t offset, void *p, size_t len);
	/* fdatasync. */
	int (*sync)(void *ctx, int handle);
	int (*truncate)(void *ctx, int handle, uint64_t bytes);
	int64_t (*size)(void *ctx, int handle);
	int (*rename)(void *ctx, const char *from, const char *to);
	int (*link)(void *ctx, const char *from, const char *to);
	int (*remove)(void *ctx, const char *path);
	int (*mkdir)(void *ctx, const char *path);    /* 0700; -EEXIST is reported */
	int (*sync_dir)(void *ctx, const char *path); /* "." for the directory itself */
	int (*stat)(void *ctx, const char *path,
		    struct vfs_stat *out); /* does not follow a symlink */
	/* Appends each entry's name and a NUL to *names, unsorted, without "." and "..". */
	int (*list)(void *ctx, const char *path, struct buf *names);
	int (*remove_dir)(void *ctx, const char *path); /* an empty one; else -ENOTEMPTY */
};

/*
 * The real disk below the directory `fd`, which stays the caller's and must outlive the vfs.
 * Allocates a small context; free it with vfs_real_close.
 */
void vfs_real_open(struct vfs *out, int dir_fd);
void vfs_real_close(struct vfs *v);

/*
 * Writes a file of these bytes, in place of one that is there, and syncs it. Its name is durable
 * only after a sync_dir, and after a power cut it may hold anything: for a file that nobody looks
 * for before it is renamed. On failure a part of it may stay.
 */
int vfs_write(const struct vfs *v, const char *path, const void *p, size_t len);

/*
 * Replaces `path` by these bytes such that after a power cut it holds the old or the new content,
 * whole, and that after a return of 0 it holds the new one: write path.tmp, sync, rename, sync the
 * directory. On failure the .tmp is removed.
 */
int vfs_replace(const struct vfs *v, const char *path, const void *p, size_t len);

/* Reads all of a regular file of at most `max` bytes, appending to *out. -EFBIG beyond,
 * -EISDIR/-EINVAL when it is not a file. */
int vfs_read_all(const struct vfs *v, const char *path, int64_t max, struct buf *out);

#endif
