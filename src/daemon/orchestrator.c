/*
 * The turn: gather, decide, commit, act. Nothing acts on arrival; the world hears of an event only
 * behind the sync. Starting after a crash is the same code as starting for the first time: the
 * journal is folded, the dead are buried, the living register and tell what they know.
 */
#include "daemon/orchestrator_impl.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"

#define STOP_WAIT_MS 10000
#define SNAPSHOT_SHARE 20
#define BATCH_KEPT_MAX 8192 /* events of a turn; no everyday turn has as many */

/* Time in which nobody could work is not charged to workstreams that have a limit of time. */
static void excuse(struct orchestrator *o, int64_t leap_ms)
{
	for (size_t i = 0; i < o->st.ws_count; i++)
		if (o->st.ws[i].state == WS_EXECUTING)
			o->st.ws[i].excused_ms += leap_ms;
}

int64_t orchestrator_now(struct orchestrator *o)
{
	int64_t mono = clock_mono_ms(o->clock), wall = clock_wall_ms(o->clock);

	if (wall < o->st.last_at_ms && o->wall_offset_ms == 0)
		wall = o->st.last_at_ms; /* the clock was ahead in an earlier run */
	if (wall - mono > o->wall_offset_ms) {
		if (o->wall_offset_ms)
			excuse(o, wall - mono - o->wall_offset_ms);
		o->wall_offset_ms = wall - mono;
	}
	return mono + o->wall_offset_ms;
}

int orchestrator_step(struct orchestrator *o, const struct input *in, struct buf *why)
{
	views_keeper_before(&o->views, in, orchestrator_now(o));
	return core_step(&o->st, in, orchestrator_now(o), &o->batch, &o->fx, why);
}

/* What a large submission took is given back: the state keeps what it needs of it. */
static void forget_batch(struct orchestrator *o)
{
	if (o->batch.capacity <= BATCH_KEPT_MAX) {
		events_reset(&o->batch);
		return;
	}
	events_release(&o->batch);
	malloc_trim(0);
}

int orchestrator_commit(struct orchestrator *o, struct err *e)
{
	if (o->batch.count) {
		int rc = home_check(o, e);

		if (rc == 0)
			rc = store_commit(o->store, &o->batch, o->st.epoch, e);
		if (rc < 0)
			return rc;
		if (o->observer.committed)
			o->observer.committed(o->observer.ctx, &o->st, &o->batch);
		views_keeper_note(&o->views, &o->batch);
		notifier_note(&o->notifier, &o->st, &o->batch);
	}
	control_answer(o);
	forget_batch(o);
	views_keeper_settle(&o->views);
	effects_perform(o);
	peers_acknowledge(o);
	peers_flush(o);
	return 0;
}

const struct state *orchestrator_state(const struct orchestrator *o)
{
	return &o->st;
}

void orchestrator_set_paused(struct orchestrator *o, bool paused)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	o->paused = paused;
	if (!o->options.serves)
		return; /* for a moment only: nobody could release it */
	buf_putf(&text, "%s%s", o->options.command, paused ? ORCHESTRATOR_PAUSED : "");
	(void)lock_rename(&o->lock, text.p); /* for people */
}

void orchestrator_drain(struct orchestrator *o)
{
	o->st.draining = true;
	if (o->paused) /* a release that comes now must not let anything begin */
		orchestrator_set_paused(o, false);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (o->peers[i].fd >= 0 && o->peers[i].worker != NO_ID)
			peers_send(o, &o->peers[i], &(struct worker_msg){ .kind = MSG_DRAIN });
	peers_flush(o);
}

enum orchestrator_wish orchestrator_wish(const struct orchestrator *o)
{
	return o->wish;
}

bool orchestrator_paused(const struct orchestrator *o)
{
	return o->paused;
}

int orchestrator_activate_all(struct orchestrator *o, struct err *e)
{
	return orchestrator_input(o, &(struct input){ .kind = IN_ACTIVATE_ALL }, e);
}

int orchestrator_input(struct orchestrator *o, const struct input *in, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = orchestrator_step(o, in, &why);

	if (rc < 0)
		return err_set(e, rc, "%s", why.p ? why.p : "refused");
	return orchestrator_commit(o, e);
}

