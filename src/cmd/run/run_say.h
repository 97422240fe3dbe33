/* What is said when a plan is taken on. */
#ifndef SK_RUN_SAY_H
#define SK_RUN_SAY_H

#include "cmd/run/live.h"
#include "cmd/run/run_plan.h"

/* How much of it is new and how much was done before; st is the state before the submission;
 * slots are tasks at the same time, 0 when that is not ours to say. */
void run_say_submission(struct live *l, const struct cmd_ctx *c, const struct run_request *r,
			const struct submit_report *report, const struct state *st, unsigned slots);

#endif
