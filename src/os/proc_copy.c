/*
 * fork, and at once everything is let go that others could wait for: flock belongs to the open
 * file, so a copy that kept the descriptor would hold the store's lock for as long as it lives.
 */
#include "os/proc.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEEP_MAX 8

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Where the kernel cannot close a range, one by one. */
static void close_between(int first, int last)
{
	struct rlimit r;

	if (first > last || close_range((unsigned)first, (unsigned)last, 0) == 0)
		return;
	if (last == INT_MAX)
		last = getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < 65536 ? (int)r.rlim_cur
									       : 65536;
	for (int fd = first; fd <= last; fd++)
		(void)close(fd);
}

static void close_others(const int *keep, size_t count)
{
	int sorted[KEEP_MAX], next = STDERR_FILENO + 1;

	for (size_t i = 0; i < count; i++)
		sorted[i] = keep[i];
	qsort(sorted, count, sizeof(*sorted), by_number);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < next)
			continue;
		close_between(next, sorted[i] - 1);
		next = sorted[i] + 1;
	}
	close_between(next, INT_MAX);
}

pid_t proc_fork(const int *keep, size_t count)
{
	pid_t pid;

	INVARIANT(count <= KEEP_MAX);
	pid = fork();
	if (pid != 0)
		return pid < 0 ? -errno : pid;
	close_others(keep, count);
	return 0;
}

pid_t proc_copy(const int *keep, size_t count, unsigned seconds_max)
{
	pid_t parent = getpid(), pid = proc_fork(keep, count);

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(seconds_max);
	return 0;
}
