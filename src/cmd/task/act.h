/* What all mutating commands of the recovery procedures share: who asks, whether it is meant, the
 * diary, and what is printed. */
#ifndef SK_CMD_ACT_H
#define SK_CMD_ACT_H

#include "cmd/task/diary.h"
#include "core/act.h"

/* Rows of every such command's option table. */
#define ACT_OPTIONS CHANGE_OPTIONS("recorded")

#define ACT_TASK_OPTION                                                                       \
	{                                                                                     \
		.name = "task-id", .kind = OPTION_TEXT, .value = "ID", .summary = "the task", \
		.completes = ARG_TASK                                                         \
	}
#define ACT_WS_OPTION                                                        \
	{                                                                    \
		.name = "workstream-id", .kind = OPTION_TEXT, .value = "ID", \
		.summary = "the workstream", .completes = ARG_WORKSTREAM     \
	}
#define ACT_WORKER_OPTION                                                                         \
	{                                                                                         \
		.name = "worker-id", .kind = OPTION_TEXT, .value = "ID", .summary = "the worker", \
		.completes = ARG_WORKER                                                           \
	}

enum act_subject { ACT_ON_TASK, ACT_ON_WORKSTREAM, ACT_ON_RESOURCE, ACT_ON_WORKER };

/* How a command's act is presented. */
struct act_page {
	enum act_subject subject;
	const char *option; /* that names the subject; a plain argument does as well */
	const char *danger; /* what --yes confirms, or NULL when nothing needs confirmation */
	/* Fills in what is not an option of its own, with c->view the state as it is recorded (NULL
	 * when there is none yet; it may be replaced by a newer one); NULL = nothing is. A refusal
	 * is told and put in the diary like any other. */
	int (*prepare)(struct cmd_ctx *c, const char *typed, struct act *act, struct err *e);
};

/*
 * Fills in the subject, the operator and the reason, acts, adds one line to interventions.log (also
 * when refused) and prints what was recorded and what to type next. Returns the exit code or a
 * negative code with *e. On a state that is lent (CMD_ASIDE) it only rehearses.
 */
int act_run(struct cmd_ctx *c, const struct act_page *page, struct act *act, struct err *e);

#endif
