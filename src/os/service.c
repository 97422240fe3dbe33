/* A few lines instead of a library: the protocol is one datagram, and fixed. */
#include "os/service.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "os/fd.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') /* an abstract name */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		fd_close(&fd);
	return fd;
}

void service_open(struct service *out)
{
	const char *path = getenv("NOTIFY_SOCKET"), *every = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	uint64_t microseconds = 0, whose = (uint64_t)getpid();

	*out = (struct service)SERVICE_INIT;
	if (path && *path)
		out->fd = connect_to(path);
	if (pid && span_to_u64(span_of(pid), INT32_MAX, &whose) < 0)
		whose = 0;
	if (out->fd >= 0 && every && whose == (uint64_t)getpid() &&
	    span_to_u64(span_of(every), INT64_MAX, &microseconds) == 0)
		out->watchdog_ms = (int64_t)(microseconds / 1000);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void service_tell(const struct service *n, const char *text)
{
	if (n->fd >= 0)
		(void)send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void service_close(struct service *n)
{
	fd_close(&n->fd);
}
