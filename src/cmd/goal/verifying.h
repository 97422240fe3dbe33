/* Running a command that proves something about a tentacle, and recording what it said. */
#ifndef SK_CMD_VERIFYING_H
#define SK_CMD_VERIFYING_H

#include "cmd/goal/tentacles.h"

struct verifying {
	struct span name; /* of the tentacle */
	const char *command, *label, *source;
	const char *undone; /* what an interruption leaves undone, and what to type, in words */
	uint8_t severity;   /* enum check_severity */
	int64_t timeout_ms;
};

/* How it ended; the texts of `record` live in here. */
struct verified {
	struct verification record; /* exit_code -1: timed out */
	struct buf label, cwd, log, tree;
	struct buf tail; /* the end of its output */
	bool cut;        /* the log has only its beginning */
};

#define VERIFIED_INIT                                                                       \
	{                                                                                   \
		{ .exit_code = 0 }, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, false \
	}

void verified_release(struct verified *v);

/*
 * Runs it by the shell in the tentacle's worktree, else in the repository's root, with the store
 * closed; what it started is ended with it when its time is over. Then records it, also when it
 * failed. Returns 0, or a negative code with the sentence when it could not be run or recorded;
 * -SK_ENOTFOUND also when the tentacle is gone meanwhile. After Ctrl-C or SIGTERM the exit code for
 * it, with a word about it on stderr: the command was ended with all it started, and nothing is
 * recorded.
 */
int verifying_run(struct cmd_ctx *c, const struct verifying *v, struct verified *out,
		  struct err *e);

#endif
