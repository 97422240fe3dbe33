/*
 * Opening is recovery, and there is no other: load what the snapshot knows, replay what the journal
 * says after it, and only when all of that fits put right what power left unfinished.
 *
 *  1. Nothing is changed on disk before the whole journal has been read and believed.
 *  2. The journal is the truth. A snapshot is believed where the journal's chain passes through it:
 * same place, or at least the same checksum at the same number. A snapshot the journal does not
 * reach proves a loss, and stops us.
 *  3. A torn last turn leaves no trace in the state: when a record of it was folded in, the fold
 * starts over without it.
 */
#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/apply.h"
#include "core/state_codec.h"
#include "store/journal_judge.h"
#include "store/record.h"
#include "store/segments.h"
#include "store/snapshot.h"
#include "store/store_repair.h"

#define READER_TRIES 3 /* rotations take seconds of work each: nobody meets three of them */

/* Of a journal that begins with a state, which is taken from its first record as that is read. */
enum head {
	HEAD_NONE, /* it does not, or its state is there already */
	HEAD_AWAITED,
	HEAD_ODD, /* it is not as we write it: to be read by itself, which finds what is wrong */
};

struct opening {
	const struct vfs *vfs;
	struct state *st;
	struct store_report *report;
	struct err *e;
	struct vfs_stat journal;
	char second_name[SEGMENT_PATH_BYTES]; /* of an unfinished rotation, or empty */
	enum snapshot_found found;
	struct snapshot_place place;
	uint64_t snapshot_seq;
	bool read_only, history_read, settled;
	bool used; /* the state comes from the snapshot */
	enum head head;
	bool verified; /* what stands in front of its place was read, too */
	bool agrees;   /* replay passed the snapshot's number with the snapshot's checksum */
	struct journal_place from;
	uint64_t segment;
	struct journal_end end;
};

static void state_empty(struct state *st)
{
	state_release(st);
	state_init(st);
}

static int lost(const struct opening *o, uint64_t journal_seq)
{
	return err_set(o->e, -SK_ECORRUPT,
		       "store: snapshot is at %llu, journal ends at %llu: %llu acknowledged "
		       "transitions are missing: "
		       "nothing was started. Try: sk state restore --from-backup latest --dry-run",
		       (unsigned long long)o->snapshot_seq, (unsigned long long)journal_seq,
		       (unsigned long long)(o->snapshot_seq - journal_seq));
}

static int foreign(const struct opening *o, struct span snapshot, struct span journal)
{
	return err_set(
		o->e, -SK_ECORRUPT,
		"snapshot '%s': belongs to workspace %.*s, this is %.*s: nothing was started. "
		"Try: sk state restore --from-backup latest --dry-run",
		SNAPSHOT_FILE, SPAN_ARG(snapshot), SPAN_ARG(journal));
}

/* Whether the folder `path` holds a name that only a store makes. */
static bool has_traces(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	uint64_t first, last;
	int64_t ms;

	if (vfs->list(vfs->ctx, path, &names) < 0)
		return false;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		if (backup_name_decode(span_of(names.p + at), &ms) == 0 ||
		    segment_name_decode(span_of(names.p + at), &first, &last))
			return true;
	return false;
}

/* No journal: a place where no store ever was, or a loss? Returns 0 when it is the former. */
static int check_virgin(struct opening *o)
{
	int found = snapshot_load(o->vfs, o->st, &o->place, o->e);

	if (found < 0)
		return found;
	o->snapshot_seq = o->st->last_seq;
	state_empty(o->st);
	if (found == SNAPSHOT_GOOD && o->snapshot_seq)
		return lost(o, 0);
	if (found == SNAPSHOT_NONE && !has_traces(o->vfs, BACKUP_DIR) &&
	    !has_traces(o->vfs, SEGMENTS_DIR))
		return 0;
	return err_set(o->e, -SK_ECORRUPT,
		       "journal '%s': is missing or empty, but its snapshot, backups or archive "
		       "are there: nothing was "
		       "started. Try: sk state restore --from-backup latest --dry-run",
		       JOURNAL_FILE);
}

static int check_links(struct opening *o)
{
	o->second_name[0] = '\0';
	if (o->journal.links < 2)
		return 0;
	if (repair_find_second_name(o->vfs, &o->journal, o->second_name))
		return 0;
	o->second_name[0] = '\0';
	return err_set(o->e, -SK_EREFUSED,
		       "journal '%s': has %u hard links; refused: nothing was started",
		       JOURNAL_FILE, o->journal.links);
}

