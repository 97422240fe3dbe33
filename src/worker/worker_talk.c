/*
 * The conversation. Its shape is chosen for throughput and for being adopted fast: reports are
 * gathered and written together, and a new orchestrator gets everything unacknowledged right behind
 * the register message, without a question in between, so adoption is one exchange.
 *
 * When to write: at once when a slot stands idle with nothing waiting (the orchestrator has to
 * act), when it is time to refill, else after REPORT_DELAY_MS. It is time to refill when at least
 * half of what was waiting has been used up and the rest might be before the answer is here: the
 * later, the more reports and assignments share a sync.
 */
#include "worker/worker_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/limits.h"

#define RETRY_US 1000000
#define REFILL_SAFETY 2     /* times as many must be waiting as may begin before more are here */
#define EAGER_PAUSE_US 2000 /* between two tries while a new orchestrator is known to come up */

unsigned worker_waiting(const struct worker_run *w)
{
	return w->waiting.count + w->validations.count;
}

static void put_active(struct buf *out, const struct attempt *a, const char *phase, bool running)
{
	buf_putf(out, "%s{\"task\":\"%.*s\",\"attempt\":%llu,", out->len > 1 ? "," : "",
		 SPAN_ARG(a->task_id), (unsigned long long)a->number);
	if (a->run_no)
		buf_putf(out, "\"workstream\":\"%.*s\",\"run\":%llu,", SPAN_ARG(a->workstream_id),
			 (unsigned long long)a->run_no);
	buf_putf(out, "\"phase\":\"%s\",\"running\":%s}", phase, running ? "true" : "false");
}

static void put_waiting(struct buf *out, const struct attempt_list *l)
{
	for (const struct attempt *a = l->first; a; a = a->next)
		put_active(out, a, a->validation ? "after" : "waiting", false);
}

/* The register message, with all the worker knows. */
static void put_register(struct worker_run *w, struct buf *out)
{
	static const char *const words[] = { "before", "main", "after" };
	CLEANUP(buf_release) struct buf active = BUF_INIT;
	struct worker_msg m = { .kind = MSG_REGISTER,
				.serial = w->link.serial,
				.worker_id = span_of(w->o->worker_id),
				.incarnation = w->incarnation,
				.slots = w->slots_wanted,
				.pid = w->who.pid,
				.pid_start = w->who.start,
				.boot_id = span_of(w->who.boot_id),
				.nonce = span_of(w->nonce),
				.version = SPAN_LIT(SK_VERSION),
				.kill_mode = span_of(tree_kill_mode(&w->tree)),
				.capabilities = span_of(w->o->capabilities) };

	buf_putc(&active, '[');
	for (unsigned i = 0; i < w->slot_count; i++)
		if (w->slots[i])
			put_active(&active, w->slots[i], words[w->slots[i]->phase], true);
	put_waiting(&active, &w->validations);
	put_waiting(&active, &w->waiting);
	link_put_unacknowledged(&w->link, &active);
	buf_putc(&active, ']');
	m.active = (struct span){ active.p, active.len };
	worker_msg_encode(out, &m);
}

static void put_heartbeat(struct worker_run *w)
{
	struct worker_msg m = { .kind = MSG_HEARTBEAT,
				.active_count = w->running + worker_waiting(w),
				.serial = w->link.serial };

	link_put(&w->link, &m);
	w->heartbeat_us = clock_mono_us(w->clock) + w->heartbeat_ms * 1000;
}

static void lose_connection(struct worker_run *w)
{
	link_drop(&w->link);
	w->registered = w->writable_wanted = false;
	w->alone_since_us = clock_mono_us(w->clock);
	w->retry_us = w->alone_since_us + EAGER_PAUSE_US;
}

void worker_try_connect(struct worker_run *w)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = -1 };
	int64_t now_us = clock_mono_us(w->clock);
	int rc = link_connect(&w->link);

	if (rc < 0) {
		w->retry_us = now_us + (now_us < w->eager_until_us ? EAGER_PAUSE_US : RETRY_US);
		return;
	}
	ev.data.fd = w->link.fd;
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->link.fd, &ev) < 0) {
		lose_connection(w);
		w->retry_us = now_us + RETRY_US;
		return;
	}
	w->retry_us = INT64_MAX;
	w->rejected = false;
	put_register(w, &w->link.wire);
	link_queue_reports(&w->link);
	put_heartbeat(w);
}

/* Among those in `l`; NULL. With *before set, the link that points to it. */
static struct attempt *find_waiting(struct attempt_list *l, struct span task, uint64_t number,
				    struct attempt ***before)
{
	for (struct attempt **at = &l->first; *at; at = &(*at)->next)
		if ((*at)->number == number && span_eq((*at)->task_id, task)) {
			*before = at;
			return *at;
		}
	return NULL;
}

