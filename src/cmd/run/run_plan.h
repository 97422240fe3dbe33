/* The parts of `sk run` that come before anything runs: options, the plan, and what is told about
 * it. */
#ifndef SK_RUN_PLAN_H
#define SK_RUN_PLAN_H

#include "cmd/cmd.h"
#include "core/submit.h"

/* Rows of the option tables of all commands that take a plan. */
#define RUN_PLAN_OPTIONS                                                                           \
	{ .name = "param",                                                                         \
	  .letter = 'p',                                                                           \
	  .kind = OPTION_TEXT,                                                                     \
	  .value = "KEY=VALUE",                                                                    \
	  .repeats = true,                                                                         \
	  .summary = "set a parameter of the plan" },                                              \
		{ .name = "only",                                                                  \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "TASK",                                                                 \
		  .repeats = true,                                                                 \
		  .summary = "run this task and what it needs; * matches anything" },              \
		{ .name = "from",                                                                  \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "TASK",                                                                 \
		  .summary = "run this task and everything behind it, without what is in front" }, \
		{ .name = "keep-going",                                                            \
		  .letter = 'k',                                                                   \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "a critical failure does not end the workstream" },                   \
		{ .name = "fail-fast",                                                             \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "any failure ends the workstream" },                                  \
		{ .name = "halt-on-cycle",                                                         \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "record a plan whose tasks wait for each other, halted, instead of "  \
			     "refusing it" },                                                      \
		{ .name = "new-run",                                                               \
		  .kind = OPTION_FLAG,                                                             \
		  .summary = "begin anew: every task runs again" },                                \
	{                                                                                          \
		.name = "accept-changes", .kind = OPTION_FLAG,                                     \
		.summary = "go on although the plan was changed"                                   \
	}

struct run_request {
	struct submission submission;
	unsigned flags; /* enum submit_flags */
	unsigned slots;
	char *capabilities; /* raw JSON array, or NULL */
	char *operator_name;
};

void run_request_release(struct run_request *r);

/* "a,b@1.2" (or NULL) as a raw JSON array; the caller frees it. */
char *capability_list(const char *text);

/* Reads options and plans. Problems beyond the first are printed to stderr, one a line. */
int run_request_load(const struct cmd_ctx *c, struct run_request *out, struct err *e);

/* Takes --jobs and --capabilities: what the own worker will be like. */
void run_request_size(const struct cmd_ctx *c, struct run_request *r);

/*
 * The first task that wants a capability which the own worker does not offer, as a refusal; 0 when
 * there is none.
 */
int run_check_capabilities(const struct cmd_ctx *c, const struct run_request *r, struct err *e);

/* The refusal that submit_check gave, with the differences printed to stderr. */
int run_refuse_changes(const struct run_request *r, const struct submit_report *report,
		       struct err *e);

/* Stages, critical path, and what would be skipped; nothing is run or written. */
int run_dry(struct cmd_ctx *c, const struct run_request *r, struct err *e);

#endif
