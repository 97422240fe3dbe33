/*
 * Who runs us: the agent, or the person's shell, that lives longer than this command. What is
 * written down for others (a marker, a session) is about that process and not about us, who are
 * gone in a moment.
 */
#ifndef SK_HOST_H
#define SK_HOST_H

#include "os/proc.h"

#define HOST_NAME_BYTES_MAX 64
#define HOST_COMMAND_BYTES_MAX 16

struct host {
	struct proc_identity who;
	char command[HOST_COMMAND_BYTES_MAX]; /* its name in /proc */
};

/*
 * The nearest ancestor that is no go-between: not a shell that was given a command with -c, not
 * env, timeout, nice, xargs or sk itself. A shell that reads a script or a person counts. Returns 0
 * or -errno.
 */
int host_find(struct host *out);

/*
 * Whether we run under exactly this process, at whatever distance: 1, 0, or -errno when the chain
 * above us cannot be followed. Who has detached itself from its parents is under none of them.
 */
int host_is_above(const struct proc_identity *who);

/* The name of this machine, cut to fit; "localhost" when it has none. */
void host_name(char out[HOST_NAME_BYTES_MAX]);

#endif
