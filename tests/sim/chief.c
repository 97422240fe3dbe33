/*
 * The orchestrator's turn over the real core and the real store, in the order of src/daemon:
 * decide, commit, and only then effects and acknowledgements. The planted mistakes that break this
 * order are in here, so that product code needs no switch for them.
 *
 * It is killed by its disk: when that says the program is dead, every call fails, and the first
 * failure that comes back up here ends the process without another act.
 */
#include <string.h>

#include "base/limits.h"
#include "world.h"

#define STOP_WAIT_MS 10000

int64_t chief_now(struct world *w)
{
	struct chief *c = &w->chief;
	int64_t wall = wall_ms(w);

	if (w->plant == PLANT_WALL_CLOCK)
		return wall;
	if (wall < c->st.last_at_ms && c->wall_offset_ms == 0)
		wall = c->st.last_at_ms;
	if (wall - w->mono_ms > c->wall_offset_ms)
		c->wall_offset_ms = wall - w->mono_ms;
	return w->mono_ms + c->wall_offset_ms;
}

static int decide(struct world *w, const struct input *in, struct buf *why)
{
	struct chief *c = &w->chief;

	return core_step(&c->st, in, chief_now(w), &c->batch, &c->fx, why);
}

static void tamper(struct world *w)
{
	struct chief *c = &w->chief;
	struct resource *r;

	if (w->plant != PLANT_RESOURCES_KEPT || !c->st.resource_count)
		return;
	r = &c->st.resources[0];
	for (size_t i = 0; i < c->batch.count; i++)
		if (c->batch.v[i].kind == EV_TASK_COMPLETED && r->limit)
			c->kept_units = 1;
	if (c->kept_units && !r->holder_count)
		r->held = c->kept_units;
}

static void flush_peers(struct world *w)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		struct peer *p = &w->chief.peers[i];

		if (!p->used || !p->out.len)
			continue;
		ledger_promise(w);
		if (!p->in.closed)
			buf_put(&w->hands[p->hand].in.lines, p->out.p, p->out.len);
		buf_truncate(&p->out, 0);
	}
}

static void act_early(struct world *w)
{
	if (w->plant == PLANT_ACK_EARLY)
		chief_acknowledge(w);
	if (w->plant == PLANT_ASSIGN_EARLY)
		chief_effects(w);
	if (w->plant == PLANT_ACK_EARLY || w->plant == PLANT_ASSIGN_EARLY)
		flush_peers(w);
}

int chief_commit(struct world *w)
{
	struct chief *c = &w->chief;

	act_early(w);
	if (c->batch.count) {
		int rc = store_commit(c->store, &c->batch, c->st.epoch, &c->e);

		if (rc < 0) {
			note(w, "commit of %zu refused: %s", c->batch.count, c->e.text);
			if (!w->shaky.dead)
				saw(w, SAW_STORE_FAILED);
			return -SK_EIO;
		}
		tamper(w);
		events_reset(&c->batch);
		if (!ledger_read(w))
			return -SK_EIO;
	}
	chief_effects(w);
	chief_acknowledge(w);
	flush_peers(w);
	return 0;
}

int chief_input(struct world *w, const struct input *in)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = decide(w, in, &why);

	if (rc < 0) {
		note(w, "refused: %s", why.p ? why.p : "?");
		return rc;
	}
	if (chief_commit(w) == 0)
		return 0;
	chief_die(w);
	return -SK_EIO;
}

/* --- life and death --- */

static void let_go(struct world *w)
{
	struct chief *c = &w->chief;

	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		struct peer *p = &c->peers[i];

		if (p->used) {
			w->hands[p->hand].in.closed = true;
			w->hands[p->hand].peer = -1;
		}
		buf_release(&p->out);
		buf_release(&p->in.lines);
		*p = (struct peer){ .worker = NO_ID };
	}
	store_close(c->store);
	state_release(&c->st);
	events_release(&c->batch);
	effects_release(&c->fx);
	buf_release(&c->scratch);
	*c = (struct chief){ .up = false };
}

