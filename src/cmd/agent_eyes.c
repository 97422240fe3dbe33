/* What happens is seen in the folder of goals; that somebody died is seen nowhere, so whoever waits
 * looks again after a while in any case. */
#include "cmd/agent_eyes.h"

#include <signal.h>

#include "os/fd.h"
#include "os/watch.h"

#define TOKEN_WATCH 1

int agent_eyes_open(struct agent_eyes *x, const char *dir, struct err *e)
{
	CLEANUP(fd_close) int fd = fd_open_dir(dir);
	sigset_t signals;
	int rc = fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (rc >= 0)
		rc = loop_open(&x->loop, &signals);
	if (rc >= 0)
		rc = x->watch = watch_open();
	if (rc >= 0)
		rc = watch_add(x->watch, fd);
	if (rc >= 0)
		rc = loop_add(&x->loop, x->watch, TOKEN_WATCH);
	return rc < 0 ? err_set(e, -SK_EIO, "%s: cannot be watched (%s)", dir, strerror(-rc)) : 0;
}

void agent_eyes_close(struct agent_eyes *x)
{
	loop_close(&x->loop);
	fd_close(&x->watch);
}

int agent_eyes_wait(struct agent_eyes *x, int64_t timeout_ms)
{
	struct loop_ready ready[LOOP_READY_MAX];
	int n = loop_wait(&x->loop, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms, ready);

	for (int i = 0; i < n; i++) {
		if (ready[i].token == LOOP_SIGNAL)
			return ready[i].signal_number;
		(void)watch_wait(x->watch, -1, 0);
	}
	return 0;
}
