/* Folding of events about goals and tentacles: a part of apply.c. */
#ifndef SK_APPLY_GOAL_H
#define SK_APPLY_GOAL_H

#include "core/event.h"
#include "core/state.h"

/* As core_apply. */
int apply_goal(struct state *st, const struct event *ev, char why[200]);
int apply_tentacle(struct state *st, const struct event *ev, char why[200]);
int apply_provider(struct state *st, const struct event *ev, char why[200]);

#endif