/* Whether the state before the first record can be taken from that record when it is read. */
static bool await_head(struct opening *o)
{
	struct snapshot_head head;

	if (o->head == HEAD_ODD || o->found != SNAPSHOT_NONE ||
	    !journal_base_glance(o->vfs, JOURNAL_FILE, &head))
		return false;
	o->head = HEAD_AWAITED;
	o->from = (struct journal_place){ 0, head.last_seq, head.sum };
	o->segment = head.segment;
	return true;
}

/* The state before the first record of the journal; a snapshot that was loaded is only compared
 * from here on. */
static int base_from_head(struct opening *o)
{
	CLEANUP(mem_free) char *workspace = span_dup(o->st->workspace);
	struct span theirs = span_of(workspace), ours;
	struct journal_base base;
	int rc;

	state_empty(o->st);
	if (await_head(o))
		return 0;
	rc = journal_base_find(o->vfs, JOURNAL_FILE, o->st, &base, o->e);
	if (rc < 0)
		return rc;
	o->from = base.from;
	o->segment = base.segment;
	ours = span_of(base.workspace);
	if (theirs.len && ours.len && !span_eq(theirs, ours))
		return foreign(o, theirs, ours);
	return 0;
}

/*
 * What stands in front of a snapshot is not needed to go on, but rot in it should be told while the
 * backups still reach that far. A writer looks at all of it, which costs a quarter of a second for
 * the longest segment; a reader, who should answer at once, only at a short one. Behind a rotation
 * the chain begins inside the head record, which snapshot and replay check by other means.
 */
static int verify_history(struct opening *o)
{
	CLEANUP(journal_head_release) struct journal_head head = JOURNAL_HEAD_INIT;
	struct journal_end end;
	int rc;

	o->verified = o->history_read;
	if (o->history_read || (o->read_only && o->place.offset > HISTORY_GLANCE_BYTES))
		return 0;
	if (o->place.segment > 1)
		return 0;
	rc = journal_head_read(o->vfs, JOURNAL_FILE, &head, o->e);
	if (rc < 0 || (rc > 0 && head.ev.kind == EV_SNAPSHOT))
		return rc < 0 ? rc : 0;
	o->verified = true;
	return journal_read(o->vfs, JOURNAL_FILE, (struct journal_place){ 0, 0, 0 },
			    JOURNAL_NO_LIMIT, NULL, NULL, &end, o->e);
}

static int find_base(struct opening *o)
{
	uint64_t sum;
	int found;

	state_empty(o->st);
	found = snapshot_load(o->vfs, o->st, &o->place, o->e);
	if (found < 0)
		return found;
	o->found = (enum snapshot_found)found;
	o->snapshot_seq = o->st->last_seq;
	o->used = o->found == SNAPSHOT_GOOD && o->place.offset <= (uint64_t)o->journal.bytes &&
		  journal_sum_at(o->vfs, JOURNAL_FILE, o->place.offset, &sum) &&
		  sum == o->place.sum;
	if (!o->used)
		return base_from_head(o);
	o->from = (struct journal_place){ o->place.offset, o->snapshot_seq, o->place.sum };
	o->segment = o->place.segment;
	return verify_history(o);
}

/* The record was checked, and the place that was read off it stands in it. */
static int take_head(struct opening *o, const struct event *ev)
{
	struct snapshot_place place;
	char what[200];
	size_t at;

	o->head = HEAD_ODD;
	if (ev->kind != EV_SNAPSHOT || state_decode(ev->state, o->st, &place, what, &at) < 0 ||
	    o->st->last_seq != o->from.seq || place.sum != o->from.sum ||
	    place.segment != o->segment)
		return -SK_ECORRUPT;
	o->head = HEAD_NONE;
	return 0;
}

static int replay_record(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct opening *o = ctx;
	uint64_t sum;

	if (o->head == HEAD_AWAITED && take_head(o, ev) < 0)
		return -SK_ECORRUPT;
	if (ev->seq == o->snapshot_seq && record_sum_find(line, &sum))
		o->agrees = sum == o->place.sum;
	return core_apply(o->st, ev, NULL, why);
}

static int replay_from(struct opening *o, uint64_t limit)
{
	int rc = find_base(o);

	if (rc == 0)
		rc = journal_read(o->vfs, JOURNAL_FILE, o->from, limit, replay_record, o, &o->end,
				  o->e);
	return rc;
}

/* Once more when the first record could not be taken: alone it tells best what is wrong with it. */
static int replay(struct opening *o, uint64_t limit)
{
	bool odd = o->head == HEAD_ODD;
	int rc = replay_from(o, limit);

	if (o->head == HEAD_NONE || odd)
		return rc;
	err_clear(o->e);
	o->head = HEAD_ODD;
	return replay_from(o, limit);
}

