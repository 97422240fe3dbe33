/*
 * One rename decides: before it the store is the old one, behind it the new one.
 *
 *  1. The new journal is whole and synced under a temporary name before anything else changes.
 *  2. Old files are kept as second names of the same bytes, so that nothing is ever missing in
 * between. A journal with such a second name is taken for what it is by the next start.
 *  3. current.json is replaced first, by a snapshot that fits both journals: it stands where the
 * old one leads to the restored state, and in front of the first record of the new one. Where the
 * two part before that, none fits both: it is kept aside, and the first run writes another.
 *  4. Results kept by workers of a dropped future are set aside before it: found behind it, they
 * would be taken for results of the new one. Lost with a cut in between, they are only done again.
 *  5. What only matters for looking back (history in the archive) is made before the rename; what
 * would hide a part of the old store (setting a dropped future aside) is done behind it, and again
 * by repair should power fail in between.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/apply.h"
#include "store/restore.h"
#include "store/segments.h"
#include "store/store_repair.h"

#define NEW_FILE JOURNAL_FILE ".tmp"
#define COPY_BYTES (256 * 1024)
#define KEPT_NAMES_MAX 100 /* of one file in one second */

static int failed(const char *what, int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "restore: %s: %s: nothing was restored", what, strerror(-rc));
}

/* --- keeping ----------------------------------------------------------------------------- */

/* A name for the file to be kept under that nothing has yet; or the one it has already. */
static int kept_name(const struct vfs *vfs, const char *name, bool corrupt, int64_t now_ms,
		     char out[KEPT_NAME_BYTES], bool *linked)
{
	char when[FILE_TIME_BYTES];
	struct vfs_stat self, other;
	int rc = vfs->stat(vfs->ctx, name, &self);

	file_time_encode(now_ms, when);
	for (int i = 1; rc == 0 && i <= KEPT_NAMES_MAX; i++) {
		snprintf(out, KEPT_NAME_BYTES, "%s.%s-%s", name, corrupt ? "corrupt" : "replaced",
			 when);
		if (i > 1)
			snprintf(out + strlen(out), KEPT_NAME_BYTES - strlen(out), "-%d", i);
		rc = vfs->stat(vfs->ctx, out, &other);
		*linked = rc == 0 && other.file_id == self.file_id;
		if (rc == -ENOENT || *linked)
			return 0;
	}
	return rc < 0 ? rc : -EEXIST;
}

/* (2) Keeps what stands under a name, also under another one; what is no file is moved. */
static int keep(const struct vfs *vfs, const char *name, bool corrupt, int64_t now_ms,
		char out[KEPT_NAME_BYTES])
{
	struct vfs_stat st;
	bool linked = false;
	int rc = vfs->stat(vfs->ctx, name, &st);

	out[0] = '\0';
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = kept_name(vfs, name, corrupt, now_ms, out, &linked);
	if (rc == 0 && !linked)
		rc = st.type == S_IFREG ? vfs->link(vfs->ctx, name, out)
					: vfs->rename(vfs->ctx, name, out);
	if (rc == -EPERM || rc == -EOPNOTSUPP || rc == -EMLINK || rc == -ENOSYS)
		rc = vfs->rename(vfs->ctx, name, out); /* a file system without hard links */
	return rc < 0 ? rc : vfs->sync_dir(vfs->ctx, ".");
}

/* --- history ----------------------------------------------------------------------------- */

