/* The names, the metadata and the logs of archives: what making and removing them share. */
#ifndef SK_ARCHIVE_FILES_H
#define SK_ARCHIVE_FILES_H

#include "base/str.h"
#include "os/vfs.h"

#define ARCHIVES_DIR "archive"
#define ARCHIVE_METADATA "metadata.json"
#define ARCHIVE_FRESH ".new-" /* no name of a workstream begins with a dot */
#define LOGS_DIR "logs"

/* Appends "archive/<ws>", or "archive/<ws>/run-<number>" beyond the first. */
void archive_path(struct span ws, uint64_t number, struct buf *out);

/* The number in "run-<number>". */
bool archive_run_decode(struct span name, uint64_t *out);

struct archive_metadata {
	uint64_t seq;
	int64_t ended_ms; /* 0: it had not ended */
	bool completed;
};

/* Returns 0; -ENOENT when there is no archive at this path; -EINVAL when its metadata is not ours;
 * or another -errno. */
int archive_metadata_read(const struct vfs *vfs, const char *path, struct archive_metadata *out);

/* The folder logs/ of an archive: made or there already. */
int archive_logs_open(const struct vfs *vfs, const char *path);

/* Gives logs/<task>.log a second name in the archive: 1, 0 when there is no such log, -ENOTSUP when
 * the file system cannot, or another -errno. */
int archive_log_link(const struct vfs *vfs, const char *path, struct span task,
		     struct buf *scratch);

/* Makes the folder and its names durable. */
int archive_logs_settle(const struct vfs *vfs, const char *path);

/* Removes a folder with everything in it, or a file; nothing there is fine. */
int archive_remove_tree(const struct vfs *vfs, const char *path);

#endif
