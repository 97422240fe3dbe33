/*
 * Commands do not need an orchestrator: with none alive they are the one writer for a moment. No
 * start is recorded, because none happened: tasks that still run belong to whoever starts next.
 */
#include "daemon/alone.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/bury.h"
#include "daemon/orchestrator_impl.h"
#include "os/fd.h"

#define END_WAIT_MS 5000
#define END_POLL_MS 5

struct alone {
	const struct alone_options *o;
	struct lock lock;
	struct vfs vfs;
	struct store *store;
	struct state st;
	struct views_keeper views;
	struct events batch;
	struct effects fx;
};

static int take_lock(struct alone *a, struct err *e)
{
	struct lock_holder holder = { .command = "" };
	int rc = lock_take(a->o->state_fd, LOCK_NAME, a->o->command, &a->lock, &holder);

	if (rc == -SK_EBUSY)
		return err_set(
			e, rc,
			"%s: busy: %s (pid %llu) is at work there: nothing was changed. Try: "
			"the same again when it has ended",
			a->o->state_dir, holder.command[0] ? holder.command : "sk",
			(unsigned long long)holder.who.pid);
	if (rc < 0)
		return err_set(e, rc, "%s/%s: cannot be locked: %s: nothing was changed",
			       a->o->state_dir, LOCK_NAME, strerror(-rc));
	return 0;
}

static int step(void *ctx, const struct input *in)
{
	struct alone *a = ctx;

	return core_step(&a->st, in, clock_wall_ms(&clock_real), &a->batch, &a->fx, NULL);
}

static int commit(void *ctx, struct err *e)
{
	struct alone *a = ctx;
	int rc = a->batch.count ? store_commit(a->store, &a->batch, a->st.epoch, e) : 0;

	views_keeper_note(&a->views, &a->batch);
	events_reset(&a->batch);
	return rc;
}

/* Its lock is free once the kernel has taken its process apart. */
static bool wait_for_end(int workers_fd, const struct worker *w)
{
	for (unsigned i = 0; i < END_WAIT_MS / END_POLL_MS; i++) {
		if (!worker_holds_lock(workers_fd, w, NULL))
			return true;
		usleep(END_POLL_MS * 1000);
	}
	return false;
}

/* The world is only now told to change: the wish is on disk. */
static int end_workers(struct alone *a, struct err *e)
{
	CLEANUP(fd_close)
	int workers_fd = fd_open_at(a->o->state_fd, "workers", O_RDONLY | O_DIRECTORY, 0);
	const struct burial b = { workers_fd, a->o->remains, &a->st, a, step, commit, NULL };
	int rc = 0;

	for (size_t i = 0; i < a->fx.count && rc == 0; i++) {
		const struct effect *fx = &a->fx.v[i];
		const struct worker *w = fx->worker == NO_ID ? NULL : &a->st.workers[fx->worker];
		bool idle = fx->kind == FX_DRAIN_WORKER && w && !w->assigned;

		if (workers_fd < 0 || (fx->kind != FX_END_WORKER && !idle))
			continue;
		end_worker_process(workers_fd, w, idle ? SIGTERM : SIGKILL);
		if (wait_for_end(workers_fd, w))
			rc = bury_worker(&b, fx->worker, idle ? IN_WORKER_SHUTDOWN : IN_WORKER_LOST,
					 e);
	}
	return rc;
}

static int decide(struct alone *a, const struct act *act, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	const struct input in = { .kind = IN_ACT, .act = act };
	int64_t now_ms = clock_wall_ms(&clock_real);
	int rc = core_step(&a->st, &in, now_ms, &a->batch, &a->fx, &why);

	if (rc < 0)
		return err_set(e, rc, "%s", why.p ? why.p : "refused");
	if (!a->o->dry_run && a->batch.count)
		rc = store_commit(a->store, &a->batch, a->st.epoch, e);
	if (rc < 0)
		return rc;
	if (a->o->told)
		a->o->told(a->o->ctx, &a->st, &a->batch);
	if (!a->o->dry_run && a->batch.count) {
		struct err ignored = ERR_INIT; /* the journal has everything */

		views_keeper_note(&a->views, &a->batch);
		events_reset(&a->batch);
		rc = end_workers(a, e);
		if (rc < 0)
			return rc;

		store_snapshot(a->store, &a->st, clock_wall_ms(&clock_real), true, &ignored);
		views_keeper_finish(&a->views, clock_wall_ms(&clock_real), &ignored);
	}
	return 0;
}

int act_alone(const struct alone_options *o, const struct act *act, struct err *e)
{
	struct alone a = { .o = o, .lock = LOCK_INIT, .batch = EVENTS_INIT, .fx = EFFECTS_INIT };
	struct store_report report;
	int rc = o->dry_run ? 0 : take_lock(&a, e); /* readers need none */

	if (rc < 0)
		return rc;
	vfs_real_open(&a.vfs, o->state_fd);
	state_init(&a.st);
	views_keeper_init(&a.views, &a.vfs, &clock_real, &a.st);
	a.views.state_fd = o->state_fd;
	rc = store_open(&a.vfs, o->dry_run ? STORE_READ_ONLY : STORE_EXISTING, "0000000000000000",
			clock_wall_ms(&clock_real), &a.st, &a.store, &report, e);
	if (rc == 0)
		rc = decide(&a, act, e);
	store_close(a.store);
	views_keeper_release(&a.views);
	state_release(&a.st);
	events_release(&a.batch);
	effects_release(&a.fx);
	vfs_real_close(&a.vfs);
	lock_release(&a.lock);
	return rc;
}
