/* The part of apply that is about tasks; used by apply.c alone. */
#ifndef SK_APPLY_TASK_H
#define SK_APPLY_TASK_H

#include "core/effect.h"
#include "core/event.h"
#include "core/state.h"

/* As core_apply, for events whose type is a task's transition, and for those about a task without
 * one. */
int apply_task_transition(struct state *st, const struct event *ev, struct effects *fx,
			  char why[200]);
int apply_task_fact(struct state *st, const struct event *ev, struct effects *fx, char why[200]);

/* Takes the task from its worker and gives back its resources. */
void task_give_back(struct state *st, uint32_t task);

/* Units of the resource that the task asks for, as its definition says (0 = all of it). */
uint32_t task_amount(const struct task *t, uint32_t resource);

/* Takes the task from its worker only: the attempt goes on elsewhere. */
void task_leave_worker(struct state *st, uint32_t task);

#endif