void chief_die(struct world *w)
{
	bool power = w->shaky.dead && w->disk.dead;

	if (w->chief.up)
		note(w, "orchestrator ends");
	let_go(w);
	mishap_after_chief_death(w, power);
}

static int record_start(struct world *w)
{
	struct input in = { .kind = IN_ORCHESTRATOR_STARTED,
			    .pid = 100 + below(w, 900),
			    .pid_start = (uint64_t)w->mono_ms,
			    .boot_id = SPAN_LIT("boot"),
			    .version = SPAN_LIT("sim") };
	struct chief *c = &w->chief;

	saw(w, c->st.orchestrator_running ? SAW_UNCLEAN_START : SAW_CLEAN_START);
	decide(w, &in, NULL);
	return chief_commit(w);
}

static void see_report(struct world *w)
{
	const struct store_report *r = &w->chief.report;

	if (r->torn_bytes)
		saw(w, SAW_TAIL_DROPPED);
	if (r->snapshot_used)
		saw(w, SAW_SNAPSHOT_USED);
	if (r->snapshot_rebuilt)
		saw(w, SAW_SNAPSHOT_REBUILT);
	if (r->stray_temps)
		saw(w, SAW_STRAY_REMOVED);
	note(w, "store open at %llu: %llu replayed, snapshot %d, torn %llu",
	     (unsigned long long)w->chief.st.last_seq, (unsigned long long)r->records_replayed,
	     r->snapshot_used, (unsigned long long)r->torn_bytes);
}

void chief_start(struct world *w)
{
	struct chief *c = &w->chief;
	int rc;

	note(w, "orchestrator starts");
	state_init(&c->st);
	err_clear(&c->e);
	rc = store_open(&w->shaky.vfs, 0, "0123456789abcdef", wall_ms(w), &c->st, &c->store,
			&c->report, &c->e);
	if (rc < 0) {
		note(w, "start refused: %s", c->e.text);
		if (rc == -SK_ECORRUPT || rc == -SK_EREFUSED)
			wrong(w, "the store is refused although nothing damaged it: %s", c->e.text);
		if (!w->shaky.dead)
			saw(w, SAW_START_FAILED);
		chief_die(w);
		return;
	}
	if (w->shaky.dead) { /* during something that the store could do without */
		chief_die(w);
		return;
	}
	see_report(w);
	c->up = true;
	ledger_check_start(w);
	/* A turn that was found whole may be in memory only; the first commit makes it durable. */
	if (w->out->failed || record_start(w) < 0) {
		chief_die(w);
		return;
	}
	check_twin(w, "the state after the start");
	if (w->out->failed || chief_bury_dead(w) < 0)
		chief_die(w);
}

/* --- the turn --- */

static bool work_waits(const struct chief *c)
{
	for (size_t i = 0; i < c->st.ws_count; i++)
		if (c->st.ws[i].active && ws_live(&c->st.ws[i]))
			return true;
	return false;
}

/* Those that were asked to leave and have nothing to do any more. */
static void release_workers(struct world *w)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		struct peer *p = &w->chief.peers[i];
		const struct worker *k =
			p->used && p->worker != NO_ID ? &w->chief.st.workers[p->worker] : NULL;

		if (!k || !k->leave || k->assigned || p->leaving)
			continue;
		chief_send(w, p, &(struct worker_msg){ .kind = MSG_SHUTDOWN });
		p->leaving = true;
	}
	flush_peers(w);
}

static int look_after_workers(struct world *w)
{
	struct chief *c = &w->chief;
	int rc = 0;

	if (w->mono_ms >= c->look_again_ms)
		rc = chief_bury_dead(w);
	release_workers(w);
	for (unsigned i = 0; i < w->worker_count && rc == 0; i++)
		if (work_waits(c) && !c->st.draining)
			rc = chief_spawn(w, i);
	return rc;
}

static int decide_time(struct world *w)
{
	if (core_deadline(&w->chief.st) <= chief_now(w))
		decide(w, &(struct input){ .kind = IN_TIME }, NULL);
	decide(w, &(struct input){ .kind = IN_SCHEDULE }, NULL);
	return chief_commit(w);
}

