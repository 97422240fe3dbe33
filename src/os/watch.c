/*
 * inotify, added through /proc/self/fd so that the folder watched is the folder that was opened and
 * judged, whatever its path means by now. The content of the notices is thrown away: a follower
 * looks at the files anyway.
 */
#include "os/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int watch_open(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int watch_add(int watch, int dir)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	if (inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) <
	    0)
		return -errno;
	return 0;
}

int watch_wait(int watch, int out_fd, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = watch, .events = POLLIN }, { .fd = out_fd } };
	char drop[4096];
	int n;

	do
		n = poll(fds, ARRAY_LEN(fds), timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (fds[1].revents & (POLLERR | POLLNVAL))
		return -EPIPE;
	if (!(fds[0].revents & POLLIN))
		return 0;
	while (read(watch, drop, sizeof(drop)) > 0)
		;
	return 1;
}

int watch_rest(int out_fd, int64_t took_ms)
{
	if (took_ms <= 0)
		return 0;
	return watch_wait(-1, out_fd, took_ms > 1000 ? 4000 : (int)took_ms * 4);
}
