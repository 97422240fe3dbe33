/* What the files of notify share. */
#ifndef SK_NOTIFY_IMPL_H
#define SK_NOTIFY_IMPL_H

#include "daemon/notify.h"

/*
 * Queues what these events call for, which stand in the order of their numbers. Of what all share
 * is told who is at work, or with `missed`, when nobody has begun yet, who is not at the end.
 */
void notifier_queue(struct notifier *n, const struct state *st, const struct events *batch,
		    bool missed);

/* The last event such that whoever was to be told of it and of those before it has been. */
uint64_t notifier_told_seq(const struct notifier *n);

/* Writes that number down when it is time, or now. A failure is tried again. */
void notifier_keep(struct notifier *n, bool now);
int64_t notifier_keep_due(const struct notifier *n);

#endif
