/*
 * What happens is seen in the folder of goals; that somebody died is seen nowhere, so whoever waits
 * looks again after a while in any case.
 *
 * Only what is recorded wakes: whoever looks may take the lock and writes its name into it, and
 * would wake itself for ever. Commands of a busy agent come in bursts, so they are gathered, and a
 * look that takes long is followed by a long rest: a watcher must not take the processor from those
 * it watches.
 */
#include "cmd/goal/agent_eyes.h"

#include <signal.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/watch.h"
#include "store/journal.h"
#include "work/goal_store.h"

#define TOKEN_WATCH 1
#define REST_PER_LOOK 4

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
		rc = watch_add_writes(x->watch, fd);
	if (rc >= 0)
		rc = loop_add(&x->loop, x->watch, TOKEN_WATCH);
	x->returned_ms = clock_mono_ms(&clock_real);
	return rc < 0 ? err_set(e, -SK_EIO, "%s: cannot be watched (%s)", dir, strerror(-rc)) : 0;
}

void agent_eyes_close(struct agent_eyes *x)
{
	loop_close(&x->loop);
	fd_close(&x->watch);
}

static void hear(void *ctx, const struct watch_notice *notice)
{
	struct agent_eyes *x = ctx;

	x->heard |= notice->what == WATCH_MISSED || strcmp(notice->name, JOURNAL_FILE) == 0 ||
		    strcmp(notice->name, GOAL_FILE) == 0;
}

/* Waits until then; the number of a signal, or 0. */
static int listen_until(struct agent_eyes *x, int64_t until_ms, int64_t now_ms)
{
	struct loop_ready ready[LOOP_READY_MAX];
	int64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
	int n = loop_wait(&x->loop, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms, ready);

	for (int i = 0; i < n; i++) {
		if (ready[i].token == LOOP_SIGNAL)
			return ready[i].signal_number;
		watch_read(x->watch, hear, x);
	}
	return 0;
}

static int64_t rest_after(int64_t took_ms)
{
	int64_t rest_ms = took_ms > 0 ? took_ms * REST_PER_LOOK : 0;

	if (rest_ms > AGENT_REST_MAX_MS)
		return AGENT_REST_MAX_MS;
	return rest_ms < AGENT_REST_MS ? AGENT_REST_MS : rest_ms;
}

int agent_eyes_wait(struct agent_eyes *x, int64_t timeout_ms)
{
	int64_t now_ms = clock_mono_ms(&clock_real), end_ms = now_ms + timeout_ms;
	int64_t rested_ms = now_ms + rest_after(now_ms - x->returned_ms);
	int number;

	if (!timeout_ms)
		return listen_until(x, now_ms, now_ms);
	if (end_ms < rested_ms)
		end_ms = rested_ms;
	do {
		number = listen_until(x, x->heard ? rested_ms : end_ms, now_ms);
		now_ms = clock_mono_ms(&clock_real);
	} while (!number && now_ms < (x->heard ? rested_ms : end_ms));
	x->heard = false;
	x->returned_ms = now_ms;
	return number;
}