void chief_drain(struct world *w)
{
	w->chief.st.draining = true;
	for (size_t i = 0; i < SIM_PEERS_MAX; i++)
		if (w->chief.peers[i].used && w->chief.peers[i].worker != NO_ID)
			chief_send(w, &w->chief.peers[i],
				   &(struct worker_msg){ .kind = MSG_DRAIN });
	flush_peers(w);
}

/* It does what an earlier run asked for; ending that is not our business. */
static bool stays_at_work(const struct chief *c, const struct peer *p)
{
	return p->worker != NO_ID && c->st.workers[p->worker].assigned > 0;
}

static bool anybody_there(const struct chief *c)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		const struct peer *p = &c->peers[i];

		if (p->used && (p->leaving || !stays_at_work(c, p)))
			return true;
	}
	return c->look_again_ms != INT64_MAX;
}

static void tell_to_leave(struct world *w)
{
	for (size_t i = 0; i < SIM_PEERS_MAX; i++) {
		struct peer *p = &w->chief.peers[i];

		if (!p->used || p->leaving || stays_at_work(&w->chief, p))
			continue;
		chief_send(w, p, &(struct worker_msg){ .kind = MSG_SHUTDOWN });
		p->leaving = true;
	}
	flush_peers(w);
}

/* Stopping in good order, one turn of it. */
static int stop_turn(struct world *w)
{
	struct chief *c = &w->chief;
	struct err ignored = ERR_INIT;
	int rc;

	tell_to_leave(w);
	if (anybody_there(c) && w->mono_ms < c->stop_by_ms)
		return 0;
	decide(w, &(struct input){ .kind = IN_ORCHESTRATOR_STOPPED }, NULL);
	rc = chief_commit(w);
	if (rc < 0)
		return rc;
	store_snapshot(c->store, &c->st, chief_now(w), true, &ignored);
	saw(w, SAW_DRAINED);
	note(w, "orchestrator stopped");
	return -SK_EBUSY; /* ends, in good order */
}

static int keep_store(struct world *w)
{
	struct chief *c = &w->chief;
	struct err ignored = ERR_INIT;
	int rc;

	if (c->stopping)
		return 0;
	if (one_in(w, w->quiet ? 400 : 60)) {
		rc = store_rotate(c->store, &c->st, chief_now(w), &ignored);
		note(w, "rotation: %d", rc);
		if (w->shaky.dead || (rc < 0 && !store_usable(c->store)))
			return -SK_EIO;
		if (rc == 0) {
			saw(w, SAW_ROTATED);
			w->ledger.place.offset = 0;
			if (!ledger_read(w))
				return -SK_EIO;
		}
	}
	if (store_snapshot_due(c->store) <= chief_now(w)) {
		rc = store_snapshot(c->store, &c->st, chief_now(w), false, &ignored);
		note(w, "snapshot: %d", rc);
		if (w->shaky.dead)
			return -SK_EIO;
	}
	return 0;
}

void chief_turn(struct world *w)
{
	struct chief *c = &w->chief;
	int rc = chief_gather(w);

	if (rc == 0)
		rc = c->stopping ? chief_commit(w) : decide_time(w);
	if (rc == 0 && c->stopping && w->mono_ms >= c->look_again_ms)
		rc = chief_bury_dead(w);
	if (rc == 0)
		rc = c->stopping ? stop_turn(w) : look_after_workers(w);
	if (rc == 0)
		rc = keep_store(w);
	if (rc < 0) {
		chief_die(w);
		return;
	}
	check_state(w, &c->st);
	check_twin(w, "the state after a turn");
}

int64_t chief_deadline(const struct world *w)
{
	const struct chief *c = &w->chief;
	int64_t next = core_deadline(&c->st), worker = c->look_again_ms;

	if (next != INT64_MAX)
		next -= w->plant == PLANT_WALL_CLOCK ? w->offset_ms : c->wall_offset_ms;
	if (worker < next)
		next = worker;
	if (c->stopping && c->stop_by_ms < next)
		next = c->stop_by_ms;
	return next;
}
