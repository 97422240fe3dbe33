/*
 * apply: event -> state. The only writer of the state, live and in replay.
 */
#ifndef SK_APPLY_H
#define SK_APPLY_H

#include "core/effect.h"
#include "core/event.h"
#include "core/state.h"

/*
 * Folds one event into the state. fx may be NULL (replay). Returns 0, or -SK_ECORRUPT with a
 * sentence fragment in *why when the event cannot follow this state (an illegal transition, an
 * unknown task): live that is our own mistake, in replay it is damage. On failure the state is
 * unchanged.
 */
int core_apply(struct state *st, const struct event *ev, struct effects *fx, char why[200]);

#endif
