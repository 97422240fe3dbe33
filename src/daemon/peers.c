/*
 * Connections of workers: bytes in, inputs for the core out. A worker that talks nonsense loses its
 * connection, nothing else: its tasks and reports are safe with it, and it comes back and tells
 * again what is not acknowledged.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scan.h"
#include "os/sock.h"

#define SOCKET_NAME "orchestrator.sock"
#define READ_BYTES 65536
#define PREFETCH_SPAN_MS 100.0 /* enough work ahead for this long: far longer than a sync takes */

int peers_listen(struct orchestrator *o, struct err *e)
{
	return orchestrator_listen(o, SOCKET_NAME, WORKERS_MAX, LISTEN_TOKEN, &o->listen_fd, e);
}

void peers_accept(struct orchestrator *o)
{
	for (;;) {
		int fd = sock_accept(o->listen_fd);
		uint32_t slot = 0;

		if (fd == -EACCES)
			continue;
		if (fd < 0)
			return;
		while (slot < WORKERS_MAX && o->peers[slot].fd >= 0)
			slot++;
		if (slot == WORKERS_MAX || loop_add(&o->loop, fd, slot) < 0) {
			close(fd);
			continue;
		}
		o->peers[slot] = (struct peer){ .fd = fd, .worker = NO_ID };
	}
}

struct peer *peers_of_worker(struct orchestrator *o, uint32_t worker)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (o->peers[i].fd >= 0 && o->peers[i].worker == worker)
			return &o->peers[i];
	return NULL;
}

void peers_close(struct orchestrator *o, struct peer *p)
{
	if (p->fd < 0)
		return;
	loop_remove(&o->loop, p->fd);
	close(p->fd);
	buf_release(&p->in);
	buf_release(&p->out);
	mem_free(&p->turned_away);
	if (p->worker != NO_ID) {
		o->st.workers[p->worker].connected = false;
		o->look_again_ms = 0; /* dead, or only cut off? */
	}
	*p = (struct peer){ .fd = -1, .worker = NO_ID };
}

void peers_send(struct orchestrator *o, struct peer *p, const struct worker_msg *m)
{
	(void)o;
	worker_msg_encode(&p->out, m);
}

static void flush_peer(struct orchestrator *o, struct peer *p)
{
	size_t sent = 0;

	while (sent < p->out.len) {
		ssize_t n = send(p->fd, p->out.p + sent, p->out.len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			peers_close(o, p);
			return;
		}
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	if (sent)
		buf_consume(&p->out, sent);
	if (p->wants_write != (p->out.len > 0)) {
		p->wants_write = p->out.len > 0;
		loop_want_write(&o->loop, p->fd, (uint32_t)(p - o->peers), p->wants_write);
	}
}

void peers_flush(struct orchestrator *o)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (o->peers[i].fd >= 0 && (o->peers[i].out.len || o->peers[i].wants_write))
			flush_peer(o, &o->peers[i]);
}

void peers_acknowledge(struct orchestrator *o)
{
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct peer *p = &o->peers[i];

		if (p->fd < 0 || p->worker == NO_ID || p->acked == p->serial)
			continue;
		peers_send(o, p, &(struct worker_msg){ .kind = MSG_ACK, .serial = p->serial });
		p->acked = p->serial;
	}
}

/*
 * Whether the worker's list of what it knows has what we expect of it: the attempt of this run (a
 * result of the run before may be on its way still), and once its command is recorded as ended, its
 * after rules. The command alone may be listed as well, when the one before us died before it could
 * ask for the rules and acknowledge the report.
 */