static int copy_bytes(const struct vfs *from, const char *path, uint64_t bytes,
		      const struct vfs *to, int out)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	int in = from->open_read(from->ctx, path), rc = in < 0 ? in : 0;

	buf_reserve(&raw, COPY_BYTES);
	for (uint64_t at = 0; at < bytes && rc == 0;) {
		size_t want = bytes - at < COPY_BYTES ? (size_t)(bytes - at) : COPY_BYTES;
		int64_t n = from->read_at(from->ctx, in, at, raw.p, want);

		if (n <= 0)
			rc = n < 0 ? (int)n : -EIO;
		else
			rc = to->append(to->ctx, out, raw.p, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (in >= 0)
		from->close(from->ctx, in);
	return rc;
}

static int copy_file(const struct vfs *from, const char *path, uint64_t bytes, const struct vfs *to,
		     const char *as)
{
	char temporary[SEGMENT_PATH_BYTES + 8];
	int out, rc;

	snprintf(temporary, sizeof(temporary), "%s.tmp", as);
	rc = to->remove(to->ctx, temporary);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	out = to->open_append(to->ctx, temporary, true);
	if (out < 0)
		return out;
	rc = copy_bytes(from, path, bytes, to, out);
	if (rc == 0)
		rc = to->sync(to->ctx, out);
	to->close(to->ctx, out);
	if (rc == 0)
		rc = to->rename(to->ctx, temporary, as);
	if (rc == 0)
		return to->sync_dir(to->ctx, SEGMENTS_DIR);
	to->remove(to->ctx, temporary);
	return rc;
}

/* The records that lead to the restored state stay readable as a closed file. */
static int keep_history(const struct vfs *vfs, const struct restore_plan *p,
			char closed[SEGMENT_PATH_BYTES])
{
	struct vfs_stat st;
	int rc;

	closed[0] = '\0';
	if (!p->history || p->history_last < p->history_first)
		return 0;
	segment_path_encode(p->history_first, p->history_last, closed);
	rc = store_ensure_dir(vfs, ARCHIVE_DIR, ".");
	if (rc == 0)
		rc = store_ensure_dir(vfs, SEGMENTS_DIR, ARCHIVE_DIR);
	if (rc == 0 && vfs->stat(vfs->ctx, closed, &st) == 0 && p->history == vfs &&
	    strcmp(closed, p->history_path) == 0)
		return 0; /* it is that very file */
	return rc < 0 ? rc : copy_file(p->history, p->history_path, p->history_bytes, vfs, closed);
}

int restore_tidy(const struct vfs *vfs, int64_t now_ms)
{
	CLEANUP(segments_release) struct segments dropped = SEGMENTS_INIT;
	char when[FILE_TIME_BYTES], path[SEGMENT_PATH_BYTES];
	char aside[SEGMENT_PATH_BYTES + 32];
	int rc = 0;

	segments_list_dropped(vfs, &dropped);
	file_time_encode(now_ms, when);
	for (size_t i = 0; i < dropped.count && rc == 0; i++) {
		segment_path_encode(dropped.v[i].first, dropped.v[i].last, path);
		snprintf(aside, sizeof(aside), "%s.replaced-%s", path, when);
		rc = vfs->rename(vfs->ctx, path, aside);
	}
	if (rc == 0 && dropped.count)
		rc = vfs->sync_dir(vfs->ctx, SEGMENTS_DIR);
	return rc < 0 ? rc : (int)dropped.count;
}

/* --- the new journal --------------------------------------------------------------------- */

static void drop_newlines(struct buf *document)
{
	size_t to = 0;

	for (size_t from = 0; from < document->len; from++)
		if (document->p[from] != '\n')
			document->p[to++] = document->p[from];
	buf_truncate(document, to);
}

static struct event restored_event(const struct restore_plan *p, const struct restore_by *by)
{
	struct event ev = { .kind = EV_STATE_RESTORED, .from = 255, .to = 255 };

	ev.name = span_of(p->source);
	ev.requested = p->loss.rest.records + p->loss.missing;
	ev.available = p->st.last_seq;
	ev.operator_name = by->operator_name;
	ev.reason = by->reason;
	return ev;
}

/* The one turn of the new file: the state, where its history went, and that it was restored. */
static int head_encode(struct restore_plan *p, const struct restore_by *by, const char *closed,
		       struct buf *document, struct buf *lines, struct restore_done *out,
		       struct err *e)
{
	struct snapshot_place place = { p->segment, 0, p->place.sum };
	struct journal_place end = { 0, p->st.last_seq, p->place.sum };
	int64_t at_ms = by->now_ms > p->st.last_at_ms ? by->now_ms : p->st.last_at_ms;
	struct event head[3];
	size_t count = 0;
	char why[200];
	int rc;

	state_encode(&p->st, &place, at_ms, document);
	drop_newlines(document);
	head[count] = (struct event){ .kind = EV_SNAPSHOT, .from = 255, .to = 255 };
	head[count++].state = (struct span){ document->p, document->len };
	if (closed[0]) {
		head[count] = (struct event){ .kind = EV_LOG_ROTATED, .from = 255, .to = 255 };
		head[count++].name = span_of(closed);
	}
	head[count++] = restored_event(p, by);
	for (size_t i = 0; i < count; i++)
		head[i].at_ms = at_ms;
	rc = turn_encode(lines, head, count, p->st.epoch, &end, e);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = core_apply(&p->st, &head[i], NULL, why);
	out->seq = end.seq;
	out->at_ms = at_ms;
	return rc;
}

/* A snapshot of the restored state, standing in the old journal. (3) */
static int save_snapshot(const struct vfs *vfs, const struct restore_plan *p, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT;

	state_encode(&p->st, &p->place, now_ms, &document);
	snapshot_seal(&document);
	return vfs_replace(vfs, SNAPSHOT_FILE, document.p, document.len);
}

/* (3) */
static int drop_snapshot(const struct vfs *vfs)
{
	int rc = vfs->remove(vfs->ctx, SNAPSHOT_FILE);

	return rc < 0 && rc != -ENOENT ? rc : vfs->sync_dir(vfs->ctx, ".");
}

static int write_new(const struct vfs *vfs, struct span lines)
{
	int rc = vfs->remove(vfs->ctx, NEW_FILE), out;

	if (rc < 0 && rc != -ENOENT)
		return rc;
	out = vfs->open_append(vfs->ctx, NEW_FILE, true);
	if (out < 0)
		return out;
	rc = vfs->append(vfs->ctx, out, lines.p, lines.len);
	if (rc == 0)
		rc = vfs->sync(vfs->ctx, out);
	vfs->close(vfs->ctx, out);
	return rc;
}

/* Results that workers kept for a future that was dropped must not be taken for those of the new
 * one. Those of workers that the restored state still waits for are theirs to give. */
static unsigned set_outboxes_aside(const struct vfs *vfs, const struct state *st, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	char when[FILE_TIME_BYTES], path[300], aside[340];
	unsigned count = 0;

	if (vfs->list(vfs->ctx, "workers", &names) < 0)
		return 0;
	file_time_encode(now_ms, when);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		const char *name = names.p + at, *end = strstr(name, ".outbox");
		uint32_t worker;

		if (!end || end == name || strlen(name) > 255 ||
		    (strcmp(end, ".outbox") != 0 && strcmp(end, ".outbox.old") != 0))
			continue;
		worker = state_worker(st, (struct span){ name, (size_t)(end - name) });
		if (worker != NO_ID && st->workers[worker].state != WORKER_SHUTDOWN)
			continue;
		snprintf(path, sizeof(path), "workers/%s", name);
		snprintf(aside, sizeof(aside), "%s.replaced-%s", path, when);
		count += vfs->rename(vfs->ctx, path, aside) == 0;
	}
	if (count)
		vfs->sync_dir(vfs->ctx, "workers");
	return count;
}

