/*
 * "Is it alive?" is "is its lock held?"; pid and start time say who it is. Heartbeats are not
 * recorded, because they would drown what happened; what is recorded is silence, so the last record
 * about a worker is the last sign of life there is on disk.
 */
#include "cmd/task/worker_page.h"

#include <stdio.h>

#include "base/limits.h"
#include "cmd/next.h"
#include "os/fd.h"
#include "store/search.h"

const char *worker_health_word(enum worker_health health)
{
#define X(name, word, text) word,
	static const char *const words[] = { WORKER_HEALTHS(X) };
#undef X
	return words[health];
}

const char *worker_health_text(enum worker_health health)
{
#define X(name, word, text) text,
	static const char *const texts[] = { WORKER_HEALTHS(X) };
#undef X
	return texts[health];
}

const char *worker_shown_state(const struct worker *w)
{
	return w->leave & LEAVE_ASKED && w->state != WORKER_UNRESPONSIVE
		       ? "draining"
		       : worker_state_word(w->state);
}

bool worker_health_calm(enum worker_health health)
{
	return health == WORKER_HEALTH_GOOD || health == WORKER_HEALTH_STARTING ||
	       health == WORKER_HEALTH_STOPPED;
}

#define NEWEST_RECORDS 20000

struct reading {
	const struct state *st;
	struct worker_facts *facts;
};

/* What others record about it, its silence and its tasks to come, is no sign of life. */
static void take_sign(struct worker_facts *f, const struct event *ev)
{
	if (ev->kind != EV_WORKER_UNRESPONSIVE && ev->kind != EV_WORKER_CRASHED &&
	    ev->kind != EV_WORKER_SPAWNED && ev->kind != EV_TASK_ASSIGNED)
		f->last_sign_ms = ev->at_ms;
}

static int on_event(void *ctx, const struct event *ev)
{
	struct reading *r = ctx;
	uint32_t worker = ev->worker_id.len ? state_worker(r->st, ev->worker_id) : NO_ID;
	struct worker_facts *f;

	if (worker == NO_ID)
		return 0;
	f = &r->facts[worker];
	if (ev->kind == EV_WORKER_UNRESPONSIVE) {
		f->unresponsive_ms = ev->at_ms;
		f->recovered_ms = 0;
	} else if (ev->kind == EV_WORKER_SPAWNED) {
		f->unresponsive_ms = f->recovered_ms = 0;
	} else if (ev->kind == EV_WORKER_RECOVERED) {
		f->recovered_ms = ev->at_ms;
	}
	take_sign(f, ev);
	return 0;
}

static int on_sign(void *ctx, const struct event *ev)
{
	struct reading *r = ctx;
	uint32_t worker = ev->worker_id.len ? state_worker(r->st, ev->worker_id) : NO_ID;

	if (worker != NO_ID)
		take_sign(&r->facts[worker], ev);
	return 0;
}

static enum worker_health judge(const struct worker *w, const struct worker_facts *f)
{
	if (w->state == WORKER_SHUTDOWN)
		return WORKER_HEALTH_STOPPED;
	if (w->state == WORKER_INITIALIZING)
		return WORKER_HEALTH_STARTING;
	if (f->life == WORKER_GONE || (f->life != WORKER_ALIVE && !f->locked))
		return WORKER_HEALTH_GONE;
	if (!f->locked)
		return WORKER_HEALTH_DEAF;
	return w->state == WORKER_UNRESPONSIVE ? WORKER_HEALTH_SILENT : WORKER_HEALTH_GOOD;
}

static bool holds_lock(int workers, const struct worker *w)
{
	char name[NAME_BYTES_MAX + 8];

	snprintf(name, sizeof(name), "%.*s.lock", SPAN_ARG(w->id));
	return workers >= 0 && lock_probe(workers, name, NULL) == 1;
}

/* What befell workers stands anywhere in the journal; the last sign of life of one that matters is
 * among the newest records. */
