/* What a person typed, found in the state. */
#ifndef SK_FIND_H
#define SK_FIND_H

#include "base/buf.h"
#include "core/state.h"

/*
 * An id; for tasks also WORKSTREAM/NAME, or a name that only one task has. Fills *out and returns
 * 0, or -SK_ENOTFOUND with a sentence in *why (may be NULL) that names the nearest ids and a
 * command that lists all.
 */
int find_task(const struct state *st, struct span typed, uint32_t *out, struct buf *why);
int find_workstream(const struct state *st, struct span typed, uint32_t *out, struct buf *why);
int find_worker(const struct state *st, struct span typed, uint32_t *out, struct buf *why);
int find_resource(const struct state *st, struct span typed, uint32_t *out, struct buf *why);

#endif
