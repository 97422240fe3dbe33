/*
 * What workers say to the orchestrator, as src/daemon/peers.c hears it: register, reports by
 * serial, good-bye; and what it sends them. Lines go through the real encoder and decoder.
 */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/scan.h"
#include "world.h"

void chief_send(struct world *w, struct peer *p, const struct worker_msg *m)
{
	size_t from = p->out.len;

	worker_msg_encode(&p->out, m);
	note(w, "> worker %u: %.*s", w->hands[p->hand].worker, (int)(p->out.len - from - 1),
	     p->out.p + from);
	/* A stream repeats nothing by itself; this stands for an orchestrator that does. */
	if (((m->kind == MSG_ASSIGN && !m->validation) || m->kind == MSG_CANCEL) &&
	    fault_on(w, FAULT_REPEATED) && one_in(w, 40)) {
		worker_msg_encode(&p->out, m);
		fault_fired(w, FAULT_REPEATED);
	}
}

struct peer *chief_peer_of(struct world *w, uint32_t worker)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++)
		if (w->chief.peers[i].used && w->chief.peers[i].worker == worker)
			return &w->chief.peers[i];
	return NULL;
}

static void close_peer(struct world *w, struct peer *p)
{
	struct hand *h = &w->hands[p->hand];

	note(w, "connection of worker %u is closed", h->worker);
	if (h->peer == (int)(p - w->chief.peers)) {
		h->in.closed = true;
		h->peer = -1;
	}
	if (p->worker != NO_ID) {
		w->chief.st.workers[p->worker].connected = false;
		w->chief.look_again_ms = 0;
	}
	buf_release(&p->out);
	buf_release(&p->in.lines);
	*p = (struct peer){ .worker = NO_ID };
}

void chief_acknowledge(struct world *w)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		struct peer *p = &w->chief.peers[i];

		if (!p->used || p->worker == NO_ID || p->acked == p->serial)
			continue;
		chief_send(w, p, &(struct worker_msg){ .kind = MSG_ACK, .serial = p->serial });
		p->acked = p->serial;
	}
}

static void send_assignment(struct world *w, struct peer *p, const struct effect *fx)
{
	const struct state *st = &w->chief.st;
	const struct task *t = &st->tasks[fx->task];
	const struct workstream *ws = &st->ws[t->ws];

	chief_send(w, p,
		   &(struct worker_msg){ .kind = MSG_ASSIGN,
					 .task_id = t->id,
					 .attempt = fx->attempt,
					 .workstream_id = ws->id,
					 .name = t->name,
					 .run_no = ws->run_no,
					 .def = t->def,
					 .cwd = SPAN_LIT("/"),
					 .env = SPAN_LIT("{}"),
					 .validation = fx->kind == FX_VALIDATE });
}

/* The process that holds the worker's lock, and no other. */
static void end_worker(struct world *w, uint32_t worker)
{
	for (unsigned h = 0; h < SIM_HANDS_MAX; h++)
		if (w->hands[h].there && w->hands[h].locked &&
		    span_is(w->chief.st.workers[worker].id, w->places[w->hands[h].worker].id) &&
		    w->hands[h].incarnation == w->chief.st.workers[worker].incarnation)
			hand_kill(w, &w->hands[h]);
	w->chief.look_again_ms = 0;
}

static void on_worker(struct world *w, const struct effect *fx, struct peer *p)
{
	if (fx->kind == FX_END_WORKER)
		end_worker(w, fx->worker);
	else if (fx->kind == FX_DRAIN_WORKER && p)
		chief_send(w, p, &(struct worker_msg){ .kind = MSG_DRAIN });
}

void chief_effects(struct world *w)
{
	struct chief *c = &w->chief;

	for (size_t i = 0; i < c->fx.count; i++) {
		const struct effect *fx = &c->fx.v[i];
		struct peer *p = fx->worker == NO_ID ? NULL : chief_peer_of(w, fx->worker);

		if (fx->task == NO_ID) {
			on_worker(w, fx, p);
			continue;
		}
		if (!p || task_gone(&c->st.tasks[fx->task]))
			continue;
		if (fx->kind == FX_CANCEL)
			chief_send(w, p,
				   &(struct worker_msg){ .kind = MSG_CANCEL,
							 .attempt = fx->attempt,
							 .task_id = c->st.tasks[fx->task].id });
		else
			send_assignment(w, p, fx);
	}
	c->fx.count = 0;
}

