/* What a simulated disk consists of. Internal to simdisk.c and simdisk_tree.c. */
#ifndef SK_SIMDISK_TREE_H
#define SK_SIMDISK_TREE_H

#include "simdisk.h"

struct entry {
	char *name;
	struct sim_inode *inode;
};

struct entries {
	struct entry *v;
	size_t count, capacity;
};

/* One change of a directory: these names are set (NULL = removed), both or none. */
struct change {
	char *name[2];
	struct sim_inode *inode[2];
};

struct sim_inode {
	unsigned type, mode;
	struct buf now, durable; /* of a file */
	struct entries entries, durable_entries;
	struct change *changes; /* since the last sync_dir */
	size_t change_count, change_capacity;
};

struct sim_inode *sim_inode_new(struct simdisk *d, unsigned type);
void sim_inode_free(struct sim_inode *n);

struct sim_inode *sim_entries_find(const struct entries *e, const char *name);
/* Sets a name, or removes it when inode is NULL. */
void sim_entries_set(struct entries *e, const char *name, struct sim_inode *inode);
void sim_entries_copy(struct entries *to, const struct entries *from);

/* Changes up to two names of a directory in one step, unsynced. */
void sim_change(struct sim_inode *dir, const char *a, struct sim_inode *to_a, const char *b,
		struct sim_inode *to_b);
void sim_change_apply(struct entries *e, const struct change *c);

/* The directory a path leads into and its last name, or NULL. */
struct sim_inode *sim_walk(struct simdisk *d, const char *path, const char **last);
struct sim_inode *sim_find(struct simdisk *d, const char *path);

/* What is there now survives. */
void sim_settle_data(struct sim_inode *n);
void sim_settle_names(struct sim_inode *dir);

#endif
