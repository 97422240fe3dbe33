/*
 * The one task, workstream, worker or resource that a command is about: --task-id ID (and its like)
 * or the id as the plain word. The options are rows for the command's table.
 */
#ifndef SK_THING_H
#define SK_THING_H

#include "cmd/cmd.h"
#include "cmd/view.h"

#define TASK_ID_OPTION                                                                     \
	{                                                                                  \
		.name = "task-id", .kind = OPTION_TEXT, .value = "ID",                     \
		.summary = "the task; the plain word does the same", .completes = ARG_TASK \
	}
#define WORKSTREAM_ID_OPTION                                                 \
	{                                                                    \
		.name = "workstream-id", .kind = OPTION_TEXT, .value = "ID", \
		.summary = "the workstream; the plain word does the same",   \
		.completes = ARG_WORKSTREAM                                  \
	}
#define WORKER_ID_OPTION                                                                       \
	{                                                                                      \
		.name = "worker-id", .kind = OPTION_TEXT, .value = "ID",                       \
		.summary = "the worker; the plain word does the same", .completes = ARG_WORKER \
	}
#define RESOURCE_ID_OPTION                                                                         \
	{                                                                                          \
		.name = "resource-id", .kind = OPTION_TEXT, .value = "ID",                         \
		.summary = "the resource; the plain word does the same", .completes = ARG_RESOURCE \
	}

/*
 * Each finds what was typed: 0 and its index, -SK_EUSAGE when nothing or two different ids were
 * typed, -SK_ENOTFOUND when there is no such thing, or no state at all.
 */
int thing_task(const struct cmd_ctx *c, uint32_t *out, struct err *e);
int thing_workstream(const struct cmd_ctx *c, uint32_t *out, struct err *e);
int thing_worker(const struct cmd_ctx *c, uint32_t *out, struct err *e);
int thing_resource(const struct cmd_ctx *c, uint32_t *out, struct err *e);

#endif
