/* Ctrl-C and SIGTERM as something to be read, for commands that run what others wrote and have a
 * word to say about it at the end. */
#ifndef SK_CMD_INTERRUPT_H
#define SK_CMD_INTERRUPT_H

#include "base/err.h"

struct interrupt {
	int fd;     /* readable when one came: fits struct capture's cancel_fd */
	int number; /* the one that was noted, or 0 */
};

#define INTERRUPT_INIT \
	{              \
		-1, 0  \
	}

/* SIGINT and SIGTERM are held back from now on. Returns 0 or -SK_EIO. */
int interrupt_open(struct interrupt *i, struct err *e);

/* From now on they do again what they do by themselves; one that came and was not noted does it
 * now. Fits CLEANUP. */
void interrupt_close(struct interrupt *i);

/* Notes one that has come. */
void interrupt_note(struct interrupt *i);

/* Waits so long, or until one comes, and notes it. */
void interrupt_wait(struct interrupt *i, int64_t ms);

/* The exit code behind the one that was noted. */
int interrupt_exit(const struct interrupt *i);

#endif
