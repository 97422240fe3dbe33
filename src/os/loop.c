/* epoll and signalfd, nothing else: few descriptors, and the deadline is the caller's, so no timer
 * descriptor is needed. */
#include "os/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

int loop_open(struct loop *l, const sigset_t *signals)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, signals, NULL) < 0)
		return -errno;
	l->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0)
		return -errno;
	return loop_add(l, l->signal_fd, LOOP_SIGNAL);
}

void loop_close(struct loop *l)
{
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	*l = (struct loop)LOOP_INIT;
}

static int loop_control(struct loop *l, int operation, int fd, uint32_t token, bool write)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | (write ? (uint32_t)EPOLLOUT : 0), .data.u32 = token
	};

	return epoll_ctl(l->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *l, int fd, uint32_t token)
{
	return loop_control(l, EPOLL_CTL_ADD, fd, token, false);
}

int loop_want_write(struct loop *l, int fd, uint32_t token, bool write)
{
	return loop_control(l, EPOLL_CTL_MOD, fd, token, write);
}

void loop_remove(struct loop *l, int fd)
{
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static int put_signals(struct loop *l, struct loop_ready *out, int room)
{
	struct signalfd_siginfo info;
	int count = 0;

	while (count < room && read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		out[count++] = (struct loop_ready){ .token = LOOP_SIGNAL,
						    .signal_number = (int)info.ssi_signo };
	return count;
}

int loop_wait(struct loop *l, int timeout_ms, struct loop_ready out[LOOP_READY_MAX])
{
	struct epoll_event events[LOOP_READY_MAX / 2];
	int count = epoll_wait(l->epoll_fd, events, ARRAY_LEN(events), timeout_ms), filled = 0;

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 == LOOP_SIGNAL) {
			/* Room stays for every other descriptor of this round. */
			filled += put_signals(l, out + filled,
					      LOOP_READY_MAX - filled - (count - i - 1));
			continue;
		}
		out[filled++] = (struct loop_ready){
			.token = events[i].data.u32,
			.readable = events[i].events & EPOLLIN,
			.writable = events[i].events & EPOLLOUT,
			.hung_up = events[i].events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR),
		};
	}
	return filled;
}
