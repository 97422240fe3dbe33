/*
 * Faults. Most are armed now and happen later, inside of whatever call comes then; those of a disk
 * at rest happen between two orchestrators. Rot is looked at by a reader that repairs nothing: it
 * must refuse, or find exactly the state that was there, and the world goes on without the rot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crash/simdisk_tree.h"
#include "base/limits.h"
#include "store/snapshot.h"
#include "world.h"

static struct hand *any_hand(struct world *w)
{
	unsigned first = below(w, SIM_HANDS_MAX);

	for (unsigned i = 0; i < SIM_HANDS_MAX; i++) {
		struct hand *h = &w->hands[(first + i) % SIM_HANDS_MAX];

		if (h->there)
			return h;
	}
	return NULL;
}

/* --- power --- */

static void count_losses(struct world *w, enum tear_data data, enum tear_names names)
{
	const struct sim_inode *journal = sim_find(&w->disk, JOURNAL_FILE);
	bool changed = false;

	for (size_t i = 0; i < w->disk.inode_count; i++)
		changed |= w->disk.inodes[i]->change_count > 0;
	if (changed && names != NAMES_KEPT)
		fault_fired(w, FAULT_NAMES_LOST);
	if (!journal || journal->now.len <= journal->durable.len)
		return;
	if (data == DATA_ZEROS)
		fault_fired(w, FAULT_ZERO_TAIL);
	else if (data != DATA_KEPT && data != DATA_GONE)
		fault_fired(w, FAULT_TORN_APPEND);
}

void power_loss(struct world *w)
{
	enum tear_data data = below(w, TEAR_DATA_COUNT);
	enum tear_names names = below(w, TEAR_NAMES_COUNT);

	fault_fired(w, FAULT_POWER_LOSS);
	count_losses(w, data, names);
	for (unsigned i = 0; i < SIM_HANDS_MAX; i++)
		if (w->hands[i].there)
			hand_kill(w, &w->hands[i]);
	for (unsigned i = 0; i < SIM_WORKERS_MAX; i++)
		w->places[i].orphan_count = 0;
	simdisk_power_on(&w->disk, data, names);
}

/* --- a disk at rest --- */

struct reading {
	int rc;
	struct state st;
	struct store_report report;
	struct err e;
};

static void read_store(struct world *w, struct reading *r)
{
	struct store *s = NULL;

	memset(r, 0, sizeof(*r));
	state_init(&r->st);
	r->rc = store_open(&w->disk.vfs, STORE_READ_ONLY, "0123456789abcdef", wall_ms(w), &r->st,
			   &s, &r->report, &r->e);
	store_close(s);
}

/* What a reader made of a damaged store, against what it made of the good one. */
static void judge(struct world *w, const char *path, size_t at, struct reading *good,
		  struct reading *bad)
{
	CLEANUP(buf_release) struct buf left = BUF_INIT, right = BUF_INIT;

	if (bad->rc == -SK_ECORRUPT || bad->rc == -SK_EREFUSED) {
		saw(w, SAW_DAMAGE_REFUSED);
		return;
	}
	if (bad->rc < 0) {
		wrong(w, "%s with a flipped bit at %zu: %s", path, at, bad->e.text);
		return;
	}
	if (same_state(&good->st, &bad->st, &left, &right))
		return;
	/* The last turn alone cannot be told from one that was never acknowledged; it is kept. */
	if (bad->report.torn_bytes && bad->report.torn_offset <= at &&
	    bad->st.last_seq < good->st.last_seq)
		return;
	wrong(w, "%s with a flipped bit at %zu is read as a wrong state: '%s' instead of '%s'",
	      path, at, right.p, left.p);
}

static void flip(struct world *w, const char *path, enum sim_fault fault)
{
	struct buf *file = simdisk_file(&w->disk, path);
	struct reading good, bad;
	size_t at;
	char bit;

	if (!file || !file->len)
		return;
	read_store(w, &good);
	if (good.rc == 0) {
		at = (size_t)(draw(w) % file->len);
		bit = (char)(1 << below(w, 8));
		fault_fired(w, fault);
		file->p[at] ^= bit;
		read_store(w, &bad);
		judge(w, path, at, &good, &bad);
		file->p[at] ^= bit;
		state_release(&bad.st);
	}
	state_release(&good.st);
}

/* An old snapshot only costs time; this one stays. */
static void put_stale_snapshot(struct world *w)
{
	if (!w->stale_snapshot.len || !simdisk_file(&w->disk, SNAPSHOT_FILE))
		return;
	simdisk_put(&w->disk, SNAPSHOT_FILE, w->stale_snapshot.p, w->stale_snapshot.len);
	fault_fired(w, FAULT_STALE_SNAPSHOT);
}

