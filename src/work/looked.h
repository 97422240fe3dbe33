/*
 * A note of the files of tentacles that were read and are in line with the journal, by what the
 * file system says of them: device, inode, size, and the moments of their last writing and last
 * change. Who finds a file the same again need not read it. The note is only a hint about this
 * boot: it is not synced, it may be removed at any time, and whatever is damaged in it, belongs to
 * another boot or another store, or is older than the newest event about a tentacle is not
 * believed.
 *
 * What may be noted: a file that was changed before we began. One that was changed in the same
 * moment, as the clock of its file system tells moments, could be changed once more in that very
 * moment, and nobody would see it; it is read again by the next command.
 */
#ifndef SK_LOOKED_H
#define SK_LOOKED_H

#include "base/str.h"
#include "os/vfs.h"

#define LOOKED_FILE "looked"
#define LOOKED_FILES 3 /* of one subject */

/* All zero: there is no such file. */
struct file_identity {
	uint64_t device, file_id;
	int64_t bytes, modified_ns, changed_ns;
};

struct looked;

/*
 * Reads the note in the folder `dir_fd`, for the store with this workspace that ends at `last_seq`.
 * `began` tells the present moment by the clock of the file system that the files are on: a file
 * there that was written before anything was read. NULL: nothing can be noted. Never fails: what
 * cannot be read is not known. The caller owns it and frees it with looked_free.
 */
struct looked *looked_new(int dir_fd, struct span workspace, uint64_t last_seq,
			  const struct file_identity *began);
void looked_free(struct looked *l); /* accepts NULL */

/* Whether it knows of events that the journal has not: of later ones, for who only reads, or of
 * some that are lost. Then nothing in it was believed. */
bool looked_ahead(const struct looked *l);

/* What the file system says now. One about which it says nothing is like no file at all. */
void file_identify(const struct vfs *vfs, const char *path, struct file_identity *out);

/* Whether there is a note about `name` that no event since has made worthless (the newest is
 * `changed_seq`; 0: none since the journal began). */
bool looked_noted(const struct looked *l, struct span name, uint64_t changed_seq);

/* And whether its files still are what they were then. */
bool looked_same(const struct looked *l, struct span name, uint64_t changed_seq,
		 const struct file_identity now[LOOKED_FILES]);

/*
 * Notes that the files, as they were identified before they were read, show the state behind event
 * `seq`. Does nothing when one of them was changed too late for that. Kept in memory until
 * looked_save.
 */
void looked_put(struct looked *l, struct span name, uint64_t seq,
		const struct file_identity was[LOOKED_FILES]);

/* Forgets what an event has made worthless: to be called for everyone before the memory of
 * changed_seq is lost, at a rotation. */
void looked_prune(struct looked *l, struct span name, uint64_t changed_seq);

/* Writes what was noted and forgotten since, under the writer's lock. A kill in between leaves
 * records of before and of after, each of them whole or recognised as torn. What cannot be written
 * costs the next command some reading. */
void looked_save(struct looked *l);

#endif