/* (2) */
static int check_snapshot(struct opening *o)
{
	if (o->found != SNAPSHOT_GOOD || o->used)
		return 0;
	if (o->snapshot_seq > o->end.place.seq)
		return lost(o, o->end.place.seq);
	if (o->snapshot_seq <= o->from.seq || o->agrees)
		return 0;
	return err_set(o->e, -SK_ECORRUPT,
		       "snapshot '%s': at seq %llu it does not belong to this journal: nothing was "
		       "started. "
		       "Try: sk state restore --from-backup latest --dry-run",
		       SNAPSHOT_FILE, (unsigned long long)o->snapshot_seq);
}

static void fill_report(struct opening *o, const struct journal_end *first)
{
	int handle;

	o->report->snapshot_used = o->used;
	o->report->snapshot_rebuilt = o->found == SNAPSHOT_UNREADABLE;
	o->report->records_replayed = o->end.records;
	if (!first->torn)
		return;
	o->report->torn_offset = first->place.offset;
	o->report->torn_bytes = first->bytes - first->place.offset;
	o->report->torn_zeros = first->torn_zeros;
	handle = o->vfs->open_read(o->vfs->ctx, JOURNAL_FILE);
	if (handle < 0)
		return;
	o->report->torn_line = journal_line_number(o->vfs, handle, first->place.offset);
	o->vfs->close(o->vfs->ctx, handle);
}

/* Reads everything and changes nothing. */
static int read_store(struct opening *o)
{
	struct journal_end first;
	int rc;

	rc = replay(o, JOURNAL_NO_LIMIT);
	if (rc < 0)
		return rc;
	first = o->end;
	if (first.torn && first.place.offset == 0)
		return err_set(o->e, -SK_ECORRUPT,
			       "journal '%s': does not hold one whole turn (line 1, byte 0): "
			       "nothing was changed. "
			       "Try: sk state restore --from-backup latest --dry-run",
			       JOURNAL_FILE);
	if (first.surplus)
		rc = replay(o, first.place.offset); /* (3) */
	if (rc == 0)
		rc = check_snapshot(o);
	if (rc < 0)
		return rc;
	fill_report(o, &first);
	o->end = first;
	return 0;
}

static int open_for_append(struct opening *o, struct store *s)
{
	s->handle = o->vfs->open_append(o->vfs->ctx, JOURNAL_FILE, false);
	if (s->handle >= 0)
		return 0;
	if (s->handle == -EPERM)
		return err_set(o->e, -SK_EIO,
			       "journal '%s': cannot append: the file is immutable (chattr): "
			       "nothing was started. "
			       "Try: sk install --unlock-state",
			       JOURNAL_FILE);
	return err_set(o->e, -SK_EIO,
		       "journal '%s': cannot be opened for writing: %s: nothing was started",
		       JOURNAL_FILE, strerror(-s->handle));
}

/* That a turn was dropped is itself a fact worth keeping. */
static int record_torn_tail(struct opening *o, struct store *s, int64_t now_ms)
{
	struct event dropped = { .kind = EV_TAIL_DROPPED, .from = 255, .to = 255 };
	char why[200];
	int rc;

	dropped.at_ms = now_ms > o->st->last_at_ms ? now_ms : o->st->last_at_ms;
	dropped.requested = o->report->torn_bytes;
	rc = store_append(s, &dropped, 1, o->st->epoch, o->e);
	return rc < 0 ? rc : core_apply(o->st, &dropped, NULL, why);
}

/*
 * Whoever wrote last may have been killed before its sync: the journal's last turn, or its very
 * name after it was created or rotated, may be in memory only. Nothing is appended to that: it
 * would vanish with the name, or stand whole behind a turn that a power cut took.
 */
static int settle(struct opening *o, const struct store *s)
{
	int rc = o->vfs->sync(o->vfs->ctx, s->handle);

	if (rc == 0)
		rc = o->vfs->sync_dir(o->vfs->ctx, ".");
	if (rc < 0)
		return err_set(o->e, -SK_EIO,
			       "journal '%s': cannot be made durable: %s: nothing was started",
			       JOURNAL_FILE, strerror(-rc));
	return 0;
}

