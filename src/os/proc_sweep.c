/*
 * Against a tree that forks while it is killed: everything found is stopped first, again and again
 * until nothing new appears, and only then killed. A stopped process does not fork.
 */
#include "os/proc_sweep.h"

#include <poll.h>
#include <signal.h>

#include "os/clock.h"
#include "os/proc.h"

/* A tree that grows faster than it can be stopped this often is killed as it is, again. */
#define FREEZE_ROUNDS 64

/*
 * A process shows no environment while the kernel replaces its program. And the table is no moment:
 * a parent that is listed may have had a child and be gone before its own row is read. Neither
 * lasts, so this many looks in a row, this far apart, have to find nothing.
 */
#define CALM_LOOKS 5
#define PAUSE_MS 4

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

int proc_sweep_all(struct proc_table *t, proc_find *find, void *ctx, int wait_ms)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + wait_ms;
	int most = 0;

	for (int calm = 0;;) {
		int found = proc_sweep(t, find, ctx);

		if (found < 0)
			return most > 0 ? most : found;
		if (found > most)
			most = found;
		calm = found > 0 ? 0 : calm + 1;
		if (calm == CALM_LOOKS || clock_mono_ms(&clock_real) >= until_ms)
			return most;
		(void)poll(NULL, 0, PAUSE_MS);
	}
}