static struct attempt *find_running(struct worker_run *w, struct span task, uint64_t number)
{
	for (unsigned i = 0; i < w->slot_count; i++)
		if (w->slots[i] && w->slots[i]->number == number &&
		    span_eq(w->slots[i]->task_id, task))
			return w->slots[i];
	return NULL;
}

/*
 * Whether the attempt has a report on its way, of its rules if it is about those: then an
 * assignment of it comes a second time.
 */
static bool reported(const struct worker_run *w, const struct worker_msg *m)
{
	static const char rules[] = "\"of_rules\":true";
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const char *at = w->link.kept.p, *end = at + w->link.kept.len, *line;

	if (!link_may_have(&w->link, m->task_id, m->attempt))
		return false;
	buf_putf(&text, "\"task_id\":\"%.*s\",\"attempt\":%llu,", SPAN_ARG(m->task_id),
		 (unsigned long long)m->attempt);
	if (m->run_no)
		buf_putf(&text, "\"workstream_id\":\"%.*s\",\"run_no\":%llu,",
			 SPAN_ARG(m->workstream_id), (unsigned long long)m->run_no);
	while ((at = memmem(at, (size_t)(end - at), text.p, text.len))) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (!line)
			line = end;
		if (!m->validation || memmem(at, (size_t)(line - at), rules, sizeof(rules) - 1))
			return true;
		at = line;
	}
	return false;
}

/* The reports just queued ask for more. */
static void ask(struct worker_run *w)
{
	w->refilled_to = worker_waiting(w);
	if (!w->asked_at)
		w->asked_at = w->refilled_to;
}

/* More is here: notes how many of those that waited began meanwhile. */
static void note_answer(struct worker_run *w)
{
	unsigned waiting = worker_waiting(w), begun;

	if (!w->asked_at)
		return;
	begun = waiting < w->asked_at ? w->asked_at - waiting : 0;
	if (begun > w->begun_since)
		w->begun_since = begun;
	else
		w->begun_since -= (w->begun_since - begun + 7) / 8;
	w->asked_at = 0;
}

/* Takes over w->spare, which holds the message's text. */
static void assign(struct worker_run *w, const struct worker_msg *m)
{
	struct attempt_list *l = m->validation ? &w->validations : &w->waiting;
	struct attempt *a = w->spare, **before, *same = find_running(w, m->task_id, m->attempt);

	/* A worker that leaves takes nothing on and says nothing of it: what it has not begun is
	 * taken from it at its good-bye. Were it reported as ended, it would come again at once,
	 * and the good-bye would never be said. */
	if (w->stopping)
		return;
	if (find_waiting(l, m->task_id, m->attempt, &before) ||
	    (same && same->validation == m->validation) || reported(w, m))
		return;
	note_answer(w);
	w->spare = NULL;
	a->task_id = m->task_id;
	a->workstream_id = m->workstream_id;
	a->name = m->name;
	a->def = m->def;
	a->cwd = m->cwd;
	a->env = m->env;
	a->refusal = m->reason;
	a->number = m->attempt;
	a->run_no = m->run_no;
	a->limit_ms = (int64_t)m->timeout_ms;
	a->validation = m->validation;
	if (w->draining && !a->validation) { /* the rules of what has run still belong to it */
		a->result.outcome = OUTCOME_KILLED;
		attempt_report(w, a);
		return;
	}
	*l->end = a;
	l->end = &a->next;
	l->count++;
	w->refilled_to = worker_waiting(w);
}

/* Reports a waiting one as killed before it began. */
static void drop_waiting(struct worker_run *w, struct attempt_list *l, struct attempt **before)
{
	struct attempt *a = *before;

	*before = a->next;
	if (!*before)
		l->end = before;
	l->count--;
	a->result.outcome = OUTCOME_KILLED;
	attempt_report(w, a);
}

static void cancel(struct worker_run *w, struct span task, uint64_t number)
{
	struct attempt *running = find_running(w, task, number), **before;

	if (running)
		attempt_cancel(w, running);
	else if (find_waiting(&w->waiting, task, number, &before))
		drop_waiting(w, &w->waiting, before);
	else if (find_waiting(&w->validations, task, number, &before))
		drop_waiting(w, &w->validations, before);
}

void worker_stop(struct worker_run *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_by_us = INT64_MAX;
	while (w->waiting.first)
		drop_waiting(w, &w->waiting, &w->waiting.first);
	while (w->validations.first)
		drop_waiting(w, &w->validations, &w->validations.first);
	for (unsigned i = 0; i < w->slot_count; i++)
		if (w->slots[i])
			attempt_cancel(w, w->slots[i]);
}

