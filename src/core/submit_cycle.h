/*
 * Dependency cycles of a submission, before anything of it is recorded; cycle.h has those of a
 * workstream that is recorded. One within a workstream is refused unless a person wants it halted;
 * one that crosses workstreams always is, because nobody could halt it.
 */
#ifndef SK_SUBMIT_CYCLE_H
#define SK_SUBMIT_CYCLE_H

#include "core/graph.h"
#include "core/submit.h"

/* Calls `found` for each, as graph_cycles does; its nodes are indexes of tasks, by the order of
 * their names. Linear when there is none. */
void submit_cycles(const struct submission *s,
		   void (*found)(void *ctx, const struct graph_cycle *cycle), void *ctx);

bool submit_cycle_crosses(const struct submission *s, const struct graph_cycle *cycle);

/* Appends "dependency cycle: a → b → a". */
void submit_put_cycle(const struct submission *s, const struct graph_cycle *cycle, struct buf *out);

/* "Try: ...": what may be done about it. */
const char *submit_cycle_remedy(const struct submission *s, const struct graph_cycle *cycle);

/* 0, or -SK_EUSAGE with a sentence about the first that is to be refused appended to *why. */
int submit_refuse_cycles(const struct submission *s, unsigned flags, struct buf *why);

#endif
