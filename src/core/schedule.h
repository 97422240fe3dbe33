/* Who starts next, and the small questions that other floors ask about it. */
#ifndef SK_SCHEDULE_H
#define SK_SCHEDULE_H

#include "core/state.h"
#include "core/task_def.h"

struct turn;

/* Whether a JSON array of "name" or "name@version" offers what is wanted: "name" or
 * "name>=version". */
bool capability_covers(struct span offered, struct span wanted);

/* The capabilities a definition asks for: a raw JSON array, a part of the definition, or empty. */
struct span capability_wanted(struct span def);

/* The first capability of a definition that is not offered, or SPAN_NONE. */
struct span capability_missing(struct span offered, struct span def);

/* Compares dotted numbers; missing parts count as 0. */
int version_compare(struct span a, struct span b);

/* When somebody will have waited for a resource long enough to be announced, or INT64_MAX; and
 * announcing it. */
int64_t resource_deadline(const struct state *st);
void turn_resource_time(struct turn *t);

#endif