static int swap_journal(const struct vfs *vfs, struct restore_plan *p, const struct restore_by *by,
			struct restore_done *out, struct err *e)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT, lines = BUF_INIT;
	char closed[SEGMENT_PATH_BYTES];
	uint64_t seq = p->st.last_seq;
	int rc, tidied;

	rc = keep_history(vfs, p, closed);
	if (rc < 0)
		return failed("the history cannot be kept", rc, e);
	if (p->snapshot != SNAPSHOT_NONE && (p->snapshot_bad || p->snapshot_seq != seq))
		rc = keep(vfs, SNAPSHOT_FILE, p->snapshot_bad, by->now_ms, out->snapshot_kept);
	if (rc == 0)
		rc = p->branch ? drop_snapshot(vfs) : save_snapshot(vfs, p, by->now_ms);
	if (rc < 0)
		return failed("the snapshot cannot be written", rc, e);
	rc = head_encode(p, by, closed, &document, &lines, out, e);
	if (rc < 0)
		return rc;
	rc = write_new(vfs, (struct span){ lines.p, lines.len });
	if (rc == 0)
		rc = keep(vfs, JOURNAL_FILE, p->damaged, by->now_ms, out->journal_kept);
	if (rc == 0 && p->loses)
		out->others = set_outboxes_aside(vfs, &p->st, by->now_ms);
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, NEW_FILE, JOURNAL_FILE);
	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, ".");
	if (rc < 0)
		return failed("the journal cannot be written", rc, e);
	tidied = restore_tidy(vfs, by->now_ms);
	out->others += tidied > 0 ? (unsigned)tidied : 0;
	return 0;
}

