/* What `sk daemon`, `sk daemon start` and `sk daemon restart` share: serving a store. */
#ifndef SK_SERVE_H
#define SK_SERVE_H

#include "cmd/cmd.h"

#define WORKSTREAMS_AT_ONCE 10
#define TASKS_PER_WORKSTREAM 5

/* Rows of their option tables. */
#define SERVE_OPTIONS                                                                \
	{ .name = "jobs",                                                            \
	  .letter = 'j',                                                             \
	  .kind = OPTION_NUMBER,                                                     \
	  .value = "N",                                                              \
	  .min = 1,                                                                  \
	  .max = SLOTS_MAX,                                                          \
	  .summary = "tasks at the same time (default: the number of processors)" }, \
		{ .name = "workstreams",                                             \
		  .kind = OPTION_NUMBER,                                             \
		  .value = "N",                                                      \
		  .min = 1,                                                          \
		  .max = 1000,                                                       \
		  .summary = "workstreams at work at the same time (default: 10)" }, \
		{ .name = "tasks-per-workstream",                                    \
		  .kind = OPTION_NUMBER,                                             \
		  .value = "N",                                                      \
		  .min = 1,                                                          \
		  .max = SLOTS_MAX,                                                  \
		  .summary = "of a workstream without max_parallel (default: 5)" },  \
		{ .name = "capabilities",                                            \
		  .kind = OPTION_TEXT,                                               \
		  .value = "A,B@1.2",                                                \
		  .summary = "what this machine offers to tasks that ask for it" },  \
		{ .name = "exhausted-after",                                         \
		  .kind = OPTION_DURATION,                                           \
		  .value = "TIME",                                                   \
		  .summary = "announce a resource that someone waits for after "     \
			     "this (default 1m; 0: at once)" },                      \
		{ .name = "release-every",                                           \
		  .kind = OPTION_DURATION,                                           \
		  .value = "TIME",                                                   \
		  .summary = "look this often for a parked tentacle whose time "     \
			     "has come (default 30s; 0: never)" },                   \
		{ .name = "maintain-every",                                          \
		  .kind = OPTION_DURATION,                                           \
		  .value = "TIME",                                                   \
		  .summary = "look this often for maintenance that is due (sk cron " \
			     "list; default 1m; 0: never)" },                        \
	{                                                                            \
		.name = "paused", .kind = OPTION_FLAG,                               \
		.summary = "open everything, run nothing until: sk daemon release"   \
	}

/* In this process, until it is told to stop. Returns the exit code or a negative code with *e. */
int serve(struct cmd_ctx *c, struct err *e);

/* In a process of its own; returns once that one serves. */
int serve_in_background(struct cmd_ctx *c, struct err *e);

/*
 * Asks whoever serves the store to stop (enum control_stop) and waits until it has, at most
 * timeout_ms (-1 = for ever). Returns 1, 0 when nobody was there, -SK_EBUSY when it did not stop in
 * time.
 */
int serve_stop(struct cmd_ctx *c, unsigned how, int64_t timeout_ms, struct err *e);

#endif
