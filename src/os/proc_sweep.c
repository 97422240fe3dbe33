/*
 * Against a tree that forks while it is killed: everything found is stopped first, again and again
 * until nothing new appears, and only then killed. A stopped process does not fork.
 */
#include "os/proc_sweep.h"

#include <signal.h>

#include "os/proc.h"

/* A tree that grows faster than it can be stopped this often is killed as it is, again. */
#define FREEZE_ROUNDS 64

int proc_row_signal(const struct proc_row *row, int signal_number)
{
	struct proc_identity who = { .pid = row->pid, .start = row->start };

	return proc_signal(&who, signal_number);
}

/* Returns whether one was met that was not stopped yet. */
static bool stop_marked(const struct proc_table *t)
{
	bool any = false;

	for (size_t i = 0; i < t->count; i++) {
		const struct proc_row *row = &t->v[i];

		if (!row->marked || row->state == 'T' || row->state == 't')
			continue;
		(void)proc_row_signal(row, SIGSTOP);
		any = true;
	}
	return any;
}

int proc_sweep(struct proc_table *t, proc_find *find, void *ctx)
{
	int count = 0;

	for (int round = 0; round < FREEZE_ROUNDS; round++) {
		count = find(ctx, t);
		if (count <= 0 || !stop_marked(t))
			break;
	}
	for (size_t i = 0; count > 0 && i < t->count; i++)
		if (t->v[i].marked)
			(void)proc_row_signal(&t->v[i], SIGKILL);
	return count;
}
