/* The pages of `sk why`. */
#ifndef SK_WHY_H
#define SK_WHY_H

#include "cmd/task/why_chain.h"

/*
 * Explains what is no task: a workstream, or the tasks a matrix made. Returns 1 when `typed` is one
 * of these and was explained, else 0.
 */
int why_many(struct cmd_ctx *c, const char *typed);

void why_json(struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
	      const struct events *events);

#endif
