/*
 * Ordering runs of agents, and waiting for what becomes of them: for `agents run`, `tentacle
 * dispatch --run` and `goal loop`. The order is recorded first, then its task is handed to an
 * orchestrator in the background; whoever waits may be killed, and finds everything by the order's
 * nonce when it comes again. Nothing here holds the store's lock while somebody else's process
 * runs.
 */
#ifndef SK_AGENT_ORDER_H
#define SK_AGENT_ORDER_H

#include "cmd/goal/agent_config.h"
#include "cmd/goal/goals.h"

/* Rows for commands that start agents; they need NEED_GOALS | NEED_STATE. */
#define AGENT_RUN_OPTIONS                                                                \
	{ .name = "agent",                                                               \
	  .kind = OPTION_TEXT,                                                           \
	  .value = "A",                                                                  \
	  .summary = "which one to run (default: the tentacle's, else default_agent)" }, \
		{ .name = "timeout",                                                     \
		  .kind = OPTION_DURATION,                                               \
		  .value = "TIME",                                                       \
		  .summary = "end it after this (default: the agent's)" },               \
	{                                                                                \
		.name = "detach", .letter = 'd', .kind = OPTION_FLAG,                    \
		.summary = "do not wait for the agent that runs"                         \
	}
#define AGENT_HERE_OPTION                                                                   \
	{                                                                                   \
		.name = "here", .kind = OPTION_FLAG,                                        \
		.summary = "let it work in the main checkout, not in a worktree of its own" \
	}
#define AGENT_ORDER_OPTIONS                                                                     \
	AGENT_RUN_OPTIONS,                                                                      \
		{ .name = "model",                                                              \
		  .kind = OPTION_TEXT,                                                          \
		  .value = "M",                                                                 \
		  .summary = "the model it uses (default: the tentacle's, else the agent's)" }, \
		{ .name = "worktree",                                                           \
		  .kind = OPTION_FLAG,                                                          \
		  .summary = "let it work in a worktree of its own (that is so)" },             \
		AGENT_HERE_OPTION,                                                              \
	{                                                                                       \
		.name = "force", .kind = OPTION_FLAG,                                           \
		.summary = "although a dependency has not succeeded"                            \
	}

struct agent_wish {
	const char *name;          /* of the tentacle */
	const char *agent, *model; /* NULL = see above */
	int64_t timeout_ms;        /* 0 = the agent's */
	bool worktree;             /* in one of its own, whatever the configuration says */
	bool here;                 /* in the main checkout */
	bool anyway;
	bool afresh; /* a person wishes it: what failed before does not count any more */
};

/* The wish that the options of the rows above express. */
struct agent_wish agent_wish_of(const struct cmd_ctx *c, const char *name);

struct agent_receipt {
	char nonce[40];
	char task[80]; /* workstream and task in .state */
	bool again;    /* the order was given before, and had not begun */
};

/*
 * Orders it and hands its task over. It works in a worktree of its own, which is made and recorded
 * first, unless the wish or the configuration says otherwise or there is no repository; where none
 * can be made, that is a refusal that names the way out. When it returns 0 the order is recorded
 * and an orchestrator has its task. A refusal changes nothing; when the task could not be handed
 * over, the tentacle is idle again. Codes as agent_ordered, and -SK_EGATE, -SK_EHUMAN, -SK_EREFUSED
 * for the state of its goal.
 */
int agent_order(struct cmd_ctx *c, const struct agents *agents, const struct agent_wish *wish,
		struct agent_receipt *out, struct err *e);

/*
 * Looks after an order that was handed over: 1 while it goes on, 0 when it is over (also when the
 * tentacle was lost, and its task does not begin again), or a negative code. Hands the task over
 * again when nobody is at work any more; *handed counts that.
 */
int agent_look(struct cmd_ctx *c, const char *name, const struct agent_receipt *r, unsigned *handed,
	       struct err *e);

/* Whether what counts at every moment (time, tokens, cost) is used up, and not only what counts at
 * an iteration's end. */
bool agent_budget_spent(const struct goal *g, int64_t now_ms);

/* The name of workstream and task of a tentacle: "tentacle-docs". */
void agent_task_name(struct span tentacle, char out[80]);

#endif
