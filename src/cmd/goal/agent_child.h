/* One agent as a child: what it prints goes on to our own streams at once, and the end of it is
 * kept to be judged. */
#ifndef SK_AGENT_CHILD_H
#define SK_AGENT_CHILD_H

#include "base/buf.h"
#include "base/str.h"
#include "os/proc.h"

struct agent_child {
	const char *path;
	char *const *argv, *const *envp;
	const char *cwd;
	struct span input; /* its standard input; empty = nothing */
	int cage_fd;       /* as in struct proc_spawn */
	int64_t limit_ms;  /* 0 = none */
};

struct agent_result {
	struct buf out, err; /* the last QUOTA_BYTES_MAX of what it printed */
	int64_t exit_code;   /* or 128 + the signal */
	uint64_t signal;     /* that ended it, or 0 */
	bool timed_out;
	int told;            /* SIGTERM or SIGINT that we got and it was ended for, or 0 */
	enum proc_step step; /* the one that failed, when it could not be started */
};

#define AGENT_RESULT_INIT                                          \
	{                                                          \
		BUF_INIT, BUF_INIT, 0, 0, false, 0, PROC_STEP_EXEC \
	}

void agent_result_release(struct agent_result *r);

/*
 * Runs it to its end. When it ends, takes too long or we are told to end, its whole process group
 * is ended: by TERM and a grace, or at once when the agent itself has ended. What left the group
 * ends with our own task. Blocks SIGTERM, SIGINT and SIGHUP for this process. Returns 0, or -errno
 * when it could not be started.
 */
int agent_child_run(const struct agent_child *c, struct agent_result *out);

#endif
