/* The asking side of the control socket: connect, ask once, wait for the answer within bounds. */
#ifndef SK_CONTROL_ASK_H
#define SK_CONTROL_ASK_H

#include "base/buf.h"
#include "base/err.h"
#include "ctl/control_msg.h"

/*
 * Sends the request to the orchestrator whose store is open as state_fd. *reply points into `line`
 * and `scratch`, which the caller owns and releases. Waits at most patience_ms for the whole of it.
 *
 * Returns 1 with *reply (its code says how it went); 0 when nobody listens or it ended without
 * having read the request, so nothing was asked; -SK_EBUSY when an orchestrator listens but did not
 * read the request in time, and never will; -ECONNRESET when it went away, or was too slow, after
 * it had read the request: then the journal tells whether it was carried out. A large request is
 * given more time.
 */
int control_ask(int state_fd, const struct control_request *request, int patience_ms,
		struct buf *line, struct buf *scratch, struct control_reply *reply, struct err *e);

#endif
