/* A payload from the host, read with a limit for bytes and for time: a host that never closes its
 * end must not hang its own agent. */
#ifndef SK_HOOK_READ_H
#define SK_HOOK_READ_H

#include "base/buf.h"

/*
 * Appends what comes on `fd` until its end, HOOK_PAYLOAD_BYTES_MAX or the deadline (os/clock.h,
 * monotonic). Returns 0 when all of it was read; -EFBIG, -ETIMEDOUT or another -errno when not:
 * what was read stays in *out.
 */
int hook_read(int fd, int64_t deadline_ms, struct buf *out);

#endif
