/*
 * Becoming the orchestrator. Each step is undone by orchestrator_free, so a refusal at any of them
 * leaves nothing open; the order is what matters: the lock before the store, the caller's word
 * before the first record, the dead buried before anybody can connect.
 */
#include "daemon/orchestrator_impl.h"

#include <fcntl.h>
#include <signal.h>

#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"

int orchestrator_listen(struct orchestrator *o, const char *name, int backlog, uint32_t token,
			int *fd, struct err *e)
{
	int found = sock_listen(o->options.state_fd, name, backlog);

	if (found < 0)
		return err_set(e, found, "socket: cannot listen at %s/%s: %s", o->options.state_dir,
			       name, strerror(-found));
	*fd = found;
	return loop_add(&o->loop, found, token);
}

static int take_lock(struct orchestrator *o, struct err *e)
{
	struct lock_holder holder = { .command = "" };
	int rc = lock_take(o->options.state_fd, LOCK_NAME, o->options.command, &o->lock, &holder);

	if (rc == -SK_EBUSY)
		return err_set(
			e, rc,
			"%s: another orchestrator is at work (pid %llu, %s); nothing was started. "
			"Try: sk status",
			o->options.state_dir, (unsigned long long)holder.who.pid,
			holder.command[0] ? holder.command : "sk");
	if (rc < 0)
		return err_set(e, rc, "%s/%s: cannot be locked: %s. Nothing was started",
			       o->options.state_dir, LOCK_NAME, strerror(-rc));
	return 0;
}

static int open_folder(struct orchestrator *o, const char *name, int *out, struct err *e)
{
	int rc = fd_make_dir_at(o->options.state_fd, name);

	if (rc >= 0)
		rc = *out = fd_open_at(o->options.state_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (rc < 0)
		return err_set(e, rc, "%s/%s: cannot be used: %s. Nothing was started",
			       o->options.state_dir, name, strerror(-rc));
	return 0;
}

static int open_store(struct orchestrator *o, struct orchestrator_start *start, struct err *e)
{
	char workspace[NONCE_LEN + 1] = "";
	int rc = proc_nonce(workspace);

	if (rc < 0)
		return err_set(e, rc, "no random numbers: %s. Nothing was started", strerror(-rc));
	workspace[16] = '\0';
	vfs_real_open(&o->vfs, o->options.state_fd);
	state_init(&o->st);
	views_keeper_init(&o->views, &o->vfs, o->clock, &o->st);
	o->views.state_fd = o->options.state_fd;
	o->views.heard_ms = o->heard_ms;
	notifier_init(&o->notifier, o->clock, o->options.state_fd);
	for (size_t i = 0; i < ORCHESTRATOR_ERRANDS; i++)
		errand_init(&o->errands[i], o->clock, o->options.program, &o->options.errands[i]);
	rc = store_open(&o->vfs, 0, workspace, clock_wall_ms(o->clock), &o->st, &o->store,
			&start->store, e);
	if (rc == 0)
		o->views.known = store_known(o->store);
	if (o->options.exhausted_after_ms)
		o->st.exhausted_after_ms = o->options.exhausted_after_ms == EXHAUSTED_AT_ONCE
						   ? 0
						   : o->options.exhausted_after_ms;
	return rc;
}

static int record_start(struct orchestrator *o, struct err *e)
{
	struct proc_identity self = { .pid = 0 };
	struct input in = { .kind = IN_ORCHESTRATOR_STARTED };
	int rc = proc_self(&self);

	if (rc < 0)
		return err_set(e, rc, "/proc: cannot be read: %s. Nothing was started",
			       strerror(-rc));
	in.pid = self.pid;
	in.pid_start = self.start;
	in.boot_id = span_of(self.boot_id);
	in.version = SPAN_LIT(SK_VERSION);
	rc = orchestrator_step(o, &in, NULL);
	return rc < 0 ? rc : orchestrator_commit(o, e);
}

static int open_loop(struct orchestrator *o, struct err *e)
{
	sigset_t signals;
	int rc;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGWINCH);
	rc = loop_open(&o->loop, &signals);
	if (rc < 0)
		return err_set(e, rc, "cannot wait for signals: %s. Nothing was started",
			       strerror(-rc));
	return 0;
}

