/* The parts of `sk why` that its text and its JSON share. */
#ifndef SK_WHY_H
#define SK_WHY_H

#include "cmd/cmd.h"
#include "cmd/task/story.h"
#include "cmd/view.h"

#define WHY_CHAIN_MAX 32 /* a longer chain explains nothing */

/* Task indexes: each is what the one before waits for. */
struct why_chain {
	uint32_t v[WHY_CHAIN_MAX];
	size_t count;
};

/* Appends what to type next, one command a line. */
void why_put_next(const struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
		  struct buf *out);

/* Tasks that cannot run because of this one. */
size_t why_count_blocked(const struct state *st, uint32_t task);

/* One row a task: id, state, story. */
void why_put_row(struct cmd_ctx *c, struct table *t, uint32_t task);
void why_story_json(struct json *j, struct cmd_ctx *c, uint32_t task);

/*
 * Explains what is no task: a workstream, or the tasks a matrix made. Returns 1 when `typed` is one
 * of these and was explained, else 0.
 */
int why_many(struct cmd_ctx *c, const char *typed);

void why_json(struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
	      const struct events *events);

#endif
