/* What changes in a goal beside its status when the status does. */
#ifndef SK_GOAL_ENTER_H
#define SK_GOAL_ENTER_H

#include "core/goal.h"

/*
 * Makes a draft ready to be moved from its present status to another one: the clock of its active
 * time runs or stands, the members that told why it was in the status it leaves are emptied, and
 * the time of arrival is filled in. Reasons are the caller's.
 */
void goal_enter(struct goal *draft, enum goal_state to, int64_t now_ms);

/* An evaluation at this moment, added to the draft's history; the caller fills in more. Valid until
 * the next one is added. */
struct evaluation *goal_evaluation_add(struct goal *draft, struct arena *arena, int64_t now_ms);

#endif
