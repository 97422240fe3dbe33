/*
 * What orchestrator and worker say to each other: one JSON object per line over a stream, no I/O
 * here. Messages carry everything a worker elsewhere would need; nothing relies on shared files
 * except the log directory a worker is given.
 *
 * Reports (started, finished) carry a serial number of the worker's incarnation; `ack` confirms all
 * up to one. A report is repeated until it is acknowledged, so it may arrive twice, and task +
 * attempt + incarnation fence old ones off.
 */
#ifndef SK_WORKER_MSG_H
#define SK_WORKER_MSG_H

#include "base/buf.h"
#include "base/scan.h"
#include "core/decide.h"

/* name, word, direction (for documentation): W = from the worker, O = from the orchestrator */
#define WORKER_MSGS(X)                 \
	X(REGISTER, "register", W)     \
	X(HEARTBEAT, "heartbeat", W)   \
	X(STARTED, "started", W)       \
	X(FINISHED, "finished", W)     \
	X(BYE, "bye", W)               \
	X(REGISTERED, "registered", O) \
	X(REJECTED, "rejected", O)     \
	X(ASSIGN, "assign", O)         \
	X(CANCEL, "cancel", O)         \
	X(ACK, "ack", O)               \
	X(DRAIN, "drain", O)           \
	X(SHUTDOWN, "shutdown", O)

enum worker_msg_kind {
#define X(name, word, direction) MSG_##name,
	WORKER_MSGS(X)
#undef X
		MSG_COUNT
};

/*
 * One message; members that a kind does not use are zero. Spans borrow the line (decoded: escapes
 *are resolved into the caller's scratch buffer) or the caller's memory (encoding).
 *
 *	register    worker_id incarnation slots pid pid_start boot_id nonce version kill_mode
 *	            capabilities active serial (last report issued). active: raw JSON array of
 *	            {"task","attempt","workstream","run","phase","running":bool} of all it knows:
 *	            waiting, running, or finished ("phase":"finished") with a report that is not
 *	            acknowledged yet. The after rules of a task are always "after": waiting, running
 *	            or finished. What is not in it the worker has never heard of, or has reported
 *	            and seen acknowledged. Right behind the register come all reports that are not
 *	            acknowledged.
 *	heartbeat   active_count, serial (last report sent)
 *	started     serial task_id attempt workstream_id run_no pid at_ms
 *	finished    serial task_id attempt workstream_id run_no result (.validation is "of_rules")
 *	bye         (leaving: everything is finished and acknowledged)
 *	registered  epoch grace_ms heartbeat_ms slots (how many tasks may run at once from now on; 0
 *= as it offered) rejected    reason assign      task_id attempt validation workstream_id name
 *run_no def cwd env (raw JSON object: what the orchestrator adds) reason (why it must be reported
 *as not to be started, or nothing) timeout_ms (of the command, when an operator gave it another
 *one) timeout_ms (of the command, when an operator gave it another one) cancel      task_id attempt
 *	ack         serial
 *	drain, shutdown
 *
 * Attempts are counted anew in each run of a workstream, and a new run may give the id of a task to
 * another workstream: workstream_id and run_no belong to the name of an attempt.
 */
struct worker_msg {
	enum worker_msg_kind kind;
	struct span task_id, worker_id, workstream_id, name;
	uint64_t attempt, incarnation, serial, slots, pid, pid_start, epoch, run_no, active_count,
		grace_ms, heartbeat_ms, timeout_ms;
	int64_t at_ms;
	struct span boot_id, nonce, version, kill_mode, capabilities, active, reason, def, cwd, env;
	bool validation;
	struct result result;
};

/* Appends the message and a newline. */
void worker_msg_encode(struct buf *out, const struct worker_msg *m);

/*
 * Reads one line without its newline. Strict: unknown kinds, wrong types and missing members are
 * -EINVAL; unknown members are passed over (a newer peer). Unescaped text goes to `scratch`, which
 * must outlive *out and is not reallocated by the call when it has 2 * line.len + 64 bytes of room
 * reserved (the function reserves them).
 */
int worker_msg_decode(struct span line, struct buf *scratch, struct worker_msg *out);

#endif
