/*
 *  1. A folder without metadata.json is no archive. It is written like the rest before the rename
 *     that makes the folder visible.
 *  2. Everything in the folder is synced before that rename.
 *  3. Only names that we give are read or removed: the folder `transitions` next to the archives
 *     belongs to the journal.
 *
 * The end of a run is known by the number of its event, so making an archive twice finds the first
 * one, after any crash.
 */
#include "views/archive.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"
#include "core/state_codec.h"
#include "views/archive_files.h"
#include "views/documents.h"
#include "views/put.h"

uint64_t archive_seq(const struct state *st, uint32_t ws)
{
	const struct workstream *w = &st->ws[ws];
	uint64_t seq = w->last_seq;

	if (ws_state_final(w->state))
		return seq;
	for (size_t i = 0; i < w->task_count; i++)
		if (st->tasks[w->tasks[i]].last_seq > seq)
			seq = st->tasks[w->tasks[i]].last_seq;
	return seq;
}

/* What there is of a workstream. */
struct shelf {
	bool base;     /* archive/<ws> exists */
	uint64_t last; /* highest number of a run-N in it, or 0 */
};

static int look(const struct vfs *vfs, struct span ws, struct shelf *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, path = BUF_INIT;
	uint64_t number;
	int rc;

	*out = (struct shelf){ .base = false };
	archive_path(ws, 1, &path);
	rc = vfs->list(vfs->ctx, path.p, &names);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	out->base = true;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		if (archive_run_decode(span_of(names.p + at), &number) && number > out->last)
			out->last = number;
	return 0;
}

int archive_find(const struct vfs *vfs, const struct state *st, uint32_t ws, struct buf *path)
{
	struct archive_metadata found;
	struct shelf shelf;
	int rc = look(vfs, st->ws[ws].id, &shelf);

	buf_truncate(path, 0);
	if (rc < 0 || !shelf.base)
		return rc;
	archive_path(st->ws[ws].id, shelf.last ? shelf.last : 1, path);
	rc = archive_metadata_read(vfs, path->p, &found);
	if (rc == 0)
		return found.seq == archive_seq(st, ws);
	buf_truncate(path, 0);
	return rc == -ENOENT || rc == -EINVAL ? 0 : rc;
}

static void put_metadata(const struct state *st, uint32_t ws, int64_t now_ms, unsigned logs,
			 struct buf *out)
{
	const struct workstream *w = &st->ws[ws];

	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_span(out, "workstream_id", w->id);
	put_u64(out, "seq", archive_seq(st, ws));
	put_text(out, "state", ws_state_word(w->state));
	put_time(out, "ended_at", w->ended_ms);
	put_time(out, "archived_at", now_ms);
	put_u64(out, "run_no", w->run_no);
	put_span(out, "plan", w->plan);
	put_span(out, "reason", w->reason);
	put_time(out, "created_at", w->created_ms);
	put_time(out, "started_at", w->started_ms);
	put_u64(out, "logs_linked", logs);
	put_open(out, "tasks", '{');
	for (unsigned i = 0; i < TASK_STATE_COUNT; i++)
		put_u64(out, task_state_word(i), w->by_state[i]);
	buf_putc(out, '}');
	put_open(out, "failed_tasks", '[');
	for (size_t i = 0; i < w->task_count; i++)
		if (st->tasks[w->tasks[i]].state == TASK_FAILED)
			put_id(out, st->tasks[w->tasks[i]].id);
	buf_puts(out, "]}\n");
}

/* An archive on its way: `fresh` becomes `path`, both in `parent`. */
struct making {
	const struct vfs *vfs;
	struct view_source *src;
	uint32_t ws;
	int64_t now_ms;
	struct buf parent, fresh;
	struct buf document, scratch;
};

static void making_release(struct making *m)
{
	buf_release(&m->parent);
	buf_release(&m->fresh);
	buf_release(&m->document);
	buf_release(&m->scratch);
}

static int put_file(struct making *m, const char *name)
{
	buf_truncate(&m->scratch, 0);
	buf_putf(&m->scratch, "%s/%s", m->fresh.p, name);
	return vfs_write(m->vfs, m->scratch.p, m->document.p, m->document.len);
}

static int put_documents(struct making *m, unsigned logs)
{
	struct view_stamp stamp = { m->now_ms, m->src->st->last_seq };
	int rc;

	buf_truncate(&m->document, 0);
	state_encode_ws(m->src->st, m->ws, m->now_ms, &m->document);
	if ((rc = put_file(m, "current.json")) < 0)
		return rc;
	buf_truncate(&m->document, 0);
	dag_encode(m->src, m->ws, stamp, &m->document);
	if ((rc = put_file(m, "dag.json")) < 0)
		return rc;
	buf_truncate(&m->document, 0);
	execution_plan_encode(m->src, m->ws, stamp, &m->document);
	if ((rc = put_file(m, "execution_plan.json")) < 0)
		return rc;
	buf_truncate(&m->document, 0);
	put_metadata(m->src->st, m->ws, m->now_ms, logs, &m->document);
	return put_file(m, ARCHIVE_METADATA);
}

