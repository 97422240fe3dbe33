/*
 * Whole reads and writes, and opening that cannot be tricked: every descriptor is close-on-exec, no
 * symlink in the last part of a path is followed, nothing blocks on a FIFO. All functions return 0
 * or more, or -errno.
 */
#ifndef SK_FD_H
#define SK_FD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

/* Closes *fd unless it is negative, and sets it to -1: fits CLEANUP. */
void fd_close(int *fd);

/*
 * openat with O_CLOEXEC | O_NOFOLLOW | O_NOCTTY added, repeated on EINTR. `dir_fd` may be AT_FDCWD.
 * A symlink as last part is -ELOOP.
 */
int fd_open_at(int dir_fd, const char *path, int flags, mode_t mode);

/* A directory, for use with the *_at functions. Symlinks are followed: the caller names the place.
 */
int fd_open_dir(const char *path);

/* Creates a directory of mode 0700; one that is there already is fine. -ENOTDIR when something else
 * is. */
int fd_make_dir_at(int dir_fd, const char *path);

/* Writes all of it; on failure a part may have been written. */
int fd_write_all(int fd, const void *p, size_t len);

/* Appends the rest of the file to *out. -EFBIG when more than `max` bytes follow (what was read
 * stays in *out). */
int fd_read_all(int fd, size_t max, struct buf *out);

/* The whole of a regular file. -EINVAL when it is none, -EFBIG beyond `max`. */
int fd_read_file_at(int dir_fd, const char *path, size_t max, struct buf *out);

/* The whole of a small file of /proc or /sys, which has no size and no type of its own, in one or a
 * few reads. */
int fd_read_proc(const char *path, size_t max, struct buf *out);

/*
 * Replaces a small file that is a view, not truth: written beside it and renamed, never half to be
 * seen, not synced.
 */
int fd_replace_view_at(int dir_fd, const char *path, const void *p, size_t len);

/*
 * Makes a file that is not there yet, whole or not at all: written beside it and given its name at
 * the end, not synced. -EEXIST when something has that name, whatever it is. After a kill a
 * path.sk-tmp may be left; the next time takes it away.
 */
int fd_create_file_at(int dir_fd, const char *path, const void *p, size_t len, mode_t mode);

/*
 * Removes `path` and, when it is a folder, all that is in it: follows no link and stays on one file
 * system. A folder that its owner may not change is made changeable first. One that is not there is
 * fine. Returns 0 or -errno: -EXDEV when something else is mounted in it, -ELOOP when it is deeper
 * than REMOVE_DEPTH_MAX; what was removed until then is gone.
 */
int fd_remove_tree_at(int dir_fd, const char *path);

/*
 * A descriptor from which a child reads these bytes and then the end; without any, the null device.
 * Nothing of it is on a disk.
 */
int fd_input(struct span bytes);

/* 0, or -errno. */
int fd_set_nonblocking(int fd);

#endif
