/*
 * Waiting for many descriptors, signals and a deadline at once. Callbacks do not exist: loop_wait
 * returns what is ready as a list, and whoever turns the wheel decides in which order to act.
 */
#ifndef SK_LOOP_H
#define SK_LOOP_H

#include <signal.h>

#include "base/base.h"

struct loop {
	int epoll_fd;
	int signal_fd;
};

#define LOOP_INIT      \
	{              \
		-1, -1 \
	}

struct loop_ready {
	uint32_t token; /* as given to loop_add; LOOP_SIGNAL for a signal */
	bool readable, writable, hung_up;
	int signal_number; /* with LOOP_SIGNAL */
};

#define LOOP_SIGNAL UINT32_MAX
#define LOOP_READY_MAX 64

/* Blocks `signals` for this process and delivers them through loop_wait. Returns 0 or -errno. */
int loop_open(struct loop *l, const sigset_t *signals);
void loop_close(struct loop *l);

/* Watches a descriptor for reading, and for writing while asked to. The caller keeps the
 * descriptor. 0 or -errno. */
int loop_add(struct loop *l, int fd, uint32_t token);
int loop_want_write(struct loop *l, int fd, uint32_t token, bool write);
void loop_remove(struct loop *l, int fd);

/*
 * Waits at most timeout_ms (-1 = for ever) and fills at most LOOP_READY_MAX entries.
 * Returns their number (0 at the timeout) or -errno; EINTR never shows.
 */
int loop_wait(struct loop *l, int timeout_ms, struct loop_ready out[LOOP_READY_MAX]);

#endif
