/*
 * What commands and a live orchestrator say to each other over `.state/control.sock`: one request,
 * one reply, each one JSON object on a line; no I/O here. The reply to an act comes after the
 * commit, so what it says is on disk. A request whose asker has gone before it is read is not
 * carried out.
 */
#ifndef SK_CONTROL_MSG_H
#define SK_CONTROL_MSG_H

#include "base/buf.h"
#include "core/act.h"
#include "core/submit.h"

#define CONTROL_SOCKET "control.sock"

/* name, word on the wire */
#define CONTROLS(X)           \
	X(PING, "ping")       \
	X(ACT, "act")         \
	X(SUBMIT, "submit")   \
	X(SHOW, "show")       \
	X(RELEASE, "release") \
	X(STOP, "stop")

enum control_kind {
#define X(name, word) CONTROL_##name,
	CONTROLS(X)
#undef X
		CONTROL_COUNT
};

/* What becomes of the tasks that run when an orchestrator stops. */
enum control_stop {
	STOP_DRAIN, /* they go on to their end, and the orchestrator stops behind them */
	STOP_LEAVE, /* they go on with their worker, which the next orchestrator takes over */
	STOP_CANCEL /* they are ended */
};

/*
 * ping: nothing. act: `act`. submit: `submission` (raw JSON: submission_encode), submit_flags,
 * operator_name. show: words (raw JSON array: of a command that only looks), columns, terminal,
 * color; aside: it may look at the whole state, or rehearse an act, which a copy of the
 * orchestrator does as if it were typed in the folder cwd. release: a paused orchestrator begins to
 * work. stop: `stop`, operator_name.
 */
struct control_request {
	enum control_kind kind;
	struct act act;
	struct span submission;
	struct span operator_name;
	uint64_t submit_flags; /* enum submit_flags */
	struct span words, cwd;
	uint64_t columns;
	bool terminal, color, aside;
	uint64_t stop; /* enum control_stop */
};

/*
 * code 0: done. Else a code of err.h, positive, and a sentence, or for a submission that differs
 * from what is recorded the differences, one a line. What a copy prints stands behind the line as
 * it is, because it may be long; a blank in front of the line says at once that it is being made.
 */
struct control_reply {
	uint64_t code;
	uint64_t first_seq, last_seq; /* what was recorded for it; 0..0 = nothing was to be */
	struct span events;           /* the first of these records, a raw JSON array, or empty */
	struct span message;
	struct span output; /* of show: what the command printed, and its exit code */
	uint64_t exit_code;
	uint64_t output_bytes; /* behind the line; `output` is these bytes then, and no member */
	/* Who answers. */
	uint64_t pid, started_ms, tasks, workstreams;
	struct span version, command;
	bool serves; /* stays when all is done: a daemon */
	bool paused, draining;
	bool gone; /* it ended before it read the request: nothing was done */
};

void control_request_encode(struct buf *out, const struct control_request *r);
void control_reply_encode(struct buf *out, const struct control_reply *r);

/*
 * Strict: unknown words and wrong types are -EINVAL; unknown members are passed over (a newer
 * program). Spans point into the line or into scratch, which must outlive *out.
 */
int control_request_decode(struct span line, struct buf *scratch, struct control_request *out);
int control_reply_decode(struct span line, struct buf *scratch, struct control_reply *out);

/* A compiled plan as one JSON object, and back. The decoded one owns its memory
 * (submission_release); -EINVAL when it is not what submission_encode writes. */
void submission_encode(struct buf *out, const struct submission *s);
int submission_decode(struct span text, struct submission *out);

#endif
