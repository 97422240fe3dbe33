/*
 * Short reads, short writes and EINTR are dealt with once, here. Files are opened non-blocking
 * first, because an open of a FIFO somebody put in place of our file would otherwise wait for ever;
 * on a regular file the flag means nothing.
 */
#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

#define READ_CHUNK_BYTES 16384

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fd_open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	int fd;

	do {
		fd = openat(dir_fd, path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int fd_open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int fd_make_dir_at(int dir_fd, const char *path)
{
	struct stat st;

	if (mkdirat(dir_fd, path, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dir_fd, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fd_write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, struct buf *out)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;

		buf_reserve(out, READ_CHUNK_BYTES);
		n = read(fd, out->p + out->len, out->capacity - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
		total += (size_t)n;
		if (total > max)
			return -EFBIG;
	}
}

int fd_read_file_at(int dir_fd, const char *path, size_t max, struct buf *out)
{
	CLEANUP(fd_close) int fd = fd_open_at(dir_fd, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > 0 && (uint64_t)st.st_size > max)
		return -EFBIG;
	buf_reserve(out, (size_t)st.st_size + READ_CHUNK_BYTES);
	return fd_read_all(fd, max, out);
}

int fd_read_proc(const char *path, size_t max, struct buf *out)
{
	CLEANUP(fd_close) int fd = fd_open_at(AT_FDCWD, path, O_RDONLY, 0);

	return fd < 0 ? fd : fd_read_all(fd, max, out);
}

/* A new file in place of one that an earlier process left. On failure there is none. */
static int write_aside(int dir_fd, const char *aside, const void *p, size_t len, mode_t mode)
{
	int fd, rc;

	if (unlinkat(dir_fd, aside, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = fd_open_at(dir_fd, aside, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0)
		return fd;
	rc = fd_write_all(fd, p, len);
	close(fd);
	if (rc < 0)
		unlinkat(dir_fd, aside, 0);
	return rc;
}

int fd_replace_view_at(int dir_fd, const char *path, const void *p, size_t len)
{
	CLEANUP(buf_release) struct buf aside = BUF_INIT;
	int rc;

	buf_putf(&aside, "%s.tmp", path);
	rc = write_aside(dir_fd, aside.p, p, len, 0600);
	if (rc == 0 && renameat(dir_fd, aside.p, dir_fd, path) < 0) {
		rc = -errno;
		unlinkat(dir_fd, aside.p, 0);
	}
	return rc;
}

int fd_create_file_at(int dir_fd, const char *path, const void *p, size_t len, mode_t mode)
{
	CLEANUP(buf_release) struct buf aside = BUF_INIT;
	int rc;

	buf_putf(&aside, "%s.sk-tmp", path); /* no name that a person would take */
	rc = write_aside(dir_fd, aside.p, p, len, mode);
	if (rc < 0)
		return rc;
	if (renameat2(dir_fd, aside.p, dir_fd, path, RENAME_NOREPLACE) == 0)
		return 0;
	rc = -errno;
	if (rc == -EINVAL) /* this file system cannot; it can do the same in two steps */
		rc = linkat(dir_fd, aside.p, dir_fd, path, 0) < 0 ? -errno : 0;
	unlinkat(dir_fd, aside.p, 0);
	return rc;
}

static int remove_below(int dir_fd, const char *path, dev_t device, unsigned depth);

/* All that is in an open folder, which this closes. */
static int empty_folder(int fd, dev_t device, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!dir) {
		rc = -errno;
		close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = remove_below(dirfd(dir), entry->d_name, device, depth + 1);
	closedir(dir);
	return rc;
}

static int remove_below(int dir_fd, const char *path, dev_t device, unsigned depth)
{
	struct stat st;
	int fd, rc;

	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (depth > 0 && st.st_dev != device)
		return -EXDEV;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dir_fd, path, 0) < 0 ? -errno : 0;
	if (depth == REMOVE_DEPTH_MAX)
		return -ELOOP;
	if ((st.st_mode & 0700) != 0700)
		fchmodat(dir_fd, path, 0700, 0); /* whether it helped is seen at once */
	fd = fd_open_at(dir_fd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	rc = empty_folder(fd, st.st_dev, depth);
	if (rc == 0 && unlinkat(dir_fd, path, AT_REMOVEDIR) < 0)
		rc = -errno;
	return rc;
}

int fd_remove_tree_at(int dir_fd, const char *path)
{
	return remove_below(dir_fd, path, 0, 0);
}

int fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_input(struct span bytes)
{
	int fd, rc;

	if (!bytes.len)
		return fd_open_at(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fd_write_all(fd, bytes.p, bytes.len);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc < 0)
		fd_close(&fd);
	return rc < 0 ? rc : fd;
}
