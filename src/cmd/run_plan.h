/* The parts of `sk run` that come before anything runs: options, the plan, and what is told about
 * it. */
#ifndef SK_RUN_PLAN_H
#define SK_RUN_PLAN_H

#include "cmd/cmd.h"
#include "core/submit.h"

struct run_request {
	struct submission submission;
	unsigned flags; /* enum submit_flags */
	unsigned slots;
	char *capabilities; /* raw JSON array, or NULL */
	char *operator_name;
};

void run_request_release(struct run_request *r);

/* Reads options and plans. Problems beyond the first are printed to stderr, one a line. */
int run_request_load(const struct cmd_ctx *c, struct run_request *out, struct err *e);

/*
 * The first task that wants a capability which the own worker does not offer, as a refusal; 0 when
 * there is none.
 */
int run_check_capabilities(const struct run_request *r, struct err *e);

/* The refusal that submit_check gave, with the differences printed to stderr. */
int run_refuse_changes(const struct run_request *r, const struct submit_report *report,
		       struct err *e);

/* Stages, critical path, and what would be skipped; nothing is run or written. */
int run_dry(struct cmd_ctx *c, const struct run_request *r, struct err *e);

#endif
