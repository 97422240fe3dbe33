/*
 * A cage of the kernel (Landlock) for a process that is about to be started: it and everything it
 * ever starts may write only below the places that were named, whoever the user is. It may read
 * everything, as before. The cage cannot be left, and needs no privilege to be built.
 *
 *	landlock_open(&cage);                    0, or -ENOSYS: no cage here, say so once and go on
 *	landlock_allow(&cage, "/the/worktree");
 *	proc_spawn(&(struct proc_spawn){ ..., .cage_fd = cage.fd }, &step);
 *	landlock_close(&cage);
 *
 * Writing means: creating, removing, renaming, linking, opening for writing, and (ABI 3) cutting.
 * Not covered by the kernel: mode, owner, times and extended attributes of files that the user
 *owns, and what the process was handed as an open descriptor. With ABI 6 it also cannot signal
 *anything outside of the cage, so not us. The process gains nothing any more by executing a
 *set-user-id program: sudo does not work in it.
 *
 * A kernel with ABI 1 counts as one without: there no file can be renamed from one folder to
 * another, which git does with each object.
 */
#ifndef SK_LANDLOCK_H
#define SK_LANDLOCK_H

#include "base/base.h"

struct landlock {
	int fd;       /* of the rules, for proc_spawn; -1 = there is no cage */
	unsigned abi; /* of the kernel, from LANDLOCK_ABI_MIN */
};

#define LANDLOCK_INIT \
	{             \
		-1, 0 \
	}

#define LANDLOCK_ABI_MIN 2
#define LANDLOCK_ABI_TRUNCATE 3 /* from here on a file cannot be cut by its path either */
#define LANDLOCK_ABI_SIGNALS 6  /* from here on signals stay inside */

/* The ABI of this kernel: 1 or more, -ENOSYS (not built), -EOPNOTSUPP (not turned on at boot) or
 * another -errno. */
int landlock_abi(void);

/*
 * Rules under which nothing may be written but the devices everybody writes to (null, zero, full,
 * tty, the terminals). Returns 0, -ENOSYS when the kernel has no cage (*out stays empty), or
 * another -errno.
 */
int landlock_open(struct landlock *out);

/*
 * Lets the process write the file or everything below the folder, which must be there: a symbolic
 * link means what it points to. Whatever is put in its place later is not meant. Returns 0, -ENOENT
 * or another -errno.
 */
int landlock_allow(struct landlock *l, const char *path);

/* Does nothing when it is not open. Fits CLEANUP. */
void landlock_close(struct landlock *l);

/*
 * Puts the calling process in the cage. Nothing but system calls, for a child that shares our
 * memory. Returns 0 or -1 with errno.
 */
int landlock_enter(int rules_fd);

#endif
