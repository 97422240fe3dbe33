/*
 * Just enough of cgroup v2: find our own place, make leaves below it, see whether one is empty,
 * kill what is in one. Paths are absolute paths of the file system. All functions return 0 or more,
 * or -errno.
 */
#ifndef SK_CGROUP_H
#define SK_CGROUP_H

#include "base/buf.h"

/* A list of pids found. */
struct pid_list {
	uint64_t *v;
	size_t count, capacity;
};

#define PID_LIST_INIT      \
	{                  \
		NULL, 0, 0 \
	}

void pid_list_release(struct pid_list *l);
void pid_list_add(struct pid_list *l, uint64_t pid);

/* Appends the directory of the cgroup v2 this process is in; -ENOENT when there is no cgroup v2
 * mount. */
int cgroup_own_dir(struct buf *out);

/* Makes a cgroup below the directory `parent` and opens it -> descriptor. One that is there already
 * is opened. */
int cgroup_make(int parent_fd, const char *name);

/* Whether live processes are in it or below it, by its open cgroup.events: 1, 0 or -errno. */
int cgroup_populated(int events_fd);

/* Adds the pids in it and in all cgroups below it. */
int cgroup_pids(int dir_fd, struct pid_list *out);

/* SIGKILL to everything in it and below it, also to what is being forked at the moment. -ENOENT
 * before Linux 5.14. */
int cgroup_kill(int dir_fd);

/* Removes it and all below it; -EBUSY while something lives in it. */
int cgroup_remove(int parent_fd, const char *name);

#endif
