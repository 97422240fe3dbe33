/*
 * The fold decides what is damage and what is only the torn end of a write; the walk line by line
 * then tells every place, because whoever repairs by hand wants to know all of them at once. The
 * snapshot is read before the journal: an orchestrator that writes meanwhile can then only be ahead
 * of it.
 */
#include "cmd/state/validate.h"

#include <errno.h>
#include <stdio.h>

#include "cmd/print.h"
#include "core/state_diff.h"
#include "store/known.h"
#include "store/segments.h"
#include "store/snapshot.h"
#include "store/travel.h"
#include "store/walk.h"

#define VALUE_SHOWN 60
#define RESTORE_HEAD_LINES 3 /* of the turn that a restore begins a file with */

/* --- lines --------------------------------------------------------------------------------- */

struct walk {
	struct validation *v;
	const char *path;
	uint64_t seq; /* of the line before */
	uint64_t sum; /* and its checksum */
	int64_t at_ms;
	uint64_t lines, in_turn;
	bool restored; /* the file was begun by a restore */
};

static void tell_unreadable(struct walk *w, const struct walk_line *l)
{
	if (!l->whole)
		validation_add(w->v, CHECK_JOURNAL_LINES, w->path, l->line,
			       "byte %llu: a line without an end, or longer than 1 MiB",
			       (unsigned long long)l->offset);
	else if (l->problem.flaw == RECORD_TOO_NEW)
		validation_add(w->v, CHECK_JOURNAL_LINES, w->path, l->line,
			       "byte %llu: written by a newer sk (format %llu)",
			       (unsigned long long)l->offset,
			       (unsigned long long)l->problem.format);
	else
		validation_add(w->v, CHECK_JOURNAL_LINES, w->path, l->line,
			       "byte %llu: is no record: %s (column %zu)",
			       (unsigned long long)l->offset,
			       l->problem.what ? l->problem.what : "unknown", l->problem.at + 1);
}

static void check_order(struct walk *w, const struct walk_line *l)
{
	uint64_t seq = l->ev.seq;

	if (seq == w->seq)
		validation_add(w->v, CHECK_JOURNAL_SEQUENCE, w->path, l->line,
			       "seq %llu stands twice", (unsigned long long)seq);
	else if (seq < w->seq)
		validation_add(w->v, CHECK_JOURNAL_SEQUENCE, w->path, l->line,
			       "seq goes back from %llu to %llu", (unsigned long long)w->seq,
			       (unsigned long long)seq);
	else if (seq != w->seq + 1)
		validation_add(w->v, CHECK_JOURNAL_SEQUENCE, w->path, l->line,
			       "sequence gap after %llu: %llu follows", (unsigned long long)w->seq,
			       (unsigned long long)seq);
	if (l->ev.at_ms < w->at_ms)
		validation_add(w->v, CHECK_JOURNAL_TIMES, w->path, l->line,
			       "its time is %lld ms before that of the line above",
			       (long long)(w->at_ms - l->ev.at_ms));
	w->seq = seq;
	w->at_ms = l->ev.at_ms;
}

static void check_turn(struct walk *w, const struct walk_line *l)
{
	w->in_turn++;
	if (!l->turn.lines)
		return;
	if (l->turn.lines != w->in_turn)
		validation_add(w->v, CHECK_JOURNAL_SEQUENCE, w->path, l->line,
			       "ends a turn of %llu lines, but %llu stand there",
			       (unsigned long long)l->turn.lines, (unsigned long long)w->in_turn);
	w->in_turn = 0;
}

static int on_line(void *ctx, const struct walk_line *l)
{
	struct walk *w = ctx;
	uint64_t sum;

	w->lines++;
	if (l->whole && record_sum_find(l->text, &sum))
		w->sum = sum;
	if (!l->readable) {
		tell_unreadable(w, l);
		w->in_turn++;
		w->seq++; /* as if it had been the next one: what it really was shows behind it */
		return 0;
	}
	if (!l->fits)
		validation_add(w->v, CHECK_JOURNAL_LINES, w->path, l->line,
			       "byte %llu: checksum %016llx, expected %016llx",
			       (unsigned long long)l->offset,
			       (unsigned long long)l->problem.found_sum,
			       (unsigned long long)l->problem.expected_sum);
	w->restored |= l->ev.kind == EV_STATE_RESTORED && w->lines <= RESTORE_HEAD_LINES;
	check_order(w, l);
	check_turn(w, l);
	return 0;
}

