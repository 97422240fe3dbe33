/*
 * Pages that would make a turn long. A copy of the orchestrator, made behind the commit, has the
 * state as it is on disk in that moment; it may look at all of it or decide on an act and throw
 * everything away, and answers by itself. The orchestrator goes on at once: it pays for the page
 * tables and for what it changes while the copy lives. A copy that dies leaves a connection without
 * an answer, and who asked does the work itself.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct copy *find_free(struct orchestrator *o)
{
	for (size_t i = 0; i < CONTROL_COPIES_MAX; i++)
		if (o->copies[i].pid <= 0)
			return &o->copies[i];
	return NULL;
}

/* The alarm ends a copy whose reader does not take what it sends. */
static void send_all(int fd, const char *p, size_t len)
{
	while (len) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n < 0) {
			(void)poll(&ready, 1, -1);
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
}

/* In the copy. */
static _Noreturn void print_page(struct orchestrator *o, struct control_peer *p)
{
	struct buf output = BUF_INIT, line = BUF_INIT;

	control_show(o, p, &output);
	p->reply.message = (struct span){ p->message.p, p->message.len };
	p->reply.output_bytes = output.len;
	control_reply_encode(&line, &p->reply);
	send_all(p->fd, line.p, line.len);
	send_all(p->fd, output.p, output.len);
	_exit(0);
}

bool aside_answer(struct orchestrator *o, struct control_peer *p)
{
	const int keep[] = { o->options.state_fd, p->fd };
	struct copy *c = find_free(o);
	pid_t pid;

	if (!c)
		return true;
	pid = proc_copy(keep, ARRAY_LEN(keep), CONTROL_COPY_S_MAX);
	if (pid == 0)
		print_page(o, p);
	if (pid < 0) {
		buf_putf(&p->message, "orchestrator: it cannot copy itself: %s", strerror(-pid));
		p->reply.code = SK_EBUSY;
		return false;
	}
	*c = (struct copy){ .pid = pid, .place = (size_t)(p - o->controls) };
	p->copied = true;
	p->answered = true;
	buf_release(&p->in);
	return true;
}

void aside_reap(struct orchestrator *o)
{
	int status;

	for (size_t i = 0; i < CONTROL_COPIES_MAX; i++) {
		struct copy *c = &o->copies[i];

		if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		c->pid = 0;
		if (c->place != NO_PLACE)
			control_close(o, &o->controls[c->place]);
	}
}

void aside_forget(struct orchestrator *o, const struct control_peer *p)
{
	for (size_t i = 0; i < CONTROL_COPIES_MAX; i++) {
		struct copy *c = &o->copies[i];

		if (c->pid <= 0 || c->place != (size_t)(p - o->controls))
			continue;
		c->place = NO_PLACE;
		(void)kill(c->pid, SIGKILL); /* ours and not reaped: nobody else can be meant */
	}
}

void aside_end(struct orchestrator *o)
{
	for (size_t i = 0; i < CONTROL_COPIES_MAX; i++) {
		struct copy *c = &o->copies[i];

		if (c->pid <= 0)
			continue;
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
}
