/* Handing a tentacle to an agent: the prompt, and the record of it; or its run, with --run. */
#ifndef SK_CMD_DISPATCHING_H
#define SK_CMD_DISPATCHING_H

#include "cmd/goal/agent_supervise.h"
#include "cmd/goal/tentacles.h"

enum dispatch_form { DISPATCH_PROMPT, DISPATCH_PARALLEL, DISPATCH_JSON };

/* The options that both commands take; rows for their tables. */
#define DISPATCH_OPTIONS                                                                           \
	{ .name = "run",                                                                           \
	  .kind = OPTION_FLAG,                                                                     \
	  .summary = "run the agent here, under supervision (see sk agents run)" },                \
		AGENT_RUN_OPTIONS,                                                                 \
		{ .name = "agent-type",                                                            \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "NAME",                                                                 \
		  .summary = "which kind of agent it is for (the tentacle's agent)" },             \
		{ .name = "model",                                                                 \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "NAME",                                                                 \
		  .summary = "with this model (the tentacle's)" },                                 \
		{ .name = "no-bundle",                                                             \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "without the bundle of instructions and skills" },                    \
		{ .name = "bundle", .kind = OPTION_FLAG, .summary = "with it (that is so)" },      \
		{ .name = "briefing",                                                              \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "with what is known about the work" },                                \
		{ .name = "worktree",                                                              \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "only when the tentacle has a worktree of its own; --run makes it" }, \
		AGENT_HERE_OPTION,                                                                 \
		{ .name = "force",                                                                 \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "although what it waits for has not succeeded" },                     \
		OPERATOR_OPTION

/* Prints the prompt in that form and records that it was handed out. Without an open to-do it says
 * so and records nothing. An exit code, or a negative code with the sentence. */
int dispatching(struct cmd_ctx *c, enum dispatch_form form, struct err *e);

#endif