static bool listed(struct span active, const struct task *t, const struct workstream *w)
{
	struct scan s;

	scan_init(&s, active);
	scan_array(&s);
	while (scan_item(&s)) {
		struct scan_text key, task = { SPAN_NONE, false }, phase = { SPAN_NONE, false };
		struct scan_text ws = { w->id, false };
		uint64_t number = 0, run = w->run_no;

		scan_object(&s);
		while (scan_key(&s, &key)) {
			if (span_is(key.raw, "task"))
				scan_string(&s, &task);
			else if (span_is(key.raw, "attempt"))
				scan_u64(&s, INTEGER_MAX, &number);
			else if (span_is(key.raw, "workstream"))
				scan_string(&s, &ws);
			else if (span_is(key.raw, "run"))
				scan_u64(&s, INTEGER_MAX, &run);
			else if (span_is(key.raw, "phase"))
				scan_string(&s, &phase);
			else
				scan_skip(&s, NULL);
		}
		if (!s.error && number == t->attempt && span_eq(task.raw, t->id) &&
		    run == w->run_no && span_eq(ws.raw, w->id) &&
		    (t->state != TASK_VALIDATING || span_is(phase.raw, "after")))
			return true;
	}
	return false;
}

/* What we believe to be with this worker but it has never heard of. Its list may be long: ids
 * first, then inputs. */
static int miss_unknown(struct orchestrator *o, uint32_t worker, struct span active)
{
	const struct worker *w = &o->st.workers[worker];
	uint32_t count = w->assigned, *tasks = mem_alloc((count + 1) * sizeof(*tasks));
	int rc = 0;

	if (count)
		memcpy(tasks, w->tasks, count * sizeof(*tasks));
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		const struct task *t = &o->st.tasks[tasks[i]];
		struct input in = { .kind = IN_UNKNOWN_TO_WORKER,
				    .task_id = t->id,
				    .attempt = t->attempt };

		if (listed(active, t, &o->st.ws[t->ws])) {
			if (o->start)
				o->start->adopted++;
			if (t->flags & TASK_CANCELLING)
				effects_add(&o->fx, (struct effect){ FX_CANCEL, tasks[i], t->ws,
								     worker, t->attempt });
			continue;
		}
		rc = orchestrator_step(o, &in, NULL);
	}
	mem_free(&tasks);
	return rc;
}

/* What it runs but we do not expect from it any more: it is told to end it. */
static void end_unexpected(struct orchestrator *o, struct peer *p, struct span active)
{
	struct scan s;

	scan_init(&s, active);
	scan_array(&s);
	while (scan_item(&s)) {
		struct scan_text key, id = { SPAN_NONE, false }, phase = { SPAN_NONE, false };
		uint64_t attempt = 0;
		uint32_t task;

		scan_object(&s);
		while (scan_key(&s, &key)) {
			if (span_is(key.raw, "task"))
				scan_string(&s, &id);
			else if (span_is(key.raw, "attempt"))
				scan_u64(&s, INTEGER_MAX, &attempt);
			else if (span_is(key.raw, "phase"))
				scan_string(&s, &phase);
			else
				scan_skip(&s, NULL);
		}
		task = state_task(&o->st, id.raw);
		if (s.error || span_is(phase.raw, "finished") ||
		    (task != NO_ID && o->st.tasks[task].worker == p->worker &&
		     o->st.tasks[task].attempt == attempt))
			continue;
		peers_send(o, p,
			   &(struct worker_msg){
				   .kind = MSG_CANCEL, .task_id = id.raw, .attempt = attempt });
	}
}

/* As many assignments ahead as keep the worker busy for a while: many for short tasks, few for long
 * ones. */
static void size_prefetch(const struct orchestrator *o, struct worker *w)
{
	double ahead = o->mean_ms > 0.5 ? w->slots * PREFETCH_SPAN_MS / o->mean_ms : PREFETCH_MAX;
	w->ahead = ahead < 1 ? 1 : ahead > PREFETCH_MAX ? PREFETCH_MAX : (uint32_t)ahead;
}

static void turn_away(struct orchestrator *o, struct peer *p, const struct worker_msg *m,
		      const struct buf *why)
{
	peers_send(o, p,
		   &(struct worker_msg){ .kind = MSG_REJECTED, .reason = { why->p, why->len } });
	p->leaving = true;
	p->turned_away = span_dup(m->worker_id);
	p->incarnation = m->incarnation;
}

/*
 * Who may come: a worker of ours, or one that a person started, of whom nothing is known yet. A new
 * one has to be of our version; one that we know goes on with what it does, whatever its version.
 */
