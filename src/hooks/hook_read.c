/* poll before each read, so that the descriptor need not be changed: it is the host's as well. */
#include "hooks/hook_read.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"

#define PIECE_BYTES 65536

int hook_read(int fd, int64_t deadline_ms, struct buf *out)
{
	size_t from = out->len;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left_ms = deadline_ms - clock_mono_ms(&clock_real);
		ssize_t got;
		int rc;

		if (left_ms <= 0)
			return -ETIMEDOUT;
		rc = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0)
			return -errno;
		if (rc == 0)
			return -ETIMEDOUT;
		buf_reserve(out, PIECE_BYTES);
		got = read(fd, out->p + out->len, PIECE_BYTES);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		out->len += (size_t)got;
		out->p[out->len] = '\0';
		if (out->len - from > HOOK_PAYLOAD_BYTES_MAX) {
			buf_truncate(out, from + HOOK_PAYLOAD_BYTES_MAX);
			return -EFBIG;
		}
	}
}
