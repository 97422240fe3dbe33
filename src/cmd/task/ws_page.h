/* The parts of a workstream that several commands show in the same words. */
#ifndef SK_WS_PAGE_H
#define SK_WS_PAGE_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* One row of five cells: id, state, done, time, the rest counted. */
void ws_put_row(const struct cmd_ctx *c, struct table *t, uint32_t ws);

/* The members that every document about a workstream begins with, and how its tasks stand. */
void ws_put_head_json(struct json *j, const struct workstream *w);
void ws_put_tasks_json(struct json *j, const struct workstream *w);

/* The members of a workstream: those of `sk status` and its settings. The caller opens and ends the
 * object. */
void ws_put_json(const struct cmd_ctx *c, struct json *j, uint32_t ws);

/* Appends what to type next for it; nothing when all is well. */
void ws_put_next(const struct cmd_ctx *c, uint32_t ws, struct buf *commands);

/* Of its failed tasks the one that failed first, or NO_ID. */
uint32_t ws_first_failed(const struct state *st, uint32_t ws);

/* Of its failed tasks the critical one that failed first, or NO_ID. */
uint32_t ws_first_critical(const struct state *st, uint32_t ws);

/* Appends "2 running, 1 failed, 3 waiting": whatever is not completed. */
void ws_put_counts(const struct workstream *w, struct buf *out);

#endif
