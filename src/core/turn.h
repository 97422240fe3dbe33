/* One turn of the core: what decide's parts share. Internal to core/decide*.c, schedule.c and
 * submit*.c. */
#ifndef SK_TURN_H
#define SK_TURN_H

#include "core/decide.h"
#include "core/edge.h"

struct turn {
	struct state *st;
	struct events *batch;
	struct effects *fx;
	int64_t now_ms;
	uint64_t cause; /* seq of the event that the next ones follow from, 0 = none */
	struct buf *why;
};

/* Opens an event with its subject filled in; then fill the rest and call turn_apply. */
struct event *turn_event(struct turn *t, enum event_kind kind);
struct event *turn_task_event(struct turn *t, enum event_kind kind, uint32_t task);
struct event *turn_ws_event(struct turn *t, enum event_kind kind, uint32_t ws);

/*
 * Opens the transition that the table allows for this trigger in the task's present state; NULL
 * when it allows none. Likewise for workstreams and workers.
 */
struct event *turn_task_move(struct turn *t, uint32_t task, enum trigger on);
struct event *turn_ws_move(struct turn *t, uint32_t ws, enum trigger on);
struct event *turn_worker_move(struct turn *t, uint32_t worker, enum trigger on);

/* Applies the event opened last and returns its seq. */
uint64_t turn_apply(struct turn *t);

/* A copy that lives as long as the batch. */
struct span turn_copy(struct turn *t, struct span text);
struct span turn_text(struct turn *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* decide_ws.c: drains the agenda until nothing follows any more. */
void turn_follow(struct turn *t);

/* decide_ws.c: ends every task of the workstream that is not final; those with a worker are asked
 * to end. */
void turn_cancel_tasks(struct turn *t, uint32_t ws, enum trigger on, struct span reason);

/* decide_report.c: what workers report, and what follows when one is gone. */
void turn_started(struct turn *t, const struct input *in);
void turn_finished(struct turn *t, const struct input *in);
void turn_unknown_to_worker(struct turn *t, const struct input *in);
void turn_worker_gone(struct turn *t, const struct input *in, enum trigger on);
int turn_cancel_task(struct turn *t, const struct input *in);
void turn_interrupt(struct turn *t, const struct input *in);

/* act.c: 0, or a refusal with a sentence in t->why. */
int turn_act(struct turn *t, const struct act *act);

/* submit_events.c: from now on what is ready in the workstream is started. */
void turn_activate_ws(struct turn *t, uint32_t ws);

/* schedule.c */
void turn_schedule(struct turn *t);

/* submit_events.c */
void turn_submit(struct turn *t, const struct submission *s, unsigned flags,
		 struct span operator_name);

#endif
