/*
 * A task's command, or one of its rules, run by a person outside of the recorded state: in the
 * same folder and with the same variables as its worker would use, on top of the caller's own
 * environment.
 */
#ifndef SK_BY_HAND_H
#define SK_BY_HAND_H

#include "cmd/view.h"
#include "core/task_def.h"
#include "worker/command.h"
#include "worker/env.h"

struct by_hand {
	const struct task *t;
	struct env own;  /* the variables that are set for the task, NAME=VALUE */
	struct env full; /* the caller's, and those */
	struct buf cwd;  /* empty: the current folder */
};

#define BY_HAND_INIT                               \
	{                                          \
		NULL, ENV_INIT, ENV_INIT, BUF_INIT \
	}

/* Returns 0, or a negative code with *e filled when the definition cannot be used. */
int by_hand_open(struct by_hand *h, const struct view *v, uint32_t task, struct err *e);
void by_hand_release(struct by_hand *h);

/* Becomes the command: does not return when that works, else a negative code with *e filled. */
int by_hand_become(const struct by_hand *h, const struct command_def *def, struct err *e);

/* How a command that was run ended. */
struct by_hand_end {
	int exit_code; /* 0 when it was ended by a signal */
	int signal;
	bool timed_out;
	struct buf problem; /* why it could not be started, or empty */
};

/*
 * Runs it to its end, what it prints goes to stderr; after timeout_ms (0 = never) it is killed with
 * its whole process group. Returns 0, or a negative code with *e filled; a command that cannot be
 * started is told in end->problem.
 */
int by_hand_run(const struct by_hand *h, const struct command_def *def, struct by_hand_end *end,
		struct err *e);

/* Whether it ended well. */
bool by_hand_passed(const struct by_hand_end *end);

/* Appends "exit code 2", "killed by signal 9 (KILL)", "timed out". */
void by_hand_put_end(const struct by_hand_end *end, struct buf *out);

/* Appends a shell script that does what the worker does: folder, variables, rules, command. */
void by_hand_put_script(const struct by_hand *h, const struct view *v, struct buf *out);

#endif