static struct walk walk_file(struct validation *v, const char *path, struct journal_place from,
			     uint64_t limit)
{
	struct walk w = { .v = v, .path = path, .seq = from.seq, .sum = from.sum };
	struct err e = ERR_INIT;

	if (journal_walk(v->vfs, path, from, limit, on_line, &w, &e) < 0)
		validation_add(v, CHECK_JOURNAL_FILE, path, 0, "%s",
			       e.text[0] ? e.text : "cannot be read");
	return w;
}

/* --- closed files -------------------------------------------------------------------------- */

/* A restore may have gone on from a snapshot: then records are missing in front of its file, and it
 * has said so. */
static void check_link(struct validation *v, const char *path, const struct journal_base *base,
		       const struct walk *self, const struct walk *before)
{
	if (!before->lines || (self->restored && base->first_seq > before->seq + 1))
		return;
	if (base->first_seq != before->seq + 1)
		validation_add(v, CHECK_HISTORY, path, 1,
			       "begins at seq %llu, the file before ends at %llu",
			       (unsigned long long)base->first_seq,
			       (unsigned long long)before->seq);
	else if (base->from.sum != before->sum)
		validation_add(v, CHECK_HISTORY, path, 1,
			       "does not continue the checksum of the file before");
}

/* One of them, behind `before`; what it ends with. */
static struct walk check_segment(struct validation *v, const struct segment *s, const char *path,
				 const struct walk *before)
{
	struct walk w = { .lines = 0 };
	struct journal_base base;
	struct err e = ERR_INIT;

	if (journal_base_find(v->vfs, path, NULL, &base, &e) < 0 || !base.first_seq) {
		validation_add(v, CHECK_HISTORY, path, 1, "%s",
			       e.text[0] ? e.text : "does not begin with a record");
		return w;
	}
	w = walk_file(v, path, base.from, JOURNAL_NO_LIMIT);
	check_link(v, path, &base, &w, before);
	if (w.seq != s->last)
		validation_add(v, CHECK_HISTORY, path, w.lines,
			       "ends at seq %llu and not as its name says",
			       (unsigned long long)w.seq);
	return w;
}

static void check_closed(struct validation *v, const struct journal_base *live,
			 const struct walk *self)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	struct walk last = { .lines = 0 };
	char path[SEGMENT_PATH_BYTES];

	segments_list(v->vfs, 0, &closed);
	for (size_t i = 0; i < closed.count; i++) {
		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		last = check_segment(v, &closed.v[i], path, &last);
	}
	check_link(v, JOURNAL_FILE, live, self, &last);
	validation_note(v, CHECK_HISTORY, "%zu file%s in %s", closed.count, PLURAL(closed.count),
			SEGMENTS_DIR);
}

static uint64_t truth_problems(const struct validation *v)
{
	uint64_t sum = 0;

	for (int id = 0; id < CHECK_COUNT; id++)
		sum += check_is_of_truth((enum check_id)id) ? v->checks[id].count : 0;
	return sum;
}

/* What such a file ends with, without reading all of it. */
static struct walk end_of_known(struct validation *v, const struct segment *s, const char *path,
				const struct known_file *known)
{
	struct walk w = { .v = v, .path = path, .seq = s->last, .lines = s->last - s->first + 1 };

	if (!journal_sum_at(v->vfs, path, (uint64_t)known->bytes, &w.sum))
		w.lines = 0;
	return w;
}

bool validate_closed(struct validation *v, uint64_t first_seq)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	struct walk last = { .lines = 0 };
	char path[SEGMENT_PATH_BYTES];
	size_t read = 0;

	segments_list(v->vfs, 0, &closed);
	for (size_t i = 0; i < closed.count; i++) {
		const struct known_file *known;
		struct vfs_stat before;
		uint64_t problems = truth_problems(v);

		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		known = known_files_find(v->files, v->vfs, path);
		if (known && (i == 0 || closed.v[i - 1].last + 1 == closed.v[i].first)) {
			last = end_of_known(v, &closed.v[i], path, known);
			continue;
		}
		if (v->vfs->stat(v->vfs->ctx, path, &before) < 0)
			return false;
		last = check_segment(v, &closed.v[i], path, &last);
		read++;
		if (truth_problems(v) == problems)
			known_files_learn(v->files, path, &before, v->now_ms);
	}
	validation_note(v, CHECK_HISTORY, "%zu file%s in %s; %zu read now, %zu known", closed.count,
			PLURAL(closed.count), SEGMENTS_DIR, read, closed.count - read);
	return !closed.count || closed.v[closed.count - 1].last + 1 == first_seq;
}

