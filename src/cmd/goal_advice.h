/* Why a goal is where it is, and what to type next: one answer for why, next-iter and
 * resilience-status. */
#ifndef SK_GOAL_ADVICE_H
#define SK_GOAL_ADVICE_H

#include "cmd/goals.h"
#include "core/goal_progress.h"

struct goal_cause {
	const char *what; /* status, budget, gate, criterion, tentacle, iteration */
	char *subject;    /* whose name, or "" */
	char *text;
};

struct goal_advice {
	struct goal_cause *causes; /* the nearest first */
	size_t count, capacity;
	const char *recommendation; /* one sentence */
	struct buf next;            /* commands, one a line */
};

#define GOAL_ADVICE_INIT                 \
	{                                \
		NULL, 0, 0, "", BUF_INIT \
	}

void goal_advise(const struct goals *all, const struct goal *g, int64_t now_ms,
		 struct goal_advice *out);
void goal_advice_release(struct goal_advice *a);

/* Names of the tentacles of the present iteration that stand so, with ", " between. */
void goal_put_names(const struct goals *all, const struct goal *g, enum standing s,
		    struct buf *out);

#endif