static int read_journal(const struct view *v, struct reading *r, struct err *e)
{
	CLEANUP(search_release) struct search newest = SEARCH_INIT;
	static const struct search fates = { .event = "worker_" };
	uint64_t last = v->st.last_seq;
	int rc = store_search(&v->vfs, 1, &fates, on_event, r, e);

	for (size_t i = 0; i < v->st.worker_count; i++)
		if (!search_add(&newest, v->st.workers[i].id))
			break;
	if (rc == 0)
		rc = store_search(&v->vfs, last > NEWEST_RECORDS ? last - NEWEST_RECORDS : 1,
				  &newest, on_sign, r, e);
	return rc;
}

int worker_facts_read(const struct view *v, struct worker_facts **out, struct err *e)
{
	CLEANUP(mem_free)
	struct worker_facts *facts = mem_zalloc((v->st.worker_count + 1) * sizeof(*facts));
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int workers = paths_open_inside(v->dir, "workers", false, &why);
	struct reading r = { &v->st, facts };
	int rc = read_journal(v, &r, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < v->st.worker_count; i++) {
		facts[i].life = view_worker_life(&v->st.workers[i]);
		facts[i].locked = holds_lock(workers, &v->st.workers[i]);
		facts[i].health = judge(&v->st.workers[i], &facts[i]);
	}
	*out = facts;
	facts = NULL;
	return 0;
}

static void put_tasks(struct json *j, const struct state *st, const struct worker *w)
{
	json_array(j, "active_tasks");
	for (uint32_t i = 0; i < w->assigned; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		json_object(j, NULL);
		json_span(j, "task_id", t->id);
		json_text(j, "state", task_state_word(t->state));
		json_u64(j, "attempt", t->attempt);
		json_time(j, "started_at", t->state == TASK_QUEUED ? 0 : t->started_ms);
		json_object_end(j);
	}
	json_array_end(j);
}

void worker_put_json(const struct cmd_ctx *c, struct json *j, uint32_t worker,
		     const struct worker_facts *f)
{
	static const char *const lives[] = { "ended", "alive", "gone", "unknown" };
	const struct worker *w = &c->view->st.workers[worker];

	json_span(j, "worker_id", w->id);
	json_text(j, "state", worker_state_word(w->state));
	json_text(j, "health", worker_health_word(f->health));
	json_text(j, "process", lives[f->life]);
	json_bool(j, "draining", w->leave & LEAVE_ASKED);
	json_bool(j, "restart", w->leave & LEAVE_RESTART);
	json_bool(j, "watch_closely", w->watched);
	json_u64(j, "pid", w->pid);
	json_u64(j, "pid_start", w->pid_start);
	json_bool(j, "lock_held", f->locked);
	json_u64(j, "incarnation", w->incarnation);
	json_u64(j, "slots", w->slots);
	json_u64(j, "assigned", w->assigned);
	json_raw(j, "capabilities", w->capabilities);
	json_span(j, "version", w->version);
	json_span(j, "kill_mode", w->kill_mode);
	json_time(j, "registered_at", w->registered_ms);
	json_time(j, "ended_at", w->ended_ms);
	json_time(j, "last_sign_at", f->last_sign_ms);
	json_time(j, "unresponsive_since",
		  w->state == WORKER_UNRESPONSIVE ? f->unresponsive_ms : 0);
	json_time(j, "recovered_at", f->recovered_ms);
	put_tasks(j, &c->view->st, w);
}

void worker_put_next(const struct state *st, uint32_t worker, const struct worker_facts *f,
		     struct buf *commands)
{
	const struct worker *w = &st->workers[worker];

	if (worker_health_calm(f->health))
		return;
	next_add(commands, "sk worker logs %.*s", SPAN_ARG(w->id));
	if (f->health == WORKER_HEALTH_SILENT)
		next_add(commands, "sk worker shutdown --worker-id %.*s --force --reassign",
			 SPAN_ARG(w->id));
	next_add(commands, "sk worker restart --worker-id %.*s", SPAN_ARG(w->id));
}
