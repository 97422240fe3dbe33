/* Why a goal is where it is, and what to type next: one answer for why, next-iter and
 * resilience-status. */
#ifndef SK_GOAL_ADVICE_H
#define SK_GOAL_ADVICE_H

#include "cmd/goal/goals.h"
#include "core/goal_progress.h"

struct goal_cause {
	const char *what; /* status, budget, gate, criterion, tentacle, work, provider */
	char *subject;    /* whose name, or "" */
	char *text;
};

struct goal_advice {
	struct goal_cause *causes; /* the nearest first */
	size_t count, capacity;
	const char *recommendation; /* one sentence */
	struct buf next;            /* commands, one a line */
	int64_t now_ms;             /* when it was advised */
};

#define GOAL_ADVICE_INIT                    \
	{                                   \
		NULL, 0, 0, "", BUF_INIT, 0 \
	}

void goal_advise(const struct goals *all, const struct goal *g, int64_t now_ms,
		 struct goal_advice *out);
void goal_advice_release(struct goal_advice *a);

/* Prints a page about a goal and what is advised. */
typedef void goal_page(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct goal_advice *a);

/* A command that only looks: finds the goal, judges it and prints one of the two pages. The exit
 * code, or a negative code. */
int goal_advise_page(struct cmd_ctx *c, goal_page *text, goal_page *json, struct err *e);

/* How many criteria stand how. */
void goal_count_criteria(const struct goal *g, size_t out[CRITERION_STATE_COUNT]);

/* Names of the tentacles of the present iteration that stand so, with ", " between. */
void goal_put_names(const struct goals *all, const struct goal *g, enum standing s,
		    struct buf *out);

#endif
