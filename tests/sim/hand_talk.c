/*
 * The worker's side of the conversation, as src/worker/link.c and worker_talk.c have it: reports
 * are kept until acknowledged, sent again after a reconnect, and saved while nobody listens.
 */
#include <string.h>

#include "base/limits.h"
#include "base/scan.h"
#include "core/task_def.h"
#include "world.h"

#define RETRY_MS 1000
#define EAGER_PAUSE_MS 2

bool pipe_empty(const struct sim_pipe *p)
{
	return !p->lines.len || !memchr(p->lines.p, '\n', p->lines.len);
}

bool pipe_line(struct world *w, struct sim_pipe *p, struct buf *out)
{
	const char *end = p->lines.len ? memchr(p->lines.p, '\n', p->lines.len) : NULL;

	if (!end || (w->mono_ms < p->held_until_ms && !w->quiet))
		return false;
	buf_truncate(out, 0);
	buf_put(out, p->lines.p, (size_t)(end - p->lines.p));
	buf_consume(&p->lines, out->len + 1);
	return true;
}

static void put_active(struct buf *out, const struct hand_task *t, const char *phase, bool running)
{
	buf_putf(out,
		 "%s{\"task\":\"%s\",\"attempt\":%llu,\"workstream\":\"%s\",\"run\":%llu,"
		 "\"phase\":\"%s\","
		 "\"running\":%s}",
		 out->len > 1 ? "," : "", t->id, (unsigned long long)t->number, t->ws,
		 (unsigned long long)t->run_no, phase, running ? "true" : "false");
}

static void put_unacknowledged(const struct hand *h, struct buf *active)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	const char *at = h->kept.p;

	for (unsigned i = 0; i < h->report_count; at += h->reports[i++].len) {
		struct worker_msg m;

		buf_truncate(&scratch, 0);
		if (worker_msg_decode((struct span){ at, h->reports[i].len - 1 }, &scratch, &m) <
			    0 ||
		    m.kind != MSG_FINISHED)
			continue;
		buf_putf(active,
			 "%s{\"task\":\"%.*s\",\"attempt\":%llu,\"workstream\":\"%.*s\","
			 "\"run\":%llu,\"phase\":\"%s\",\"running\":false}",
			 active->len > 1 ? "," : "", SPAN_ARG(m.task_id),
			 (unsigned long long)m.attempt, SPAN_ARG(m.workstream_id),
			 (unsigned long long)m.run_no, m.result.validation ? "after" : "finished");
	}
}

static void put_register(struct world *w, struct hand *h, struct buf *out)
{
	static const char *const words[] = { "before", "main", "after" };
	CLEANUP(buf_release) struct buf active = BUF_INIT;
	struct worker_msg m = { .kind = MSG_REGISTER,
				.serial = h->serial,
				.worker_id = span_of(w->places[h->worker].id),
				.incarnation = h->incarnation,
				.slots = h->slots,
				.pid = 50 + h->worker,
				.pid_start = h->incarnation,
				.boot_id = SPAN_LIT("boot"),
				.nonce = SPAN_LIT("0123456789abcdef"),
				.version = SPAN_LIT("sim"),
				.kill_mode = SPAN_LIT("cgroup") };

	m.capabilities = h->worker ? SPAN_LIT("[\"tape\"]") : SPAN_LIT("[\"gpu\",\"tape\"]");
	buf_putc(&active, '[');
	for (unsigned i = 0; i < h->running_count; i++)
		put_active(&active, &h->running[i], words[h->running[i].phase], true);
	for (unsigned i = 0; i < h->validations.count; i++)
		put_active(&active, &h->validations.v[i], "after", false);
	for (unsigned i = 0; i < h->waiting.count; i++)
		put_active(&active, &h->waiting.v[i], "waiting", false);
	if (w->plant != PLANT_FINISHED_NOT_LISTED)
		put_unacknowledged(h, &active);
	buf_putc(&active, ']');
	m.active = (struct span){ active.p, active.len };
	worker_msg_encode(out, &m);
}

void hand_report(struct world *w, struct hand *h, struct worker_msg *m)
{
	size_t before = h->kept.len, len;

	m->serial = ++h->serial;
	worker_msg_encode(&h->kept, m);
	len = h->kept.len - before;
	if (h->unsent == 0)
		h->unsent_since_ms = w->mono_ms;
	h->unsent += len;
	h->unsaved += len;
	INVARIANT(h->report_count < ARRAY_LEN(h->reports));
	h->reports[h->report_count].serial = h->serial;
	h->reports[h->report_count++].len = len;
}

