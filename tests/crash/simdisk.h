/*
 * A disk in memory that loses power at a chosen call. It keeps what a real one promises and nothing
 * more: a file's bytes after its last sync, a directory's entries after its last sync_dir. The rest
 * is decided when power returns.
 */
#ifndef SK_SIMDISK_H
#define SK_SIMDISK_H

#include "os/vfs.h"

/* What became of bytes that were written but not synced. */
enum tear_data {
	DATA_GONE,
	DATA_KEPT,
	DATA_FIRST_BYTE, /* a prefix of one byte */
	DATA_HALF,       /* a prefix of one half */
	DATA_ALL_BUT_ONE,
	DATA_ZEROS, /* the size grew, the bytes are zero */
	DATA_HOLE,  /* the second half reached the disk, the first did not */
	TEAR_DATA_COUNT
};

/* What became of directory entries that were changed but not synced. */
enum tear_names {
	NAMES_GONE,
	NAMES_KEPT,
	NAMES_FIRST,     /* only the first change */
	NAMES_BUT_LAST,  /* all but the last */
	NAMES_BUT_FIRST, /* out of order: all but the first */
	TEAR_NAMES_COUNT
};

#define SIMDISK_NEVER UINT64_MAX

struct sim_inode;

struct simdisk {
	struct vfs vfs;
	struct sim_inode **inodes; /* [0] is the root directory */
	size_t inode_count, inode_capacity;
	struct sim_handle {
		struct sim_inode *inode; /* NULL = free */
		bool append;
	} handles[16];
	uint64_t calls;        /* that change the disk */
	uint64_t cut_at;       /* power is lost during this one; SIMDISK_NEVER */
	bool dead;             /* it was */
	uint64_t capacity;     /* bytes the disk takes, 0 = any number */
	uint64_t fail_sync_at; /* the sync with this call number fails with -EIO; SIMDISK_NEVER */
	int fail_truncate;     /* errno of every truncate, 0 = none */
};

void simdisk_init(struct simdisk *d);
void simdisk_release(struct simdisk *d);

/* Power returns: everything unsynced is torn in this way, every handle is gone, calls count from 0,
 * nothing is cut. */
void simdisk_power_on(struct simdisk *d, enum tear_data data, enum tear_names names);

/* The program died, the machine did not: handles are gone, nothing is torn, nothing became durable.
 */
void simdisk_restart(struct simdisk *d);

/* Everything is synced; for tests that start from a good disk. */
void simdisk_settle(struct simdisk *d);

/* Replaces *to, which is initialised, by a copy of a settled disk without open handles. */
void simdisk_copy(struct simdisk *to, const struct simdisk *from);

/* The bytes of a file to read or change behind the back of the program; NULL when there is none. */
struct buf *simdisk_file(struct simdisk *d, const char *path);

/* Puts a file there, durable. */
void simdisk_put(struct simdisk *d, const char *path, const void *p, size_t len);

/* Makes stat say so; type 0 leaves the type. */
void simdisk_set_mode(struct simdisk *d, const char *path, unsigned type, unsigned mode);

#endif