static uint64_t snapshot_seq(struct world *w)
{
	const struct buf *file = simdisk_file(&w->disk, SNAPSHOT_FILE);
	const char *at = file ? strstr(file->p, "\"last_seq\":") : NULL;

	return at ? strtoull(at + 11, NULL, 10) : 0;
}

/* A journal older than its snapshot is a loss, and must be told as one. */
static void put_stale_journal(struct world *w)
{
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	struct buf *file = simdisk_file(&w->disk, JOURNAL_FILE);
	struct reading r;

	if (!file || !w->stale_journal.len || snapshot_seq(w) <= w->stale_journal_seq)
		return;
	read_store(w, &r);
	state_release(&r.st);
	if (r.rc < 0 || r.report.snapshot_rebuilt)
		return; /* damaged already: nothing could tell */
	fault_fired(w, FAULT_STALE_JOURNAL);
	buf_put(&now, file->p, file->len);
	buf_truncate(file, 0);
	buf_put(file, w->stale_journal.p, w->stale_journal.len);
	read_store(w, &r);
	if (r.rc == -SK_ECORRUPT)
		saw(w, SAW_SNAPSHOT_AHEAD);
	else
		wrong(w, "a journal at %llu behind a snapshot at %llu is opened: %d %s",
		      (unsigned long long)w->stale_journal_seq, (unsigned long long)snapshot_seq(w),
		      r.rc, r.e.text);
	state_release(&r.st);
	buf_truncate(file, 0);
	buf_put(file, now.p, now.len);
}

/* Half a snapshot: the journal has everything. */
static void spoil_snapshot(struct world *w)
{
	const struct buf *file = simdisk_file(&w->disk, SNAPSHOT_FILE);
	CLEANUP(buf_release) struct buf half = BUF_INIT;

	if (!file || file->len < 2)
		return;
	buf_put(&half, file->p, file->len / 2);
	simdisk_put(&w->disk, SNAPSHOT_FILE, half.p, half.len);
	note(w, "the snapshot is cut in half");
}

static void disk_at_rest(struct world *w)
{
	if (fault_on(w, FAULT_FLIP_JOURNAL) && one_in(w, 3))
		flip(w, JOURNAL_FILE, FAULT_FLIP_JOURNAL);
	if (fault_on(w, FAULT_FLIP_SNAPSHOT) && one_in(w, 3))
		flip(w, SNAPSHOT_FILE, FAULT_FLIP_SNAPSHOT);
	if (fault_on(w, FAULT_STALE_JOURNAL) && one_in(w, 3))
		put_stale_journal(w);
	if (fault_on(w, FAULT_STALE_SNAPSHOT) && one_in(w, 4))
		put_stale_snapshot(w);
	else if (fault_on(w, FAULT_FLIP_SNAPSHOT) && one_in(w, 8))
		spoil_snapshot(w);
}

/* What the armed thing was, now that it happened. */
static void count_fired(struct world *w)
{
	static const enum sim_fault faults[] = {
		[SHAKY_KILL] = FAULT_CHIEF_KILLED_IN_CALL, [SHAKY_FULL] = FAULT_DISK_FULL,
		[SHAKY_WRITE] = FAULT_WRITE_ERROR,         [SHAKY_SYNC] = FAULT_SYNC_ERROR,
		[SHAKY_RENAME] = FAULT_RENAME_ERROR,       [SHAKY_READ] = FAULT_READ_ERROR,
	};

	if (!w->shaky.fired)
		return;
	if (w->armed != SHAKY_POWER)
		fault_fired(w, faults[w->armed]);
	if (w->shaky.torn)
		fault_fired(w, FAULT_TORN_APPEND);
	w->shaky.fired = false;
}

void mishap_after_chief_death(struct world *w, bool power)
{
	count_fired(w);
	for (unsigned i = 0; i < SIM_HANDS_MAX; i++)
		w->hands[i].ours = false;
	if (power)
		power_loss(w);
	else
		simdisk_restart(&w->disk);
	if (w->shaky.dead || w->shaky.kind == SHAKY_KILL || w->shaky.kind == SHAKY_POWER)
		shaky_revive(&w->shaky);
	if (!w->quiet && !w->out->failed)
		disk_at_rest(w);
}

/* --- now and then --- */

static void arm(struct world *w, enum shaky_kind kind, unsigned within)
{
	if (w->shaky.kind != SHAKY_NEVER)
		return;
	w->armed = kind;
	shaky_arm(&w->shaky, kind, below(w, within), (unsigned)draw(w) >> 1);
	note(w, "armed %d after %u", (int)kind, w->shaky.after);
}