static void queue_reports(struct world *w, struct hand *h)
{
	struct buf *lines = &w->chief.peers[h->peer].in.lines;
	size_t first = lines->len;

	buf_put(lines, h->kept.p + h->kept.len - h->unsent, h->unsent);
	h->unsent = 0;
	if (fault_on(w, FAULT_REPEATED) && one_in(w, 30) && lines->len > first) {
		CLEANUP(buf_release) struct buf again = BUF_INIT;

		buf_put(&again, lines->p + first, lines->len - first);
		buf_put(lines, again.p, again.len);
		fault_fired(w, FAULT_REPEATED);
	}
}

static void forget_reports(struct hand *h)
{
	buf_truncate(&h->kept, 0);
	h->report_count = 0;
	h->unsaved = 0;
}

void hand_hang_up(struct world *w, struct hand *h)
{
	if (h->peer >= 0)
		w->chief.peers[h->peer].in.closed = true;
	h->peer = -1;
	buf_truncate(&h->in.lines, 0);
	h->in = (struct sim_pipe){ .lines = h->in.lines };
	if (w->plant == PLANT_REPORTS_DROPPED)
		forget_reports(h);
	h->unsent = h->kept.len;
	h->alone_ms = w->mono_ms;
	h->retry_ms = w->mono_ms + (h->rejected ? RETRY_MS : EAGER_PAUSE_MS);
}

void hand_connect(struct world *w, struct hand *h)
{
	struct chief *c = &w->chief;
	int slot = -1;

	h->retry_ms = w->mono_ms + RETRY_MS;
	if (!c->up)
		return;
	for (int i = SIM_PEERS_MAX - 1; i >= 0; i--) {
		/* A connection that was hung up is noticed before the one that follows it. */
		if (c->peers[i].used && c->peers[i].hand == (unsigned)(h - w->hands))
			return;
		if (!c->peers[i].used)
			slot = i;
	}
	if (slot < 0)
		return;
	c->peers[slot] =
		(struct peer){ .used = true, .hand = (unsigned)(h - w->hands), .worker = NO_ID };
	h->peer = slot;
	h->rejected = false;
	note(w, "worker %s connects", w->places[h->worker].id);
	put_register(w, h, &c->peers[slot].in.lines);
	if (h->unsent)
		saw(w, SAW_REPORT_AGAIN);
	queue_reports(w, h);
}

/*
 * Whether the attempt has a report on its way, of its rules if it is about those: then an
 * assignment of it comes a second time.
 */
static bool reported(const struct hand *h, const struct worker_msg *m)
{
	static const char rules[] = "\"of_rules\":true";
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const char *at = h->kept.p, *end = at + h->kept.len, *line;

	if (h->kept.len == 0)
		return false;
	buf_putf(
		&text,
		"\"task_id\":\"%.*s\",\"attempt\":%llu,\"workstream_id\":\"%.*s\",\"run_no\":%llu,",
		SPAN_ARG(m->task_id), (unsigned long long)m->attempt, SPAN_ARG(m->workstream_id),
		(unsigned long long)m->run_no);
	while ((at = memmem(at, (size_t)(end - at), text.p, text.len))) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (!m->validation || memmem(at, (size_t)(line - at), rules, sizeof(rules) - 1))
			return true;
		at = line;
	}
	return false;
}

static bool has_already(const struct hand *h, const struct worker_msg *m)
{
	const struct hand_list *l = m->validation ? &h->validations : &h->waiting;

	for (unsigned i = 0; i < l->count; i++)
		if (l->v[i].number == m->attempt && span_is(m->task_id, l->v[i].id))
			return true;
	for (unsigned i = 0; i < h->running_count; i++)
		if (h->running[i].number == m->attempt && span_is(m->task_id, h->running[i].id) &&
		    h->running[i].validation == m->validation)
			return true;
	return reported(h, m);
}

static void take_assignment(struct world *w, struct hand *h, const struct worker_msg *m)
{
	struct hand_list *l = m->validation ? &h->validations : &h->waiting;
	struct hand_task t = { .number = m->attempt,
			       .run_no = m->run_no,
			       .validation = m->validation };
	struct task_def def;

	if (w->plant != PLANT_TASK_RUN_TWICE && has_already(h, m))
		return;
	if (h->stopping && w->plant != PLANT_LEAVING_REPORTS)
		return; /* it is taken from it at its good-bye */
	INVARIANT(m->task_id.len < sizeof(t.id));
	memcpy(t.id, m->task_id.p, m->task_id.len);
	snprintf(t.ws, sizeof(t.ws), "%.*s", SPAN_ARG(m->workstream_id));
	if (task_def_decode(m->def, &def) < 0) {
		wrong(w, "the definition of %s cannot be read", t.id);
		return;
	}
	t.has_before = def.has_before;
	t.timeout_ms = def.timeout_ms;
	t.script = script_of(w, t.id, t.run_no, t.number, t.timeout_ms);
	if (h->stopping || (h->draining && !t.validation)) {
		hand_finish(w, h, t, OUTCOME_KILLED);
		return;
	}
	INVARIANT(l->count < ARRAY_LEN(l->v));
	l->v[l->count++] = t;
	if (h->running_count == h->slots)
		saw(w, SAW_PREFETCHED);
}

