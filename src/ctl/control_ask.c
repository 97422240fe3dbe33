/*
 * An orchestrator that hangs still has a socket that takes connections, so every step is bounded by
 * one deadline, and giving up closes the connection: an orchestrator that wakes up later sees that
 * nobody waits and drops what was asked.
 */
#include "ctl/control_ask.h"

#include <errno.h>
#include <poll.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/sock.h"

#define READ_BYTES 65536

struct asking {
	int fd;
	int64_t until_ms; /* monotonic */
	struct err *e;
};

static int gave_up(const struct asking *a)
{
	uint64_t pid = 0;

	(void)sock_peer_pid(a->fd, &pid);
	return err_set(a->e, -SK_EBUSY,
		       "orchestrator: it does not answer (pid %llu): nothing was changed. Try: sk "
		       "daemon status, or when it hangs for good: kill -9 %llu and the same again",
		       (unsigned long long)pid, (unsigned long long)pid);
}

/*
 * Who gives up must not be served later, and must not say that nothing was done when it was. Behind
 * the shutdown nothing is taken any more that was not wholly read before; whether it was, the
 * kernel tells: it counts the bytes that still wait.
 */
static int gave_up_waiting(const struct asking *a)
{
	uint64_t pid = 0;
	int unread = 1;

	(void)shutdown(a->fd, SHUT_RDWR);
	if (ioctl(a->fd, SIOCOUTQ, &unread) < 0 || unread > 0)
		return gave_up(a);
	(void)sock_peer_pid(a->fd, &pid);
	return err_set(a->e, -ECONNRESET,
		       "orchestrator: it has read the request but does not answer (pid %llu); it "
		       "may still carry it out. Try: sk events, then the same again",
		       (unsigned long long)pid);
}

static int went_away(const struct asking *a)
{
	return err_set(a->e, -ECONNRESET,
		       "orchestrator: it ended while it was asked; what it had recorded by then is "
		       "done. Try: sk events, then the same again");
}

/* 0 when the descriptor is ready for it, or -ETIMEDOUT. */
static int wait_for(const struct asking *a, short what)
{
	struct pollfd p = { .fd = a->fd, .events = what };
	int64_t left_ms = a->until_ms - clock_mono_ms(&clock_real);
	int rc = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;

	if (rc < 0 && errno == EINTR)
		return 0;
	return rc > 0 ? 0 : -ETIMEDOUT;
}

static int send_all(const struct asking *a, const struct buf *text)
{
	size_t sent = 0;

	while (sent < text->len) {
		ssize_t n =
			send(a->fd, text->p + sent, text->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc = 0;

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			rc = wait_for(a, POLLOUT);
		else if (errno != EINTR)
			return 0; /* it closed early: its answer says why */
		if (rc < 0)
			return gave_up(a);
	}
	return 0;
}

/* One piece of what is answered; 0 also when there is none yet. */
static int read_piece(const struct asking *a, struct buf *line)
{
	ssize_t n;

	buf_reserve(line, READ_BYTES);
	n = recv(a->fd, line->p + line->len, READ_BYTES, MSG_DONTWAIT);
	if (n > 0) {
		line->len += (size_t)n;
		line->p[line->len] = '\0';
		return 0;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return went_away(a);
	if (errno == EAGAIN && wait_for(a, POLLIN) < 0)
		return gave_up_waiting(a);
	return 0;
}

/* Until the newline; *len is where it stands. A blank in front of it says that the answer is being
 * made, for which there is time. */
static int read_line(struct asking *a, struct buf *line, size_t *len)
{
	bool promised = false;
	size_t looked = 0;

	for (;;) {
		const char *end;
		int rc = read_piece(a, line);

		if (rc < 0)
			return rc;
		if (!promised && line->len && line->p[0] == ' ') {
			promised = true;
			a->until_ms = clock_mono_ms(&clock_real) + CONTROL_COPY_S_MAX * 1000;
		}
		end = line->len > looked ? memchr(line->p + looked, '\n', line->len - looked)
					 : NULL;
		if (end) {
			*len = (size_t)(end - line->p);
			return 0;
		}
		looked = line->len;
		if (looked > CONTROL_REPLY_BYTES_MAX)
			return went_away(a);
	}
}

/* The bytes behind the line, for which it is given time as for a request. */
static int read_output(struct asking *a, struct buf *line, size_t len, struct control_reply *reply)
{
	size_t wanted = len + 1 + (size_t)reply->output_bytes;

	if (reply->output_bytes > CONTROL_OUTPUT_BYTES_MAX)
		return went_away(a);
	a->until_ms += (int64_t)(reply->output_bytes / CONTROL_BYTES_PER_MS);
	buf_reserve(line, wanted - (line->len < wanted ? line->len : wanted));
	while (line->len < wanted) {
		int rc = read_piece(a, line);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int not_understood(const struct asking *a)
{
	return err_set(a->e, -SK_EBUSY,
		       "orchestrator: its answer is not understood; it may be of another version. "
		       "Try: sk daemon restart");
}

static int read_reply(struct asking *a, struct buf *line, struct buf *scratch,
		      struct control_reply *reply)
{
	size_t len = 0;
	int rc = read_line(a, line, &len);

	if (rc < 0)
		return rc;
	if (control_reply_decode((struct span){ line->p, len }, scratch, reply) < 0)
		return not_understood(a);
	if (!reply->output_bytes)
		return 0;
	rc = read_output(a, line, len, reply); /* the line may move */
	if (rc == 0 && control_reply_decode((struct span){ line->p, len }, scratch, reply) < 0)
		rc = not_understood(a);
	reply->output = (struct span){ line->p + len + 1, (size_t)reply->output_bytes };
	return rc;
}

/* A full queue of connections is that of an orchestrator that does not take any. */
static int connect_to(struct asking *a, int state_fd)
{
	for (;;) {
		struct pollfd nothing = { .fd = -1 };

		a->fd = sock_connect(state_fd, CONTROL_SOCKET);
		if (a->fd != -EAGAIN || clock_mono_ms(&clock_real) >= a->until_ms)
			return a->fd;
		(void)poll(&nothing, 1, 10);
	}
}

int control_ask(int state_fd, const struct control_request *request, int patience_ms,
		struct buf *line, struct buf *scratch, struct control_reply *reply, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct asking a = { -1, clock_mono_ms(&clock_real) + patience_ms, e };
	int rc = connect_to(&a, state_fd);

	if (rc == -ENOENT || rc == -ECONNREFUSED)
		return 0;
	if (rc == -EAGAIN)
		return gave_up(&a);
	if (rc < 0)
		return err_set(e, rc == -EACCES ? -SK_EREFUSED : -SK_EIO,
			       "%s: cannot be reached: %s: nothing was changed", CONTROL_SOCKET,
			       strerror(-rc));
	control_request_encode(&text, request);
	a.until_ms += (int64_t)(text.len / CONTROL_BYTES_PER_MS);
	buf_truncate(line, 0);
	rc = send_all(&a, &text);
	if (rc == 0)
		rc = read_reply(&a, line, scratch, reply);
	fd_close(&a.fd);
	if (rc < 0)
		return rc;
	return reply->gone ? 0 : 1;
}
