/* Running a plan where another orchestrator is at work: it gets the plan, we look on. */
#ifndef SK_RUN_BESIDE_H
#define SK_RUN_BESIDE_H

#include "cmd/run/run_plan.h"

enum beside_end {
	BESIDE_DONE,   /* the result is the exit code */
	BESIDE_NOBODY, /* nobody took it: nothing was submitted */
	BESIDE_LOST    /* who took it is gone before the end; what was recorded stays */
};

/*
 * Hands the plan over and, with `look_on`, shows its progress until it has ended, then prints the
 * summary. Without, it returns as soon as the plan is recorded. Returns the exit code, or a
 * negative code with *e; *end says how it went when the result is not negative.
 */
int run_beside(struct cmd_ctx *c, const struct run_request *request, int logs_fd, bool look_on,
	       enum beside_end *end, struct err *e);

#endif
