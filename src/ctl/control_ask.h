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
 * Returns 1 with *reply (its code says how it went); 0 when nobody listens, so nothing was asked;
 * -SK_EBUSY when an orchestrator listens but did not answer in time; -ECONNRESET when it went away
 * while it was asked: then the journal tells whether the request was carried out.
 */
int control_ask(int state_fd, const struct control_request *request, int patience_ms,
		struct buf *line, struct buf *scratch, struct control_reply *reply, struct err *e);

#endif
