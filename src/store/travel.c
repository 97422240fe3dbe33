/*
 * One pass is enough nearly always: the goal is the end of a turn. Only when the fold had to stop
 * inside of one, or met the torn end of the file, the state holds records of a turn that is not
 * wanted; then it is folded once more, up to the place in front of that turn.
 */
#include "store/travel.h"

#include <errno.h>
#include <stdio.h>

#include "core/apply.h"
#include "store/segments.h"

struct travelling {
	struct state *st;
	struct travel_goal goal;
	uint64_t last_seq; /* folded */
	int64_t last_ms;
	bool reached; /* a record beyond the goal was seen */
};

static int fold_record(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct travelling *t = ctx;
	int rc;

	(void)line;
	if (ev->seq > t->goal.seq || ev->at_ms > t->goal.at_ms) {
		t->reached = true;
		return 1;
	}
	rc = core_apply(t->st, ev, NULL, why);
	if (rc < 0)
		return rc;
	t->last_seq = ev->seq;
	t->last_ms = ev->at_ms;
	return 0;
}

static void state_empty(struct state *st)
{
	state_release(st);
	state_init(st);
}

struct pass {
	const struct vfs *vfs;
	const char *path;
	bool salvage;
	struct err *e;
	struct journal_end end;
	bool damaged;
};

/* Folds from a place up to `limit` bytes. Damage is no failure when salvaging. */
static int fold(struct pass *p, struct journal_place from, uint64_t limit, struct travelling *t)
{
	int rc;

	if (!p->salvage || limit != JOURNAL_NO_LIMIT)
		return journal_read(p->vfs, p->path, from, limit, fold_record, t, &p->end, p->e);
	rc = journal_salvage(p->vfs, p->path, from, fold_record, t, &p->end, p->e);
	p->damaged = rc > 0;
	return rc < 0 ? rc : 0;
}

static bool past_turn(const struct travelling *t, const struct pass *p)
{
	return t->last_seq != p->end.place.seq &&
	       (t->goal.whole_turns || p->end.torn || p->damaged);
}

static void fill_point(struct travel_point *out, const struct travelling *t, const struct pass *p,
		       const struct journal_base *base)
{
	snprintf(out->path, sizeof(out->path), "%s", p->path);
	out->base = base->from;
	out->segment = base->segment;
	out->place = p->end.place;
	out->at_ms = t->last_ms;
	out->epoch = p->end.epoch;
	out->torn = p->end.torn;
}

static int base_of(const struct vfs *vfs, const char *path, struct state *st,
		   struct journal_base *base, struct err *e)
{
	int rc = journal_base_find(vfs, path, st, base, e);

	if (rc < 0 || base->complete || base->first_seq == 0)
		return rc;
	return err_set(e, -SK_EREFUSED,
		       "journal '%s': begins at seq %llu and does not hold the state before that: "
		       "nothing was done",
		       path, (unsigned long long)base->first_seq);
}

int travel_file(const struct vfs *vfs, const char *path, struct travel_goal goal, bool salvage,
		struct state *st, struct travel_point *out, struct err *e)
{
	struct travelling t = { st, goal, 0, 0, false };
	struct pass p = { vfs, path, salvage, e, { .records = 0 }, false };
	struct journal_base base;
	uint64_t limit = JOURNAL_NO_LIMIT;
	bool damaged;
	int rc = base_of(vfs, path, st, &base, e);

	for (int again = 0; rc == 0; again++) {
		t.last_seq = base.from.seq;
		t.last_ms = st->last_at_ms;
		rc = fold(&p, base.from, limit, &t);
		if (rc < 0 || again || !past_turn(&t, &p))
			break;
		damaged = p.damaged;
		limit = p.end.place.offset;
		state_empty(st);
		rc = base_of(vfs, path, st, &base, e);
		p.damaged = damaged;
	}
	if (rc < 0)
		return rc;
	fill_point(out, &t, &p, &base);
	return p.damaged;
}

int travel_on(const struct vfs *vfs, const char *path, struct journal_place from, struct state *st,
	      struct travel_point *out, struct err *e)
{
	struct travelling t = { st, TRAVEL_END, from.seq, st->last_at_ms, false };
	struct pass p = { vfs, path, true, e, { .records = 0 }, false };
	struct journal_base base;
	struct journal_end first;
	int rc = journal_base_find(vfs, path, NULL, &base, e);

	if (rc == 0)
		rc = journal_salvage(vfs, path, from, NULL, NULL, &first, e);
	if (rc < 0)
		return rc;
	p.damaged = rc > 0;
	if (p.damaged && first.place.offset == from.offset) {
		p.end = first;
	} else {
		struct err second = ERR_INIT;

		rc = journal_read(vfs, path, from, first.place.offset, fold_record, &t, &p.end,
				  &second);
		if (rc < 0) /* good lines that cannot follow this state: another history */
			return err_set(e, rc, "%s", second.text);
		p.end.torn = first.torn;
	}
	fill_point(out, &t, &p, &base);
	return p.damaged;
}

/* The file that holds the goal: its path in `path`. 0, -ENOENT, or -SK_ENOTFOUND with a sentence.
 */
static int find_file(const struct vfs *vfs, struct travel_goal goal, char path[SEGMENT_PATH_BYTES],
		     struct err *e)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	struct journal_base base;
	struct vfs_stat st;
	int rc = journal_check_file(vfs, JOURNAL_FILE, &st, e);

	if (rc == 0 && st.bytes == 0)
		rc = -ENOENT;
	if (rc == 0)
		rc = journal_base_find(vfs, JOURNAL_FILE, NULL, &base, e);
	if (rc < 0)
		return rc;
	snprintf(path, SEGMENT_PATH_BYTES, "%s", JOURNAL_FILE);
	if (base.first_seq <= goal.seq && base.first_ms <= goal.at_ms)
		return 0;
	segments_list(vfs, 0, &closed);
	for (size_t i = closed.count; i-- > 0;) {
		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		if (closed.v[i].first > goal.seq)
			continue;
		rc = journal_base_find(vfs, path, NULL, &base, e);
		if (rc < 0 || base.first_ms <= goal.at_ms)
			return rc;
	}
	return err_set(e, -SK_ENOTFOUND,
		       "journal: nothing that old is kept: its first record is seq %llu: nothing "
		       "was done. Try: sk events",
		       (unsigned long long)(closed.count ? closed.v[0].first : base.first_seq));
}

int travel_to(const struct vfs *vfs, struct travel_goal goal, struct state *st,
	      struct travel_point *out, struct err *e)
{
	char path[SEGMENT_PATH_BYTES];
	int rc = find_file(vfs, goal, path, e);

	if (rc == 0)
		rc = travel_file(vfs, path, goal, false, st, out, e);
	if (rc < 0 || goal.seq == UINT64_MAX || st->last_seq >= goal.seq || goal.whole_turns)
		return rc;
	return err_set(e, -SK_ENOTFOUND,
		       "journal: ends at seq %llu, there is no %llu: nothing was done. Try: sk "
		       "state show",
		       (unsigned long long)st->last_seq, (unsigned long long)goal.seq);
}
