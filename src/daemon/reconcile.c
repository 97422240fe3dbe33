/*
 * Comparing what is recorded with the world. A worker lives as long as its kernel lock is held;
 * nothing else is asked. Of a dead one everything is settled in this order: its last word (the
 * outbox) is read and committed, what it left running is ended, and only then its tasks are given
 * to others, so that no attempt meets its predecessor.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"

#define SWEEP_WAIT_MS 5000
#define LOOK_AGAIN_MS 20
#define RESPAWNS_MAX 5

struct collector {
	struct orchestrator *o;
	const char *worker_id;
	int rc;
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
	return orchestrator_step(c->o, &in, NULL);
}

static int bury_worker(struct orchestrator *o, uint32_t worker, struct err *e)
{
	CLEANUP(mem_free) char *id = span_dup(o->st.workers[worker].id);
	struct collector c = { o, id, 0 };
	struct input lost = { .kind = IN_WORKER_LOST,
			      .worker_id = span_of(id),
			      .incarnation = o->st.workers[worker].incarnation };
	const struct orchestrator_remains *remains = o->options.remains;
	int collected = remains->collect(o->workers_fd, id, take_report, &c, e);
	int killed, rc;

	if (collected < 0)
		return collected;
	rc = orchestrator_commit(o, e);
	if (rc < 0)
		return rc;
	killed = remains->sweep(o->workers_fd, id, SWEEP_WAIT_MS);
	if (killed < 0)
		return err_set(e, killed,
			       "worker: cannot end what worker \"%s\" left behind: %s. Nothing was "
			       "started. "
			       "Try: sk status",
			       id, strerror(-killed));
	if (o->start) {
		o->start->collected += (uint32_t)collected;
		o->start->killed += (uint32_t)killed;
		o->start->lost += o->st.workers[worker].assigned;
	}
	rc = orchestrator_step(o, &lost, NULL);
	if (rc < 0)
		return rc;
	rc = orchestrator_commit(o, e);
	return rc < 0 ? rc : remains->discard(o->workers_fd, id, e);
}

/* 1 when its lock is held. A lock that cannot be asked counts as held: better wait than run
 * something twice. */
static bool worker_holds_lock(struct orchestrator *o, uint32_t worker)
{
	char name[NAME_BYTES_MAX + 8];

	snprintf(name, sizeof(name), "%.*s.lock", SPAN_ARG(o->st.workers[worker].id));
	return lock_probe(o->workers_fd, name, NULL) != 0;
}

bool is_child(const struct orchestrator *o, uint32_t worker)
{
	return o->child > 0 && span_is(o->st.workers[worker].id, LOCAL_WORKER);
}

int reconcile_workers(struct orchestrator *o, struct err *e)
{
	bool waiting = false;

	for (uint32_t i = 0; i < o->st.worker_count; i++) {
		const struct worker *w = &o->st.workers[i];
		int rc;

		if (w->state == WORKER_SHUTDOWN || w->connected)
			continue;
		/* A child of ours that has not taken its lock yet is only starting. */
		if (is_child(o, i) || worker_holds_lock(o, i)) {
			waiting = true;
			continue;
		}
		rc = bury_worker(o, i, e);
		if (rc < 0)
			return rc;
	}
	o->look_again_ms = waiting ? clock_mono_ms(o->clock) + LOOK_AGAIN_MS : INT64_MAX;
	return 0;
}

static int start_process(struct orchestrator *o, uint64_t incarnation, struct err *e)
{
	char slots[16], number[24];
	char *argv[] = { (char *)"sk",
			 (char *)"worker",
			 (char *)"--state-dir",
			 (char *)o->options.state_dir,
			 (char *)"--worker-id",
			 (char *)LOCAL_WORKER,
			 (char *)"--slots",
			 slots,
			 (char *)"--incarnation",
			 number,
			 (char *)(o->options.capabilities ? "--capabilities" : NULL),
			 (char *)o->options.capabilities,
			 NULL };
	int null_fd = fd_open_at(AT_FDCWD, "/dev/null", O_RDWR, 0);
	struct proc_spawn s = { .path = o->options.program,
				.argv = argv,
				.envp = environ,
				.stdin_fd = null_fd,
				.stdout_fd = null_fd,
				.stderr_fd = null_fd,
				.cgroup_fd = -1 };
	enum proc_step failed;
	pid_t pid;

	snprintf(slots, sizeof(slots), "%u", o->options.slots);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)incarnation);
	pid = null_fd < 0 ? null_fd : proc_spawn(&s, &failed);
	fd_close(&null_fd);
	if (pid < 0)
		return err_set(
			e, -SK_EIO,
			"worker: cannot start %s: %s. No task was started. Try: sk run again",
			o->options.program, strerror((int)-pid));
	o->child = pid;
	return 0;
}

int spawn_worker(struct orchestrator *o, struct err *e)
{
	struct input in = { .kind = IN_WORKER_SPAWNED, .worker_id = SPAN_LIT(LOCAL_WORKER) };
	uint32_t worker = state_worker(&o->st, in.worker_id);
	int rc;

	if (o->child > 0 || (worker != NO_ID && o->st.workers[worker].state != WORKER_SHUTDOWN))
		return 0;
	if (o->respawns++ == RESPAWNS_MAX)
		return err_set(e, -SK_EIO,
			       "worker: died %d times in a row without finishing anything "
			       "(%s/logs/worker_%s.log "
			       "tells more); no task was started. Try: sk logs, then sk run again",
			       RESPAWNS_MAX, o->options.state_dir, LOCAL_WORKER);
	rc = orchestrator_step(o, &in, NULL);
	if (rc == 0)
		rc = orchestrator_commit(o, e);
	if (rc < 0)
		return rc;
	worker = state_worker(&o->st, in.worker_id);
	rc = start_process(o, o->st.workers[worker].incarnation, e);
	o->look_again_ms = clock_mono_ms(o->clock) + LOOK_AGAIN_MS;
	return rc;
}

int reap_worker(struct orchestrator *o, struct err *e)
{
	int status;

	if (o->child <= 0 || waitpid(o->child, &status, WNOHANG) != o->child)
		return 0;
	o->child = 0;
	(void)e;
	o->look_again_ms = 0; /* its lock is free now, unless it only failed to take another's */
	return 0;
}

int64_t worker_patience(const struct orchestrator *o)
{
	return o->look_again_ms;
}