static int repair(struct opening *o, struct store *s, int64_t now_ms)
{
	struct vfs_stat now;
	int rc = open_for_append(o, s);

	if (rc == 0)
		s->touched = o->vfs->stat(o->vfs->ctx, JOURNAL_FILE, &now) < 0 ||
			     !known_file_is(&s->self, &now); /* since it was read */
	if (rc == 0 && !o->settled)
		rc = settle(o, s);
	if (rc == 0)
		rc = repair_strays(o->vfs, &o->report->stray_temps, o->e);
	if (rc == 0 && o->second_name[0])
		rc = repair_drop_second_name(o->vfs, o->second_name, o->e);
	if (rc == 0 && o->found == SNAPSHOT_UNREADABLE)
		rc = snapshot_set_aside(o->vfs, now_ms, o->e);
	if (rc == 0 && o->end.torn)
		rc = repair_torn_tail(s, o->end.bytes, o->end.torn_zeros, now_ms, o->e);
	if (rc < 0)
		return rc;
	store_note_self(s);
	repair_reserve(o->vfs);
	return o->end.torn ? record_torn_tail(o, s, now_ms) : 0;
}

static struct store *store_new(const struct opening *o, int64_t now_ms)
{
	struct store *s = mem_zalloc(sizeof(*s));
	uint64_t first_seq = journal_first_seq(o->vfs, JOURNAL_FILE);
	struct vfs_stat snapshot;

	s->vfs = o->vfs;
	s->handle = -1;
	s->at = o->end.place;
	s->file_id = o->journal.file_id;
	s->self = (struct known_file){ .file_id = o->journal.file_id,
				       .bytes = o->journal.bytes,
				       .modified_ns = o->journal.modified_ns };
	s->checked = o->used && !o->verified ? o->from : (struct journal_place){ 0, 0, 0 };
	s->folded_seq = o->used ? o->from.seq : 0;
	s->opened_ms = now_ms;
	s->opened_seq = s->at.seq;
	s->segment = o->segment;
	s->first_seq = first_seq ? first_seq : o->from.seq + 1;
	s->snapshot_seq = o->found == SNAPSHOT_GOOD ? o->snapshot_seq : 0;
	s->newest_backup_ms = -1;
	s->orchestrator_runs = o->st->orchestrator_running;
	if (o->vfs->stat(o->vfs->ctx, SNAPSHOT_FILE, &snapshot) == 0)
		s->document_bytes = (size_t)snapshot.bytes;
	return s;
}

/* The journal's file is there and in order, or was just created. */
static int find_journal(struct opening *o, unsigned flags, const char *workspace, int64_t now_ms)
{
	int rc = journal_check_file(o->vfs, JOURNAL_FILE, &o->journal, o->e);

	if (rc == 0 && o->journal.bytes == 0)
		rc = -ENOENT;
	if (rc != -ENOENT)
		return rc < 0 ? rc : check_links(o);
	rc = check_virgin(o);
	if (rc < 0)
		return rc;
	if (flags & (STORE_READ_ONLY | STORE_EXISTING))
		return -ENOENT;
	rc = store_create(o->vfs, workspace, now_ms, o->e);
	if (rc < 0)
		return rc;
	o->report->created = true;
	return journal_check_file(o->vfs, JOURNAL_FILE, &o->journal, o->e);
}

/* A reader holds no lock: when the writer rotated the journal under its hands, what it read says
 * nothing. */
static bool rotated_meanwhile(const struct opening *o)
{
	struct vfs_stat now;

	return o->vfs->stat(o->vfs->ctx, JOURNAL_FILE, &now) == 0 &&
	       now.file_id != o->journal.file_id;
}

static int find_and_read(struct opening *o, unsigned flags, const char *workspace, int64_t now_ms)
{
	int rc = find_journal(o, flags, workspace, now_ms);

	return rc < 0 ? rc : read_store(o);
}

int store_open(const struct vfs *vfs, unsigned flags, const char *workspace, int64_t now_ms,
	       struct state *st, struct store **out, struct store_report *report, struct err *e)
{
	struct opening o = { .vfs = vfs,
			     .st = st,
			     .report = report,
			     .e = e,
			     .read_only = (flags & STORE_READ_ONLY) != 0,
			     .history_read = (flags & STORE_HISTORY_READ) != 0,
			     .settled = (flags & STORE_SETTLED) != 0 };
	struct store *s;
	int rc;

	*report = (struct store_report){ .created = false };
	rc = find_and_read(&o, flags, workspace, now_ms);
	for (int again = 0;
	     rc < 0 && flags & STORE_READ_ONLY && again < READER_TRIES && rotated_meanwhile(&o);
	     again++) {
		err_clear(e);
		rc = find_and_read(&o, flags, workspace, now_ms);
	}
	if (rc < 0)
		return rc;
	s = store_new(&o, now_ms);
	if (!(flags & STORE_READ_ONLY))
		rc = repair(&o, s, now_ms);
	if (rc < 0) {
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}