/* --- the fold and the snapshot ------------------------------------------------------------- */

struct snapshot {
	struct state st;
	struct snapshot_place place;
	bool good, there;
};

static void read_snapshot(struct validation *v, struct snapshot *s)
{
	char why[200];
	int rc;

	state_init(&s->st);
	rc = snapshot_read(v->vfs, SNAPSHOT_FILE, &s->st, &s->place, why);
	s->there = rc != SNAPSHOT_NONE;
	s->good = rc == SNAPSHOT_GOOD;
	if (rc < 0)
		validation_add(v, CHECK_SNAPSHOT, SNAPSHOT_FILE, 0, "cannot be read: %s",
			       strerror(-rc));
	else if (rc == SNAPSHOT_UNREADABLE)
		validation_add(v, CHECK_SNAPSHOT, SNAPSHOT_FILE, 0, "%s", why);
	else if (!s->there)
		validation_note(v, CHECK_SNAPSHOT, "there is none; the journal alone is enough");
}

static int on_change(void *ctx, const struct state_change *c)
{
	struct validation *v = ctx;
	size_t from = c->from.len < VALUE_SHOWN ? c->from.len : VALUE_SHOWN;
	size_t to = c->to.len < VALUE_SHOWN ? c->to.len : VALUE_SHOWN;

	validation_add(v, CHECK_SNAPSHOT, SNAPSHOT_FILE, 0,
		       "at seq %llu it disagrees with the journal in %s.%.*s.%.*s (%.*s / %.*s)",
		       (unsigned long long)v->st.last_seq, state_part_key(c->part), SPAN_ARG(c->id),
		       SPAN_ARG(c->member), (int)(from ? from : 6), from ? c->from.p : "absent",
		       (int)(to ? to : 6), to ? c->to.p : "absent");
	return 0;
}

static void compare_snapshot(struct validation *v, const struct snapshot *s)
{
	if (v->st.workspace.len && !span_eq(v->st.workspace, s->st.workspace))
		validation_add(v, CHECK_SNAPSHOT, SNAPSHOT_FILE, 0,
			       "belongs to workspace %.*s, this is %.*s", SPAN_ARG(s->st.workspace),
			       SPAN_ARG(v->st.workspace));
	else
		state_diff(&v->st, &s->st, on_change, v);
	validation_note(v, CHECK_SNAPSHOT, "%s at seq %llu, compared with the journal",
			SNAPSHOT_FILE, (unsigned long long)s->st.last_seq);
}

/* Folds to the snapshot, compares, and goes on to the end. 1 = damaged in between. */
static int fold(struct validation *v, const struct journal_base *base, const struct snapshot *s,
		struct travel_point *pt, struct err *e)
{
	struct travel_goal goal = { s->st.last_seq, INT64_MAX, true };
	bool inside = s->good && s->st.last_seq >= base->first_seq;
	int rc = travel_file(v->vfs, JOURNAL_FILE, inside ? goal : TRAVEL_END, true, &v->st, pt, e);

	v->known = rc >= 0 && v->st.last_seq;
	if (rc < 0 || !s->good)
		return rc;
	if (v->st.last_seq == s->st.last_seq) {
		compare_snapshot(v, s);
	} else if (v->st.last_seq < s->st.last_seq && rc == 0) {
		validation_add(v, CHECK_SNAPSHOT, SNAPSHOT_FILE, 0,
			       "is at %llu, the journal ends at %llu: acknowledged transitions are "
			       "missing",
			       (unsigned long long)s->st.last_seq,
			       (unsigned long long)v->st.last_seq);
	} else if (rc > 0) {
		validation_skip(v, CHECK_SNAPSHOT, "the journal is damaged in front of its place");
	} else {
		validation_note(v, CHECK_SNAPSHOT,
				"at seq %llu, before this journal begins: harmless",
				(unsigned long long)s->st.last_seq);
	}
	if (rc == 0 && inside && v->st.last_seq == s->st.last_seq)
		rc = travel_on(v->vfs, JOURNAL_FILE, pt->place, &v->st, pt, e);
	return rc;
}

