/* The commands on gates: one decision, five words for it. */
#ifndef SK_GATE_H
#define SK_GATE_H

#include "cmd/goal/goal_change.h"
#include "core/goal_gates.h"

int gate_run(struct cmd_ctx *c, enum gate_act act, struct err *e);

#define GATE_REASON_OPTION                                              \
	{                                                               \
		.name = "reason", .kind = OPTION_TEXT, .value = "TEXT", \
		.summary = "why, for the record",                       \
	}
#define GATE_ADD_OPTION                                               \
	{                                                             \
		.name = "desc", .kind = OPTION_TEXT, .value = "TEXT", \
		.summary = "what it is about",                        \
	}

#endif