/* First the notices, then the look, so that nothing falls between the two. */
static int watch_views(struct orchestrator *o, struct err *e)
{
	int rc = 0;

	views_watch_init(&o->views_watch, &o->views);
	if (o->views_watch.fd >= 0)
		rc = loop_add(&o->loop, o->views_watch.fd, VIEWS_TOKEN);
	if (rc < 0)
		return err_set(e, rc, "%s: cannot be watched: %s. Nothing was started",
			       o->options.state_dir, strerror(-rc));
	views_keeper_look(&o->views);
	return 0;
}

static int open_all(struct orchestrator *o, struct orchestrator_start *start, struct err *e)
{
	int rc;

	if ((rc = take_lock(o, e)) < 0 || (rc = open_folder(o, "workers", &o->workers_fd, e)) < 0 ||
	    (rc = open_folder(o, "logs", &o->logs_fd, e)) < 0 || (rc = open_loop(o, e)) < 0 ||
	    (rc = open_store(o, start, e)) < 0)
		return rc;
	if (o->options.admit && (rc = o->options.admit(o->options.admit_ctx, &o->st, e)) < 0)
		return rc;
	start->unclean = o->st.orchestrator_running;
	o->st.tasks_per_workstream = o->options.tasks;
	o->st.workstreams_at_once = o->options.workstreams;
	o->st.serves_all = o->options.serves;
	o->st.draining = o->options.paused;
	if (o->options.paused)
		orchestrator_set_paused(o, true);
	if ((rc = watch_views(o, e)) < 0)
		return rc;
	notifier_resume(&o->notifier, &o->vfs, &o->st);
	if ((rc = record_start(o, e)) < 0 || (rc = reconcile_workers(o, e)) < 0)
		return rc;
	rc = peers_listen(o, e);
	return rc < 0 ? rc : control_listen(o, e);
}

static struct orchestrator_timing timing_of(const struct orchestrator_timing *wanted)
{
	struct orchestrator_timing out = *wanted;

	if (!out.heartbeat_ms)
		out.heartbeat_ms = HEARTBEAT_MS;
	if (!out.calm_ms)
		out.calm_ms = out.heartbeat_ms * (WORKER_CALM_MS / HEARTBEAT_MS);
	if (!out.give_up_ms)
		out.give_up_ms = out.heartbeat_ms * (WORKER_SILENT_MAX_MS / HEARTBEAT_MS);
	if (!out.restart_ms)
		out.restart_ms = WORKER_RESTART_MS;
	return out;
}

int orchestrator_open(const struct orchestrator_options *options,
		      const struct orchestrator_observer *observer, struct orchestrator **out,
		      struct orchestrator_start *start, struct err *e)
{
	struct orchestrator *o = mem_zalloc(sizeof(*o));
	int rc;

	o->options = *options;
	if (observer)
		o->observer = *observer;
	o->clock = options->clock ? options->clock : &clock_real;
	o->lock = (struct lock)LOCK_INIT;
	o->loop = (struct loop)LOOP_INIT;
	o->views_watch = (struct views_watch)VIEWS_WATCH_INIT;
	o->workers_fd = o->logs_fd = o->listen_fd = o->control_fd = -1;
	o->mean_ms = PREFETCH_START_MS;
	o->timing = timing_of(&options->timing);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		o->peers[i] = (struct peer){ .fd = -1, .worker = NO_ID };
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++)
		o->controls[i] = (struct control_peer){ .fd = -1 };
	o->started_ms = clock_wall_ms(o->clock);
	*start = (struct orchestrator_start){ .unclean = false };
	o->start = start;
	rc = open_all(o, start, e);
	if (rc < 0) {
		orchestrator_free(o);
		return rc;
	}
	*out = o;
	return 0;
}
