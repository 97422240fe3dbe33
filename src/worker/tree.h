/*
 * The processes of a running task, all of them: also what it detached with setsid and double forks.
 * Each slot of the worker holds one tree at a time. Two ways, chosen when the worker starts:
 *
 * With a cgroup: a leaf cgroup v2 for each slot, in which the main process is born; whatever it
 * starts stays in it.
 *
 * As a subreaper: what a task detaches becomes a child of the worker. It is attributed by the tag
 * in its environment, or by its session; when it has shed both, it ends with the last task that ran
 * when it was first seen.
 *
 * The worker must be a subreaper and must reap all its children; nothing here waits.
 */
#ifndef SK_TREE_H
#define SK_TREE_H

#include <sys/types.h>

#include "base/buf.h"
#include "os/proc_table.h"

#define TREE_TAG_NAME "SK_WORKER_NONCE"

struct tree_slot;
struct tree_unknown;

struct tree {
	char nonce[40];
	uint64_t self;
	unsigned slot_count;
	struct tree_slot *slots;
	uint64_t ordinal;        /* births so far */
	int parent_fd, group_fd; /* own cgroup, and the one of this worker; -1 in subreaper mode */
	int procs_fd;            /* of the former: see hold_procs */
	struct buf group_dir;    /* path of the latter, empty in subreaper mode */
	int children_fd;         /* /proc/self/task/<self>/children, or -1 */
	struct tree_unknown *unknown;
	size_t unknown_count, unknown_capacity;
	unsigned undecided; /* of those tree_left counted last: not known to be the slot's, or dead
			       but not reaped */
	struct proc_table table; /* kept for its memory */
	struct buf children;
};

/* Prepares for `slots` slots. Never fails: without cgroups it is the subreaper. `use_cgroup` false
 * forces that. */
void tree_open(struct tree *t, const char *nonce, unsigned slots, bool use_cgroup);

/* Makes it `slots` slots, which must not be fewer than there are. */
void tree_widen(struct tree *t, unsigned slots);

/* Closes all and removes the cgroups that are empty. */
void tree_close(struct tree *t);

/* "cgroup" or "subreaper": what the worker tells the orchestrator. */
const char *tree_kill_mode(const struct tree *t);

/* Where to be born: an open cgroup directory (borrowed until tree_born), or -1. */
int tree_birth_cgroup(struct tree *t, unsigned slot);

/* The kernel refused that place: from now on subreaper. */
void tree_degrade(struct tree *t);

/* The main process of the slot runs. `tag` is the word it has in its environment under
 * TREE_TAG_NAME. */
void tree_born(struct tree *t, unsigned slot, pid_t main, const char *tag);

/* Spawning failed: nothing was born. */
void tree_unborn(struct tree *t, unsigned slot);

/* The main process has been reaped. */
void tree_main_gone(struct tree *t, unsigned slot);

/* How many processes of the slot live, the main one included. Cheap when there are none. */
unsigned tree_left(struct tree *t, unsigned slot);

/* A signal to all of them, each followed by SIGCONT so that stopped ones see it. Returns how many.
 */
unsigned tree_signal(struct tree *t, unsigned slot, int signal_number);

/* SIGKILL to all of them. What is forked meanwhile dies too; call again until tree_left says 0. */
void tree_kill(struct tree *t, unsigned slot);

/*
 * The slot is free again. `abandoned`: something in it does not end even by SIGKILL (it waits in
 * the kernel); it is left alone and the slot gets a new cgroup.
 */
void tree_over(struct tree *t, unsigned slot, bool abandoned);

/*
 * Ends all that a dead worker left behind: kills its cgroup (group_dir, NULL or "" when it had
 * none) and every process of ours tagged with its nonce. Never signals anything else, and never the
 * caller. Waits up to `wait_ms` for their end. Returns how many were killed, or -errno. The worker
 * must be dead: its lock is free.
 */
int tree_sweep_worker(const char *nonce, const char *group_dir, int wait_ms);

#endif