static int admit(struct orchestrator *o, const struct worker_msg *m, struct buf *why)
{
	uint32_t worker = state_worker(&o->st, m->worker_id);
	const struct worker *w = worker == NO_ID ? NULL : &o->st.workers[worker];
	bool by_hand = !span_is(m->worker_id, LOCAL_WORKER) &&
		       (!w || (m->incarnation > w->incarnation && !w->connected));
	struct input born = { .kind = IN_WORKER_SPAWNED,
			      .worker_id = m->worker_id,
			      .incarnation = m->incarnation };

	if ((by_hand || (w && w->state == WORKER_INITIALIZING)) &&
	    !span_is(m->version, SK_VERSION)) {
		buf_putf(why,
			 "worker \"%.*s\" is of version %.*s, this orchestrator is " SK_VERSION
			 ": it gets no work. Try: start it with the same sk",
			 SPAN_ARG(m->worker_id), SPAN_ARG(m->version));
		return -SK_EREFUSED;
	}
	if (!by_hand)
		return 0;
	if (!w && o->st.worker_count == WORKERS_MAX) {
		buf_putf(why, "there are %d workers already: it gets no work", WORKERS_MAX);
		return -SK_EREFUSED;
	}
	if (w && w->state != WORKER_SHUTDOWN && bury_before(o, worker) < 0) {
		buf_puts(why, "what the one before it left cannot be read: it gets no work");
		return -SK_EREFUSED;
	}
	return orchestrator_step(o, &born, why);
}

/* Adopted from an orchestrator of another version: it ends what it has, then a new one follows. */
static void replace_outdated(struct orchestrator *o, uint32_t worker)
{
	struct act act = { .kind = ACT_WORKER_RESTART,
			   .worker_id = o->st.workers[worker].id,
			   .operator_name = SPAN_LIT("sk " SK_VERSION),
			   .reason = SPAN_LIT("it is of another version") };

	(void)orchestrator_step(o, &(struct input){ .kind = IN_ACT, .act = &act }, NULL);
}

static int register_worker(struct orchestrator *o, struct peer *p, const struct worker_msg *m)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct input in = { .kind = IN_WORKER_REGISTERED,
			    .worker_id = m->worker_id,
			    .incarnation = m->incarnation,
			    .slots = m->slots,
			    .pid = m->pid,
			    .pid_start = m->pid_start,
			    .boot_id = m->boot_id,
			    .nonce = m->nonce,
			    .version = m->version,
			    .kill_mode = m->kill_mode,
			    .capabilities = m->capabilities };
	struct peer *old;
	uint32_t worker;

	if (span_is(m->worker_id, LOCAL_WORKER)) { /* our own, or the one before us started it */
		in.slots = o->options.slots;
		in.capabilities = o->options.capabilities ? span_of(o->options.capabilities)
							  : m->capabilities;
	}
	if (admit(o, m, &why) < 0 || orchestrator_step(o, &in, &why) < 0) {
		turn_away(o, p, m, &why);
		return 0;
	}
	worker = state_worker(&o->st, m->worker_id);
	/* A worker has one connection. What is left of another must not end this one's. */
	while ((old = peers_of_worker(o, worker)))
		peers_close(o, old);
	o->st.workers[worker].connected = true;
	p->worker = worker;
	/* Reports up to here are acknowledged or come again right behind this message. */
	p->serial = p->acked = 0;
	peers_send(o, p,
		   &(struct worker_msg){ .kind = MSG_REGISTERED,
					 .epoch = o->st.epoch,
					 .slots = in.slots,
					 .heartbeat_ms = (uint64_t)o->timing.heartbeat_ms,
					 .grace_ms = KILL_GRACE_MS });
	if (o->st.draining)
		peers_send(o, p, &(struct worker_msg){ .kind = MSG_DRAIN });
	if (o->st.workers[worker].leave) /* asked before it came back */
		effects_add(&o->fx, (struct effect){ o->st.workers[worker].leave & LEAVE_FORCED
							     ? FX_END_WORKER
							     : FX_DRAIN_WORKER,
						     NO_ID, NO_ID, worker, 0 });
	if (!span_is(m->version, SK_VERSION))
		replace_outdated(o, worker);
	size_prefetch(o, &o->st.workers[worker]);
	end_unexpected(o, p, m->active);
	return miss_unknown(o, worker, m->active);
}

