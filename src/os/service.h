/* Telling a service manager how a long-running process is doing: the datagram protocol that systemd
 * documents in sd_notify(3). Without a manager every call does nothing. */
#ifndef SK_SERVICE_H
#define SK_SERVICE_H

#include "base/base.h"

struct service {
	int fd;              /* connected to the manager, or -1 */
	int64_t watchdog_ms; /* it wants to hear "WATCHDOG=1" at least this often; 0 = never */
};

#define SERVICE_INIT  \
	{             \
		-1, 0 \
	}

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment, so that no child
 * speaks for us. A socket that cannot be reached counts as none. */
void service_open(struct service *out);

/* Sends "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..."; several lines are one message. */
void service_tell(const struct service *n, const char *text);
void service_close(struct service *n);

#endif