/* It wants to hear from us so often; the next one is sent at once. */
static void set_heartbeat(struct worker_run *w, uint64_t every_ms)
{
	w->heartbeat_ms =
		every_ms && every_ms <= HEARTBEAT_MAX_MS ? (int64_t)every_ms : HEARTBEAT_MS;
	w->heartbeat_us = clock_mono_us(w->clock);
}

static void handle(struct worker_run *w, const struct worker_msg *m)
{
	struct err e = ERR_INIT;

	switch (m->kind) {
	case MSG_REGISTERED:
		w->registered = true;
		w->rejected = w->draining = false; /* it draws its own conclusions */
		if (m->slots > 0 && m->slots <= SLOTS_MAX)
			worker_set_slots(w, (unsigned)m->slots);
		if (m->grace_ms > 0)
			w->grace_ms = (int64_t)m->grace_ms;
		set_heartbeat(w, m->heartbeat_ms);
		break;
	case MSG_REJECTED:
		worker_say(w, "the orchestrator refuses this worker: %.*s", SPAN_ARG(m->reason));
		snprintf(w->refusal, sizeof(w->refusal), "%.*s", SPAN_ARG(m->reason));
		w->rejected = true;
		worker_stop(w); /* whatever it runs was given to others, or will be */
		break;
	case MSG_ASSIGN:
		assign(w, m);
		break;
	case MSG_CANCEL:
		cancel(w, m->task_id, m->attempt);
		break;
	case MSG_ACK:
		if (link_acknowledge(&w->link, m->serial, &e) < 0)
			worker_say(w, "%s", e.text);
		break;
	case MSG_DRAIN:
		w->draining = true;
		while (w->waiting.first)
			drop_waiting(w, &w->waiting, &w->waiting.first);
		break;
	case MSG_SHUTDOWN:
		worker_stop(w);
		break;
	default:
		worker_say(w, "the orchestrator sent a message that only a worker sends; ignored");
	}
}

/* Decodes into the spare attempt, which keeps the text when the line turns out to be an assignment.
 */
static bool take_line(struct worker_run *w, struct span line)
{
	struct worker_msg m;
	struct attempt *a;

	if (!w->spare)
		w->spare = mem_zalloc(sizeof(*w->spare));
	a = w->spare;
	buf_truncate(&a->line, 0);
	buf_truncate(&a->scratch, 0);
	buf_put(&a->line, line.p, line.len);
	if (worker_msg_decode((struct span){ a->line.p, a->line.len }, &a->scratch, &m) < 0) {
		worker_say(w, "the orchestrator sent a line that is no message; the connection is "
			      "closed");
		return false;
	}
	handle(w, &m);
	return true;
}

void worker_receive(struct worker_run *w)
{
	int rc = link_read(&w->link);
	struct span line;
	size_t at = 0;
	bool good = true;

	while (good && link_line(&w->link, &at, &line))
		good = take_line(w, line);
	link_lines_done(&w->link, at);
	if (w->link.in.len > MESSAGE_BYTES_MAX)
		good = false;
	if (rc < 0 || !good || w->rejected) {
		lose_connection(w);
		if (!good || w->rejected)
			w->retry_us = clock_mono_us(w->clock) + RETRY_US;
	}
}

static bool time_to_send(const struct worker_run *w, int64_t now_us)
{
	unsigned waiting = worker_waiting(w), enough = REFILL_SAFETY * (w->begun_since + 1);

	return w->stopping || (w->running < w->slots_wanted && waiting == 0) ||
	       (2 * waiting <= w->refilled_to && waiting <= enough) ||
	       now_us - w->link.unsent_since_us >= REPORT_DELAY_MS * 1000LL;
}

static void save(struct worker_run *w)
{
	CLEANUP(buf_release) struct buf head = BUF_INIT;
	struct err e = ERR_INIT;

	if (w->link.unsaved == 0)
		return;
	put_register(w, &head);
	if (link_save(&w->link, (struct span){ head.p, head.len }, &e) < 0)
		worker_say(w, "%s", e.text);
}

void worker_flush(struct worker_run *w)
{
	int64_t now_us = clock_mono_us(w->clock);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = w->link.fd };
	int rc;

	if (w->link.fd < 0) {
		save(w);
		return;
	}
	if (w->link.unsent && time_to_send(w, now_us)) {
		link_queue_reports(&w->link);
		ask(w);
	}
	if (now_us >= w->heartbeat_us)
		put_heartbeat(w);
	rc = link_write(&w->link);
	if (rc < 0) {
		lose_connection(w);
		save(w);
		return;
	}
	if ((rc == 1) == w->writable_wanted)
		return;
	w->writable_wanted = rc == 1;
	ev.events = w->writable_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, w->link.fd, &ev);
}
