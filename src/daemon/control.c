/*
 * Commands that ask a live orchestrator. A request is an input of the turn like any other, and its
 * answer goes out behind the commit: a command that was told "done" may believe it. Whoever asks
 * has one request and one answer; then the connection ends.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/submit_cycle.h"
#include "os/fd.h"
#include "os/sock.h"
#include "store/record.h"

#define READ_BYTES 65536
#define READ_TURN_BYTES (4 * 1024 * 1024) /* of one asker in one turn */
#define EVENTS_BYTES_MAX (16 * 1024 * 1024)

int control_listen(struct orchestrator *o, struct err *e)
{
	return orchestrator_listen(o, CONTROL_SOCKET, CONTROL_PEERS_MAX, CONTROL_LISTEN_TOKEN,
				   &o->control_fd, e);
}

void control_close(struct orchestrator *o, struct control_peer *p)
{
	if (p->fd < 0)
		return;
	if (p->copied)
		aside_forget(o, p);
	loop_remove(&o->loop, p->fd);
	close(p->fd);
	buf_release(&p->in);
	buf_release(&p->out);
	buf_release(&p->message);
	*p = (struct control_peer){ .fd = -1 };
}

/* A free place, or else that of whoever is silent for longest; it need not be silent for long. */
static struct control_peer *find_place(struct orchestrator *o)
{
	struct control_peer *oldest = NULL;

	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++) {
		struct control_peer *p = &o->controls[i];

		if (p->fd < 0)
			return p;
		if (!(p->asked && !p->answered) && !p->copied &&
		    (!oldest || p->heard_ms < oldest->heard_ms))
			oldest = p;
	}
	return oldest;
}

/* Who comes while all places are taken waits in the queue of the socket, where nothing is lost. */
int64_t control_deadline(struct orchestrator *o)
{
	const struct control_peer *p = o->control_full ? find_place(o) : NULL;

	if (!p)
		return INT64_MAX;
	return p->fd < 0 ? 0 : p->heard_ms + CONTROL_SILENT_MS;
}

void control_listen_again(struct orchestrator *o)
{
	if (o->control_full && control_deadline(o) <= clock_mono_ms(o->clock))
		o->control_full = loop_add(&o->loop, o->control_fd, CONTROL_LISTEN_TOKEN) < 0;
}

void control_accept(struct orchestrator *o)
{
	for (;;) {
		int64_t now_ms = clock_mono_ms(o->clock);
		struct control_peer *p = find_place(o);
		int fd;

		if (!p || (p->fd >= 0 && p->heard_ms + CONTROL_SILENT_MS > now_ms)) {
			loop_remove(&o->loop, o->control_fd);
			o->control_full = true;
			return;
		}
		fd = sock_accept(o->control_fd);
		if (fd == -EACCES)
			continue;
		if (fd < 0)
			return;
		control_close(o, p);
		if (loop_add(&o->loop, fd, CONTROL_TOKEN + (uint32_t)(p - o->controls)) < 0) {
			close(fd);
			continue;
		}
		*p = (struct control_peer){ .fd = fd, .heard_ms = now_ms };
	}
}

/* What was not read is not carried out, and saying so spares its asker from guessing. */
static void say_gone(int fd)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	control_reply_encode(
		&text, &(struct control_reply){ .code = SK_EBUSY,
						.gone = true,
						.message = SPAN_LIT("orchestrator: it has ended: "
								    "nothing was done") });
	(void)send(fd, text.p, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void control_refuse_new(struct orchestrator *o)
{
	int fd;

	if (o->control_fd < 0)
		return;
	while ((fd = sock_accept(o->control_fd)) >= 0 || fd == -EACCES) {
		if (fd < 0)
			continue;
		say_gone(fd);
		close(fd);
	}
	fd_close(&o->control_fd);
	o->control_full = false;
}

void control_end(struct orchestrator *o)
{
	control_refuse_new(o);
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++) {
		struct control_peer *p = &o->controls[i];

		if (p->fd >= 0 && !p->asked)
			say_gone(p->fd);
		control_close(o, p);
	}
}