struct listed {
	struct span id, phase, ws;
	uint64_t attempt, run_no;
};

static bool next_listed(struct scan *s, struct listed *out)
{
	struct scan_text key, id = { SPAN_NONE, false }, phase = { SPAN_NONE, false };
	struct scan_text ws = { SPAN_NONE, false };

	if (!scan_item(s))
		return false;
	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "task"))
			scan_string(s, &id);
		else if (span_is(key.raw, "attempt"))
			scan_u64(s, INTEGER_MAX, &out->attempt);
		else if (span_is(key.raw, "workstream"))
			scan_string(s, &ws);
		else if (span_is(key.raw, "run"))
			scan_u64(s, INTEGER_MAX, &out->run_no);
		else if (span_is(key.raw, "phase"))
			scan_string(s, &phase);
		else
			scan_skip(s, NULL);
	}
	out->id = id.raw;
	out->phase = phase.raw;
	out->ws = ws.raw;
	return !s->error;
}

static bool is_listed(const struct world *w, struct span active, const struct task *t)
{
	const struct workstream *ws = &w->chief.st.ws[t->ws];
	struct listed one;
	struct scan s;

	scan_init(&s, active);
	scan_array(&s);
	while (next_listed(&s, &one))
		if (one.attempt == t->attempt && span_eq(one.id, t->id) &&
		    ((one.run_no == ws->run_no && span_eq(one.ws, ws->id)) ||
		     w->plant == PLANT_RUN_NOT_NAMED) &&
		    (t->state != TASK_VALIDATING || span_is(one.phase, "after") ||
		     w->plant == PLANT_RULES_FORGOTTEN))
			return true;
	return false;
}

static void miss_unknown(struct world *w, uint32_t worker, struct span active)
{
	struct chief *c = &w->chief;
	uint32_t count = c->st.workers[worker].assigned, tasks[SIM_TASKS_MAX * 4];

	INVARIANT(count <= ARRAY_LEN(tasks));
	if (count)
		memcpy(tasks, c->st.workers[worker].tasks, count * sizeof(*tasks));
	for (uint32_t i = 0; i < count; i++) {
		const struct task *t = &c->st.tasks[tasks[i]];
		struct input in = { .kind = IN_UNKNOWN_TO_WORKER,
				    .task_id = t->id,
				    .attempt = t->attempt };

		if (is_listed(w, active, t)) {
			saw(w, SAW_ADOPTED);
			if (t->flags & TASK_CANCELLING)
				effects_add(&c->fx, (struct effect){ FX_CANCEL, tasks[i], t->ws,
								     worker, t->attempt });
			continue;
		}
		if (w->plant == PLANT_UNKNOWN_IGNORED)
			continue;
		if (t->state == TASK_RUNNING)
			wrong(w, "%.*s runs, but its living worker knows nothing of it",
			      SPAN_ARG(t->id));
		saw(w, SAW_UNKNOWN_SENT_AGAIN);
		core_step(&c->st, &in, chief_now(w), &c->batch, &c->fx, NULL);
	}
}

static void end_unexpected(struct world *w, struct peer *p, struct span active)
{
	const struct state *st = &w->chief.st;
	struct listed one;
	struct scan s;

	scan_init(&s, active);
	scan_array(&s);
	while (next_listed(&s, &one)) {
		uint32_t task = state_task(st, one.id);

		if (span_is(one.phase, "finished") ||
		    (task != NO_ID && st->tasks[task].worker == p->worker &&
		     st->tasks[task].attempt == one.attempt))
			continue;
		chief_send(w, p,
			   &(struct worker_msg){
				   .kind = MSG_CANCEL, .task_id = one.id, .attempt = one.attempt });
	}
}

