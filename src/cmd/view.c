/*
 * The lock is probed before the state is read: an orchestrator that stops in between has recorded
 * its stop before it let the lock go, so "it died" is never said of one that ended well. One that
 * starts in between is seen by probing again.
 */
#include "cmd/view.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/submit_find.h"
#include "os/proc.h"

#define NEAREST_MAX 3

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

struct near {
	struct span id;
	unsigned distance;
};

/* Keeps the few nearest ids, nearest first. */
static void near_add(struct near *best, struct span typed, struct span id)
{
	unsigned limit = typed.len < 4 ? 1 : typed.len < 8 ? 2 : 3;
	unsigned distance = word_distance(typed, id, limit);
	struct near item = { id, distance };
	bool inside = typed.len >= 2 && id.len > typed.len &&
		      memmem(id.p, id.len, typed.p, typed.len) != NULL;

	if (distance > limit && !inside)
		return;
	for (int i = 0; i < NEAREST_MAX; i++) {
		struct near other = best[i];

		if (other.id.len && other.distance <= item.distance)
			continue;
		best[i] = item;
		item = other;
	}
}

static int not_found(const char *what, const char *typed, const struct near *best, const char *list,
		     struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text, "%s ", what);
	buf_put_quoted(&text, span_of(typed), NAME_BYTES_MAX);
	buf_puts(&text, " does not exist");
	for (int i = 0; i < NEAREST_MAX && best[i].id.len; i++) {
		buf_puts(&text, i ? ", " : "; near: ");
		buf_put_visible(&text, best[i].id);
	}
	buf_putf(&text, ". Try: %s", list);
	return err_set(e, -SK_ENOTFOUND, "%s", text.p);
}

/* "nightly/unit": a name and the workstream that has it. *ws is NO_ID when there is no such one. */
static uint32_t find_qualified(const struct state *st, struct span word, uint32_t *ws,
			       struct span *name)
{
	const char *slash = word.len ? memchr(word.p, '/', word.len) : NULL;

	*ws = NO_ID;
	if (!slash || word.len > 2 * NAME_BYTES_MAX + 1)
		return NO_ID;
	*name = (struct span){ slash + 1, word.len - (size_t)(slash + 1 - word.p) };
	*ws = state_ws(st, (struct span){ word.p, (size_t)(slash - word.p) });
	return *ws == NO_ID ? NO_ID : submit_find_task(st, *ws, *name);
}

/* A task of the workstream that was named is not there: which ones are. */
static int not_in_workstream(const struct view *v, uint32_t ws, struct span name, const char *typed,
			     struct err *e)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct near best[NEAREST_MAX] = { 0 };

	for (size_t i = 0; i < v->st.task_count; i++)
		if (v->st.tasks[i].ws == ws)
			near_add(best, name, v->st.tasks[i].name);
	buf_putf(&list, "sk status %.*s", SPAN_ARG(v->st.ws[ws].id));
	return not_found("task", typed, best, list.p, e);
}

int view_task(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	const struct state *st = &v->st;
	struct near best[NEAREST_MAX] = { 0 };
	struct span word = span_of(typed), name;
	uint32_t found = word.len <= TASK_ID_BYTES_MAX ? state_task(st, word) : NO_ID, ws = NO_ID;
	unsigned named = 0;

	if (found == NO_ID)
		found = find_qualified(st, word, &ws, &name);
	if (found == NO_ID && ws != NO_ID)
		return not_in_workstream(v, ws, name, typed, e);

	for (size_t i = 0; found == NO_ID && named < 2 && i < st->task_count; i++) {
		if (!span_eq(st->tasks[i].name, word))
			continue;
		named++;
		*out = (uint32_t)i;
	}
	if (found != NO_ID)
		*out = found;
	if (found != NO_ID || named == 1)
		return 0;
	for (size_t i = 0; i < st->task_count; i++)
		near_add(best, word, named ? st->tasks[i].name : st->tasks[i].id);
	if (named) {
		CLEANUP(buf_release) struct buf ids = BUF_INIT;

		for (size_t i = 0, shown = 0; i < st->task_count && shown < NEAREST_MAX; i++)
			if (span_eq(st->tasks[i].name, word))
				buf_putf(&ids, "%s%.*s", shown++ ? ", " : "",
					 SPAN_ARG(st->tasks[i].id));
		return err_set(
			e, -SK_ENOTFOUND,
			"task \"%s\" exists in several workstreams: %s. Try: one of these ids",
			typed, ids.p);
	}
	return not_found("task", typed, best, "sk status --all", e);
}

int view_workstream(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	struct near best[NEAREST_MAX] = { 0 };
	struct span word = span_of(typed);
	uint32_t found = word.len <= NAME_BYTES_MAX ? state_ws(&v->st, word) : NO_ID;

	if (found != NO_ID) {
		*out = found;
		return 0;
	}
	for (size_t i = 0; i < v->st.ws_count; i++)
		near_add(best, word, v->st.ws[i].id);
	return not_found("workstream", typed, best, "sk status", e);
}

int view_worker(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	struct near best[NEAREST_MAX] = { 0 };
	struct span word = span_of(typed);
	uint32_t found = word.len <= NAME_BYTES_MAX ? state_worker(&v->st, word) : NO_ID;

	if (found != NO_ID) {
		*out = found;
		return 0;
	}
	for (size_t i = 0; i < v->st.worker_count; i++)
		near_add(best, word, v->st.workers[i].id);
	return not_found("worker", typed, best, "sk worker list", e);
}

int view_resource(const struct view *v, const char *typed, uint32_t *out, struct err *e)
{
	struct near best[NEAREST_MAX] = { 0 };
	struct span word = span_of(typed);
	uint32_t found = word.len <= NAME_BYTES_MAX ? state_resource(&v->st, word) : NO_ID;

	if (found != NO_ID) {
		*out = found;
		return 0;
	}
	for (size_t i = 0; i < v->st.resource_count; i++)
		near_add(best, word, v->st.resources[i].id);
	return not_found("resource", typed, best, "sk resource list", e);
}
