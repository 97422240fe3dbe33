/*
 * The command is run in a session of its own, so Ctrl-C in a terminal reaches us alone: we end what
 * runs and then say what came of it. A signal handler could do neither.
 */
#include "cmd/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "os/clock.h"
#include "os/fd.h"

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

int interrupt_open(struct interrupt *i, struct err *e)
{
	sigset_t set;

	fill(&set);
	*i = (struct interrupt)INTERRUPT_INIT;
	sigprocmask(SIG_BLOCK, &set, NULL);
	i->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return i->fd < 0 ? err_set(e, -SK_EIO, "cannot watch for Ctrl-C: nothing was done") : 0;
}

void interrupt_close(struct interrupt *i)
{
	sigset_t set;

	if (i->fd < 0)
		return;
	fd_close(&i->fd);
	fill(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void interrupt_note(struct interrupt *i)
{
	struct signalfd_siginfo info;

	if (read(i->fd, &info, sizeof(info)) == sizeof(info))
		i->number = (int)info.ssi_signo;
}

void interrupt_wait(struct interrupt *i, int64_t ms)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + ms;

	while (!i->number && ms > 0) {
		struct pollfd p = { .fd = i->fd, .events = POLLIN };

		if (poll(&p, 1, ms > 60000 ? 60000 : (int)ms) > 0)
			interrupt_note(i);
		ms = until_ms - clock_mono_ms(&clock_real);
	}
}

int interrupt_exit(const struct interrupt *i)
{
	return i->number == SIGTERM ? EXIT_TERMINATED : EXIT_INTERRUPTED;
}
