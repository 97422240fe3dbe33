/*
 * Writing. The order is the promise: lines, sync, and only then does the caller's world hear of it;
 * the snapshot comes later and may be missing altogether.
 *
 *  1. One turn is one append and one sync. Nothing else is ever written to the journal.
 *  2. After a failed append the file is cut back to the last durable turn, so that readers find it
 * whole; after a failed sync it is not touched again, because the kernel may have dropped what it
 * could not write and forgotten about it.
 *  3. After any failure memory is ahead of the disk, so the store takes no further turn.
 *  4. The file is as long as we left it before each append; a shorter one was cut by somebody else.
 */
#include "store/store.h"

#include <errno.h>

#include "base/limits.h"
#include "core/state_codec.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "store/store_impl.h"

int turn_encode(struct buf *out, struct event *events, size_t count, uint64_t epoch,
		struct journal_place *at, struct err *e)
{
	struct journal_place end = *at;

	for (size_t i = 0; i < count; i++) {
		struct record_turn turn = { 0, 0 };
		size_t from = out->len;

		end.seq++;
		INVARIANT(events[i].seq == 0 || events[i].seq == end.seq);
		events[i].seq = end.seq;
		if (i + 1 == count)
			turn = (struct record_turn){ epoch, count };
		record_encode(out, &events[i], turn, &end.sum);
		if (out->len - from > RECORD_BYTES_MAX &&
		    !(i == 0 && events[i].kind == EV_SNAPSHOT))
			return err_set(
				e, -SK_EREFUSED,
				"journal '%s': the record %s of %zu bytes is longer than 1 MiB: "
				"the turn was not recorded",
				JOURNAL_FILE, event_rows[events[i].kind].word, out->len - from);
		end.offset += out->len - from;
	}
	*at = end;
	return 0;
}

static int unusable(const struct store *s, struct err *e)
{
	if (s->handle < 0)
		return err_set(e, -SK_EREFUSED,
			       "journal '%s': opened for reading only: nothing was recorded",
			       JOURNAL_FILE);
	return err_set(
		e, -SK_EIO,
		"journal '%s': an earlier write failed: nothing was recorded. Try: sk doctor",
		JOURNAL_FILE);
}

static void note_orchestrator(struct store *s, const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (events[i].kind == EV_ORCHESTRATOR_STARTED)
			s->orchestrator_runs = true;
		else if (events[i].kind == EV_ORCHESTRATOR_STOPPED)
			s->orchestrator_runs = false;
	}
}

/* Writes the lines at the end of the journal and waits until they are durable. Returns 0 or -errno.
 */
static int write_turn(struct store *s, struct span lines, bool *sync_failed)
{
	int rc = s->vfs->append(s->vfs->ctx, s->handle, lines.p, lines.len);

	*sync_failed = false;
	if (rc < 0)
		return rc;
	rc = s->vfs->sync(s->vfs->ctx, s->handle);
	*sync_failed = rc < 0;
	return rc;
}

/* Takes a part of a failed append back (2). Whether it worked is of no consequence: the part is a
 * torn turn. */
static bool roll_back(struct store *s)
{
	if (s->vfs->truncate(s->vfs->ctx, s->handle, s->at.offset) < 0)
		return false;
	return s->vfs->sync(s->vfs->ctx, s->handle) == 0;
}

/* On a full disk the reserve makes room for one last record, so that the journal itself tells why
 * it ends. */
static void record_full_disk(struct store *s, int64_t at_ms, uint64_t epoch)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct event stopped = {
		.kind = EV_ORCHESTRATOR_STOPPED, .at_ms = at_ms, .from = 255, .to = 255
	};
	struct journal_place end = s->at;
	bool sync_failed;

	if (s->vfs->remove(s->vfs->ctx, RESERVE_FILE) < 0 || s->vfs->sync_dir(s->vfs->ctx, ".") < 0)
		return;
	if (!s->orchestrator_runs)
		return;
	stopped.reason = SPAN_LIT("no space left on the device");
	if (turn_encode(&lines, &stopped, 1, epoch, &end, NULL) < 0)
		return;
	if (write_turn(s, (struct span){ lines.p, lines.len }, &sync_failed) == 0)
		s->at = end;
	else if (!sync_failed)
		roll_back(s);
}

static int append_failed(struct store *s, int rc, bool sync_failed, const struct event *events,
			 size_t count, uint64_t epoch, struct err *e)
{
	unsigned long long first = events[0].seq, last = first + count - 1;

	s->unusable = true;
	if (sync_failed)
		return err_set(e, -SK_EIO,
			       "journal '%s': cannot be made durable: %s: whether seq %llu..%llu "
			       "were recorded is unknown "
			       "until the next start. Try: sk doctor",
			       JOURNAL_FILE, strerror(-rc), first, last);
	if (roll_back(s) && (rc == -ENOSPC || rc == -EDQUOT))
		record_full_disk(s, events[0].at_ms, epoch);
	if (rc == -ENOSPC || rc == -EDQUOT)
		return err_set(e, -SK_EIO,
			       "journal '%s': no space left on the device: seq %llu..%llu (%s ...) "
			       "were not recorded; "
			       "everything before is safe. Try: free some space, then sk run",
			       JOURNAL_FILE, first, last, event_rows[events[0].kind].word);
	return err_set(e, -SK_EIO,
		       "journal '%s': cannot be written: %s: seq %llu..%llu were not recorded. "
		       "Try: sk doctor",
		       JOURNAL_FILE, strerror(-rc), first, last);
}