static int refuse(struct control_peer *p, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int refuse(struct control_peer *p, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_putfv(&p->message, fmt, args);
	va_end(args);
	return code;
}

static int decide_act(struct orchestrator *o, struct control_peer *p,
		      const struct control_request *r)
{
	struct input in = { .kind = IN_ACT, .act = &r->act, .live = true };

	return orchestrator_step(o, &in, &p->message);
}

/* What the plan says was checked by whoever compiled it; whether it fits what is recorded is ours
 * to say, in the turn in which it is recorded. */
static int decide_submission(struct orchestrator *o, struct control_peer *p,
			     const struct control_request *r)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	struct submit_report report = { .changes = BUF_INIT };
	struct input in = { .kind = IN_SUBMIT,
			    .submission = &s,
			    .submit_flags = (unsigned)r->submit_flags,
			    .operator_name = r->operator_name };
	int rc;

	if (o->wish != WISH_NONE || (o->st.draining && !o->paused))
		return refuse(
			p, -SK_EBUSY,
			"orchestrator: it is stopping (pid %llu): nothing was submitted. Try: "
			"the same again when it has ended",
			(unsigned long long)getpid());
	if (submission_decode(r->submission, &s) < 0 || submit_sound(&o->st, &s) < 0)
		return refuse(p, -SK_EUSAGE,
			      "submission: it is not understood: nothing was "
			      "submitted. Try: sk daemon restart");
	rc = submit_refuse_cycles(&s, in.submit_flags, &p->message);
	if (rc < 0)
		return rc;
	rc = submit_check(&o->st, &s, in.submit_flags, &report);
	if (rc < 0)
		refuse(p, rc,
		       "submission: it differs from what was recorded meanwhile (%.*s): nothing "
		       "was submitted. Try: the same again",
		       (int)strcspn(report.changes.p ? report.changes.p : "", "\n"),
		       report.changes.p ? report.changes.p : "");
	else
		rc = orchestrator_step(o, &in, &p->message);
	submit_report_release(&report);
	return rc;
}

/* Workers draw their own conclusions from being told that they are registered. */
static void release(struct orchestrator *o)
{
	if (!o->paused)
		return;
	orchestrator_set_paused(o, false);
	o->st.draining = false;
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct peer *p = &o->peers[i];

		if (p->fd >= 0 && p->worker != NO_ID)
			peers_send(o, p,
				   &(struct worker_msg){ .kind = MSG_REGISTERED,
							 .epoch = o->st.epoch,
							 .slots = o->st.workers[p->worker].slots,
							 .grace_ms = KILL_GRACE_MS });
	}
}

static int decide_request(struct orchestrator *o, struct control_peer *p,
			  const struct control_request *r)
{
	static const enum orchestrator_wish wishes[] = {
		[STOP_DRAIN] = WISH_DRAIN, [STOP_LEAVE] = WISH_LEAVE, [STOP_CANCEL] = WISH_CANCEL
	};

	switch (r->kind) {
	case CONTROL_ACT:
		return decide_act(o, p, r);
	case CONTROL_SUBMIT:
		return decide_submission(o, p, r);
	case CONTROL_SHOW: /* behind the commit: nobody sees what is not on disk */
		p->show = *r;
		return 0;
	case CONTROL_RELEASE:
		if (o->wish != WISH_NONE || (o->st.draining && !o->paused))
			return refuse(p, -SK_EBUSY,
				      "orchestrator: it is stopping (pid %llu): nothing was "
				      "released. Try: sk daemon start when it has ended",
				      (unsigned long long)getpid());
		release(o);
		return 0;
	case CONTROL_STOP:
		o->wish = wishes[r->stop];
		return 0;
	default:
		return 0;
	}
}

/* Nobody waits for the answer any more: a command that gave up has said that nothing was done. */
static bool asker_is_gone(const struct control_peer *p)
{
	char byte;
	ssize_t n = recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int take_request(struct orchestrator *o, struct control_peer *p)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct control_request request = { .kind = CONTROL_PING };
	int rc;

	if (asker_is_gone(p)) {
		control_close(o, p);
		return 0;
	}
	p->asked = true;
	p->first = (uint32_t)o->batch.count;
	rc = control_request_decode((struct span){ p->in.p, p->in.len - 1 }, &scratch, &request);
	if (rc < 0)
		rc = refuse(p, -SK_EUSAGE,
			    "orchestrator: it does not understand this request; the programs may "
			    "be of different versions: nothing was done. Try: sk daemon restart");
	else
		rc = decide_request(o, p, &request);
	p->count = (uint32_t)o->batch.count - p->first;
	p->reply.code = rc < 0 ? (uint64_t)-rc : 0;
	if (!p->show.words.len)
		buf_release(&p->in);
	return 0;
}

/* Whether its request is more than one may be, or more than all together may be. */
static bool takes_too_much(const struct orchestrator *o, const struct control_peer *p)
{
	size_t together = 0;

	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++)
		together += o->controls[i].in.len;
	return p->in.len > CONTROL_REQUEST_BYTES_MAX || together > CONTROL_WAITING_BYTES_MAX;
}

