/*
 * Commands do not need an orchestrator: with none alive they are the one writer for a moment. No
 * start is recorded, because none happened: tasks that still run belong to whoever starts next.
 */
#include "daemon/alone.h"

#include <errno.h>

#include "daemon/orchestrator_impl.h"

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

		store_snapshot(a->store, &a->st, clock_wall_ms(&clock_real), true, &ignored);
		views_keeper_note(&a->views, &a->batch);
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
