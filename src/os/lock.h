/*
 * A kernel lock on a file that is never unlinked: held exactly as long as its holder lives,
 * released by any death. "Is it alive?" is "is its lock held?". What is written in the file names
 * the holder for people and decides nothing.
 */
#ifndef SK_LOCK_H
#define SK_LOCK_H

#include "os/proc.h"

#define LOCK_COMMAND_BYTES_MAX 256

struct lock {
	int fd; /* -1 = not held */
};

#define LOCK_INIT  \
	{          \
		-1 \
	}

/* Who holds it, as far as the file tells; pid 0 = it does not tell. */
struct lock_holder {
	struct proc_identity who;
	char command[LOCK_COMMAND_BYTES_MAX];
};

/*
 * Takes the lock on `name` below dir_fd, creating the file (0600), and writes this process and
 * `command` into it. Returns 0; -SK_EBUSY when somebody else holds it (then *holder, which may be
 * NULL, is filled); -ELOOP for a symlink, -EINVAL for anything that is no regular file, else
 * -errno. Who only probes it, and what a killed holder has not let go of yet, is waited for (at
 * most LOCK_NOBODY_MS), here and in lock_probe; a live holder is not.
 */
int lock_take(int dir_fd, const char *name, const char *command, struct lock *out,
	      struct lock_holder *holder);

/*
 * The same, waiting in the kernel's line for at most `patience_ms`: who came first gets it first.
 * Uses SIGALRM while it waits, so it is for programs of one thread.
 */
int lock_take_within(int dir_fd, const char *name, const char *command, int64_t patience_ms,
		     struct lock *out, struct lock_holder *holder);

/* 1 when somebody holds it (*holder may be NULL, else filled), 0 when nobody does or there is no
 * such file, or -errno. */
int lock_probe(int dir_fd, const char *name, struct lock_holder *holder);

/* Writes another `command` into the file of a lock that is held. Who looks in the same instant may
 * find no name there. Returns 0 or -errno. */
int lock_rename(struct lock *l, const char *command);

/* Lets it go; the file stays. Does nothing when it is not held. Fits CLEANUP. */
void lock_release(struct lock *l);

#endif
