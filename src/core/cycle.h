/*
 * Tasks of one workstream that wait for each other in a circle. A plan with one is refused, unless
 * a person asks for it to be taken as it is; then the workstream is halted until the circle is
 * broken by hand.
 */
#ifndef SK_CYCLE_H
#define SK_CYCLE_H

#include "core/turn.h"

/*
 * Whether the plan of the workstream has a circle, also one that was broken by hand since: such a
 * plan is read only by who asks for it as it is. Costs nothing where none was ever recorded.
 */
bool ws_planned_in_circles(const struct state *st, uint32_t ws);

/*
 * Calls `found` once for each circle with its tasks (indexes; each needs the next one, the last the
 * first), borrowed for the call. Dependencies that are waived or settled do not count. Returns how
 * many there are.
 */
uint32_t ws_cycles(const struct state *st, uint32_t ws,
		   void (*found)(void *ctx, const uint32_t *tasks, uint32_t count), void *ctx);

/* Records every circle as dependency_cycle_detected, which halts the workstream. Does nothing when
 * there is none, or when it is halted already. */
void turn_halt_on_cycles(struct turn *t, uint32_t ws);

#endif
