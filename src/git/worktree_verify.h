/* The files that are kept, and the proof that a commit holds them as they are on the disk. */
#ifndef SK_WORKTREE_VERIFY_H
#define SK_WORKTREE_VERIFY_H

#include "git/worktree.h"

#define KEPT_FILE 0100644u
#define KEPT_PROGRAM 0100755u
#define KEPT_LINK 0120000u

struct kept_file {
	const char *path; /* borrowed */
	unsigned mode;    /* as git writes it; 0 = there is no such file */
	uint64_t bytes;
	char oid[OID_BYTES_MAX]; /* in the commit; empty when it is not in there */
	unsigned oid_mode;
};

struct kept_files {
	struct kept_file *v;
	size_t count;
};

/* The names of the list, each once, sorted; they stay borrowed. */
void kept_files_fill(struct kept_files *k, const struct buf *names);
void kept_files_release(struct kept_files *k);

/* Fills mode and bytes with what is there now. Returns 0, or -errno. What is neither a file nor a
 * link counts as nothing. */
int kept_file_look(int top_fd, struct kept_file *file);

/*
 * Reads the commit back and compares it with the disk: each file of the list is in it with its mode
 * and its bytes, or in neither. Returns 0; -SK_EREFUSED with the sentence when one is different; or
 * another negative code.
 */
int kept_files_verify(const struct worktree *w, struct kept_files *k, int top_fd, const char *oid,
		      struct err *e);

#endif