/* How long this turn may sleep: until the next thing that happens by itself. */
static int sleep_ms(struct orchestrator *o, int timeout_ms)
{
	int64_t now = orchestrator_now(o), mono = clock_mono_ms(o->clock),
		left = timeout_ms < 0 ? INT32_MAX : timeout_ms;
	int64_t deadline = core_deadline(&o->st), snapshot = store_snapshot_due(o->store),
		worker = worker_patience(o), silence = silence_deadline(o),
		views = views_keeper_due(&o->views), notices = notifier_due(&o->notifier),
		control = control_deadline(o);

	if (deadline != INT64_MAX && deadline - now < left)
		left = deadline - now;
	if (snapshot != INT64_MAX) {
		snapshot = snapshot - now > o->snapshot_after_ms - mono
				   ? snapshot - now
				   : o->snapshot_after_ms - mono;
		left = snapshot < left ? snapshot : left;
	}
	worker = silence < worker ? silence : worker;
	worker = views < worker ? views : worker;
	worker = notices < worker ? notices : worker;
	worker = control < worker ? control : worker;
	for (size_t i = 0; i < ORCHESTRATOR_ERRANDS; i++) {
		int64_t errand = errand_due(&o->errands[i]);

		worker = errand < worker ? errand : worker;
	}
	worker = o->home_ms < worker ? o->home_ms : worker;
	if (worker != INT64_MAX && worker - mono < left)
		left = worker - mono;
	return left < 0 ? 0 : (int)left;
}

static int gather_control(struct orchestrator *o, const struct loop_ready *ready)
{
	struct control_peer *p;

	if (ready->token == CONTROL_LISTEN_TOKEN) {
		control_accept(o);
		return 0;
	}
	p = &o->controls[ready->token - CONTROL_TOKEN];
	if (p->fd >= 0 && ready->writable && p->answered) /* else the place is another's by now */
		control_flush(o, p);
	return p->fd >= 0 && (ready->readable || ready->hung_up) ? control_read(o, p) : 0;
}

static void reap_children(struct orchestrator *o)
{
	reap_workers(o);
	aside_reap(o);
}

static int gather(struct orchestrator *o, int timeout_ms, int signals[8], int *signal_count,
		  struct err *e)
{
	struct loop_ready ready[LOOP_READY_MAX];
	int count;