void store_note_self(struct store *s)
{
	struct vfs_stat st;

	if (s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &st) < 0 || st.file_id != s->file_id) {
		s->touched = true;
		return;
	}
	s->self.file_id = st.file_id;
	s->self.bytes = st.bytes;
	s->self.modified_ns = st.modified_ns;
}

/* In front of it: what differs from then is not by us. */
void store_look(struct store *s)
{
	struct vfs_stat st;

	if (s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &st) < 0 || !known_file_is(&s->self, &st))
		s->touched = true;
}

void store_know(const struct store *s, struct store_knowledge *out)
{
	*out = (struct store_knowledge){ .untouched = !s->touched && s->handle >= 0 && !s->unusable,
					 .file_id = s->file_id,
					 .opened_ms = s->opened_ms,
					 .opened_seq = s->opened_seq,
					 .first_seq = s->first_seq,
					 .last_seq = s->at.seq,
					 .bytes = s->at.offset,
					 .checked_seq = s->checked.seq,
					 .folded_seq = s->folded_seq,
					 .checked_bytes = s->checked.offset };
}

struct known_files *store_known(struct store *s)
{
	return &s->known;
}

/* (4) */
static int check_length(struct store *s, struct err *e)
{
	int64_t bytes = s->vfs->size(s->vfs->ctx, s->handle);

	if (bytes == (int64_t)s->at.offset)
		return 0;
	s->unusable = true;
	if (bytes < 0)
		return err_set(e, -SK_EIO, "journal '%s': %s: nothing was recorded", JOURNAL_FILE,
			       strerror((int)-bytes));
	return err_set(e, -SK_ECORRUPT,
		       "journal '%s': %s from %llu to %lld bytes while open: stopped, nothing was "
		       "recorded",
		       JOURNAL_FILE, bytes < (int64_t)s->at.offset ? "shrank" : "grew",
		       (unsigned long long)s->at.offset, (long long)bytes);
}

int store_append(struct store *s, struct event *events, size_t count, uint64_t epoch, struct err *e)
{
	struct journal_place end = s->at;
	bool sync_failed;
	int rc;

	if (s->handle < 0 || s->unusable)
		return unusable(s, e);
	rc = check_length(s, e);
	if (rc < 0)
		return rc;
	store_look(s);
	buf_truncate(&s->lines, 0);
	rc = turn_encode(&s->lines, events, count, epoch, &end, e);
	if (rc < 0) {
		s->unusable = true;
		return rc;
	}
	rc = write_turn(s, (struct span){ s->lines.p, s->lines.len }, &sync_failed);
	if (rc < 0)
		return append_failed(s, rc, sync_failed, events, count, epoch, e);
	s->at = end;
	store_note_self(s);
	note_orchestrator(s, events, count);
	return 0;
}

int store_commit(struct store *s, struct events *batch, uint64_t epoch, struct err *e)
{
	if (batch->count == 0)
		return 0;
	return store_append(s, batch->v, batch->count, epoch, e);
}

int64_t store_snapshot_due(const struct store *s)
{
	if (s->unusable || s->handle < 0 || s->at.seq == s->snapshot_seq)
		return INT64_MAX;
	return s->snapshot_ms + SNAPSHOT_INTERVAL_MS;
}

static bool snapshot_wanted(const struct store *s, int64_t now_ms, bool force)
{
	if (store_snapshot_due(s) == INT64_MAX)
		return false;
	return force || now_ms >= store_snapshot_due(s) || now_ms < s->snapshot_ms;
}

/* The backup that was just made is the snapshot of before, which is still what we had written. */
static void note_backup(struct store *s, int64_t now_ms)
{
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES + 1] = BACKUP_DIR "/";

	backup_name_encode(s->newest_backup_ms, path + sizeof(BACKUP_DIR));
	known_files_note(&s->known, s->vfs, path, now_ms);
}

int store_snapshot(struct store *s, const struct state *st, int64_t now_ms, bool force,
		   struct err *e)
{
	struct snapshot_place place = { s->segment, s->at.offset, s->at.sum };
	CLEANUP(buf_release) struct buf document = BUF_INIT;
	struct err backup_problem = ERR_INIT;
	bool known;
	int rc, backup;

	if (!snapshot_wanted(s, now_ms, force))
		return 0;
	INVARIANT(st->last_seq == s->at.seq); /* never ahead of what is durable */
	buf_reserve(&document, s->document_bytes + s->document_bytes / 8);
	state_encode(st, &place, now_ms, &document);
	snapshot_seal(&document);
	s->document_bytes = document.len;
	s->snapshot_ms =
		now_ms; /* also when it fails: the disk gets a second before the next attempt */
	known = known_files_find(&s->known, s->vfs, SNAPSHOT_FILE) != NULL;
	backup = backup_make(s->vfs, now_ms, &s->newest_backup_ms, &backup_problem);
	rc = snapshot_save(s->vfs, (struct span){ document.p, document.len }, e);
	if (rc < 0)
		return rc;
	s->snapshot_seq = s->at.seq;
	known_files_note(&s->known, s->vfs, SNAPSHOT_FILE, now_ms);
	if (backup > 0 && known)
		note_backup(s, now_ms);
	if (backup < 0)
		return err_set(e, backup_problem.code, "%s", backup_problem.text);
	return backup ? backup_prune(s->vfs, e) : 0;
}

bool store_usable(const struct store *s)
{
	return s->handle >= 0 && !s->unusable;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->handle >= 0)
		s->vfs->close(s->vfs->ctx, s->handle);
	buf_release(&s->lines);
	known_files_release(&s->known);
	mem_free(&s);
}
