/* Asking a live orchestrator, for commands. */
#ifndef SK_ASK_H
#define SK_ASK_H

#include "base/err.h"
#include "core/event.h"
#include "ctl/control_msg.h"

struct answer {
	struct buf line, scratch; /* reply points in here */
	struct control_reply reply;
};

#define ANSWER_INIT                 \
	{                           \
		BUF_INIT, BUF_INIT, \
		{                   \
			.code = 0   \
		}                   \
	}

void answer_release(struct answer *a);

/*
 * Asks whoever serves the store that is open as state_fd. Returns 1 when it answered and did it; 0
 * when nobody listens; negative when it refused (its own sentence is in *e, except for a
 * submission's differences, which stay in out->reply.message) or did not answer within
 * CONTROL_PATIENCE_MS (-SK_EBUSY).
 */
int ask(int state_fd, const struct control_request *request, struct answer *out, struct err *e);

/* Calls fn for each record of the answer. */
void answer_each_event(const struct answer *a, void (*fn)(void *ctx, const struct event *ev),
		       void *ctx);

#endif
