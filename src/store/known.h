/*
 * Files whose bytes a process knows, because it wrote them or has read and compared all of them. As
 * long as the file system says the same of such a file (which inode, how long, when it was written
 * last), nobody has to read it again to say what is in it. Who writes to the disk below the file
 * system, or sets the time back by hand, is found only by reading: that is what --full is for.
 */
#ifndef SK_KNOWN_H
#define SK_KNOWN_H

#include "base/map.h"
#include "os/vfs.h"

struct known_file {
	char *path; /* below the state folder */
	uint64_t file_id;
	int64_t bytes, modified_ns;
	int64_t at_ms; /* wall: when that was */
};

struct known_files {
	struct known_file *v;
	size_t count, capacity;
	struct map by_path;
	struct buf learned; /* what was read, for known_files_decode */
};

#define KNOWN_FILES_INIT                        \
	{                                       \
		NULL, 0, 0, MAP_INIT, BUF_INIT, \
	}

void known_files_release(struct known_files *k);

/* Whether this is still the very file. */
bool known_file_is(const struct known_file *f, const struct vfs_stat *now);

/* The process has just written this file. It is looked at as it is now; one that is not there is
 * forgotten. A NULL list does nothing. */
void known_files_note(struct known_files *k, const struct vfs *vfs, const char *path,
		      int64_t at_ms);

/* What is known of it, or NULL when nothing is, or it is another one by now. */
const struct known_file *known_files_find(const struct known_files *k, const struct vfs *vfs,
					  const char *path);

/*
 * All of it was read and compared, and `before` is how it looked in front of that. Also kept as
 * text in `learned`, for a process that lets others read for it: known_files_decode there.
 */
void known_files_learn(struct known_files *k, const char *path, const struct vfs_stat *before,
		       int64_t at_ms);

/* Takes over what somebody else has learned; what is no such text, or cut short, is passed over. */
void known_files_decode(struct known_files *k, struct span learned);

#endif
