/* What `sk why` knows of one task, for all its pages: the causes, what it blocks, what to type. */
#ifndef SK_WHY_CHAIN_H
#define SK_WHY_CHAIN_H

#include "cmd/cmd.h"
#include "cmd/task/story.h"
#include "cmd/view.h"

#define WHY_CHAIN_MAX 32 /* a longer chain explains nothing */

/* Task indexes: each is what the one before waits for. */
struct why_chain {
	uint32_t v[WHY_CHAIN_MAX];
	size_t count;
};

/* Follows what each waits for, down to what runs, failed or can be changed; replaces *chain. */
void why_chain_follow(const struct view *v, uint32_t task, struct why_chain *chain);

/* Appends what to type next, one command a line. */
void why_put_next(const struct cmd_ctx *c, uint32_t task, const struct why_chain *chain,
		  struct buf *out);

/* Tasks that cannot run because of this one. */
size_t why_count_blocked(const struct state *st, uint32_t task);

/* One row a task: id, state, story. */
void why_put_row(struct cmd_ctx *c, struct table *t, uint32_t task);

/* The members of one task; the caller opens and ends the object. */
void why_story_json(struct json *j, struct cmd_ctx *c, uint32_t task);

#endif
