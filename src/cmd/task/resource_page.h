/* A resource with those that hold it and those that wait for it, for people and as members. */
#ifndef SK_RESOURCE_PAGE_H
#define SK_RESOURCE_PAGE_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* Tasks that wait for it, in the order in which they will get it; freed by the caller with
 * mem_free. Queues are not recorded: this is worked out as the scheduler would. */
size_t resource_waiters(const struct state *st, uint32_t resource, uint32_t **out);

void resource_put_text(struct cmd_ctx *c, uint32_t resource);

/* The members; the caller opens and ends the object. */
void resource_put_json(struct cmd_ctx *c, struct json *j, uint32_t resource);

/* Appends what helps when others wait for it; nothing when nobody does. */
void resource_put_next(const struct state *st, uint32_t resource, struct buf *commands);

#endif
