/*
 * The lock is probed before the state is read: an orchestrator that stops in between has recorded
 * its stop before it let the lock go, so "it died" is never said of one that ended well. One that
 * starts in between is seen by probing again.
 */
#include "cmd/view.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/find.h"
#include "daemon/orchestrator.h"
#include "os/proc.h"

int view_paths_problem(int code, const struct buf *why, struct err *e)
{
	if (code == -EPERM)
		code = -SK_EREFUSED;
	else if (code == -EINVAL || code == -ENAMETOOLONG)
		code = -SK_EUSAGE;
	if (why->len)
		return err_set(e, code, "%s", why->p);
	return err_set(e, code, "state directory: %s: nothing was done", strerror(-code));
}

int view_find_paths(const char *option, struct paths *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = paths_find(option, getenv("SK_STATE_DIR"), out, &why);

	return rc < 0 ? view_paths_problem(rc, &why, e) : 0;
}

int view_find_goal_paths(struct paths *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = paths_find_goals(getenv("SK_GOALS_DIR"), out, &why);

	return rc < 0 ? view_paths_problem(rc, &why, e) : 0;
}

int view_missing(const struct paths *paths, struct err *e)
{
	return err_set(e, -SK_ENOTFOUND,
		       "nothing has run here yet: there is no state in %s. Try: sk run PLAN",
		       paths->state_dir);
}

void view_free(struct view *v)
{
	if (!v)
		return;
	store_close(v->store);
	state_release(&v->st);
	if (v->vfs.ctx)
		vfs_real_close(&v->vfs);
	if (v->dir >= 0)
		close(v->dir);
	free(v);
}

enum worker_life view_worker_life(const struct worker *w)
{
	struct proc_identity who = { .pid = w->pid, .start = w->pid_start };

	if (w->state == WORKER_SHUTDOWN || !w->pid)
		return WORKER_ENDED;
	if (w->boot_id.len != BOOT_ID_LEN)
		return WORKER_UNKNOWN;
	memcpy(who.boot_id, w->boot_id.p, BOOT_ID_LEN);
	switch (proc_alive(&who)) {
	case 0:
		return WORKER_GONE;
	case 1:
		return WORKER_ALIVE;
	default:
		return WORKER_UNKNOWN;
	}
}

static void view_freep(struct view **v)
{
	view_free(*v);
}

/* Whether an orchestrator lives. A lock that cannot be probed is told, never guessed. */
static int probe(struct view *v, struct err *e)
{
	int rc = lock_probe(v->dir, ORCHESTRATOR_LOCK, &v->holder);

	if (rc < 0)
		return err_set(e, rc, "cannot tell whether an orchestrator runs: %s: %s",
			       ORCHESTRATOR_LOCK, strerror(-rc));
	v->alive = rc == 1;
	return 0;
}

int view_open(const struct paths *paths, int64_t now_ms, struct view **out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(view_freep) struct view *v = mem_zalloc(sizeof(*v));
	int rc;

	*out = NULL;
	state_init(&v->st);
	v->dir = paths_open(paths, false, &why);
	if (v->dir == -ENOENT)
		return 0;
	if (v->dir < 0)
		return view_paths_problem(v->dir, &why, e);
	rc = probe(v, e);
	if (rc < 0)
		return rc;
	vfs_real_open(&v->vfs, v->dir);
	rc = store_open(&v->vfs, STORE_READ_ONLY, NULL, now_ms, &v->st, &v->store, &v->report, e);
	if (rc == -ENOENT) {
		err_clear(e);
		return 0;
	}
	if (rc < 0)
		return rc;
	if (v->st.orchestrator_running && !v->alive) {
		rc = probe(v, e);
		if (rc < 0)
			return rc;
		v->died = !v->alive;
	}
	*out = v;
	v = NULL;
	return 0;
}

int view_reopen(const struct paths *paths, int64_t now_ms, struct view **v, struct err *e)
{
	struct view *fresh;
	int rc = view_open(paths, now_ms, &fresh, e);

	if (rc < 0)
		return rc;
	if (!fresh)
		return view_missing(paths, e);
	view_free(*v);
	*v = fresh;
	return 0;
}

bool view_paused(const struct view *v)
{
	return v->alive && strstr(v->holder.command, ORCHESTRATOR_PAUSED);
}

int view_task(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = find_task(&v->st, span_of(typed), out, &why);

	return rc < 0 ? err_set(e, rc, "%s", why.p) : 0;
}

int view_workstream(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = find_workstream(&v->st, span_of(typed), out, &why);

	return rc < 0 ? err_set(e, rc, "%s", why.p) : 0;
}

int view_worker(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = find_worker(&v->st, span_of(typed), out, &why);

	return rc < 0 ? err_set(e, rc, "%s", why.p) : 0;
}

int view_resource(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = find_resource(&v->st, span_of(typed), out, &why);

	return rc < 0 ? err_set(e, rc, "%s", why.p) : 0;
}
