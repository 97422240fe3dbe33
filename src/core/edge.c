/* Tables of forty rows are searched from the top: state and trigger differ in the first compare
 * almost always. */
#include "core/edge.h"

const struct edge *edge_find(const struct life *life, unsigned from, enum trigger on,
			     unsigned facts)
{
	for (size_t i = 0; i < life->edge_count; i++) {
		const struct edge *row = &life->edges[i];

		if (row->from == from && row->on == on && (facts & row->yes) == row->yes &&
		    !(facts & row->no))
			return row;
	}
	return NULL;
}

const struct edge *edge_of_event(const struct life *life, const struct event *ev)
{
	for (size_t i = 0; i < life->edge_count; i++) {
		const struct edge *row = &life->edges[i];

		if (row->from == ev->from && row->on == ev->trigger && row->to == ev->to &&
		    row->event == ev->kind && span_is(ev->edge, row->id))
			return row;
	}
	return NULL;
}