static void register_worker(struct world *w, struct peer *p, const struct worker_msg *m)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct chief *c = &w->chief;
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

	if (core_step(&c->st, &in, chief_now(w), &c->batch, &c->fx, &why) < 0) {
		saw(w, SAW_REJECTED);
		chief_send(
			w, p,
			&(struct worker_msg){ .kind = MSG_REJECTED, .reason = { why.p, why.len } });
		p->leaving = true;
		return;
	}
	p->worker = state_worker(&c->st, m->worker_id);
	p->serial = p->acked = 0;
	chief_send(w, p,
		   &(struct worker_msg){ .kind = MSG_REGISTERED,
					 .epoch = c->st.epoch,
					 .grace_ms = KILL_GRACE_MS });
	if (c->st.draining)
		chief_send(w, p, &(struct worker_msg){ .kind = MSG_DRAIN });
	if (c->st.workers[p->worker].leave)
		effects_add(&c->fx, (struct effect){ c->st.workers[p->worker].leave & LEAVE_FORCED
							     ? FX_END_WORKER
							     : FX_DRAIN_WORKER,
						     NO_ID, NO_ID, p->worker, 0 });
	c->st.workers[p->worker].ahead = below(w, 5);
	end_unexpected(w, p, m->active);
	miss_unknown(w, p->worker, m->active);
}

/* Planted: whoever reports is believed to speak of the attempt that is expected. */
static void believe(const struct state *st, struct input *in)
{
	uint32_t task = state_task(st, in->task_id);
	const struct task *t = task == NO_ID ? NULL : &st->tasks[task];

	if (!t || t->worker == NO_ID)
		return;
	in->attempt = t->attempt;
	in->run_no = 0;
	in->worker_id = st->workers[t->worker].id;
	in->incarnation = st->workers[t->worker].incarnation;
}

static void handle_report(struct world *w, struct peer *p, const struct worker_msg *m)
{
	struct chief *c = &w->chief;
	const struct worker *of = &c->st.workers[p->worker];
	struct input in = { .kind = m->kind == MSG_STARTED ? IN_STARTED : IN_FINISHED,
			    .task_id = m->task_id,
			    .worker_id = of->id,
			    .attempt = m->attempt,
			    .incarnation = of->incarnation,
			    .workstream_id = m->workstream_id,
			    .run_no = m->run_no,
			    .pid = m->pid,
			    .result = m->result };

	if (m->serial <= p->serial)
		return;
	p->serial = m->serial;
	if (w->plant == PLANT_RUN_NOT_NAMED)
		in.run_no = 0;
	if (w->plant == PLANT_NO_FENCING)
		believe(&c->st, &in);
	core_step(&c->st, &in, chief_now(w), &c->batch, &c->fx, NULL);
}

static int handle(struct world *w, struct peer *p, const struct worker_msg *m)
{
	const struct worker *of = p->worker == NO_ID ? NULL : &w->chief.st.workers[p->worker];
	struct input in = { .kind = IN_WORKER_SHUTDOWN };

	if (m->kind == MSG_REGISTER && !of) {
		register_worker(w, p, m);
		return 0;
	}
	if (!of)
		return -EPROTO;
	switch (m->kind) {
	case MSG_STARTED:
	case MSG_FINISHED:
		handle_report(w, p, m);
		return 0;
	case MSG_HEARTBEAT:
		return 0;
	case MSG_BYE:
		p->leaving = true;
		saw(w, SAW_WORKER_LEFT);
		in.worker_id = of->id;
		in.incarnation = of->incarnation;
		core_step(&w->chief.st, &in, chief_now(w), &w->chief.batch, &w->chief.fx, NULL);
		return 0;
	default:
		return -EPROTO;
	}
}

static void read_peer(struct world *w, struct peer *p)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct worker_msg m;
	unsigned most = one_in(w, 3) ? below(w, 3) : 1000;
	int rc = 0;

	while (most-- && rc == 0 && pipe_line(w, &p->in, &line)) {
		note(w, "< worker %u: %s", w->hands[p->hand].worker, line.p);
		rc = worker_msg_decode((struct span){ line.p, line.len }, &w->chief.scratch, &m);
		if (rc == 0)
			rc = handle(w, p, &m);
		else
			wrong(w, "a message cannot be read: %s", line.p);
	}
	if (rc < 0 || (p->in.closed && pipe_empty(&p->in)))
		close_peer(w, p);
}

int chief_gather(struct world *w)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++)
		if (w->chief.peers[i].used)
			read_peer(w, &w->chief.peers[i]);
	return 0;
}
