/* What the files of tree share. */
#ifndef SK_TREE_IMPL_H
#define SK_TREE_IMPL_H

#include "os/cgroup.h"
#include "worker/tree.h"

#define TAG_BYTES_MAX 256 /* nonce, task id, attempt */
/* Beyond, a slot's cgroup is opened for each use, to stay below 1024 descriptors. */
#define CACHED_SLOTS 128
#define GROUP_PREFIX "holdfast-"

struct tree_slot {
	bool busy, main_gone;
	bool killed; /* its cgroup has been killed once: see tree_over */
	uint64_t main, ordinal;
	unsigned generation; /* of its cgroup: raised when one had to be abandoned */
	int dir_fd, events_fd;
	int procs_fd; /* held open for nothing but its inode: see hold_procs */
	char tag[TAG_BYTES_MAX];
};

/* A child that shed its tag and its session. */
struct tree_unknown {
	uint64_t pid, start;
	uint64_t ordinal; /* births when it was first seen */
	int64_t first_us;
	bool abandoned; /* not even SIGKILL ended it: it is nobody's any more */
};

/* tree_sweep.c: the subreaper's view. Fills t->table with the slot's processes marked; returns
 * their number. */
unsigned tree_collect(struct tree *t, unsigned slot);
/* Whether every child of the worker is a known main process, from one read. */
bool tree_only_mains(struct tree *t);
/* SIGSTOP to all until no new ones appear, then SIGKILL. */
void tree_freeze_and_kill(struct tree *t, unsigned slot);

/* Remembers what lives of the slot as given up. */
void tree_abandon(struct tree *t, unsigned slot);

#endif
