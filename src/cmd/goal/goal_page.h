/* What pages about goals have in common. */
#ifndef SK_GOAL_PAGE_H
#define SK_GOAL_PAGE_H

#include "base/limits.h"
#include "cmd/goal/goals.h"
#include "core/goal_budget.h"

/* The whole goal as one document. */
void goal_json(struct cmd_ctx *c, const struct goal *g);

/* A document as a member, or as an element when `key` is NULL. */
void json_doc(struct json *j, const char *key, const struct doc_type *type, const void *doc);

/* "goal Port it (0d1ed6a0): paused: lunch, iteration 3", one line. */
void goal_put_line(struct out *out, const struct goal *g);
/* The status with its colour, and why. */
void goal_put_status(struct out *out, const struct goal *g);

/* What to type next, one command a line. */
void goal_put_next(const struct goal *g, struct buf *out);

/* The limits that are set, one line each, and what was used. */
void goal_put_budget(struct out *out, const struct goal *g, int64_t now_ms);

/* Options that set limits, for rows, and what was typed: over *budget. Returns 0 or -SK_EUSAGE. */
#define GOAL_LIMIT_OPTIONS                                                              \
	{ .name = "max-iterations",                                                     \
	  .kind = OPTION_NUMBER,                                                        \
	  .value = "N",                                                                 \
	  .min = 1,                                                                     \
	  .max = GOAL_ITERATIONS_MAX,                                                   \
	  .summary = "open no more than this many iterations; then a person decides" }, \
		{ .name = "max-tentacles",                                              \
		  .kind = OPTION_NUMBER,                                                \
		  .value = "N",                                                         \
		  .min = 1,                                                             \
		  .max = TENTACLES_MAX,                                                 \
		  .summary = "likewise of tentacles" },                                 \
		{ .name = "timeout",                                                    \
		  .kind = OPTION_NUMBER,                                                \
		  .value = "MIN",                                                       \
		  .min = 1,                                                             \
		  .max = GOAL_TIMEOUT_MINUTES_MAX,                                      \
		  .summary = "likewise minutes of active time; pauses do not count" },  \
		{ .name = "max-tokens",                                                 \
		  .kind = OPTION_NUMBER,                                                \
		  .value = "N",                                                         \
		  .min = 1,                                                             \
		  .summary = "likewise tokens (see goal spend)" },                      \
	{                                                                               \
		.name = "max-cost", .kind = OPTION_TEXT, .value = "AMOUNT",             \
		.summary = "likewise money, as 2.50, in whatever currency is told",     \
	}

int goal_limits_read(const struct cmd_ctx *c, struct goal_budget *budget, struct err *e);

/* An amount of money typed for an option: 0, or -SK_EUSAGE with the sentence. */
int goal_cost_option(const char *option, const char *text, uint64_t *micros, struct err *e);

#endif