static void kill_worker(struct world *w, enum sim_fault fault)
{
	struct hand *h = any_hand(w);

	if (!h)
		return;
	fault_fired(w, fault);
	hand_kill(w, h);
	if (fault == FAULT_BOTH_KILLED && w->chief.up)
		chief_die(w);
}

/* The connection breaks: what was on its way is lost from some byte on, in both directions. */
static void cut_off(struct world *w)
{
	struct hand *h = any_hand(w);
	struct peer *p = h && h->peer >= 0 ? &w->chief.peers[h->peer] : NULL;

	if (!p)
		return;
	fault_fired(w, FAULT_CUT_OFF);
	buf_truncate(&p->in.lines, below(w, (unsigned)p->in.lines.len + 1));
	buf_truncate(&h->in.lines, below(w, (unsigned)h->in.lines.len + 1));
	p->in.closed = h->in.closed = true;
	h->peer = -1;
}

static void delay(struct world *w)
{
	struct hand *h = any_hand(w);

	if (!h || h->peer < 0)
		return;
	fault_fired(w, FAULT_DELAYED);
	if (one_in(w, 2))
		h->in.held_until_ms = w->mono_ms + below(w, 5000);
	else
		w->chief.peers[h->peer].in.held_until_ms = w->mono_ms + below(w, 5000);
}

static void move_clock(struct world *w, enum sim_fault fault)
{
	int64_t by = 1 + (one_in(w, 4) ? below(w, 90000000) : below(w, 5000));

	fault_fired(w, fault);
	if (fault == FAULT_SUSPEND)
		w->mono_ms += by % 600000;
	else
		w->offset_ms += fault == FAULT_CLOCK_FORWARD ? by : -by;
}

static void happen(struct world *w, enum sim_fault fault)
{
	switch (fault) {
	case FAULT_CHIEF_KILLED:
		if (w->chief.up) {
			fault_fired(w, fault);
			chief_die(w);
		}
		break;
	case FAULT_CHIEF_KILLED_IN_CALL:
		arm(w, SHAKY_KILL, 16);
		break;
	case FAULT_POWER_LOSS:
	case FAULT_TORN_APPEND:
	case FAULT_ZERO_TAIL:
	case FAULT_NAMES_LOST:
		arm(w, SHAKY_POWER, 16);
		break;
	case FAULT_DISK_FULL:
		arm(w, SHAKY_FULL, 6);
		break;
	case FAULT_WRITE_ERROR:
		arm(w, SHAKY_WRITE, 6);
		break;
	case FAULT_SYNC_ERROR:
		arm(w, SHAKY_SYNC, 6);
		break;
	case FAULT_RENAME_ERROR:
		arm(w, SHAKY_RENAME, 3);
		break;
	case FAULT_READ_ERROR:
		arm(w, SHAKY_READ, 6);
		break;
	case FAULT_WORKER_KILLED:
	case FAULT_BOTH_KILLED:
		kill_worker(w, fault);
		break;
	case FAULT_CUT_OFF:
		cut_off(w);
		break;
	case FAULT_DELAYED:
		delay(w);
		break;
	case FAULT_OUTBOX_ERROR:
		w->places[below(w, w->worker_count)].outbox_fails = 1 + below(w, 8);
		break;
	case FAULT_CLOCK_FORWARD:
	case FAULT_CLOCK_BACK:
	case FAULT_SUSPEND:
		move_clock(w, fault);
		break;
	default:
		break; /* happens at rest, or to a message */
	}
}

/* Keeps what the files hold now, to put it back some day. */
static void remember_files(struct world *w)
{
	const struct buf *snapshot = simdisk_file(&w->disk, SNAPSHOT_FILE);
	const struct buf *journal = simdisk_file(&w->disk, JOURNAL_FILE);

	if (w->disk.dead || !w->chief.up || !one_in(w, 20))
		return;
	if (snapshot) {
		buf_truncate(&w->stale_snapshot, 0);
		buf_put(&w->stale_snapshot, snapshot->p, snapshot->len);
	}
	if (journal && w->chief.batch.count == 0) {
		buf_truncate(&w->stale_journal, 0);
		buf_put(&w->stale_journal, journal->p, journal->len);
		w->stale_journal_seq = w->ledger.place.seq;
	}
}

void mishap(struct world *w)
{
	enum sim_fault fault = below(w, SIM_FAULT_COUNT);

	if (w->favourite < SIM_FAULT_COUNT && one_in(w, 2))
		fault = w->favourite;
	count_fired(w);
	remember_files(w);
	if (below(w, 1000) < w->fault_rate && fault_on(w, fault))
		happen(w, fault);
}
