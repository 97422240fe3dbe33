/*
 * A small process between us and a program that we run, which sees to it that the program ends with
 * all that it started, also what has detached itself: when the program ends, when we say so, and
 * when we are gone, however we went. It has a session of its own and ends last.
 */
#ifndef SK_WARDEN_H
#define SK_WARDEN_H

#include "os/proc.h"

struct warden_report;

struct warden {
	pid_t pid;
	int pid_fd;  /* readable when all is over */
	int life_fd; /* as long as it is open here, we live */
	struct warden_report *report;
};

#define WARDEN_INIT             \
	{                       \
		0, -1, -1, NULL \
	}

/*
 * Starts a warden, which starts the program: `s` as for proc_spawn, but for cgroup_fd and
 * dies_with_parent. The descriptors in it stay the caller's. Returns 0 when the warden runs, which
 * does not say that the program could be started; or -errno. *g is to be given to warden_finish in
 * any case. What is left of a program that has ended gets WARDEN_CALM_MS to end by itself, then
 * SIGTERM, LEFTOVER_GRACE_MS later SIGKILL; a program that is ended early gets SIGTERM at once.
 */
int warden_start(const struct proc_spawn *s, struct warden *g);

/* All of it shall end now. */
void warden_end(struct warden *g);

/*
 * Says the same, waits until all is over and empties *g. Returns 0 when the program ended, with
 * *exit = its exit status, or 128 + the signal that ended it, and *told = whether it was ended by
 * warden_end; -errno when it could not be started, with *failed naming the step; -EOWNERDEAD when
 * the warden was killed or does not answer: then the program was killed with it, and what it
 * started is the caller's to find.
 */
int warden_finish(struct warden *g, int *exit, bool *told, enum proc_step *failed);

#endif
