/* What is different between two states: in every recorded member, under the names of current.json.
 */
#ifndef SK_STATE_DIFF_H
#define SK_STATE_DIFF_H

#include "core/state_codec.h"

/* One member of one thing. Values are raw JSON as they stand in current.json; empty = absent. */
struct state_change {
	enum state_part part;
	struct span id;
	bool born, gone; /* it is only in the second, or only in the first state */
	struct span member, from, to;
};

/*
 * Calls fn for every member that differs, thing by thing: workstreams, tasks, workers, resources,
 * each in the order of the second state and those that are gone last. Of a thing that is in one
 * state alone every member is told. Spans are valid during the call. fn returns nonzero to stop.
 */
void state_diff(const struct state *a, const struct state *b,
		int (*fn)(void *ctx, const struct state_change *change), void *ctx);

#endif