/* For now all is read that came. A refusal is answered behind the commit like any other request. */
static int heed_size(struct orchestrator *o, struct control_peer *p)
{
	bool alone = p->in.len > CONTROL_REQUEST_BYTES_MAX;

	if (!takes_too_much(o, p))
		return 0;
	p->asked = true;
	p->first = (uint32_t)o->batch.count;
	p->reply.code = (uint64_t)refuse(
		p, alone ? SK_EUSAGE : SK_EBUSY,
		alone ? "request: it is larger than %d MiB: nothing was done. Try: a smaller plan"
		      : "orchestrator: requests of more than %d MiB wait to be read: nothing was "
			"done. Try: the same again",
		(alone ? CONTROL_REQUEST_BYTES_MAX : CONTROL_WAITING_BYTES_MAX) / 1024 / 1024);
	buf_release(&p->in);
	return 0;
}

/* The request is one line; what follows it is no longer read. A large one takes several turns, so
 * that nobody else has to wait for it. */
int control_read(struct orchestrator *o, struct control_peer *p)
{
	size_t got = 0;

	while (!p->asked) {
		ssize_t n;

		if (got > READ_TURN_BYTES)
			return heed_size(o, p);
		buf_reserve(&p->in, READ_BYTES);
		n = recv(p->fd, p->in.p + p->in.len, READ_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return heed_size(o, p);
		if (n <= 0)
			break;
		got += (size_t)n;
		p->heard_ms = clock_mono_ms(o->clock);
		p->in.len += (size_t)n;
		p->in.p[p->in.len] = '\0';
		if (p->in.p[p->in.len - 1] == '\n')
			return take_request(o, p);
	}
	if (!p->asked || p->answered || asker_is_gone(p))
		control_close(o, p);
	return 0;
}

/* The records, chained for themselves: the asker reads them as it would a journal. */
static void put_events(const struct orchestrator *o, const struct control_peer *p, struct buf *out)
{
	uint64_t sum = 0;

	buf_putc(out, '[');
	for (uint32_t i = 0; i < p->count && i < CONTROL_EVENTS_MAX && out->len < EVENTS_BYTES_MAX;
	     i++) {
		if (i)
			buf_putc(out, ',');
		record_encode(out, &o->batch.v[p->first + i], (struct record_turn){ 0, 0 }, &sum);
		buf_truncate(out, out->len - 1); /* its newline */
	}
	buf_putc(out, ']');
}

void control_show(struct orchestrator *o, struct control_peer *p, struct buf *output)
{
	struct err e = ERR_INIT;
	int rc = o->options.show
			 ? o->options.show(o->options.show_ctx, &o->st,
					   p->show.aside ? o->store : NULL, &p->show, output, &e)
			 : err_set(&e, -SK_EREFUSED, "orchestrator: it shows no pages");

	p->reply.code = rc < 0 ? (uint64_t)-rc : 0;
	p->reply.exit_code = rc < 0 ? 0 : (uint64_t)rc;
	p->reply.output = (struct span){ output->p, output->len };
	if (rc < 0)
		buf_puts(&p->message, e.text);
	p->show.words = SPAN_NONE;
	buf_release(&p->in);
}

static void say_who(const struct orchestrator *o, struct control_reply *r)
{
	r->pid = (uint64_t)getpid();
	r->started_ms = (uint64_t)o->started_ms;
	r->tasks = o->st.task_count;
	r->workstreams = o->st.ws_count;
	r->version = SPAN_LIT(SK_VERSION);
	r->command = span_of(o->options.command);
	r->serves = o->options.serves;
	r->paused = o->paused;
	r->draining = o->st.draining && !o->paused;
}

static void answer(struct orchestrator *o, struct control_peer *p)
{
	CLEANUP(buf_release) struct buf events = BUF_INIT;
	CLEANUP(buf_release) struct buf output = BUF_INIT;
	struct control_reply *r = &p->reply;

	say_who(o, r);
	if (p->show.words.len && p->show.aside && aside_answer(o, p))
		return;
	if (p->show.words.len && !p->show.aside)
		control_show(o, p, &output);
	if (p->count && !r->code) {
		put_events(o, p, &events);
		r->events = (struct span){ events.p, events.len };
		r->first_seq = o->batch.v[p->first].seq;
		r->last_seq = o->batch.v[p->first + p->count - 1].seq;
	}
	r->message = (struct span){ p->message.p, p->message.len };
	control_reply_encode(&p->out, r);
	p->answered = true;
}

void control_answer(struct orchestrator *o)
{
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++) {
		struct control_peer *p = &o->controls[i];

		if (p->fd < 0 || !p->asked || p->answered)
			continue;
		answer(o, p);
		if (p->answered && !p->copied)
			control_flush(o, p);
	}
}

void control_flush(struct orchestrator *o, struct control_peer *p)
{
	while (p->out.len) {
		ssize_t n = send(p->fd, p->out.p, p->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_want_write(&o->loop, p->fd,
					CONTROL_TOKEN + (uint32_t)(p - o->controls), true);
			return;
		}
		if (n < 0)
			break;
		p->heard_ms = clock_mono_ms(o->clock);
		buf_consume(&p->out, (size_t)n);
	}
	control_close(o, p);
}