/* --- the snapshot alone ------------------------------------------------------------------ */

static int record_restored(const struct vfs *vfs, const struct restore_plan *p,
			   const struct restore_by *by, struct restore_done *out, struct err *e)
{
	struct event ev = restored_event(p, by);
	struct store_report report;
	struct store *s = NULL;
	struct state st;
	char why[200];
	int rc;

	state_init(&st);
	rc = store_open(vfs, STORE_EXISTING | STORE_HISTORY_READ, "", by->now_ms, &st, &s, &report,
			e);
	if (rc == 0) {
		ev.at_ms = by->now_ms > st.last_at_ms ? by->now_ms : st.last_at_ms;
		out->at_ms = ev.at_ms;
		rc = store_append(s, &ev, 1, st.epoch, e);
	}
	if (rc == 0)
		rc = core_apply(&st, &ev, NULL, why);
	if (rc == 0) {
		out->seq = ev.seq;
		store_snapshot(s, &st, by->now_ms, true, NULL);
	}
	store_close(s);
	state_release(&st);
	return rc;
}

static int renew_snapshot(const struct vfs *vfs, const struct restore_plan *p,
			  const struct restore_by *by, struct restore_done *out, struct err *e)
{
	int rc = 0;

	if (p->snapshot != SNAPSHOT_NONE && (p->snapshot_bad || p->snapshot_seq != p->st.last_seq))
		rc = keep(vfs, SNAPSHOT_FILE, p->snapshot_bad, by->now_ms, out->snapshot_kept);
	if (rc == 0)
		rc = save_snapshot(vfs, p, by->now_ms);
	if (rc < 0)
		return failed("the snapshot cannot be written", rc, e);
	return record_restored(vfs, p, by, out, e);
}

int restore_apply(const struct vfs *vfs, struct restore_plan *p, const struct restore_by *by,
		  struct restore_done *out, struct err *e)
{
	*out = (struct restore_done){ .seq = 0 };
	if (p->nothing)
		return 0;
	return p->swaps ? swap_journal(vfs, p, by, out, e) : renew_snapshot(vfs, p, by, out, e);
}

int restore_copy(const struct vfs *into, struct restore_plan *p, const struct restore_by *by,
		 struct restore_done *out, struct err *e)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT, lines = BUF_INIT;
	char closed[SEGMENT_PATH_BYTES];
	int rc = store_ensure_dir(into, BACKUP_DIR, ".");

	*out = (struct restore_done){ .seq = 0 };
	if (rc == 0)
		rc = store_ensure_dir(into, ARCHIVE_DIR, ".");
	if (rc == 0)
		rc = store_ensure_dir(into, SEGMENTS_DIR, ARCHIVE_DIR);
	if (rc == 0)
		rc = keep_history(into, p, closed);
	if (rc < 0)
		return failed("the copy cannot be written", rc, e);
	rc = head_encode(p, by, closed, &document, &lines, out, e);
	if (rc < 0)
		return rc;
	rc = vfs_replace(into, JOURNAL_FILE, lines.p, lines.len);
	return rc < 0 ? failed("the copy cannot be written", rc, e) : 0;
}