static int handle_report(struct orchestrator *o, struct peer *p, const struct worker_msg *m)
{
	struct worker *w = &o->st.workers[p->worker];
	struct input in = { .kind = m->kind == MSG_STARTED ? IN_STARTED : IN_FINISHED,
			    .task_id = m->task_id,
			    .worker_id = w->id,
			    .attempt = m->attempt,
			    .incarnation = w->incarnation,
			    .workstream_id = m->workstream_id,
			    .run_no = m->run_no,
			    .pid = m->pid,
			    .result = m->result };

	if (m->serial <= p->serial)
		return 0; /* seen on this very connection */
	p->serial = m->serial;
	if (m->kind == MSG_FINISHED && !m->result.validation) {
		o->mean_ms += ((double)m->result.duration_ms - o->mean_ms) / 8;
		size_prefetch(o, w);
		o->children[p->worker].starts = 0;
		o->children[p->worker].start_at_ms = 0;
	}
	return orchestrator_step(o, &in, NULL);
}

/* It was turned away, and this it said before it heard that. A result is fenced off for the record.
 */
static int ignore_late(struct orchestrator *o, const struct peer *p, const struct worker_msg *m)
{
	struct input in = { .kind = IN_FINISHED,
			    .task_id = m->task_id,
			    .worker_id = span_of(p->turned_away),
			    .attempt = m->attempt,
			    .incarnation = p->incarnation,
			    .workstream_id = m->workstream_id,
			    .run_no = m->run_no,
			    .result = m->result };

	return m->kind == MSG_FINISHED && p->turned_away ? orchestrator_step(o, &in, NULL) : 0;
}

static int handle_message(struct orchestrator *o, struct peer *p, const struct worker_msg *m)
{
	if (m->kind == MSG_REGISTER && p->worker == NO_ID)
		return register_worker(o, p, m);
	if (p->worker == NO_ID)
		return p->leaving ? ignore_late(o, p, m) : -EPROTO;
	switch (m->kind) {
	case MSG_STARTED:
	case MSG_FINISHED:
		return handle_report(o, p, m);
	case MSG_HEARTBEAT:
		return 0;
	case MSG_BYE:
		p->leaving = true;
		o->children[p->worker].starts = 0; /* it did not die */
		return orchestrator_step(
			o,
			&(struct input){ .kind = IN_WORKER_SHUTDOWN,
					 .worker_id = o->st.workers[p->worker].id,
					 .incarnation = o->st.workers[p->worker].incarnation },
			NULL);
	default:
		return -EPROTO;
	}
}

static int handle_lines(struct orchestrator *o, struct peer *p)
{
	size_t at = 0;
	int rc = 0;

	while (rc >= 0 && p->fd >= 0) {
		const char *newline = memchr(p->in.p + at, '\n', p->in.len - at);
		struct worker_msg m;

		if (!newline)
			break;
		rc = worker_msg_decode(
			(struct span){ p->in.p + at, (size_t)(newline - p->in.p) - at },
			&o->scratch, &m);
		if (rc >= 0)
			rc = handle_message(o, p, &m);
		at = (size_t)(newline - p->in.p) + 1;
	}
	buf_consume(&p->in, at);
	return rc;
}

int peers_read(struct orchestrator *o, struct peer *p, struct err *e)
{
	bool ended = false;
	int rc;

	(void)e;
	for (;;) {
		ssize_t n;

		buf_reserve(&p->in, READ_BYTES);
		n = recv(p->fd, p->in.p + p->in.len, READ_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		ended = n == 0 || (n < 0 && errno != EAGAIN);
		if (n <= 0)
			break;
		p->in.len += (size_t)n;
		p->in.p[p->in.len] = '\0';
		if ((size_t)n < READ_BYTES)
			break;
	}
	rc = p->in.len ? handle_lines(o, p) : 0;
	if (p->worker != NO_ID)
		silence_heard(o, p->worker);
	if (rc < 0 || ended || p->in.len > MESSAGE_BYTES_MAX)
		peers_close(o, p);
	return 0;
}
