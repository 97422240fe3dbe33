/*
 * inotify, added through /proc/self/fd so that the folder watched is the folder that was opened and
 * judged, whatever its path means by now. For a follower the content of the notices is thrown away:
 * it looks at the files anyway.
 */
#include "os/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#define NAMES_GONE (IN_DELETE | IN_MOVED_FROM)
#define FOLDERS_NEW (IN_CREATE | IN_MOVED_TO)

int watch_open(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int add(int watch, int dir, uint32_t mask)
{
	char path[40];
	int folder;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	folder = inotify_add_watch(watch, path, mask);
	return folder < 0 ? -errno : folder;
}

int watch_add(int watch, int dir)
{
	int folder = add(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE);

	return folder < 0 ? folder : 0;
}

int watch_add_names(int watch, int dir)
{
	return add(watch, dir, NAMES_GONE | IN_CLOSE_WRITE | FOLDERS_NEW);
}

int watch_add_writes(int watch, int dir)
{
	return add(watch, dir, IN_MODIFY);
}

void watch_remove(int watch, int folder)
{
	(void)inotify_rm_watch(watch, folder); /* it may be gone already */
}

static void tell(const struct inotify_event *event,
		 void (*fn)(void *ctx, const struct watch_notice *notice), void *ctx)
{
	struct watch_notice notice = { .folder = event->wd, .name = event->name };

	if (event->mask & IN_Q_OVERFLOW)
		notice = (struct watch_notice){ -1, WATCH_MISSED, "" };
	else if (!event->len)
		return; /* of the folder itself */
	else if (event->mask & NAMES_GONE)
		notice.what = WATCH_GONE;
	else if (event->mask & (IN_CLOSE_WRITE | IN_MODIFY))
		notice.what = WATCH_WRITTEN;
	else if (event->mask & IN_ISDIR)
		notice.what = WATCH_APPEARED;
	else
		return;
	fn(ctx, &notice);
}

void watch_read(int watch, void (*fn)(void *ctx, const struct watch_notice *notice), void *ctx)
{
	char room[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(watch, room, sizeof(room))) > 0) {
		const struct inotify_event *event;

		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(room + at);
			tell(event, fn, ctx);
		}
	}
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