	control_listen_again(o);
	count = loop_wait(&o->loop, sleep_ms(o, timeout_ms), ready);
	if (count < 0)
		return err_set(e, count, "cannot wait: %s", strerror(-count));
	for (int i = 0; i < count; i++) {
		if (ready[i].token == LOOP_SIGNAL) {
			if (ready[i].signal_number == SIGCHLD)
				reap_children(o);
			else if (*signal_count < 8)
				signals[(*signal_count)++] = ready[i].signal_number;
		} else if (ready[i].token == LISTEN_TOKEN) {
			peers_accept(o);
		} else if (ready[i].token == VIEWS_TOKEN) {
			views_watch_read(&o->views_watch);
		} else if (ready[i].token >= CONTROL_LISTEN_TOKEN) {
			int rc = gather_control(o, &ready[i]);

			if (rc < 0)
				return rc;
		} else if (o->peers[ready[i].token].fd >= 0 &&
			   (ready[i].readable || ready[i].hung_up)) {
			int rc = peers_read(o, &o->peers[ready[i].token], e);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static bool work_waits(const struct orchestrator *o)
{
	for (size_t i = 0; i < o->st.ws_count; i++)
		if (o->st.ws[i].active && ws_live(&o->st.ws[i]))
			return true;
	return false;
}

static int look_after_workers(struct orchestrator *o, struct err *e)
{
	int rc = 0;

	if (clock_mono_ms(o->clock) >= o->look_again_ms)
		rc = reconcile_workers(o, e);
	if (rc == 0)
		dismiss_plan_workers(o);
	if (rc == 0)
		release_workers(o);
	if (rc == 0 && work_waits(o) && !o->st.draining)
		rc = spawn_workers(o, e);
	return rc;
}

static int decide_time(struct orchestrator *o)
{
	int rc = silence_check(o);

	if (rc == 0 && core_deadline(&o->st) <= orchestrator_now(o))
		rc = orchestrator_step(o, &(struct input){ .kind = IN_TIME }, NULL);
	return rc < 0 ? rc : orchestrator_step(o, &(struct input){ .kind = IN_SCHEDULE }, NULL);
}

/*
 * The snapshot of a large state takes long, so it is written less often: at most a twentieth of the
 * time goes into it and the cost of a transition does not grow with the state.
 */
static void write_snapshot(struct orchestrator *o)
{
	struct err ignored = ERR_INIT; /* never needed for safety: the journal has everything */
	int64_t begun_ms = clock_mono_ms(o->clock), took_ms;

	store_snapshot(o->store, &o->st, orchestrator_now(o), false, &ignored);
	took_ms = clock_mono_ms(o->clock) - begun_ms;
	o->snapshot_after_ms = begun_ms + took_ms * SNAPSHOT_SHARE;
}

static void tell_trouble(struct orchestrator *o, const struct err *trouble)
{
	if (o->observer.trouble)
		o->observer.trouble(o->observer.ctx, trouble->text);
}

int orchestrator_turn(struct orchestrator *o, int timeout_ms, int signals[8], int *signal_count,
		      struct err *e)
{
	struct err trouble = ERR_INIT;
	int rc;

	*signal_count = 0;
	if ((rc = gather(o, timeout_ms, signals, signal_count, e)) < 0 ||
	    (rc = decide_time(o)) < 0 || (rc = orchestrator_commit(o, e)) < 0 ||
	    (rc = look_after_workers(o, e)) < 0 || (rc = home_look(o, e)) < 0)
		return rc;
	if (store_rotate_due(o->store) &&
	    (rc = store_rotate(o->store, &o->st, orchestrator_now(o), e)) < 0 &&
	    !store_usable(o->store))
		return rc;
	err_clear(e);
	if (store_snapshot_due(o->store) <= orchestrator_now(o) &&
	    clock_mono_ms(o->clock) >= o->snapshot_after_ms)
		write_snapshot(o);
	if (views_keeper_run(&o->views, orchestrator_now(o), &trouble) < 0)
		tell_trouble(o, &trouble);
	err_clear(&trouble);
	if (notifier_run(&o->notifier, &trouble) < 0)
		tell_trouble(o, &trouble);
	for (size_t i = 0; i < ORCHESTRATOR_ERRANDS; i++)
		errand_run(&o->errands[i], !o->st.draining);
	return 0;
}

/* It does what an earlier run asked for, or a person started it and no plan of ours names it:
 * ending that is not our business. */
static bool stays_at_work(const struct orchestrator *o, uint32_t worker)
{
	if (worker == NO_ID)
		return false;
	return o->st.workers[worker].assigned > 0 ||
	       (!span_is(o->st.workers[worker].id, LOCAL_WORKER) && !worker_is_of_plan(o, worker));
}

static void tell_to_leave(struct orchestrator *o)
{
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct peer *p = &o->peers[i];

		if (p->fd < 0 || p->leaving || stays_at_work(o, p->worker))
			continue;
		peers_send(o, p, &(struct worker_msg){ .kind = MSG_SHUTDOWN });
		p->leaving = true;
	}
	peers_flush(o);
}

/* A worker that lives but has not come back yet is waited for too: left alone it would linger. */
static bool anybody_there(const struct orchestrator *o)
{
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		const struct peer *p = &o->peers[i];

		if (p->fd >= 0 && !p->turned_away && (p->leaving || !stays_at_work(o, p->worker)))
			return true;
	}
	for (uint32_t i = 0; i < o->st.worker_count; i++)
		if (is_child(o, i) && !(o->st.workers[i].connected && stays_at_work(o, i)))
			return true;
	return o->look_again_ms != INT64_MAX;
}

static void release_errands(struct orchestrator *o)
{
	for (size_t i = 0; i < ORCHESTRATOR_ERRANDS; i++)
		errand_release(&o->errands[i]);
}

int orchestrator_stop(struct orchestrator *o, struct err *e)
{
	int64_t until_ms = clock_mono_ms(o->clock) + STOP_WAIT_MS;
	int signals[8], count = 0, rc = 0;

	o->st.draining = true;
	release_errands(o);
	control_refuse_new(o); /* who comes now waits for the lock */
	tell_to_leave(o);
	while (rc == 0 && anybody_there(o) && clock_mono_ms(o->clock) < until_ms) {
		rc = gather(o, 100, signals, &count, e);
		if (rc == 0)
			rc = orchestrator_commit(o, e);
		if (rc == 0 && clock_mono_ms(o->clock) >= o->look_again_ms)
			rc = reconcile_workers(o, e);
		tell_to_leave(o); /* who connected only now */
	}
	if (rc == 0)
		rc = orchestrator_step(o, &(struct input){ .kind = IN_ORCHESTRATOR_STOPPED }, NULL);
	if (rc == 0)
		rc = orchestrator_commit(o, e);
	if (rc == 0) {
		struct err ignored = ERR_INIT;

		store_snapshot(o->store, &o->st, orchestrator_now(o), true, &ignored);
		err_clear(&ignored);
		if (views_keeper_finish(&o->views, orchestrator_now(o), &ignored) < 0)
			tell_trouble(o, &ignored);
		err_clear(&ignored);
		if (notifier_finish(&o->notifier, &ignored) < 0)
			tell_trouble(o, &ignored);
	}
	orchestrator_free(o);
	return rc;
}

void orchestrator_free(struct orchestrator *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < WORKERS_MAX; i++)
		peers_close(o, &o->peers[i]);
	control_end(o);
	aside_end(o);
	if (o->store)
		store_close(o->store);
	views_watch_release(&o->views_watch);
	views_keeper_release(&o->views);
	notifier_release(&o->notifier);
	release_errands(o);
	state_release(&o->st);
	events_release(&o->batch);
	effects_release(&o->fx);
	buf_release(&o->scratch);
	buf_release(&o->message);
	loop_close(&o->loop);
	fd_close(&o->listen_fd);
	fd_close(&o->workers_fd);
	fd_close(&o->logs_fd);
	if (o->vfs.ctx)
		vfs_real_close(&o->vfs);
	lock_release(&o->lock);
	mem_free(&o);
}
