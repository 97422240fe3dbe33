/*
 * The worker processes that the orchestrator starts: its own, and those an operator wants to be
 * started again. One that dies before it has finished anything is started again, each time after
 * twice the pause; when that did not help often enough, the run ends and says so.
 */
#include "daemon/bury.h"
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"

#define RESPAWNS_MAX 5

static int start_process(struct orchestrator *o, uint32_t worker, const struct worker_order *order,
			 struct err *e)
{
	CLEANUP(mem_free) char *id = span_dup(order->id);
	CLEANUP(mem_free) char *offered = span_dup(order->capabilities);
	char slots[16], number[24];
	char *argv[] = { (char *)"sk",
			 (char *)"worker",
			 (char *)"--state-dir",
			 (char *)o->options.state_dir,
			 (char *)"--worker-id",
			 id,
			 (char *)"--slots",
			 slots,
			 (char *)"--incarnation",
			 number,
			 (char *)(order->capabilities.len ? "--capabilities" : NULL),
			 offered,
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

	snprintf(slots, sizeof(slots), "%u", order->slots);
	snprintf(number, sizeof(number), "%u", (unsigned)o->st.workers[worker].incarnation);
	pid = null_fd < 0 ? null_fd : proc_spawn(&s, &failed);
	fd_close(&null_fd);
	if (pid < 0)
		return err_set(
			e, -SK_EIO,
			"worker: cannot start %s: %s. No task was started. Try: sk run again",
			o->options.program, strerror((int)-pid));
	o->children[worker].pid = pid;
	return 0;
}

/* Says no while the pause behind the last death lasts. */
static bool may_start(struct orchestrator *o, uint32_t worker)
{
	struct child *c = &o->children[worker];
	int64_t now_ms = clock_mono_ms(o->clock);

	if (now_ms < c->start_at_ms) {
		if (c->start_at_ms < o->look_again_ms)
			o->look_again_ms = c->start_at_ms;
		return false;
	}
	/* Once at once, then after a pause that doubles. */
	c->start_at_ms = c->starts ? now_ms + (o->timing.restart_ms << (c->starts - 1)) : now_ms;
	return true;
}

static int too_often(const struct orchestrator *o, const struct worker_order *order, struct err *e)
{
	return err_set(e, -SK_EIO,
		       "worker: died %d times in a row without finishing anything "
		       "(%s/logs/worker_%.*s.log tells more); no task was started. Try: sk logs, "
		       "then sk run again",
		       RESPAWNS_MAX, o->options.state_dir, SPAN_ARG(order->id));
}

/* Of all the names that this state knows, none can be forgotten. */
static int no_room(struct orchestrator *o, const struct worker_order *order)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (o->crowded || !o->observer.trouble)
		return 0;
	o->crowded = true;
	buf_putf(&text,
		 "worker \"%.*s\": there have been %d workers of other names here: it is not "
		 "started. Try: a name that was used before",
		 SPAN_ARG(order->id), WORKERS_MAX);
	o->observer.trouble(o->observer.ctx, text.p);
	return 0;
}

int start_worker(struct orchestrator *o, const struct worker_order *order, struct err *e)
{
	struct input in = { .kind = IN_WORKER_SPAWNED, .worker_id = order->id };
	uint32_t worker = state_worker(&o->st, order->id);
	int rc;

	if (worker != NO_ID &&
	    (o->children[worker].pid > 0 || o->st.workers[worker].state != WORKER_SHUTDOWN))
		return 0;
	if (worker != NO_ID && worker_holds_lock(o->workers_fd, &o->st.workers[worker], NULL)) {
		/* The one before has said good-bye and is only closing the door. */
		if (o->look_again_ms == INT64_MAX)
			o->look_again_ms = clock_mono_ms(o->clock) + LOOK_AGAIN_MS;
		return 0;
	}
	if (worker != NO_ID && o->st.workers[worker].leave & LEAVE_RESTART)
		o->children[worker] = (struct child){ .pid = 0 }; /* wanted, not died */
	if (worker == NO_ID && o->st.worker_count == WORKERS_MAX)
		return no_room(o, order);
	if (worker != NO_ID && o->children[worker].starts == RESPAWNS_MAX)
		return too_often(o, order, e);
	if (worker != NO_ID && !may_start(o, worker))
		return 0;
	rc = orchestrator_step(o, &in, NULL);
	if (rc == 0)
		rc = orchestrator_commit(o, e);
	if (rc < 0)
		return rc;
	worker = state_worker(&o->st, order->id);
	o->children[worker].starts++;
	rc = start_process(o, worker, order, e);
	o->look_again_ms = clock_mono_ms(o->clock) + LOOK_AGAIN_MS;
	return rc;
}

int spawn_workers(struct orchestrator *o, struct err *e)
{
	struct worker_order own = { SPAN_LIT(LOCAL_WORKER),
				    o->options.capabilities ? span_of(o->options.capabilities)
							    : SPAN_NONE,
				    o->options.slots };
	int rc = start_worker(o, &own, e);

	if (rc == 0)
		rc = spawn_plan_workers(o, e);
	for (size_t i = 0; i < o->st.worker_count && rc == 0; i++) {
		const struct worker *w = &o->st.workers[i];
		struct worker_order again = { w->id, w->capabilities, w->slots ? w->slots : 1 };

		if (w->state == WORKER_SHUTDOWN && w->leave & LEAVE_RESTART &&
		    !span_is(w->id, LOCAL_WORKER))
			rc = start_worker(o, &again, e);
	}
	return rc;
}

void reap_workers(struct orchestrator *o)
{
	int status;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct child *c = &o->children[i];

		if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		c->pid = 0;
		o->look_again_ms =
			0; /* its lock is free, unless it only failed to take another's */
	}
}

bool is_child(const struct orchestrator *o, uint32_t worker)
{
	return worker != NO_ID && o->children[worker].pid > 0;
}