/* Returns how many logs were linked. */
static int link_logs(struct making *m)
{
	const struct state *st = m->src->st;
	const struct workstream *w = &st->ws[m->ws];
	int count = 0, rc;

	if (w->task_count > ARCHIVE_LINKS_MAX)
		return 0;
	rc = archive_logs_open(m->vfs, m->fresh.p);
	for (size_t i = 0; rc >= 0 && i < w->task_count; i++) {
		rc = archive_log_link(m->vfs, m->fresh.p, st->tasks[w->tasks[i]].id, &m->scratch);
		count += rc > 0;
		if (rc == -ENOTSUP)
			return 0;
	}
	return rc < 0 ? rc : count;
}

/* (2) */
static int fill(struct making *m)
{
	int logs, rc = archive_remove_tree(m->vfs, m->fresh.p); /* of an earlier crash */

	if (rc == 0)
		rc = m->vfs->mkdir(m->vfs->ctx, m->fresh.p);
	logs = rc < 0 ? rc : link_logs(m);
	rc = logs < 0 ? logs : put_documents(m, (unsigned)logs);
	if (rc == 0 && logs > 0)
		rc = archive_logs_settle(m->vfs, m->fresh.p);
	return rc < 0 ? rc : m->vfs->sync_dir(m->vfs->ctx, m->fresh.p);
}

static int place(struct making *m, uint64_t number, struct buf *path)
{
	struct span id = m->src->st->ws[m->ws].id;
	int rc = 0;

	buf_puts(&m->parent, ARCHIVES_DIR);
	if (number > 1)
		buf_putf(&m->parent, "/%.*s", SPAN_ARG(id));
	else
		rc = m->vfs->mkdir(m->vfs->ctx, ARCHIVES_DIR);
	if (number <= 1 && rc == 0)
		rc = m->vfs->sync_dir(m->vfs->ctx, ".");
	if (rc < 0 && rc != -EEXIST)
		return rc;
	buf_truncate(path, 0);
	archive_path(id, number, path);
	buf_putf(&m->fresh, "%s/" ARCHIVE_FRESH "%s", m->parent.p, path->p + m->parent.len + 1);
	return 0;
}

int archive_make(const struct vfs *vfs, struct view_source *src, uint32_t ws, int64_t now_ms,
		 struct buf *path)
{
	CLEANUP(making_release)
	struct making m = { .vfs = vfs, .src = src, .ws = ws, .now_ms = now_ms };
	struct shelf shelf;
	int rc = archive_find(vfs, src->st, ws, path);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = look(vfs, src->st->ws[ws].id, &shelf);
	if (rc == 0)
		rc = place(&m, !shelf.base ? 1 : shelf.last ? shelf.last + 1 : 2, path);
	if (rc == 0)
		rc = fill(&m);
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, m.fresh.p, path->p);
	return rc < 0 ? rc : vfs->sync_dir(vfs->ctx, m.parent.p);
}

/* Whether both names lead to the same log: only then nothing is lost with one of them. */
static bool same_file(const struct vfs *vfs, const char *a, const char *b)
{
	struct vfs_stat x, y;

	return vfs->stat(vfs->ctx, a, &x) == 0 && vfs->stat(vfs->ctx, b, &y) == 0 &&
	       x.file_id == y.file_id;
}

int archive_move_logs(const struct vfs *vfs, struct span ws)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, path = BUF_INIT;
	CLEANUP(buf_release) struct buf kept = BUF_INIT, log = BUF_INIT;
	struct shelf shelf;
	int moved = 0, rc = view_name_fits(ws) ? look(vfs, ws, &shelf) : -ENOENT;

	if (rc == 0) {
		archive_path(ws, shelf.last ? shelf.last : 1, &path);
		buf_putf(&kept, "%s/" LOGS_DIR, path.p);
		rc = vfs->list(vfs->ctx, kept.p, &names);
	}
	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		buf_truncate(&kept, 0);
		buf_truncate(&log, 0);
		buf_putf(&kept, "%s/" LOGS_DIR "/%s", path.p, names.p + at);
		buf_putf(&log, LOGS_DIR "/%s", names.p + at);
		if (!same_file(vfs, kept.p, log.p))
			continue;
		rc = vfs->remove(vfs->ctx, log.p);
		moved += rc == 0;
	}
	return rc < 0 && rc != -ENOENT ? rc : moved;
}