static struct walk look_at_lines(struct validation *v, const struct journal_base *base,
				 const struct travel_point *pt, int damaged, const struct err *why)
{
	uint64_t before =
		v->checks[CHECK_JOURNAL_LINES].count + v->checks[CHECK_JOURNAL_SEQUENCE].count;
	struct walk w = walk_file(v, JOURNAL_FILE, base->from,
				  damaged ? JOURNAL_NO_LIMIT : pt->place.offset);

	validation_note(v, CHECK_JOURNAL_LINES, "%llu records%s", (unsigned long long)w.lines,
			pt->torn ? ", and an unfinished turn that the next start drops" : "");
	validation_note(v, CHECK_JOURNAL_TIMES, "no time goes back");
	validation_note(v, CHECK_JOURNAL_SEQUENCE, "seq %llu..%llu",
			(unsigned long long)base->first_seq, (unsigned long long)w.seq);
	if (damaged && before == v->checks[CHECK_JOURNAL_LINES].count +
					 v->checks[CHECK_JOURNAL_SEQUENCE].count)
		validation_add(v, CHECK_TRANSITIONS, JOURNAL_FILE, 0, "%s", why->text);
	else if (!damaged)
		validation_note(v, CHECK_TRANSITIONS, "every record may follow those before it");
	else
		validation_skip(v, CHECK_TRANSITIONS,
				"every record up to the first damage may follow those before it");
	return w;
}

static bool check_file(struct validation *v, struct journal_base *base)
{
	struct err e = ERR_INIT;
	struct vfs_stat st;
	int rc = journal_check_file(v->vfs, JOURNAL_FILE, &st, &e);

	if (rc == 0 && st.links > 1)
		validation_add(v, CHECK_JOURNAL_FILE, JOURNAL_FILE, 0, "has %u hard links",
			       st.links);
	if (rc == 0)
		rc = st.bytes ? journal_base_find(v->vfs, JOURNAL_FILE, NULL, base, &e) : -ENOENT;
	if (rc == 0 && !base->first_seq)
		rc = err_set(&e, -SK_ECORRUPT, "does not begin with a record");
	if (rc < 0)
		validation_add(v, CHECK_JOURNAL_FILE, JOURNAL_FILE, 0, "%s",
			       rc == -ENOENT ? "is missing or empty" : e.text);
	else
		validation_note(v, CHECK_JOURNAL_FILE, "%s, %lld bytes, mode %04o", JOURNAL_FILE,
				(long long)st.bytes, st.mode & 0777);
	return rc == 0;
}

/* Behind damage the snapshot knows the state, and what was made from it can still be compared. */
static void use_snapshot(struct validation *v, struct snapshot *s)
{
	state_release(&v->st);
	v->st = s->st;
	v->known = true;
	state_init(&s->st);
}

void validate_journal(struct validation *v)
{
	struct travel_point pt = { .torn = false };
	struct snapshot s = { .good = false };
	struct journal_base base;
	struct err e = ERR_INIT;
	struct walk live;
	int rc;

	read_snapshot(v, &s);
	if (!check_file(v, &base)) {
		for (int id = CHECK_JOURNAL_LINES; id < CHECK_SNAPSHOT; id++)
			validation_skip(v, (enum check_id)id, "there is no journal to read");
		if (s.good)
			use_snapshot(v, &s);
		v->ends_early = true;
		state_release(&s.st);
		return;
	}
	rc = fold(v, &base, &s, &pt, &e);
	if (rc < 0)
		validation_add(v, CHECK_TRANSITIONS, JOURNAL_FILE, 0, "%s", e.text);
	v->ends_early = rc != 0;
	live = look_at_lines(v, &base, &pt, rc != 0, &e);
	check_closed(v, &base, &live);
	if (rc != 0 && s.good && s.st.last_seq > v->st.last_seq)
		use_snapshot(v, &s);
	state_release(&s.st);
}
