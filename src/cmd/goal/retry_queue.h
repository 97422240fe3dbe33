/* The queue of work that a quota stopped: one command under two names. */
#ifndef SK_CMD_RETRY_QUEUE_H
#define SK_CMD_RETRY_QUEUE_H

#include "cmd/cmd.h"

#define RETRY_QUEUE_USAGE "list | release NAME | release --all | hold NAME"
#define RETRY_QUEUE_WORDS "list|release|hold"
#define RETRY_QUEUE_ABOUT                                                                          \
	"Work that met a quota or a rate limit is parked, and due again when the service said, "   \
	"or after pauses that grow. While sk tentacle goal loop or sk daemon is at work, what is " \
	"due is released by itself, one after the other; what is held waits for a person."

extern const struct option_row retry_queue_options[];

int retry_queue(struct cmd_ctx *c, struct err *e);

#endif
