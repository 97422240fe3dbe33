/*
 * Pages that would make a turn long. A copy of the orchestrator, made behind the commit, has the
 * state as it is on disk in that moment; it may look at all of it or decide on an act and throw
 * everything away, and answers by itself. The orchestrator goes on at once: it pays for the page
 * tables and for what it changes while the copy lives. A copy that dies leaves a connection without
 * an answer, and who asked does the work itself.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "store/known.h"

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
static _Noreturn void print_page(struct orchestrator *o, struct control_peer *p, int learned_fd)
{
	struct buf output = BUF_INIT, line = BUF_INIT;
	const struct buf *learned = &store_known(o->store)->learned;

	control_show(o, p, &output);
	p->reply.message = (struct span){ p->message.p, p->message.len };
	p->reply.output_bytes = output.len;
	control_reply_encode(&line, &p->reply);
	/* In front of the answer: whoever has that may ask again at once. More than the pipe takes
	 * is read again next time. */
	(void)!write(learned_fd, learned->p, learned->len);
	send_all(p->fd, line.p, line.len);
	send_all(p->fd, output.p, output.len);
	_exit(0);
}

/* A byte at once: who asked then knows that the orchestrator is at it and not hung. */
static void say_at_it(struct control_peer *p)
{
	if (!p->waits)
		(void)send(p->fd, " ", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	p->waits = true;
}

bool aside_answer(struct orchestrator *o, struct control_peer *p)
{
	struct copy *c = find_free(o);
	int learned[2], keep[3];
	pid_t pid;

	say_at_it(p);
	if (!c)
		return true;
	store_look(o->store); /* what is written behind this is unknown to the copy */
	pid = pipe2(learned, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	if (pid == 0) {
		memcpy(keep, (int[]){ o->options.state_fd, p->fd, learned[1] }, sizeof(keep));
		pid = proc_copy(keep, ARRAY_LEN(keep), CONTROL_COPY_S_MAX);
		if (pid == 0)
			print_page(o, p, learned[1]);
		close(learned[1]);
		if (pid < 0)
			close(learned[0]);
	}
	if (pid < 0) {
		buf_putf(&p->message, "orchestrator: it cannot copy itself: %s", strerror(-pid));
		p->reply.code = SK_EBUSY;
		return false;
	}
	*c = (struct copy){ .pid = pid, .place = (size_t)(p - o->controls), .fd = learned[0] };
	p->copied = true;
	p->answered = true;
	buf_release(&p->in);
	return true;
}

/* What it has said by now: who has its answer may ask again before it has ended. */
static void take_over(struct orchestrator *o, const struct copy *c)
{
	CLEANUP(buf_release) struct buf learned = BUF_INIT;

	(void)fd_read_all(c->fd, CONTROL_LEARNED_BYTES_MAX, &learned);
	known_files_decode(store_known(o->store), (struct span){ learned.p, learned.len });
}

void aside_reap(struct orchestrator *o)
{
	int status;

	for (size_t i = 0; i < CONTROL_COPIES_MAX; i++) {
		struct copy *c = &o->copies[i];

		if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		take_over(o, c);
		fd_close(&c->fd);
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
		take_over(o, c);
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
		fd_close(&c->fd);
		c->pid = 0;
	}
}
