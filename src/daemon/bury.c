/*
 * A worker lives as long as its kernel lock is held; nothing else is asked. A process is signalled
 * only when boot id, pid and start time are those of the worker: a number that was given to
 * somebody else meanwhile names nobody.
 */
#include "daemon/bury.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "ctl/worker_msg.h"

#define SWEEP_WAIT_MS 5000

struct collector {
	const struct burial *burial;
	const char *worker_id;
};

static int take_report(void *ctx, uint64_t incarnation, const struct worker_msg *m, struct err *e)
{
	struct collector *c = ctx;
	struct input in = { .kind = m->kind == MSG_STARTED ? IN_STARTED : IN_FINISHED,
			    .task_id = m->task_id,
			    .worker_id = span_of(c->worker_id),
			    .attempt = m->attempt,
			    .incarnation = incarnation,
			    .workstream_id = m->workstream_id,
			    .run_no = m->run_no,
			    .pid = m->pid,
			    .result = m->result };

	(void)e;
	if (m->kind != MSG_STARTED && m->kind != MSG_FINISHED)
		return 0;
	return c->burial->step(c->burial->ctx, &in);
}

/* Who left in good order while nobody listened has not crashed. */
static enum input_kind how_it_went(const struct burial *b, const char *id, uint64_t incarnation,
				   enum input_kind how)
{
	return how == IN_WORKER_LOST && b->remains->left(b->workers_fd, id, incarnation)
		       ? IN_WORKER_SHUTDOWN
		       : how;
}

static void count(const struct burial *b, const struct worker *w, int collected, int killed)
{
	if (!b->counts)
		return;
	b->counts->collected += (uint32_t)collected;
	b->counts->killed += (uint32_t)killed;
	b->counts->lost += w->assigned;
}

int bury_worker(const struct burial *b, uint32_t worker, enum input_kind how, struct err *e)
{
	CLEANUP(mem_free) char *id = span_dup(b->st->workers[worker].id);
	struct collector c = { b, id };
	struct input gone = { .kind = how,
			      .worker_id = span_of(id),
			      .incarnation = b->st->workers[worker].incarnation };
	int collected = b->remains->collect(b->workers_fd, id, take_report, &c, e), killed, rc;

	if (collected < 0)
		return collected;
	rc = b->commit(b->ctx, e);
	if (rc < 0)
		return rc;
	killed = b->remains->sweep(b->workers_fd, id, SWEEP_WAIT_MS);
	if (killed < 0)
		return err_set(e, killed,
			       "worker: cannot end what worker \"%s\" left behind: %s. Nothing was "
			       "started. Try: sk status",
			       id, strerror(-killed));
	count(b, &b->st->workers[worker], collected, killed);
	gone.kind = how_it_went(b, id, gone.incarnation, how);
	rc = b->step(b->ctx, &gone);
	if (rc == 0)
		rc = b->commit(b->ctx, e);
	return rc < 0 ? rc : b->remains->discard(b->workers_fd, id, e);
}

int bury_predecessor(const struct burial *b, uint32_t worker, struct err *e)
{
	CLEANUP(mem_free) char *id = span_dup(b->st->workers[worker].id);
	struct collector c = { b, id };
	struct input gone = { .worker_id = span_of(id),
			      .incarnation = b->st->workers[worker].incarnation };
	int rc = b->remains->collect(b->workers_fd, id, take_report, &c, e);

	gone.kind = how_it_went(b, id, gone.incarnation, IN_WORKER_LOST);
	return rc < 0 ? rc : b->step(b->ctx, &gone);
}

bool worker_holds_lock(int workers_fd, const struct worker *w, struct lock_holder *holder)
{
	char name[NAME_BYTES_MAX + 8];

	snprintf(name, sizeof(name), "%.*s.lock", SPAN_ARG(w->id));
	return lock_probe(workers_fd, name, holder) != 0;
}

int end_worker_process(int workers_fd, const struct worker *w, int signal_number)
{
	struct lock_holder holder = { .command = "" };
	int rc;

	if (w->state == WORKER_INITIALIZING) { /* what is recorded is the incarnation before */
		if (!worker_holds_lock(workers_fd, w, &holder))
			return 0;
	} else {
		holder.who = (struct proc_identity){ .pid = w->pid, .start = w->pid_start };
		snprintf(holder.who.boot_id, sizeof(holder.who.boot_id), "%.*s",
			 SPAN_ARG(w->boot_id));
	}
	if (!holder.who.pid || !holder.who.boot_id[0])
		return 0;
	rc = proc_signal(&holder.who, signal_number);
	return rc == -ESRCH ? 0 : rc;
}
