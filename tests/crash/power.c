/*
 * The promise as a checker: what was acknowledged is there, what was begun is there whole or not at
 * all, history has no hole, nothing readable became unreadable, and the store goes on working.
 */
#include "power.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/apply.h"
#include "store/journal.h"
#include "store/snapshot.h"

#define MINUTE_MS 60000
#define START_MS 1790000000000LL
#define OLD_BACKUPS 102
#define BASE_TURNS 3
#define TORN_TEXT "{\"seq\":11,\"timestamp\":\"2026-11-21T"

void user_init(struct user *u, const struct vfs *vfs)
{
	memset(u, 0, sizeof(*u));
	u->vfs = vfs;
	u->now_ms = START_MS;
	state_init(&u->st);
}

void user_release(struct user *u)
{
	user_close(u);
}

void user_close(struct user *u)
{
	store_close(u->store);
	u->store = NULL;
	state_release(&u->st);
	state_init(&u->st);
}

int user_open(struct user *u, unsigned flags)
{
	int rc;

	user_close(u);
	err_clear(&u->e);
	rc = store_open(u->vfs, flags, "0123456789abcdef", u->now_ms, &u->st, &u->store, &u->report,
			&u->e);
	if (rc == 0)
		u->now_ms = u->now_ms > u->st.last_at_ms ? u->now_ms : u->st.last_at_ms;
	return rc;
}

static const char *const limits[] = { "alpha", "beta", "gamma" };

int user_turn(struct user *u)
{
	CLEANUP(events_release) struct events batch = EVENTS_INIT;
	uint64_t number = user_turns(u) + 1;
	char why[200];
	int rc;

	u->attempted = number;
	u->now_ms += 1000;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct event *ev = events_add(&batch, EV_RESOURCE_LIMIT, u->now_ms);

		ev->seq = u->st.last_seq + 1;
		ev->resource_id = span_of(limits[i]);
		ev->limit = number;
		rc = core_apply(&u->st, ev, NULL, why);
		INVARIANT(rc == 0);
	}
	rc = store_commit(u->store, &batch, 7, &u->e);
	if (rc == 0)
		u->acked = number;
	return rc;
}

int user_snapshot(struct user *u)
{
	u->now_ms += 2 * MINUTE_MS;
	return store_snapshot(u->store, &u->st, u->now_ms, true, &u->e);
}

int user_rotate(struct user *u)
{
	u->now_ms += 1000;
	return store_rotate(u->store, &u->st, u->now_ms, &u->e);
}

uint64_t user_turns(const struct user *u)
{
	uint64_t found[ARRAY_LEN(limits)];

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		uint32_t index = state_resource(&u->st, span_of(limits[i]));

		found[i] = index == NO_ID ? 0 : u->st.resources[index].limit;
		if (found[i] != found[0])
			return UINT64_MAX;
	}
	return found[0];
}

void script_from_nothing(struct user *u)
{
	if (user_open(u, 0) == 0 && user_turn(u) == 0 && user_turn(u) == 0 &&
	    user_snapshot(u) == 0 && user_turn(u) == 0 && user_snapshot(u) == 0 &&
	    user_rotate(u) == 0 && user_turn(u) == 0 && user_open(u, 0) == 0 && user_turn(u) == 0 &&
	    user_snapshot(u) == 0)
		user_turn(u);
}

void script_repair(struct user *u)
{
	u->acked = u->attempted = BASE_TURNS;
	if (user_open(u, 0) == 0 && user_turn(u) == 0 && user_snapshot(u) == 0 &&
	    user_turn(u) == 0 && user_rotate(u) == 0)
		user_turn(u);
}

void base_disk(struct simdisk *d)
{
	char path[64] = BACKUP_DIR "/";
	struct user u;
	int rc = 0;

	simdisk_init(d);
	user_init(&u, &d->vfs);
	rc |= user_open(&u, 0);
	for (int i = 0; i < BASE_TURNS; i++)
		rc |= user_turn(&u);
	rc |= user_snapshot(&u);
	INVARIANT(rc == 0);
	user_release(&u);
	for (int i = 0; i < OLD_BACKUPS; i++) {
		backup_name_encode(START_MS - (OLD_BACKUPS - i) * MINUTE_MS,
				   path + sizeof(BACKUP_DIR));
		simdisk_put(d, path, "{}", 2);
	}
	simdisk_settle(d);
	simdisk_put(d, "current.json.tmp", "{", 1);
	buf_puts(simdisk_file(d, JOURNAL_FILE), TORN_TEXT);
	simdisk_settle(d);
}

static size_t backups_count(struct simdisk *d)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t count = 0;
	int64_t ms;

	d->vfs.list(d->vfs.ctx, BACKUP_DIR, &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		count += backup_name_decode(span_of(names.p + at), &ms) == 0;
	return count;
}

/* Whether the torn bytes of base_disk are still somewhere. */
static bool torn_text_kept(struct simdisk *d)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	d->vfs.list(d->vfs.ctx, ".", &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		const struct buf *raw = simdisk_file(d, names.p + at);

		if (raw && raw->len && memmem(raw->p, raw->len, TORN_TEXT, strlen(TORN_TEXT)))
			return true;
	}
	return false;
}

static int count_record(void *ctx, const struct event *ev, struct span line)
{
	uint64_t *next = ctx;

	(void)line;
	if (ev->seq != *next)
		return 1;
	++*next;
	return 0;
}

/* Whether every record from 1 on can still be read, in segments and journal. */
static bool history_whole(struct user *u)
{
	uint64_t next = 1;

	return store_scan(u->vfs, 1, count_record, &next, &u->e) == 0 && next == u->st.last_seq + 1;
}

static const char *reopened_problem(struct user *u)
{
	uint64_t turns;

	if (user_turn(u) < 0)
		return "the next turn fails";
	turns = user_turns(u);
	if (user_open(u, STORE_READ_ONLY) < 0)
		return "it cannot be read after the next turn";
	if (user_turns(u) != turns)
		return "the next turn was forgotten";
	return history_whole(u) ? NULL : "history has a hole";
}

static const char *user_problem(struct user *u, uint64_t acked, uint64_t attempted)
{
	if (user_open(u, 0) < 0)
		return u->e.text;
	if (user_turns(u) == UINT64_MAX)
		return "half a turn survived";
	if (user_turns(u) < acked)
		return "an acknowledged turn is lost";
	if (user_turns(u) > attempted)
		return "a turn nobody began is there";
	if (u->report.snapshot_rebuilt)
		return "the snapshot became unreadable";
	return reopened_problem(u);
}

bool disk_problem(struct simdisk *d, struct promise promise, char text[ERR_TEXT_MAX])
{
	const char *problem = NULL;
	struct user u;

	user_init(&u, &d->vfs);
	if (promise.base && !torn_text_kept(d))
		problem = "the torn bytes were thrown away";
	else if (promise.base && backups_count(d) < BACKUPS_KEPT)
		problem = "too many backups were removed";
	else
		problem = user_problem(&u, promise.acked, promise.attempted);
	if (problem)
		snprintf(text, ERR_TEXT_MAX, "%s", problem);
	user_release(&u);
	return problem != NULL;
}
