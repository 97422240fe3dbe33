/*
 * Ending a tree of processes that may fork while it is ended, for whoever can tell which ones
 * belong to it. Nothing is signalled but through a descriptor of exactly the process that was seen.
 */
#ifndef SK_PROC_SWEEP_H
#define SK_PROC_SWEEP_H

#include "os/proc_table.h"

/*
 * Fills the table anew and marks in it what is to be ended; dead ones and the caller are not
 * marked. Returns how many belong to it, also those that are not to be touched yet, or -errno.
 */
typedef int proc_find(void *ctx, struct proc_table *t);

/*
 * Stops what is found until nothing new appears, then kills it. What was forked meanwhile by more
 * than can be stopped is left to another call. Returns what `find` said last.
 */
int proc_sweep(struct proc_table *t, proc_find *find, void *ctx);

/*
 * Sweeps until nothing was found several times in a row, or wait_ms is over: one look overlooks who
 * is just executing a program, and who was born while it lasted. For trees of which only marks in
 * their environment are known. Returns the most that were ended at once, or -errno when nothing
 * could be looked at.
 */
int proc_sweep_all(struct proc_table *t, proc_find *find, void *ctx, int wait_ms);

/* A signal to exactly the process of this row, if it still is the same. Returns 0 or -errno. */
int proc_row_signal(const struct proc_row *row, int signal_number);

#endif
