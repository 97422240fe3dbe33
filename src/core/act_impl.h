/* What the deciders of acts share. Internal to core/act*.c. */
#ifndef SK_ACT_IMPL_H
#define SK_ACT_IMPL_H

#include "core/act.h"
#include "core/turn.h"

/* Appends the sentence to t->why and returns the code. */
int act_refuse(struct turn *t, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* By id, or the refusal that there is none. */
int act_find_task(struct turn *t, struct span id, uint32_t *out);
int act_find_ws(struct turn *t, struct span id, uint32_t *out);

/* Puts the operator's name and reason on an event. */
void act_sign(struct turn *t, struct event *ev, const struct act *act);

/*
 * A workstream that has ended goes on when one of its tasks is not settled any more and no critical
 * failure is left to end it again.
 */
void act_reopen_ws(struct turn *t, uint32_t ws, const struct act *act);

/* O1 for one task that failed or was cancelled. */
void act_reset_task(struct turn *t, uint32_t task, enum trigger on, uint64_t retry_count,
		    uint64_t timeout_ms, const struct act *act);

/* The operator's end for one task that is not final. `waive`: who needs it may go on. */
void act_end_task(struct turn *t, uint32_t task, enum trigger on, bool waive,
		  const struct act *act);

int act_task_retry(struct turn *t, const struct act *act);
int act_task_skip(struct turn *t, const struct act *act);
int act_task_cancel(struct turn *t, const struct act *act);
int act_dependency_remove(struct turn *t, const struct act *act);
int act_resource_limit(struct turn *t, const struct act *act);
int act_ws_retry(struct turn *t, const struct act *act);
int act_ws_retry_failed(struct turn *t, const struct act *act);
int act_ws_resume(struct turn *t, const struct act *act);
int act_ws_cancel(struct turn *t, const struct act *act);
int act_ws_rollback(struct turn *t, const struct act *act);
int act_worker_shutdown(struct turn *t, const struct act *act);
int act_worker_restart(struct turn *t, const struct act *act);

#endif