static void take_acknowledgement(struct world *w, struct hand *h, uint64_t serial)
{
	unsigned done = 0;
	size_t len = 0;

	while (done < h->report_count && h->reports[done].serial <= serial)
		len += h->reports[done++].len;
	h->report_count -= done;
	memmove(h->reports, h->reports + done, h->report_count * sizeof(h->reports[0]));
	buf_consume(&h->kept, len);
	if (h->unsent > h->kept.len)
		h->unsent = h->kept.len;
	if (h->unsaved > h->kept.len)
		h->unsaved = h->kept.len;
	if (h->saved_serial && serial >= h->saved_serial) {
		h->saved_serial = 0;
		buf_truncate(&w->places[h->worker].outbox, 0);
	}
}

void hand_stop(struct world *w, struct hand *h)
{
	if (h->stopping)
		return;
	h->stopping = true;
	while (h->waiting.count)
		hand_cancel(w, h, span_of(h->waiting.v[0].id), h->waiting.v[0].number);
	while (h->validations.count)
		hand_cancel(w, h, span_of(h->validations.v[0].id), h->validations.v[0].number);
	for (unsigned i = 0; i < h->running_count; i++)
		hand_cancel(w, h, span_of(h->running[i].id), h->running[i].number);
}

static void handle(struct world *w, struct hand *h, const struct worker_msg *m)
{
	switch (m->kind) {
	case MSG_REGISTERED:
		h->draining = false;
		break;
	case MSG_REJECTED:
		h->rejected = true;
		break;
	case MSG_ASSIGN:
		take_assignment(w, h, m);
		break;
	case MSG_CANCEL:
		hand_cancel(w, h, m->task_id, m->attempt);
		break;
	case MSG_ACK:
		take_acknowledgement(w, h, m->serial);
		break;
	case MSG_DRAIN:
		h->draining = true;
		while (h->waiting.count)
			hand_cancel(w, h, span_of(h->waiting.v[0].id), h->waiting.v[0].number);
		break;
	case MSG_SHUTDOWN:
		hand_stop(w, h);
		break;
	default:
		wrong(w, "the orchestrator sent a message that only a worker sends");
	}
}

void hand_receive(struct world *w, struct hand *h)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, scratch = BUF_INIT;
	unsigned most = one_in(w, 3) ? below(w, 3) : 1000;
	struct worker_msg m;

	while (most-- && pipe_line(w, &h->in, &line)) {
		if (worker_msg_decode((struct span){ line.p, line.len }, &scratch, &m) < 0)
			wrong(w, "a worker cannot read a message: %s", line.p);
		else
			handle(w, h, &m);
	}
	if (h->rejected || (h->in.closed && pipe_empty(&h->in)))
		hand_hang_up(w, h);
}

static bool time_to_send(struct world *w, const struct hand *h)
{
	unsigned waiting = h->waiting.count + h->validations.count;

	return h->stopping || (h->running_count < h->slots && !waiting) || one_in(w, 3) ||
	       w->mono_ms - h->unsent_since_ms >= REPORT_DELAY_MS;
}

static void save(struct world *w, struct hand *h)
{
	struct sim_place *at = &w->places[h->worker];

	if (!h->unsaved)
		return;
	if (at->outbox_fails) {
		at->outbox_fails--;
		fault_fired(w, FAULT_OUTBOX_ERROR);
		return; /* kept in memory; tried again */
	}
	if (at->outbox.len == 0)
		put_register(w, h, &at->outbox);
	buf_put(&at->outbox, h->kept.p + h->kept.len - h->unsaved, h->unsaved);
	h->unsaved = 0;
	h->saved_serial = h->serial;
}

void hand_flush(struct world *w, struct hand *h)
{
	if (h->peer < 0 || w->chief.peers[h->peer].in.closed) {
		save(w, h);
		return;
	}
	if (h->unsent && time_to_send(w, h))
		queue_reports(w, h);
}
