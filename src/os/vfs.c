/*
 * Why a table: durability is a promise about the order of a dozen system calls, and it can only be
 * tested by a disk that loses power between any two of them. So store/ knows this table and nothing
 * else, and this file is the only one that syncs, renames and truncates what the program promised
 * to keep.
 *
 * What every call here holds to:
 *  1. A path is never followed through a symlink at its end and opening never waits: a FIFO put
 * where the journal was is an error, not a hang.
 *  2. A handle is a descriptor, closed on exec, of a regular file.
 *  3. A failed sync is reported once and never tried again: the kernel has already forgotten which
 * pages it lost.
 */
#include "os/vfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define VFS_PATH_BYTES_MAX 512
#define READ_MORE_BYTES 4096 /* behind what a file said it has */

struct real_disk {
	int dir_fd;
};

static int dir_of(void *ctx)
{
	return ((struct real_disk *)ctx)->dir_fd;
}

/* Only a regular file becomes a handle (2). */
static int checked_handle(int fd)
{
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (S_ISDIR(st.st_mode))
		rc = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

#define OPEN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int real_open_append(void *ctx, const char *path, bool create)
{
	int flags = O_WRONLY | O_APPEND | OPEN_FLAGS | (create ? O_CREAT : 0);

	return checked_handle(openat(dir_of(ctx), path, flags, 0600));
}

static int real_open_read(void *ctx, const char *path)
{
	return checked_handle(openat(dir_of(ctx), path, O_RDONLY | OPEN_FLAGS));
}

static int real_close(void *ctx, int handle)
{
	(void)ctx;
	return close(handle) < 0 ? -errno : 0;
}

static int real_append(void *ctx, int handle, const void *p, size_t len)
{
	const char *at = p;

	(void)ctx;
	while (len) {
		ssize_t n = write(handle, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int64_t real_read_at(void *ctx, int handle, uint64_t offset, void *p, size_t len)
{
	size_t done = 0;

	(void)ctx;
	while (done < len) {
		ssize_t n = pread(handle, (char *)p + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

static int real_sync(void *ctx, int handle)
{
	(void)ctx;
	return fdatasync(handle) < 0 ? -errno : 0;
}

static int real_truncate(void *ctx, int handle, uint64_t bytes)
{
	(void)ctx;
	return ftruncate(handle, (off_t)bytes) < 0 ? -errno : 0;
}

static int64_t real_size(void *ctx, int handle)
{
	struct stat st;

	(void)ctx;
	return fstat(handle, &st) < 0 ? -errno : st.st_size;
}

static int real_rename(void *ctx, const char *from, const char *to)
{
	return renameat(dir_of(ctx), from, dir_of(ctx), to) < 0 ? -errno : 0;
}

static int real_link(void *ctx, const char *from, const char *to)
{
	return linkat(dir_of(ctx), from, dir_of(ctx), to, 0) < 0 ? -errno : 0;
}

static int real_remove(void *ctx, const char *path)
{
	return unlinkat(dir_of(ctx), path, 0) < 0 ? -errno : 0;
}

static int real_remove_dir(void *ctx, const char *path)
{
	return unlinkat(dir_of(ctx), path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int real_mkdir(void *ctx, const char *path)
{
	return mkdirat(dir_of(ctx), path, 0700) < 0 ? -errno : 0;
}

static int open_dir(void *ctx, const char *path)
{
	int fd = openat(dir_of(ctx), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int real_sync_dir(void *ctx, const char *path)
{
	int fd = open_dir(ctx, path), rc;

	if (fd < 0)
		return fd;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int real_stat(void *ctx, const char *path, struct vfs_stat *out)
{
	struct stat st;

	if (fstatat(dir_of(ctx), path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*out = (struct vfs_stat){ .bytes = st.st_size,
				  .mode = st.st_mode & 07777,
				  .type = st.st_mode & S_IFMT,
				  .links = (unsigned)st.st_nlink,
				  .uid = st.st_uid,
				  .file_id = st.st_ino,
				  .modified_ns =
					  st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec,
				  .changed_ns =
					  st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec,
				  .device = st.st_dev };
	return 0;
}

static int real_list(void *ctx, const char *path, struct buf *names)
{
	int fd = open_dir(ctx, path), rc;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		rc = -errno;
		close(fd);
		return rc;
	}
	errno = 0;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			buf_put(names, entry->d_name, strlen(entry->d_name) + 1);
		errno = 0;
	}
	rc = -errno;
	closedir(dir);
	return rc;
}

void vfs_real_open(struct vfs *out, int dir_fd)
{
	struct real_disk *disk = mem_zalloc(sizeof(*disk));

	disk->dir_fd = dir_fd;
	*out = (struct vfs){ .ctx = disk,
			     .open_append = real_open_append,
			     .open_read = real_open_read,
			     .close = real_close,
			     .append = real_append,
			     .read_at = real_read_at,
			     .sync = real_sync,
			     .truncate = real_truncate,
			     .size = real_size,
			     .rename = real_rename,
			     .link = real_link,
			     .remove = real_remove,
			     .mkdir = real_mkdir,
			     .sync_dir = real_sync_dir,
			     .stat = real_stat,
			     .list = real_list,
			     .remove_dir = real_remove_dir };
}

void vfs_real_close(struct vfs *v)
{
	mem_free(&v->ctx);
	*v = (struct vfs){ NULL };
}

int vfs_write(const struct vfs *v, const char *path, const void *p, size_t len)
{
	int handle, rc;

	rc = v->remove(v->ctx,
		       path); /* of an earlier crash: its bytes must not stand before ours */
	if (rc < 0 && rc != -ENOENT)
		return rc;
	handle = v->open_append(v->ctx, path, true);
	if (handle < 0)
		return handle;
	rc = v->append(v->ctx, handle, p, len);
	if (rc == 0)
		rc = v->sync(v->ctx, handle);
	v->close(v->ctx, handle);
	return rc;
}

/* The directory a path stands in, "." for none; false when it does not fit. */
static bool parent_of(const char *path, char out[VFS_PATH_BYTES_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (len >= VFS_PATH_BYTES_MAX)
		return false;
	memcpy(out, slash ? path : ".", len);
	out[len] = '\0';
	return true;
}

int vfs_replace(const struct vfs *v, const char *path, const void *p, size_t len)
{
	CLEANUP(buf_release) struct buf temp = BUF_INIT;
	char parent[VFS_PATH_BYTES_MAX];
	int rc;

	if (!parent_of(path, parent))
		return -ENAMETOOLONG;
	buf_puts(&temp, path);
	buf_puts(&temp, ".tmp");
	rc = vfs_write(v, temp.p, p, len);
	if (rc == 0)
		rc = v->rename(v->ctx, temp.p, path);
	if (rc < 0) {
		v->remove(v->ctx, temp.p);
		return rc;
	}
	return v->sync_dir(v->ctx, parent);
}

int vfs_read_all(const struct vfs *v, const char *path, int64_t max, struct buf *out)
{
	size_t before = out->len;
	int handle = v->open_read(v->ctx, path);
	int64_t n, bytes;

	if (handle < 0)
		return handle;
	bytes = v->size(v->ctx, handle);
	n = bytes < 0 ? bytes : bytes > max ? -EFBIG : 1;
	while (n > 0) {
		/* As much as there is, and a little to see that no more came: most files are small
		   and read by the hundred. */
		int64_t left = bytes - (int64_t)(out->len - before);
		size_t piece = left > 0 ? (size_t)left + 1 : READ_MORE_BYTES;

		buf_reserve(out, piece);
		n = v->read_at(v->ctx, handle, out->len - before, out->p + out->len, piece);
		if (n > 0)
			out->len += (size_t)n;
		if (n > 0 && (int64_t)(out->len - before) > max)
			n = -EFBIG; /* it grew meanwhile */
	}
	v->close(v->ctx, handle);
	if (n < 0) {
		out->len = before;
		return (int)n;
	}
	if (out->p)
		out->p[out->len] = '\0';
	return 0;
}
